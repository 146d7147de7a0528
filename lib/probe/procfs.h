/* SPDX-License-Identifier: MIT */
/* Parsers for the text of /proc files: text in, numbers out.
 *
 * Nothing here opens a file, allocates, or depends on the locale.  The text is
 * given with its length and need not end in a NUL.  Every parser returns true
 * and fills its result, or returns false and leaves the result as it was: text
 * that is cut short, a field that is missing, and a number that does not fit
 * are all false, never a guess.  Formats: proc(5) and
 * Documentation/filesystems/proc.rst in the kernel's source.
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
	int64_t shared;   /* those of them that belong to files or shared memory */
};

/* /proc/PID/statm: seven numbers on one line; cut text is refused. */
bool procfs_statm(const char *text, size_t length, struct procfs_statm *pages);

/* A "Name:   123 kB" line of smaps_rollup, smaps (its first mapping), status or
 * meminfo.  The kernel's "kB" are 1,024 bytes; the result is in bytes. */
bool procfs_kib(const char *text, size_t length, const char *name, int64_t *bytes);

/* A "Name:   text" line of status or cpuinfo (where white space may stand before
 * the colon).  The value is copied without surrounding white space, with a
 * closing NUL; one that does not fit in size bytes, or holds a NUL, is refused. */
bool procfs_text(const char *text, size_t length, const char *name, char *value, size_t size);

/* One of the fields 4 to 24 of /proc/PID/stat, numbered as in proc_pid_stat(5):
 * 10 is minflt, 12 majflt, 24 rss in pages (later ones may not fit an int64).
 * The second field, the command in parentheses, may itself hold blanks,
 * parentheses and newlines; the last ')' ends it.  Text that ends before field
 * 24 does is refused. */
bool procfs_stat(const char *text, size_t length, int field, int64_t *value);

/* One line of /proc/PID/maps (or the first line of an entry of smaps). */
struct procfs_mapping {
	uint64_t start, end; /* addresses, end exclusive */
	char permissions[5]; /* "rw-p" */
	uint64_t offset;     /* into the file, bytes */
	uint64_t inode;      /* 0: no file behind it */
	const char *name;    /* into the given text; length 0 when there is none */
	size_t name_length;
};

/* Reads the line that begins at *position and moves *position past it.  False
 * at the end of the text and at a line that is no mapping (*position stays). */
bool procfs_mapping(const char *text, size_t length, size_t *position,
		    struct procfs_mapping *mapping);

#endif
