/* SPDX-License-Identifier: MIT */
/* Small files of /proc and /sys, read without stdio, which would allocate. */
#ifndef TOUCHSTONE_SMALL_FILE_H
#define TOUCHSTONE_SMALL_FILE_H

#include <stddef.h>

/* Reads the file from its start: at most size - 1 bytes, with a NUL behind them.  Returns how
 * many; 0, with an empty text, where the file cannot be read. */
size_t read_small_file(const char *path, char *text, size_t size);

/* Reads the first line of the file, without its newline. */
size_t read_first_line(const char *path, char *text, size_t size);

/* Returns the machine's setting of transparent huge pages: the word in brackets in
 * /sys/kernel/mm/transparent_hugepage/enabled ("always", "madvise", "never"), or "none"
 * where the kernel has no such file (Documentation/admin-guide/mm/transhuge.rst). */
const char *thp_setting(void);

#endif
