/* SPDX-License-Identifier: MIT */
/* Files on a disk, in the page cache and out of it.
 *
 * A must_...() does what it says or ends the experiment: broken when it went
 * wrong, unsupported where this machine's files are kept in memory (tmpfs) and
 * can therefore not leave it.  All sizes are bytes.
 */
#ifndef TOUCHSTONE_FILE_H
#define TOUCHSTONE_FILE_H

#include <stdbool.h>
#include <stdint.h>

/* A descriptor of a file of so many bytes that has been written to a disk.  It has
 * no name any more and vanishes with the process.  It lies in $TMPDIR, else in
 * /var/tmp, else in the current folder: the first that is on a disk. */
int must_make_file(int64_t bytes);

/* The same where an arm can do without: -1 when no folder is on a disk. */
int make_file(int64_t bytes);

/* Drops the file's pages from the page cache: fsync(2), then posix_fadvise(2),
 * POSIX_FADV_DONTNEED.  mincore(2) must then find none of them. */
void must_evict_file(int fd);

/* The same where an arm can do without: whether all pages left. */
bool evict_file(int fd);

/* Returns a descriptor of a file of so many zeros that is kept in memory: memfd_create(2).  Its pages
 * come when they are first used. */
int must_make_file_in_memory(int64_t bytes);

/* mmap(2) of the whole file, shared, to be read. */
const void *must_map_file(int fd);

/* Maps a file of so many bytes, to be read, whose pages are all in the page cache, and none of them
 * in the page table of this process yet. */
char *must_map_cached_file(int64_t bytes);

#endif
