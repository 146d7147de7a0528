/* SPDX-License-Identifier: MIT */
/* The heap can shrink, but only at its end.
 *
 * A free chunk that borders on the top becomes part of it.  When the top has
 * grown to the trim threshold (M_TRIM_THRESHOLD, 128 KiB), free() calls systrim()
 * (malloc/malloc.c), which lowers the break and leaves M_TOP_PAD, also 128 KiB,
 * for the next requests.  Only whole pages can go, so nothing goes until the top
 * is one page larger than the pad and the smallest chunk, 32 bytes.
 *
 * free() checks the threshold only when the chunk that it freed, merged with its
 * neighbours, has 64 KiB or more (FASTBIN_CONSOLIDATION_THRESHOLD; since glibc
 * 2.43, ATTEMPT_TRIMMING_THRESHOLD).  Here the blocks are freed from the last to
 * the first.  All of them merge with the top, so free() checks the threshold
 * whenever the top is large enough to reach it.
 *
 * Controls: the blocks must lie in the heap.  When one small block stays on top, none of the free memory below it
 * can go.  And with a threshold of 512 KiB, the break must not move before the top
 * has grown to that.
 * Try: free a block of 1 MiB before the first record().  When does the break move
 * now, and what does the_four_block_story have to do with it?
 */
#include "experiment.h"
#include "heap_shape.h"
#include "heap_walk.h"
#include "malloc_knobs.h"
#include "memory.h"

static int64_t total_bytes = 1 * MiB, block_bytes = 8 * KiB, threshold = 512 * KiB;

static void free_from_the_top(bool block_on_top)
{
	int64_t blocks = total_bytes / block_bytes;
	char **block = must_map_notes(blocks * (int64_t)sizeof(*block));

	use_up_top();
	for (int64_t i = 0; i < blocks; i++) {
		block[i] = must_malloc(block_bytes);
		write_pages(block[i], block_bytes);
	}
	if (block_on_top)
		must_malloc(2 * KiB);
	record("free", 0);
	for (int64_t i = blocks; i-- > 0;) {
		free(block[i]);
		record("free", (blocks - i) * block_bytes);
	}
}

static void as_it_is(void)
{
	free_from_the_top(false);
}

static void threshold_raised(void)
{
	must_pin_thresholds(DEFAULT_THRESHOLD, threshold);
	free_from_the_top(false);
}

static void a_block_on_top(void)
{
	free_from_the_top(true);
}

/* Returns the size of the top when the break went down for the first time.  The top is the only
 * free chunk: it has the free bytes of the record before, and the chunk that was freed then. */
static int64_t top_when_trimmed_in(const char *arm)
{
	int64_t before = 0, break_before = 0;

	for (int n = 0; n < rows_under(arm, "free"); n++) {
		struct snapshot is = nth_row(arm, "free", n)->is;
		if (n > 0 && is.heap_top_bytes < break_before)
			return before + heap_chunk_bytes(block_bytes);
		before = measured(is.free_bytes, "bytes at the top");
		break_before = is.heap_top_bytes;
	}
	return NEVER;
}

static void judge(void)
{
	int64_t chunk = heap_chunk_bytes(block_bytes), page = page_bytes();
	int64_t top_before = nth_row("as it is", "free", 0)->is.free_bytes;
	int64_t freed = top_before + total_bytes / block_bytes * chunk;
	struct snapshot end = growth("as it is", "free", "free");

	/* A whole page must lie above what stays.  Each free() adds one chunk to the top. */
	expect_between("the break goes down as soon as 128 KiB and a page are free at the top",
		       "bytes", top_that_stays() + page + 1, top_when_trimmed_in("as it is"),
		       top_that_stays() + page + chunk);
	/* Less than a page lies above what stays. */
	expect_between("in the end, the break has gone down by all that was free, except for the pad",
		       "bytes", freed - top_that_stays() - page, -end.heap_top_bytes,
		       freed - top_that_stays() - 1);
	/* All pages up to the header of the first top, 16 bytes, were written, and none above. */
	expect_equal("in the end, all written pages above the break are gone", "bytes",
		     pages_for(-end.heap_top_bytes - top_before + 16) * page, -end.resident_bytes);
	control_equal("no block has a mapping of its own", "blocks", 0,
		      nth_row("as it is", "free", 0)->is.mmapped_count);
	control_equal("with a block on top, the break never goes down", "bytes", 0,
		      -growth("a block on top", "free", "free").heap_top_bytes);
	control_between("threshold raised: the break goes down as soon as the top has grown to it",
			"bytes", threshold, top_when_trimmed_in("threshold raised"),
			threshold + chunk - 1);
}

const struct experiment experiment = {
	.claim = "when more than 128 KiB are free at the top of the heap, the break goes down",
	.asked = "When does the heap shrink?",
	.x_axis = "bytes freed, from the top of the heap down",
	.x_unit = "bytes",
	.charted = "heap_top_bytes",
	.chart = CHART_STEPS,
	.annotate = { { "{the break goes down as soon as 128 KiB} free: the break begins to go down",
			"as it is", .x = 80 * KiB } },
	.knobs = { { "total", &total_bytes, "bytes", "total size of the blocks", 1 * MiB, 16 * MiB },
		   { "block", &block_bytes, "bytes", "size of a block", 2 * KiB, 64 * KiB },
		   { "threshold", &threshold, "bytes", "the raised trim threshold", 256 * KiB,
		     768 * KiB } },
	.arms = { { "as it is", as_it_is },
		  { "threshold raised", threshold_raised, .control = true },
		  { "a block on top", a_block_on_top, .control = true } },
	.predict = { "Blocks are freed one by one, from the top of the heap down. After how many "
		     "freed bytes does the break go down?",
		     "jump of heap_top_bytes", "as it is",
		     .because = "The memory that was free at the top before counts too. Together, "
				"it must exceed what malloc keeps there (M_TOP_PAD, 128 KiB) by a "
				"whole page." },
	.judge = judge,
	.about_glibc = true,
	.observe_with = "block=64K",
	.rows = 16 * MiB / (2 * KiB) + 1,
	.film = true,
};
