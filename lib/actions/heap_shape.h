/* SPDX-License-Identifier: MIT */
/* Brings glibc's heap into a shape, or finds out about one by giving blocks back. */
#ifndef TOUCHSTONE_HEAP_SHAPE_H
#define TOUCHSTONE_HEAP_SHAPE_H

#include <stdint.h>

/* Leaves so many free chunks in the heap.  Blocks in use lie between them, or they would merge.
 * Fastbins are switched off (mallopt(3), M_MXFAST), because chunks in them are only counted.  The
 * chunks are the smallest: a walk over chunks that lie close together is equally fast each time, but
 * over large chunks it takes five times as long whenever they have dropped out of the CPU's caches. */
void leave_free_chunks(int64_t chunks);

/* Returns the pages of the mapping that malloc makes for a request which it serves with a mapping:
 * the chunk and one more size word, in whole pages (sysmalloc_mmap() in malloc/malloc.c, before glibc
 * 2.35 in sysmalloc()). */
int64_t pages_mapped_for(int64_t request);

/* Returns how many of these pages are resident once every page of the block has been written.  The
 * block begins 16 bytes behind the start of its mapping, and malloc writes the size of the chunk into
 * these 16 bytes.  What lies behind the block is not written. */
int64_t pages_written_for(int64_t request);

/* Returns the most bytes of the top that free() never gives back: the pad (M_TOP_PAD, by default 128
 * KiB) and the smallest chunk (systrim() in malloc/malloc.c).  Only whole pages go, so free() can give
 * something back as soon as the top is larger than this and a page. */
int64_t top_that_stays(void);

/* The size of the blocks that top_when_trimmed() frees, bytes: small, so that the top grows in small
 * steps. */
enum { TRIM_STEP_BYTES = 16 * 1024 };

/* Fills the heap with at least so many bytes of small blocks, and frees them from the top downwards.
 * Returns the size of the free top, bytes, at which free() gives part of it back; NOT_MEASURED if it
 * never does.  Unsupported where the blocks do not come from the heap. */
int64_t top_when_trimmed(int64_t bytes);

#endif
