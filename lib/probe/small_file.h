/* SPDX-License-Identifier: MIT */
/* Reads small files of /proc and /sys, without stdio, which would allocate memory. */
#ifndef TOUCHSTONE_SMALL_FILE_H
#define TOUCHSTONE_SMALL_FILE_H

#include <stddef.h>

/* Reads a file from its start into text, at most size - 1 bytes, and adds a NUL.  Returns how
 * many bytes were read: 0, with an empty text, where the file cannot be read. */
size_t read_small_file(const char *path, char *text, size_t size);

/* Reads the first line of a file into text, without its newline.  Returns its length: 0, with an
 * empty text, where the file cannot be read. */
size_t read_first_line(const char *path, char *text, size_t size);

/* Returns the machine's setting of transparent huge pages: the word in brackets in
 * /sys/kernel/mm/transparent_hugepage/enabled ("always", "madvise", "never"), "none" where the
 * kernel has no such file (Documentation/admin-guide/mm/transhuge.rst), or "unknown" where /sys is
 * not mounted. */
const char *thp_setting(void);

#endif
