/* SPDX-License-Identifier: MIT */
/* Files on a disk, whose pages are in the page cache or not.
 *
 * A must_...() does what its name says or ends the experiment: as unsupported where this
 * machine keeps its files in memory (tmpfs), which they can therefore not leave; as broken
 * where anything else goes wrong.  All sizes are bytes.
 */
#ifndef TOUCHSTONE_FILE_H
#define TOUCHSTONE_FILE_H

#include <stdbool.h>
#include <stdint.h>

/* Creates a file of so many bytes, writes it to a disk, and returns its descriptor.  The file has
 * no name and is deleted when the process ends.  It lies in the first of $TMPDIR, /var/tmp and
 * the current folder that is on a disk. */
int must_make_file(int64_t bytes);

/* Does what must_make_file() does, but returns -1 where none of the folders is on a disk: for an
 * arm that can do without a file. */
int make_file(int64_t bytes);

/* Drops the file's pages from the page cache: fsync(2), then posix_fadvise(2) with
 * POSIX_FADV_DONTNEED.  Unsupported where mincore(2) still finds one of them in memory. */
void must_evict_file(int fd);

/* Does what must_evict_file() does, but returns false where a page stays in memory. */
bool evict_file(int fd);

/* Returns a descriptor of a file of so many zeros that is kept in memory: memfd_create(2).  Its pages
 * come when they are first used. */
int must_make_file_in_memory(int64_t bytes);

/* Maps the whole file, shared and read-only: mmap(2). */
const void *must_map_file(int fd);

/* Maps a file of so many bytes, to be read, whose pages are all in the page cache, and none of them
 * in the page table of this process yet. */
char *must_map_cached_file(int64_t bytes);

#endif
