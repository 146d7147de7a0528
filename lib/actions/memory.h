/* SPDX-License-Identifier: MIT */
/* What experiments do to memory: allocate, map, write, read, give back.
 *
 * A must_...() does what its name says, or ends the experiment with a sentence that gives the
 * cause: as unsupported where a limit refused memory (enough_memory.h), else as broken.  All
 * sizes are bytes.  The compiler of an experiment sees none of
 * the bodies (they are in another file, built with -fno-builtin, without link-time
 * optimisation), so it can neither drop nor merge what an experiment does.
 */
#ifndef TOUCHSTONE_MEMORY_H
#define TOUCHSTONE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "enough_memory.h"

/* Returns the bytes of one page: sysconf(_SC_PAGESIZE).  4, 16 and 64 KiB all occur. */
int64_t page_bytes(void);

/* Returns the number of pages that hold so many bytes: bytes / page_bytes(), rounded up. */
int64_t pages_for(int64_t bytes);

/* Returns the number of pages that [start, start + bytes) overlaps. */
int64_t pages_of(const void *start, int64_t bytes);

/* Returns how many pages that [start, start + bytes) overlaps are not in memory.  The source is
 * mincore(2), which does not touch the pages. */
int64_t absent_pages_of(const void *start, int64_t bytes);

/* Returns whether an address lies between the end of the program's data and the break: whether
 * it is memory that came from moving the break, and not from mmap(2). */
bool is_below_the_break(const void *address);

/* Returns the smallest request, of 1 to `most` bytes, that malloc serves with a mapping of its own.
 * Changes nothing: it asks in copies of the process.  Unsupported where malloc maps none. */
int64_t first_size_that_is_mapped(int64_t most);

/* Call malloc(3), calloc(3) and realloc(3), and return the block. */
void *must_malloc(int64_t bytes);
void *must_calloc(int64_t bytes);
void *must_realloc(void *block, int64_t bytes);

/* Maps fresh, private, anonymous memory: mmap(2).  The kernel may place it next to another such
 * mapping and show both as one. */
void *must_map(int64_t bytes);

/* Maps memory for an experiment's own notes, such as a table of its blocks: the film does not draw
 * it. */
void *must_map_notes(int64_t bytes);

#ifndef TOUCHSTONE_LIBRARY
/* In an experiment, the film learns which line allocated which block. */
#define must_malloc(bytes) allocated_at(THIS_LINE, must_malloc(bytes))
#define must_calloc(bytes) allocated_at(THIS_LINE, must_calloc(bytes))
#define must_realloc(block, bytes) allocated_at(THIS_LINE, must_realloc(block, bytes))
#define must_map(bytes) allocated_at(THIS_LINE, must_map(bytes))
#define THIS_LINE (__INCLUDE_LEVEL__ == 0 ? __LINE__ : 0) /* 0: a line of a header */
#endif
/* Tells the film, and returns the block. */
void *allocated_at(int line, void *block);

/* Moves the break up by so many bytes, and returns where it was: the heap grows by that range, whatever
 * malloc is in use.  With musl's malloc, do not allocate afterwards: it moves the break to where it
 * expects it, which may be below. */
void *must_move_the_break(int64_t bytes);

/* Unmaps [start, start + bytes): munmap(2). */
void must_unmap(void *start, int64_t bytes);

/* Writes one byte in every page that [start, start + bytes) overlaps, in rising order: the
 * cheapest way to use all of the pages. */
void write_pages(void *start, int64_t bytes);

/* Reads one byte in every page that [start, start + bytes) overlaps, in rising order. */
void read_pages(const void *start, int64_t bytes);

/* Writes every byte of the range. */
void write_bytes(void *start, int64_t bytes);

/* Makes the kernel bring in every page of the range now: madvise(2), MADV_POPULATE_WRITE.
 * Before Linux 5.14, which has no such advice, reads zeros into the range, so its content
 * is lost. */
void must_populate(void *start, int64_t bytes);

/* Gives every page of the range back to the kernel, which forgets its content: MADV_DONTNEED,
 * madvise(2). */
void must_drop_pages(void *start, int64_t bytes);

/* Returns how many page faults, minor and major, this process has caused. */
int64_t faults_so_far(void);

/* Allocates and frees one block, so that what malloc sets up at its first call (the heap, the
 * thread cache) exists before an arm records its "before". */
void wake_malloc(void);

/* Allocates the rest of the top chunk, so that the next request that no free chunk can serve
 * must ask the kernel. */
void use_up_top(void);

/* Returns the smallest value in [least, most] for which question() returns non-zero, found by
 * bisection; returns most + 1 where there is none.  The values for which question() returns 0
 * must all be smaller than the others.  Each call is made in a new copy of this process (fork),
 * so no call changes the heap that the next one finds. */
int64_t first_value_where(int64_t least, int64_t most, int (*question)(int64_t value));

#endif
