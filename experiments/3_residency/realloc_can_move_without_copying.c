/* SPDX-License-Identifier: MIT */
/* Moving a block does not mean moving its bytes.
 *
 * realloc() of a mapped block calls mremap(2) (mremap_chunk() in
 * malloc/malloc.c): the kernel takes the block's pages out of the page table at
 * the old addresses and enters them at the new ones.  Each page keeps its
 * contents and its memory, so nothing is copied, nothing faults, and resident
 * memory stays; only addresses are added.
 *
 * A block of the heap has no such luck.  When its neighbour is in the way,
 * realloc() has to malloc() a second block, copy, and free the first: every page
 * of the new one is a fault, and for a moment both are there.  The old block
 * stays behind as a hole.
 *
 * Both blocks are boxed in here, by a block allocated before and one after, so
 * both must move.
 *
 * Control: that block of the heap.
 * Try: leave out the second neighbour of the heap block: what does realloc() do
 * with the block at the top?  And what does a doubling array cost in either case?
 */
#include "experiment.h"
#include "malloc_knobs.h"
#include "memory.h"

static int64_t block_bytes = 4 * MiB;

static void grow_boxed_in_block(void)
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
	grow_boxed_in_block();
}

/* Above the threshold the blocks would be mapped; 32 MiB, half of HEAP_MAX_SIZE, is
 * the highest that mallopt() took before glibc 2.35. */
static void heap(void)
{
	must_pin_thresholds(32 * MiB, DEFAULT_THRESHOLD);
	grow_boxed_in_block();
}

static void judge(void)
{
	struct snapshot moved = growth("mapped", "written", "realloc");
	struct snapshot copied = growth("heap", "written", "realloc");
	int64_t pages = pages_for(block_bytes);

	expect_equal("the mapped block moved (1) or not (0)", 1, y_of("mapped", "realloc"));
	expect_equal("minor faults of moving it", 0, moved.minor_fault_count);
	expect_equal("bytes that moving it makes resident", 0, moved.resident_bytes);
	expect_equal("pages of it that are absent after the move", 0, y_of("mapped", "absent"));
	/* With 16 bytes of header and up to 8 for rounding, in whole pages. */
	expect_equal("addresses that it gains, bytes",
		     (pages_for(2 * block_bytes + 24) - pages_for(block_bytes + 24)) * page_bytes(),
		     moved.virtual_bytes);
	control_equal("the heap block moved (1) or not (0)", 1, y_of("heap", "realloc"));
	/* The copy and the header of what is left of the top behind it. */
	control_between("minor faults of moving it: one for each page of the copy", pages,
			copied.minor_fault_count, pages + 2);
	control_between("bytes that moving it makes resident: the copy's", pages * page_bytes(),
			copied.resident_bytes, (pages + 2) * page_bytes());
}

const struct experiment experiment = {
	.claim = "realloc() moves a mapped block without copying a page or faulting on one again",
	.asked = "Does realloc() copy the whole block each time it grows?",
	.y_axis = "moved (1) or not (0); pages absent",
	.charted = "resident_bytes minor_fault_count",
	.chart = CHART_BARS,
	/* Twice the block must stay below the 32 MiB that the heap's arm is pinned to. */
	.knobs = { { "block", &block_bytes, "bytes", "size of the block before it doubles",
		     256 * KiB, 15 * MiB } },
	.arms = { { "mapped", mapped }, { "heap", heap, .control = true } },
	.predict = { "realloc() moves a mapped block and doubles it. How many page faults does "
		     "that cost?",
		     "minor_fault_count", "mapped", "written", "realloc",
		     .because = "mremap() moves the entries of the page table, not the pages; and "
				"the new half has not been touched yet." },
	.judge = judge,
};
