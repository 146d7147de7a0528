/* SPDX-License-Identifier: MIT */
/* The heap can shrink, but only at its end.
 *
 * A free chunk that borders on the top becomes part of it.  When the top has
 * grown to the trim threshold (M_TRIM_THRESHOLD, 128 KiB), free() calls systrim()
 * (malloc/malloc.c), which lowers the break and leaves M_TOP_PAD, also 128 KiB,
 * for the next requests.  Only whole pages can go, so nothing goes until the top
 * is one page larger than the pad.
 *
 * free() checks the threshold only when the chunk that it freed, merged with its
 * neighbours, has 64 KiB or more (FASTBIN_CONSOLIDATION_THRESHOLD; since glibc
 * 2.43, ATTEMPT_TRIMMING_THRESHOLD).  Here the blocks are freed from the last to
 * the first.  All of them merge with the top, so free() checks the threshold
 * whenever the top is large enough to reach it.
 *
 * Control: when one small block stays on top, none of the free memory below it
 * can go.  And with a threshold of 512 KiB, the break must not move before the top
 * has grown to that.
 * Try: free a block of 1 MiB before the first record().  When does the break move
 * now, and what does the_four_block_story have to do with it?
 */
#include "experiment.h"
#include "memory.h"

static int64_t total_bytes = 1 * MiB, block_bytes = 8 * KiB, threshold = 512 * KiB;

static void free_from_the_top(bool block_on_top)
{
	int64_t blocks = total_bytes / block_bytes;
	char **block = must_map(blocks * (int64_t)sizeof(*block));

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

/* The free bytes when the break went down for the first time: those of the record
 * before, and the block that was freed then. */
static int64_t free_when_trimmed(const char *arm)
{
	int64_t before = 0, top_before = 0;

	for (int n = 0; n <= total_bytes / block_bytes; n++) {
		struct snapshot is = nth_row(arm, "free", n)->is;
		if (n > 0 && is.heap_top_bytes < top_before)
			return before + block_bytes;
		before = is.free_bytes;
		top_before = is.heap_top_bytes;
	}
	return INT64_MAX; /* never */
}

static void judge(void)
{
	struct snapshot end = growth("as it is", "free", "free");
	/* How far the sizes may be off: by one block, one page, and headers. */
	int64_t slack = block_bytes + page_bytes() + 64;
	int64_t all = total_bytes / block_bytes * block_bytes;

	/* The pad stays, and less than a page cannot go. */
	expect_between("the break goes down as soon as 128 KiB and a page are free at the top",
		       DEFAULT_THRESHOLD + page_bytes(), free_when_trimmed("as it is"),
		       DEFAULT_THRESHOLD + slack);
	/* After the last free(), the top may be a little too small for one more trim. */
	expect_between("in the end, the break has gone down by all that was freed, except for the pad",
		       all - DEFAULT_THRESHOLD - slack, -end.heap_top_bytes, all);
	expect_between(
		"in the end, resident memory has gone down by all that was freed, except for the pad",
		all - DEFAULT_THRESHOLD - slack, -end.resident_bytes, all);
	control_equal("with a block on top, the break never goes down", 0,
		      -growth("a block on top", "free", "free").heap_top_bytes);
	control_between("threshold raised: the break goes down as soon as the top has grown to it",
			threshold - 16, free_when_trimmed("threshold raised"), threshold + slack);
}

const struct experiment experiment = {
	.claim = "when more than 128 KiB are free at the top of the heap, the break goes down",
	.asked = "When does the heap shrink?",
	.x_axis = "bytes freed, from the top of the heap down",
	.charted = "heap_top_bytes",
	.chart = CHART_STEPS,
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
	.observe_with = "block=64K",
	.rows = 16 * MiB / (2 * KiB) + 1,
	.film = true,
};
