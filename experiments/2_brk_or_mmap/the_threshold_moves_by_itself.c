/* SPDX-License-Identifier: MIT */
/* When a mapped block is freed, malloc learns which sizes the program uses.
 *
 * A mapped block costs two system calls and all of its page faults each time.  So when one
 * is freed, malloc sets mmap_threshold to its size (__libc_free() in malloc/malloc.c,
 * _int_free_chunk() since glibc 2.42), and from then on blocks of that size come from the
 * heap.  It also sets trim_threshold to twice that size, or the heap would shrink and grow
 * instead.  Neither threshold ever goes down again.  mallopt(3), M_MMAP_THRESHOLD, calls
 * this the dynamic threshold; it came in 2006 (see "Update in 2006" in malloc.c).
 *
 * Blocks above DEFAULT_MMAP_THRESHOLD_MAX (32 MiB on 64-bit machines) change nothing.  Nor
 * does a chunk of exactly 32 MiB: free() compares the size field as it is
 * (chunksize_nomask()), and the flag bit in it that says "mapped" makes it larger.  (Since
 * glibc 2.43 the size of a mapped chunk does not include a header and is 16 bytes less
 * than its whole pages, so there a mapping of 32 MiB counts.  The program asks
 * malloc_usable_size(3).)
 *
 * Mapped blocks of doubling size are freed, one after the other.  After each, one arm
 * looks for the first chunk size that is mapped.  Another arm fills the heap with small
 * blocks and frees them from the top downwards until the break goes down: then the free
 * top has reached the trim threshold.
 *
 * Control: thresholds pinned by mallopt(3) must stay at 128 KiB all the time.
 * Try: free the blocks in the opposite order, the largest first.
 */
#include <malloc.h>

#include "arm_limits.h"
#include "experiment.h"
#include "heap_shape.h"
#include "heap_walk.h"
#include "malloc_knobs.h"
#include "memory.h"

/* The sizes of the freed chunks: 256 KiB, then twice as much each time.  The last is above
 * the largest that counts. */
enum { FIRST = 256 * 1024, DOUBLINGS = 9 };

static int64_t chunk_when_mapped(int64_t freed)
{
	(void)freed;
	return heap_chunk_bytes(first_size_that_is_mapped(4 * MOST_THRESHOLD));
}

/* Returns the size of the free top at which it is trimmed.  The heap is filled with three times as
 * many bytes as were freed, so that the top can reach twice the largest threshold. */
static int64_t top_after_freeing(int64_t freed)
{
	return top_when_trimmed(3 * (freed < MOST_THRESHOLD ? freed : MOST_THRESHOLD));
}

/* Frees mapped blocks of doubling size, and measures a threshold after each.  A mapping is
 * whole pages and holds a header too, so the request is one page smaller than the mapping. */
static void free_larger_and_larger(int64_t (*measure)(int64_t freed))
{
	must_have_64_bits(); /* with 32 bits, the largest threshold is 512 KiB */
	for (int64_t i = 0, bytes = FIRST; i < DOUBLINGS; i++, bytes *= 2) {
		void *block = must_malloc(bytes - page_bytes());
		int64_t freed = heap_chunk_bytes((int64_t)malloc_usable_size(block));
		free(block);
		record_y("freed", freed, measure(freed));
	}
}

static void mmap_threshold(void)
{
	use_up_top();
	free_larger_and_larger(chunk_when_mapped);
}

static void trim_threshold(void)
{
	free_larger_and_larger(top_after_freeing);
}

static void mmap_pinned(void)
{
	must_pin_thresholds(DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	mmap_threshold();
}

static void trim_pinned(void)
{
	must_pin_thresholds(DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	trim_threshold();
}

/* Returns whether the measured size is so many bytes, or at most `width` more. */
static bool is_at(const struct row *row, int64_t bytes, int64_t width)
{
	return row->y != NOT_MEASURED && bytes <= row->y && row->y <= bytes + width;
}

/* Returns after how many freed blocks the measured size is `times` the size of the largest one so far
 * that counts. */
static int64_t rows_that_move(const char *arm, int64_t times, int64_t width)
{
	int64_t largest = DEFAULT_THRESHOLD, count = 0;
	const struct row *row;

	for (int n = 0; (row = nth_row(arm, "freed", n)) != NULL; n++) {
		if (row->x < MOST_THRESHOLD)
			largest = row->x;
		count += is_at(row, times * largest, width);
	}
	return count;
}

/* Returns after how many freed blocks the measured size is 128 KiB. */
static int64_t rows_that_stay(const char *arm, int64_t width)
{
	int64_t count = 0;
	const struct row *row;

	for (int n = 0; (row = nth_row(arm, "freed", n)) != NULL; n++)
		count += is_at(row, DEFAULT_THRESHOLD, width);
	return count;
}

static void judge(void)
{
	/* The free() that reaches the trim threshold may pass it by one small chunk.  With
	 * pinned thresholds the top can be still larger: systrim() keeps M_TOP_PAD, which is
	 * as much as the pinned threshold, and a smallest chunk (MINSIZE), and it gives back
	 * whole pages only. */
	int64_t step = heap_chunk_bytes(TRIM_STEP_BYTES), kept = page_bytes() + heap_chunk_bytes(0);

	expect_equal("freed blocks after which the mmap threshold is the largest size below 32 MiB",
		     "blocks", DOUBLINGS, rows_that_move("mmap threshold", 1, 0));
	expect_equal("freed blocks after which the trim threshold is twice the mmap threshold",
		     "blocks", DOUBLINGS, rows_that_move("trim threshold", 2, step));
	control_equal("freed blocks after which a pinned mmap threshold is 128 KiB", "blocks",
		      DOUBLINGS, rows_that_stay("mmap threshold pinned", 0));
	control_equal("freed blocks after which a pinned trim threshold is 128 KiB", "blocks",
		      DOUBLINGS, rows_that_stay("trim threshold pinned", step + kept));
}

const struct experiment experiment = {
	.claim = "freeing a mapped block below 32 MiB raises the mmap threshold to its size and the trim "
		 "threshold to twice its size",
	.asked = "The first block of this size was mapped. Why is the second one not?",
	.x_axis = "size of the mapped block that was freed, bytes",
	.x_unit = "bytes",
	.y_axis = "measured threshold, bytes",
	.y_unit = "bytes",
	.charted = "y",
	.chart = CHART_LINES,
	.log_x = true,
	.log_y = true,
	.arms = { { "mmap threshold", mmap_threshold },
		  { "trim threshold", trim_threshold },
		  { "mmap threshold pinned", mmap_pinned, .control = true },
		  { "trim threshold pinned", trim_pinned, .control = true } },
	.predict = { "Mapped blocks of 256 KiB, 512 KiB ... up to 64 MiB were freed. What is the "
		     "mmap threshold now?",
		     "y", "mmap threshold", .to = "freed",
		     .because = "Each freed mapped block whose chunk was smaller than 32 MiB "
				"(DEFAULT_MMAP_THRESHOLD_MAX) raised it to the size of that chunk. "
				"The larger ones changed nothing." },
	.judge = judge,
	.about_glibc = true,
};
