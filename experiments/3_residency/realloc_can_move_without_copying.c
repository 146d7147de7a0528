/* SPDX-License-Identifier: MIT */
/* Moving a block does not mean copying its bytes.
 *
 * realloc() of a mapped block calls mremap(2) (mremap_chunk() in
 * malloc/malloc.c): the kernel takes the block's pages out of the page table at
 * the old addresses and enters them at the new ones.  Each page keeps its
 * contents and its memory, so nothing is copied, no page faults, and resident
 * memory stays the same; only addresses are added.
 *
 * A heap block cannot move in this way.  When another block lies behind it,
 * realloc() has to malloc() a second block, copy the bytes, and free the first
 * block.  Every page of the new block costs a fault, and for a moment both blocks
 * are there.  The old one leaves a hole in the heap.
 *
 * Here each block has a neighbour on both sides, allocated just before and just
 * after it, so it must move.
 *
 * Control: the heap block.
 * Try: leave out the second neighbour of the heap block: what does realloc() do
 * with a block at the top?  And what does an array that doubles again and again
 * cost in either case?
 */
#include "experiment.h"
#include "malloc_knobs.h"
#include "memory.h"

static int64_t block_bytes = 4 * MiB;

static void double_block_between_neighbours(void)
{
	must_malloc(block_bytes);
	char *block = must_malloc(block_bytes);
	must_malloc(block_bytes);
	write_pages(block, block_bytes);
	uintptr_t old = (uintptr_t)block;
	record("written", 0);
	block = must_realloc(block, 2 * block_bytes);
	record_y("realloc", 0, (uintptr_t)block != old);
	record_y("absent", 0, absent_pages_of(block, block_bytes));
}

static void mapped(void)
{
	double_block_between_neighbours();
}

/* A block above the mmap threshold would be mapped.  32 MiB, half of HEAP_MAX_SIZE, is
 * the highest threshold that mallopt() accepted before glibc 2.35. */
static void heap(void)
{
	must_pin_thresholds(32 * MiB, DEFAULT_THRESHOLD);
	double_block_between_neighbours();
}

static void judge(void)
{
	int64_t pages = pages_for(block_bytes);

	control_equal("the block and its neighbours have mappings of their own", "mappings", 3,
		      nth_row("mapped", "written", 0)->is.mmapped_count);
	expect_equal("realloc() moves the mapped block (0: not, 1: once)", "moves", 1,
		     y_of("mapped", "realloc"));
	expect_each_equal("moving the mapped block causes no minor fault", "faults", 0,
			  growth_samples("mapped", "written", "realloc", minor_fault_count));
	expect_each_equal("moving the mapped block makes nothing resident", "bytes", 0,
			  growth_samples("mapped", "written", "realloc", resident_bytes));
	expect_equal("no page of the mapped block is absent after the move", "pages", 0,
		     y_of("mapped", "absent"));
	/* Either size has 16 bytes of header and up to 8 for rounding, in whole pages. */
	expect_equal("the mapped block gains the addresses of its new half", "bytes",
		     (pages_for(2 * block_bytes + 24) - pages_for(block_bytes + 24)) * page_bytes(),
		     growth("mapped", "written", "realloc").virtual_bytes);
	control_equal("realloc() moves the heap block (0: not, 1: once)", "moves", 1,
		      y_of("heap", "realloc"));
	struct snapshot copied = growth("heap", "written", "realloc");
	/* The pages of the copy, and the page with the header of the top behind it. */
	control_between("moving the heap block causes one minor fault for each page of the copy",
			"faults", pages, copied.minor_fault_count, pages + 2);
	control_between("moving the heap block makes the whole copy resident", "bytes",
			pages * page_bytes(), copied.resident_bytes, (pages + 2) * page_bytes());
}

const struct experiment experiment = {
	.claim = "realloc() moves a mapped block without copying it and without a page fault",
	.asked = "Does realloc() copy the whole block each time it grows?",
	.y_axis = "1 where the block moved; absent pages",
	.charted = "resident_bytes minor_fault_count",
	.chart = CHART_VALUES,
	/* The doubled block must stay below the threshold of the arm "heap", 32 MiB. */
	.knobs = { { "block", &block_bytes, "bytes", "size of the block before it doubles",
		     256 * KiB, 15 * MiB } },
	.arms = { { "mapped", mapped }, { "heap", heap, .control = true } },
	.predict = { "realloc() moves a mapped block and doubles its size. How many page faults "
		     "does that cost?",
		     "minor_fault_count", "mapped", "written", "realloc",
		     .because = "mremap() moves the entries of the page table, not the pages. And "
				"nobody has touched the new half yet." },
	.judge = judge,
	.about_glibc = true,
};
