/* SPDX-License-Identifier: MIT */
/* malloc looks at the threshold last.
 *
 * malloc() first looks for a free chunk that fits, then at the top of the heap.  Only when
 * neither is large enough does sysmalloc() compare the request with the mmap threshold.
 * So a heap in which neighbouring blocks were freed serves requests far above the
 * threshold: the freed blocks have merged into one large hole.
 *
 * Several blocks below the threshold are allocated one behind the other, with one more
 * behind them that stays in use.  Then they are freed, which leaves a hole of about
 * 300 KiB.  One request asks for as much as the hole holds, and the program looks for the
 * first size, to the byte, that does get a mapping.
 *
 * Control: when the blocks stay in use, the same request must be mapped, and the first
 * size that is mapped must be 128 KiB.
 * Try: do not free the third block.  Which sizes are mapped now?
 */
#include "experiment.h"
#include "heap_walk.h"
#include "malloc_knobs.h"
#include "memory.h"

enum { BLOCKS = 5 };

static int64_t block_bytes = 60 * KiB;

/* Returns the largest request that the merged chunks can serve: all but a size field. */
static int64_t hole_bytes(void)
{
	return BLOCKS * heap_chunk_bytes(block_bytes) - (int64_t)sizeof(size_t);
}

static void request(bool blocks_are_freed)
{
	void *blocks[BLOCKS];

	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = must_malloc(block_bytes);
	must_malloc(block_bytes); /* stays in use, so that the hole does not merge with the top */
	use_up_top();
	for (int i = 0; i < BLOCKS && blocks_are_freed; i++)
		free(blocks[i]);
	record_y("first size that is mapped", 0, first_size_that_is_mapped(64 * MiB));
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
	struct snapshot served = growth("hole", "before malloc", "after malloc");

	expect_equal("with a hole, the request adds nothing to the virtual size", "bytes", 0,
		     served.virtual_bytes);
	expect_equal("with a hole, the request does not move the break", "bytes", 0,
		     served.heap_top_bytes);
	expect_equal("with a hole, the first size that is mapped is one byte more than the hole holds",
		     "bytes", hole_bytes() + 1, y_of("hole", "first size that is mapped"));
	control_between("the request is above the threshold", "bytes", DEFAULT_THRESHOLD + 1,
			hole_bytes(), INT64_MAX);
	struct snapshot mapped = growth("no hole", "before malloc", "after malloc");
	/* A mapping holds the chunk and at most one more header, in whole pages. */
	int64_t chunk = heap_chunk_bytes(hole_bytes());
	control_between("without a hole, the request adds its pages to the virtual size", "bytes",
			pages_for(chunk) * page_bytes(), mapped.virtual_bytes,
			pages_for(chunk + 2 * (int64_t)sizeof(size_t)) * page_bytes());
	control_equal("without a hole, the request does not move the break", "bytes", 0,
		      mapped.heap_top_bytes);
	/* The threshold is compared with the chunk: the request, its header and the
	 * rounding up. */
	control_equal("without a hole, the first size that is mapped is 128 KiB less its header",
		      "bytes", heap_smallest_request(DEFAULT_THRESHOLD),
		      y_of("no hole", "first size that is mapped"));
}

const struct experiment experiment = {
	.claim = "a request above the mmap threshold is served from the heap if a free chunk there is "
		 "large enough",
	.asked = "Does a request of 300 KiB always get its own mapping?",
	.x_axis = "bytes requested",
	.x_unit = "bytes",
	.y_axis = "first size that is mapped, bytes",
	.y_unit = "bytes",
	.charted = "y",
	.chart = CHART_BARS,
	.marks = { { 'y', 131072, "128 KiB" } },
	.knobs = { { "block", &block_bytes, "bytes",
		     "size of each of the five blocks that are freed", 32 * KiB, 127 * KiB } },
	.arms = { { "hole", hole }, { "no hole", no_hole, .control = true } },
	.predict = { "Five neighbouring blocks were freed. What is the smallest request that "
		     "still gets its own mapping?",
		     "y", "hole", .to = "first size that is mapped",
		     .because = "The five blocks merged into one hole, and malloc cuts from it "
				"whatever fits, however large. The threshold matters only from the "
				"first size that does not fit." },
	.judge = judge,
	.film = true,
	.about_glibc = true,
};
