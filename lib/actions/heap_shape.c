/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "heap_shape.h"

#include <malloc.h>
#include <stdbool.h>
#include <unistd.h>

#include "experiment.h"
#include "heap_walk.h"
#include "malloc_knobs.h"
#include "memory.h"

void leave_free_chunks(int64_t chunks)
{
	void **block = must_malloc(chunks * (int64_t)sizeof(*block));

#ifdef __GLIBC__
	mallopt(M_MXFAST, 0);
#endif
	for (int64_t i = 0; i < chunks; i++) {
		block[i] = must_malloc(1);
		must_malloc(1);
	}
	for (int64_t i = 0; i < chunks; i++)
		free(block[i]);
}

/* The free top may be so large, before or after the heap is filled: malloc's padding is 128 KiB, and
 * only a tunable makes it larger. */
#define MOST_TOP_BYTES (64 * MiB)

/* Ends the experiment where a block does not come from the heap, or the heap's top is never used up. */
static void must_fill_heap(const void *block, bool is_too_much)
{
	if (!is_below_the_break(block))
		unsupported("malloc does not serve a block of %d KiB from the heap here",
			    TRIM_STEP_BYTES / 1024);
	if (is_too_much)
		unsupported("the top of the heap is larger than %lld MiB here",
			    (long long)(MOST_TOP_BYTES / MiB));
}

/* Allocates small blocks, at least so many bytes, and then more until the rest of the top is
 * smaller than two blocks.  Each block points to the one before; returns the last. */
static void **fill_heap(int64_t enough)
{
	void **last = NULL;

	for (int64_t bytes = 0;
	     bytes < enough || (char *)sbrk(0) - (char *)last > INT64_C(3) * TRIM_STEP_BYTES;
	     bytes += TRIM_STEP_BYTES) {
		void **block = must_malloc(TRIM_STEP_BYTES);
		must_fill_heap(block, bytes > enough + MOST_TOP_BYTES);
		*block = last;
		last = block;
	}
	return last;
}

/* The top reaches from the chunk of the last freed block, two words in front of the block, to the
 * break. */
int64_t top_when_trimmed(int64_t bytes)
{
	int64_t trimmed_at = NOT_MEASURED;
	void **previous;

	for (void **last = fill_heap(bytes); last != NULL; last = previous) {
		char *end = sbrk(0);
		previous = *last;
		free(last);
		if (trimmed_at == NOT_MEASURED && (char *)sbrk(0) < end)
			trimmed_at = end - ((char *)last - 2 * sizeof(size_t));
	}
	return trimmed_at;
}

int64_t pages_mapped_for(int64_t request)
{
	return pages_for(heap_chunk_bytes(request) + (int64_t)sizeof(size_t));
}

int64_t pages_written_for(int64_t request)
{
	return pages_for(request + 16);
}

int64_t top_that_stays(void)
{
	return DEFAULT_THRESHOLD + heap_chunk_bytes(1);
}
