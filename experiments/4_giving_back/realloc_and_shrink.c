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
 * Controls: the first block must have a mapping of its own, and the second must lie
 * in the heap.  And in a third arm nothing lies above a heap block.  There the rest
 * merges with the top.  Once the top is larger than the trim threshold, the break goes down, so
 * the same probe must see memory leave the heap.
 * Try: let each arm grow its block again and write it.  Which arms pay with page
 * faults?
 */
#include "experiment.h"
#include "heap_shape.h"
#include "heap_walk.h"
#include "malloc_knobs.h"
#include "memory.h"

static int64_t block_bytes = 4 * MiB;

static void shrink(bool block_on_top)
{
	char *block = must_malloc(block_bytes);
	if (block_on_top)
		must_malloc(2 * KiB); /* too large to come from the thread's cache */
	write_pages(block, block_bytes);
	record_y("in the heap", 0, is_below_the_break(block));
	record_y("shrink", 0, 0);
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

/* Return by how much the sizes of the process have grown once x bytes were cut off a mapped block.
 * Of a smaller block's mapping all pages are there, but behind the end of the whole block there may be
 * one that was not written. */
static int64_t virtual_growth(int64_t x)
{
	return (pages_mapped_for(block_bytes - x) - pages_mapped_for(block_bytes)) * page_bytes();
}

static int64_t resident_growth(int64_t x)
{
	int64_t written = pages_written_for(block_bytes), mapped = pages_mapped_for(block_bytes - x);

	return ((mapped < written ? mapped : written) - written) * page_bytes();
}

static int64_t chunk_bytes_cut_off(int64_t x)
{
	return heap_chunk_bytes(block_bytes) - heap_chunk_bytes(block_bytes - x);
}

static int64_t nothing(int64_t x)
{
	(void)x;
	return 0;
}

static void judge(void)
{
	int64_t rows = rows_under("mapped", "shrink");

	expect_equal(
		"mapped: at each step, resident memory falls by what was cut off", "rows", rows,
		rows_that_follow("mapped", "shrink", "shrink", resident_bytes, resident_growth, 0));
	expect_equal(
		"mapped: at each step, the virtual size falls by what was cut off", "rows", rows,
		rows_that_follow("mapped", "shrink", "shrink", virtual_bytes, virtual_growth, 0));
	expect_equal("heap: at no step does resident memory change", "rows", rows,
		     rows_that_follow("heap", "shrink", "shrink", resident_bytes, nothing, 0));
	expect_equal("heap: at no step does the break move", "rows", rows,
		     rows_that_follow("heap", "shrink", "shrink", heap_top_bytes, nothing, 0));
	expect_equal(
		"heap: at each step, malloc counts what was cut off as free again", "rows", rows,
		rows_that_follow("heap", "shrink", "shrink", free_bytes, chunk_bytes_cut_off, 0));
	expect_equal("the block never moves", "moves", 0,
		     rows_with_y("mapped", "shrink", 1) + rows_with_y("heap", "shrink", 1));
	expect_equal("shrinking causes no page fault", "faults", 0,
		     growth("mapped", "shrink", "shrink").minor_fault_count +
			     growth("heap", "shrink", "shrink").minor_fault_count);
	control_equal("mapped: the block lies in the heap", "blocks", 0,
		      y_of("mapped", "in the heap"));
	control_equal("heap: the block lies in the heap", "blocks", 1, y_of("heap", "in the heap"));
	/* Less than a page of the top lies above what always stays. */
	const struct row *first = nth_row("top of the heap", "shrink", 0);
	int64_t goes = first->is.free_bytes - top_that_stays() +
		       chunk_bytes_cut_off(nth_row("mapped", "shrink", (int)rows - 1)->x);
	control_between("top of the heap: the break goes down by what was cut off, except for the pad",
			"bytes", goes - page_bytes(),
			-growth("top of the heap", "shrink", "shrink").heap_top_bytes, goes - 1);
}

const struct experiment experiment = {
	.claim = "shrinking a block with realloc() gives memory back to the kernel if the block is "
		 "mapped, and none if it is in the heap",
	.asked = "Does shrinking a block with realloc() free memory?",
	.x_axis = "bytes cut off the block",
	.x_unit = "bytes",
	.y_axis = "1 where the block moved; at first, 1 where it lies in the heap",
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
	.film = true,
	.about_glibc = true,
};
