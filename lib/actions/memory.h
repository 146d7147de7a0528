/* SPDX-License-Identifier: MIT */
/* What experiments do to memory: allocate, map, write, read, give back.
 *
 * A must_...() does what its name says, or ends the experiment as broken (unsupported
 * where this kernel cannot do it) with a sentence that names the cause.  All
 * sizes are bytes.  The compiler sees none of the bodies (they live in another
 * file, built with -fno-builtin, without link-time optimisation), so it can
 * neither drop nor merge what an experiment does.
 */
#ifndef TOUCHSTONE_MEMORY_H
#define TOUCHSTONE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Bytes of one page: sysconf(_SC_PAGESIZE).  4, 16 and 64 KiB are all ordinary. */
int64_t page_bytes(void);

/* Pages that a range of so many bytes fills at most: rounded up. */
int64_t pages_for(int64_t bytes);

/* Pages that the bytes [start, start + bytes) lie on, and those of them that are
 * not in memory yet: mincore(2), which neither counts as a use nor touches them. */
int64_t pages_of(const void *start, int64_t bytes);
int64_t absent_pages_of(const void *start, int64_t bytes);

/* Whether an address lies between the end of the program and the break: memory
 * that came from moving the break rather than from mmap(2). */
bool is_below_the_break(const void *address);

/* Returns the smallest request, of 1 to `most` bytes, that malloc serves with a mapping of its own;
 * most + 1 where it maps none.  Changes nothing: it asks in copies of the process. */
int64_t first_size_that_is_mapped(int64_t most);

/* malloc(3), realloc(3), calloc(3) that succeed. */
void *must_malloc(int64_t bytes);
void *must_calloc(int64_t bytes);
void *must_realloc(void *block, int64_t bytes);

/* mmap(2) of fresh, private, anonymous memory; the kernel may put it beside such a
 * mapping and show both as one.  And munmap(2). */
void *must_map(int64_t bytes);
void must_unmap(void *start, int64_t bytes);

/* Writes (reads) one byte in every page that [start, start + bytes) overlaps, in
 * rising order: the cheapest way to use all of its pages. */
void write_pages(void *start, int64_t bytes);
void read_pages(const void *start, int64_t bytes);

/* Writes (reads) one byte of each page of a range of whole pages in a bare loop: no other instruction
 * that could be left out stands between two touches.  For timing faults; a_fault_has_a_price.c says
 * why that matters. */
void write_whole_pages(char *start, int64_t bytes);
void read_whole_pages(char *start, int64_t bytes);

/* Writes every byte of the range. */
void write_bytes(void *start, int64_t bytes);

/* Has the kernel bring in every page of the range now: MADV_POPULATE_WRITE,
 * madvise(2); before Linux 5.14 by reading zeros into it, which overwrites it. */
void must_populate(void *start, int64_t bytes);

/* Gives every page of the range back to the kernel, which forgets its content: MADV_DONTNEED,
 * madvise(2). */
void must_drop_pages(void *start, int64_t bytes);

/* Ends the experiment as unsupported where fewer than one and a half times so many bytes of memory
 * are available (MemAvailable in /proc/meminfo), since it would swap, or be killed; knob: the name of
 * the one to lower. */
void must_have_available(int64_t bytes, const char *knob);

/* Returns how many page faults, minor and major, this process has caused. */
int64_t faults_so_far(void);

/* Takes the first allocation of the process, so that what malloc sets up once
 * (the heap, the thread cache) is there before an arm records its "before". */
void wake_malloc(void);

/* Allocates what is left of the top chunk, so that the next request that no free
 * chunk can serve has to ask the kernel. */
void use_up_top(void);

/* The smallest value in [least, most] for which the question is answered with
 * yes, found by bisection; most + 1 when none is.  The answers must go from no
 * to yes once.  Each question is put to a fresh copy of this process (fork), so
 * no answer changes the heap that the next one meets. */
int64_t first_value_where(int64_t least, int64_t most, int (*question)(int64_t value));

#endif
