/* SPDX-License-Identifier: MIT */
/* A vector has grown too large, and realloc() makes it smaller.  Who gets the rest?
 *
 * That depends on where the block lies.  A mapped block is shortened by mremap(2):
 * the pages behind its new end go back to the kernel, and the block stays where
 * it is, down to a single page (mremap_chunk() in malloc/malloc.c).  A heap block
 * is cut in two, and the rest becomes a free chunk (_int_realloc()), just as after
 * free(): malloc can use it, and ps shows nothing.
 *
 * Nothing is copied in either case: the address stays the same and no page faults.
 *
 * Control: a heap block with nothing above it.  There the rest merges with the
 * top.  Once the top is larger than the trim threshold, the break goes down, so
 * the same probe must see memory leave the heap.
 * Try: let each arm grow its block again and write it.  Which arms pay with page
 * faults?
 */
#include "experiment.h"
#include "malloc_knobs.h"
#include "memory.h"

static int64_t block_bytes = 4 * MiB;

static void shrink(bool block_on_top)
{
	char *block = must_malloc(block_bytes);
	if (block_on_top)
		must_malloc(2 * KiB); /* too large to come from the thread's cache */
	write_pages(block, block_bytes);
	record("shrink", 0);
	for (int64_t bytes = block_bytes / 2; bytes >= page_bytes(); bytes /= 2) {
		char *smaller = must_realloc(block, bytes);
		record_y("shrink", block_bytes - bytes, smaller != block);
		block = smaller;
	}
}

static void mapped(void)
{
	wake_malloc();
	shrink(true);
}

static void heap(void)
{
	wake_malloc();
	must_pin_thresholds(block_bytes + DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	shrink(true);
}

static void top_of_the_heap(void)
{
	wake_malloc();
	must_pin_thresholds(block_bytes + DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	shrink(false);
}

/* The size of the block after the last step. */
static int64_t last_size(void)
{
	int64_t bytes = block_bytes;

	while (bytes / 2 >= page_bytes())
		bytes /= 2;
	return bytes;
}

static void judge(void)
{
	struct snapshot of_mapped = growth("mapped", "shrink", "shrink");
	/* The block has 16 bytes of header, and up to 8 for rounding, which are not written. */
	int64_t last_pages = pages_for(last_size() + 24);
	int64_t mapped_pages = pages_for(block_bytes + 24) - last_pages;
	int64_t written_pages = pages_for(block_bytes + 16) - last_pages;

	expect_equal("mapped: resident memory falls by what was cut off", "bytes",
		     written_pages * page_bytes(), -of_mapped.resident_bytes);
	expect_equal("mapped: the virtual size falls by what was cut off", "bytes",
		     mapped_pages * page_bytes(), -of_mapped.virtual_bytes);
	struct snapshot of_heap = growth("heap", "shrink", "shrink");
	expect_equal("heap: resident memory does not change", "bytes", 0, of_heap.resident_bytes);
	expect_equal("heap: the break does not move", "bytes", 0, of_heap.heap_top_bytes);
	/* Chunks are multiples of 16 bytes. */
	expect_between("heap: malloc counts what was cut off as free again", "bytes",
		       block_bytes - last_size() - 15, of_heap.free_bytes,
		       block_bytes - last_size() + 15);
	expect_equal("the block never moves", "moves", 0,
		     rows_with_y("mapped", "shrink", 1) + rows_with_y("heap", "shrink", 1));
	expect_equal("shrinking causes no page fault", "faults", 0,
		     of_mapped.minor_fault_count + of_heap.minor_fault_count);
	/* At the top, the pad stays, and what is too small to be trimmed. */
	control_between("top of the heap: the break goes down by what was cut off, except for the pad",
			"bytes", block_bytes - last_size() - 2 * DEFAULT_THRESHOLD,
			-growth("top of the heap", "shrink", "shrink").heap_top_bytes, block_bytes);
}

const struct experiment experiment = {
	.claim = "shrinking a block with realloc() gives memory back to the kernel if the block is "
		 "mapped, and none if it is in the heap",
	.asked = "Does shrinking a block with realloc() free memory?",
	.x_axis = "bytes cut off the block",
	.x_unit = "bytes",
	.y_axis = "1 where the block moved",
	.charted = "resident_bytes",
	.chart = CHART_STEPS,
	.knobs = { { "block", &block_bytes, "bytes", "size of the block before it shrinks", 1 * MiB,
		     30 * MiB } },
	.arms = { { "mapped", mapped },
		  { "heap", heap },
		  { "top of the heap", top_of_the_heap, .control = true } },
	.predict = { "realloc() shrinks a written block of the heap to nearly nothing. By how "
		     "much does that change resident memory?",
		     "resident_bytes", "heap", "shrink", "shrink",
		     .because = "The rest becomes a free chunk of the heap, which malloc can use "
				"again. As after free(), no page goes back to the kernel." },
	.judge = judge,
};
