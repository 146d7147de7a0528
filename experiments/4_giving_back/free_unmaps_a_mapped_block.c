/* SPDX-License-Identifier: MIT */
/* A block with a mapping of its own leaves at free(), whole and at once.
 *
 * free() sees a flag in the block's header (IS_MMAPPED) and calls munmap(2): the
 * addresses are no longer the process's, and the pages behind them are the
 * kernel's again.  ps shows it at once, both in VSZ and in RSS, whatever else is
 * still allocated: a mapping has no neighbours that could hold it back.  This is
 * the great advantage of mapped blocks; chapter 5 is about its price.
 *
 * It is also why using a large block after free() crashes at once, and using a
 * small one does not: behind these addresses there is nothing any more.
 *
 * Control: the same blocks from the heap (threshold raised), freed in the same
 * order with a small block on top of them, must leave nothing behind.
 * Try: block=64K.  Which arm is each arm now, and why?
 */
#include "experiment.h"
#include "malloc_knobs.h"
#include "memory.h"

enum { MOST_BLOCKS = 32 };

static int64_t block_bytes = 1 * MiB, blocks = 16;

static void allocate_and_free(void)
{
	char *block[MOST_BLOCKS] = { NULL };

	record("malloc", 0);
	for (int64_t i = 0; i < blocks; i++) {
		block[i] = must_malloc(block_bytes);
		write_pages(block[i], block_bytes);
		record("malloc", i + 1);
	}
	must_malloc(2 * KiB); /* too large for the thread's cache of freed blocks to have one */
	record("free", blocks);
	for (int64_t i = 0; i < blocks; i++) {
		free(block[i]);
		record("free", blocks + i + 1);
	}
}

static void mapped(void)
{
	wake_malloc();
	allocate_and_free();
}

static void heap(void)
{
	wake_malloc();
	must_pin_thresholds(block_bytes + DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	allocate_and_free();
}

/* Frees after which a column fell by exactly so many whole pages. */
static int64_t frees_that_gave_back(int64_t pages, size_t column)
{
	int64_t whole = pages * page_bytes(), count = 0, was = 0;

	for (int n = 0; n <= blocks; n++) {
		struct snapshot is = nth_row("mapped", "free", n)->is;
		int64_t now = *(int64_t *)((char *)&is + column);
		count += n > 0 && was - now == whole;
		was = now;
	}
	return count;
}

static void judge(void)
{
	struct snapshot of_heap = growth("heap", "free", "free");

	/* 16 bytes of header lie before the block, up to 8 for rounding after it;
	 * the latter are not written. */
	expect_equal("frees after which the virtual size was smaller by the block", blocks,
		     frees_that_gave_back(pages_for(block_bytes + 24),
					  offsetof(struct snapshot, virtual_bytes)));
	expect_equal("frees after which the resident size was smaller by the block", blocks,
		     frees_that_gave_back(pages_for(block_bytes + 16),
					  offsetof(struct snapshot, resident_bytes)));
	expect_equal("what all of it added to the virtual size in the end, bytes", 0,
		     growth("mapped", "malloc", "free").virtual_bytes);
	control_equal("heap blocks freed: change of the virtual size, bytes", 0,
		      of_heap.virtual_bytes);
	control_equal("heap blocks freed: change of the resident size, bytes", 0,
		      of_heap.resident_bytes);
}

const struct experiment experiment = {
	.claim = "free() of a mapped block gives all of it back at once",
	.asked = "Does free() give memory back to the operating system?",
	.x_axis = "blocks allocated, then freed",
	.charted = "resident_bytes",
	.chart = CHART_STEPS,
	.knobs = { { "block", &block_bytes, "bytes", "size of a block", 4 * KiB, 30 * MiB },
		   { "blocks", &blocks, "", "how many", 1, MOST_BLOCKS } },
	.arms = { { "mapped", mapped }, { "heap", heap, .control = true } },
	.predict = { "All the mapped blocks are freed. How far does that move resident memory?",
		     "resident_bytes", "mapped", "free", "free",
		     .because = "Every mapping goes whole: the block, and its header, which takes "
				"one page more each." },
	.judge = judge,
	.observe_with = "blocks=4",
};
