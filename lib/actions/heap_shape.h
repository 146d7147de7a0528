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

/* The size of the blocks that top_when_trimmed() frees, bytes: small, so that the top grows in small
 * steps. */
enum { TRIM_STEP_BYTES = 16 * 1024 };

/* Fills the heap with at least so many bytes of small blocks, and frees them from the top downwards.
 * Returns the size of the free top, bytes, at which free() gives part of it back; NOT_MEASURED if it
 * never does.  Unsupported where the blocks do not come from the heap. */
int64_t top_when_trimmed(int64_t bytes);

#endif
