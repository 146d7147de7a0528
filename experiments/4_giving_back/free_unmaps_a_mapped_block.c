/* SPDX-License-Identifier: MIT */
/* free() gives all of a mapped block back to the kernel at once.
 *
 * free() sees a flag in the block's header (IS_MMAPPED) and calls munmap(2): the
 * addresses no longer belong to the process, and the pages behind them belong to
 * the kernel again.  ps shows it at once, both in VSZ and in RSS, whatever else is
 * still allocated: a mapping has no neighbours that could hold it back.  This is
 * the great advantage of mapped blocks; chapter 5 is about its price.
 *
 * This is also the reason why a program that uses a large block after free() crashes
 * at once, and one that uses a small block does not: at these addresses there is
 * no memory any more.
 *
 * Controls: the blocks must have mappings of their own.  And the same blocks from
 * the heap (threshold raised), freed in the same order below a small block, must
 * give nothing back.
 * Try: block=64K.  Which control fails now, and why?
 */
#include "experiment.h"
#include "heap_shape.h"
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
	must_malloc(2 * KiB); /* too large to come from the thread's cache of freed blocks */
	record("free", blocks);
	for (int64_t i = 0; i < blocks; i++) {
		free(block[i]);
		record("free", blocks + i + 1);
	}
}

static void mapped(void)
{
	must_have_memory(blocks * block_bytes);
	wake_malloc();
	allocate_and_free();
}

static void heap(void)
{
	must_have_memory(blocks * block_bytes);
	wake_malloc();
	must_pin_thresholds(block_bytes + DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	allocate_and_free();
}

/* Return by how much the sizes have grown once so many blocks, counted by x, were allocated and
 * freed. */
static int64_t virtual_growth(int64_t x)
{
	return (blocks - x) * pages_mapped_for(block_bytes) * page_bytes();
}

static int64_t resident_growth(int64_t x)
{
	return (blocks - x) * pages_written_for(block_bytes) * page_bytes();
}

static void judge(void)
{
	/* One row before the first free(), and one after each. */
	expect_equal("each free() takes the whole block out of the virtual size", "rows", blocks + 1,
		     rows_that_follow("mapped", "free", "free", virtual_bytes, virtual_growth, 0));
	expect_equal("each free() takes the whole block out of the resident size", "rows", blocks + 1,
		     rows_that_follow("mapped", "free", "free", resident_bytes, resident_growth, 0));
	expect_equal("in the end, the virtual size is what it was at the start", "bytes", 0,
		     growth("mapped", "malloc", "free").virtual_bytes);
	control_equal("the blocks have mappings of their own", "blocks", blocks,
		      growth("mapped", "malloc", "malloc").mmapped_count);
	struct snapshot of_heap = growth("heap", "free", "free");
	control_equal("freeing the heap blocks does not change the virtual size", "bytes", 0,
		      of_heap.virtual_bytes);
	control_equal("freeing the heap blocks does not change the resident size", "bytes", 0,
		      of_heap.resident_bytes);
}

const struct experiment experiment = {
	.claim = "free() of a mapped block gives all of it back to the kernel at once",
	.asked = "Does free() give memory back to the operating system?",
	.x_axis = "blocks allocated, then freed",
	.charted = "resident_bytes",
	.chart = CHART_STEPS,
	.knobs = { { "block", &block_bytes, "bytes", "size of a block", 4 * KiB, 30 * MiB },
		   { "blocks", &blocks, "", "number of blocks", 1, MOST_BLOCKS } },
	.arms = { { "mapped", mapped }, { "heap", heap, .control = true } },
	.predict = { "All the mapped blocks are freed. By how much does that change resident memory?",
		     "resident_bytes", "mapped", "free", "free",
		     .because = "Every mapping goes as a whole: the block and its header, which "
				"needs one more page for each block." },
	.judge = judge,
	.film = true,
	.about_glibc = true,
	.observe_with = "blocks=4",
};
