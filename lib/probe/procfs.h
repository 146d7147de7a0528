/* SPDX-License-Identifier: MIT */
/* Parsers for the text of /proc files: text in, numbers out.
 *
 * Nothing here opens a file, allocates, or depends on the locale.  The text is
 * given with its length and need not end in a NUL.  Every parser either fills its
 * result and returns true, or leaves the result as it was and returns false.  It
 * returns false for text that is cut short, for a missing field, and for a number
 * that does not fit; it never guesses.  The formats are described in proc(5) and in
 * Documentation/filesystems/proc.rst of the kernel's source.
 */
#ifndef TOUCHSTONE_PROCFS_H
#define TOUCHSTONE_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first three numbers of /proc/PID/statm, in pages. */
struct procfs_statm {
	int64_t size;     /* all mappings: the virtual size */
	int64_t resident; /* pages in memory, of every kind */
	int64_t shared;   /* resident pages that belong to files or shared memory */
};

/* Parses /proc/PID/statm: seven numbers on one line. */
bool procfs_statm(const char *text, size_t length, struct procfs_statm *pages);

/* Finds a line "Name:   123 kB" in smaps_rollup, smaps (its first mapping), status or
 * meminfo.  The kernel's "kB" means 1,024 bytes; the result is in bytes. */
bool procfs_kib(const char *text, size_t length, const char *name, int64_t *bytes);

/* Finds a line "Name:   text" in status or cpuinfo (where white space may come before the
 * colon), and copies the value without surrounding white space, with a closing NUL.
 * Returns false also for a value that does not fit in size bytes or holds a NUL. */
bool procfs_text(const char *text, size_t length, const char *name, char *value, size_t size);

/* Parses one of the fields 4 to 24 of /proc/PID/stat, numbered as in proc_pid_stat(5): 10 is
 * minflt, 12 majflt, 24 rss in pages.  (Later fields may not fit an int64_t.)  The second
 * field, the command in parentheses, may itself hold blanks, parentheses and newlines; it ends
 * at the last ')'.  Returns false also where the text ends before field 24 does. */
bool procfs_stat(const char *text, size_t length, int field, int64_t *value);

/* One line of /proc/PID/maps, or the first line of an entry of smaps. */
struct procfs_mapping {
	uint64_t start, end; /* addresses, end exclusive */
	char permissions[5]; /* "rw-p" */
	uint64_t offset;     /* of the mapping's start in the file, in bytes */
	uint64_t inode;      /* of the file; 0: the mapping has none */
	const char *name;    /* points into the given text */
	size_t name_length;  /* 0: the mapping has no name */
};

/* Parses the line that begins at *position, and moves *position past it.  Returns false,
 * and leaves *position, at the end of the text and at a line that is no mapping. */
bool procfs_mapping(const char *text, size_t length, size_t *position,
		    struct procfs_mapping *mapping);

#endif
