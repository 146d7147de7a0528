/* SPDX-License-Identifier: MIT */
/* The threshold is asked last.
 *
 * malloc() first looks for a free chunk that fits, then at the top of the heap,
 * and only when neither can serve does sysmalloc() compare the request with the
 * mmap threshold.  So a heap in which blocks died side by side serves requests
 * far above the threshold: the dead blocks merged into one large hole.
 *
 * Several blocks below the threshold are allocated one behind the other, with
 * one more on top that stays alive, and are freed: a hole of about 300 KiB.
 * Then one request asks for as much as the hole holds; and the program looks
 * for the first size, to the byte, that does get a mapping.
 *
 * Control: the same with the blocks still alive; the same request must be
 * mapped, and the first size that is must be 128 KiB.
 * Try: leave the third block alive.  Which sizes are mapped now?
 */
#include "experiment.h"
#include "heap_walk.h"
#include "malloc_knobs.h"
#include "memory.h"

enum { BLOCKS = 5 };

static int64_t block_bytes = 60 * KiB;

/* The largest request that the merged chunks can serve: all but a size field. */
static int64_t hole_bytes(void)
{
	return BLOCKS * heap_chunk_bytes(block_bytes) - (int64_t)sizeof(size_t);
}

static void request(bool blocks_die)
{
	void *blocks[BLOCKS];

	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = must_malloc(block_bytes);
	must_malloc(block_bytes); /* lives, so that the hole does not join the top */
	use_up_top();
	for (int i = 0; i < BLOCKS && blocks_die; i++)
		free(blocks[i]);
	record_y("first size that is mapped", 0, first_value_where(1, 64 * MiB, is_mapped));
	record("before malloc", 0);
	must_malloc(hole_bytes());
	record("after malloc", hole_bytes());
}

static void hole(void)
{
	request(true);
}

static void no_hole(void)
{
	request(false);
}

static void judge(void)
{
#ifndef __GLIBC__
	unsupported("this is about glibc's mmap threshold, and here is another libc");
#endif
	struct snapshot served = growth("hole", "before malloc", "after malloc");
	struct snapshot mapped = growth("no hole", "before malloc", "after malloc");

	expect_between("the request is above the threshold, bytes", DEFAULT_THRESHOLD + 1,
		       hole_bytes(), INT64_MAX);
	expect_equal("with a hole, the request adds to the virtual size, bytes", 0,
		     served.virtual_bytes);
	expect_equal("with a hole, the request moves the break by, bytes", 0, served.heap_top_bytes);
	expect_equal("with a hole, first size that is mapped: one byte more than the hole",
		     hole_bytes() + 1, y_of("hole", "first size that is mapped"));
	control_between("without a hole, the request adds to the virtual size, bytes", hole_bytes(),
			mapped.virtual_bytes, hole_bytes() + 2 * page_bytes());
	control_equal("without a hole, the request moves the break by, bytes", 0,
		      mapped.heap_top_bytes);
	/* The request's header and rounding up are in the chunk: 23 bytes at most. */
	control_between("without a hole, first size that is mapped", DEFAULT_THRESHOLD - 23,
			y_of("no hole", "first size that is mapped"), DEFAULT_THRESHOLD);
}

const struct experiment experiment = {
	.claim = "a request above the mmap threshold is served from a free chunk of the heap that fits",
	.asked = "Does a request of 300 KiB always get its own mapping?",
	.x_axis = "bytes requested",
	.y_axis = "first size that is mapped, bytes",
	.charted = "y",
	.chart = CHART_BARS,
	.chart_options = "mark=131072:128_KiB",
	.knobs = { { "block", &block_bytes, "bytes", "size of each of the five blocks that die",
		     32 * KiB, 127 * KiB } },
	.arms = { { "hole", hole }, { "no hole", no_hole, .control = true } },
	.predict = { "Five neighbouring blocks were freed. Which is the smallest request that "
		     "still gets its own mapping?",
		     "y", "hole", .to = "first size that is mapped",
		     .because = "The five blocks merged into one hole, and what fits into it is "
				"cut from it, however large. The threshold is asked only for the "
				"first size that does not fit." },
	.judge = judge,
};
