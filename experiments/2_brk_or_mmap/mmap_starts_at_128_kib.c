/* SPDX-License-Identifier: MIT */
/* "From 128 KiB on, malloc uses mmap": the best-known sentence about malloc.
 *
 * The program looks for the first size, to the byte, that does not come from the heap.  It
 * does so after three different histories of a process:
 *
 *   first request      Up to glibc 2.41 malloc() first creates the heap, for its own
 *                      bookkeeping (the thread cache).  So the top holds nearly
 *                      132 KiB, and a request that fits is cut from it.  malloc looks
 *                      at the threshold only in sysmalloc(), when neither a free chunk
 *                      nor the top is large enough.  Since glibc 2.42 a large first
 *                      request finds no heap, and the threshold decides.
 *   top used up        Now the threshold decides: 128 KiB, less the 8 bytes of the
 *                      chunk's header and the rounding up to 16.
 *   after freeing a mapped block
 *                      free() has set the threshold to the size of that block, 1 MiB
 *                      (mp_.mmap_threshold = chunksize(p)), because a program that used
 *                      such a block once will probably want one again.  mallopt(3)
 *                      calls this the dynamic threshold.  Blocks of 32 MiB or more
 *                      (DEFAULT_MMAP_THRESHOLD_MAX) change nothing.
 *
 * Control: with M_MMAP_THRESHOLD pinned to 128 KiB and the top used up, the sentence must
 * come out as it is told, whatever was freed before.
 * Try: freed=8M, then freed=40M.  From which size on does nothing happen?  And
 * make sweep CLAIM=mmap_starts_at_128_kib KNOB=block FROM=64K TO=4M STEP=x2 Y=heap_top_bytes
 */
#include <malloc.h>

#include "experiment.h"
#include "heap_walk.h"
#include "malloc_knobs.h"
#include "memory.h"

static int64_t freed_bytes = 1 * MiB, block_bytes = 128 * KiB;

static void find_first_mapped(int64_t freed_chunk_bytes)
{
	record_y("first size that is mapped", freed_chunk_bytes, first_size_that_is_mapped(64 * MiB));
}

static void first_request(void)
{
	find_first_mapped(0);
}

static void top_used_up(void)
{
	use_up_top();
	find_first_mapped(0);
}

static void after_freeing(void)
{
	use_up_top();
	void *block = must_malloc(freed_bytes);
	int64_t chunk = heap_chunk_bytes((int64_t)malloc_usable_size(block));
	free(block);
	find_first_mapped(chunk);
}

static void pinned(void)
{
	must_pin_thresholds(DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	after_freeing();
}

/* This arm is for `make sweep KNOB=block`: it asks for one size.  There are some more minor faults
 * than new pages, because use_up_top() forks, and a fork write-protects what
 * was written before, also malloc's own data. */
static void one_block(void)
{
	use_up_top();
	record("before", block_bytes);
	write_pages(must_malloc(block_bytes), block_bytes);
	record("one block", block_bytes);
}

static int64_t first_mapped(const char *arm)
{
	return y_of(arm, "first size that is mapped");
}

/* Measures what .instead says. */
static void judge_what_is_true(int64_t claimed)
{
	const char *freed = "after freeing a mapped block";
	int64_t chunk = nth_row(freed, "first size that is mapped", 0)->x;

	instead_equal("top used up: the threshold is 128 KiB", "bytes", DEFAULT_THRESHOLD,
		      heap_chunk_bytes(first_mapped("top used up")));
	/* A new heap has 128 KiB (M_TOP_PAD) and the page with malloc's own data.  Where the first
	 * chunk does not begin on a page (32 bits), what it lost is rounded up to one page more. */
	int64_t more = pages_for((int64_t)heap_first_chunk(0)) * page_bytes();
	instead_between("first request of a process: what is not mapped fits into a new heap",
			"bytes", claimed - 1, first_mapped("first request") - 1,
			DEFAULT_THRESHOLD + page_bytes() + more);
	instead_equal("after a mapped block was freed: the threshold is the size of its chunk, if that "
		      "is below 32 MiB",
		      "bytes", chunk < MOST_THRESHOLD ? chunk : DEFAULT_THRESHOLD,
		      heap_chunk_bytes(first_mapped(freed)));
}

static void judge(void)
{
	/* The threshold is compared with the chunk: the request, its header and the rounding up. */
	int64_t claimed = heap_smallest_request(DEFAULT_THRESHOLD);

	expect_equal("first request of a process: first size that is mapped", "bytes", claimed,
		     first_mapped("first request"));
	expect_equal("top used up: first size that is mapped", "bytes", claimed,
		     first_mapped("top used up"));
	expect_equal("after a mapped block was freed: first size that is mapped", "bytes", claimed,
		     first_mapped("after freeing a mapped block"));
	control_equal("threshold pinned, top used up: first size that is mapped", "bytes", claimed,
		      first_mapped("pinned"));
	int64_t searched = first_mapped("top used up");
	control_equal("one block is mapped if the search says so", "mappings",
		      block_bytes >= searched,
		      growth("one block", "before", "one block").mmapped_count);
	judge_what_is_true(claimed);
}

const struct experiment experiment = {
	.claim = "from 128 KiB on, a request gets a mapping of its own",
	.asked = "When does malloc use mmap instead of brk?",
	.instead = "128 KiB is where the threshold starts. It rises to the size of every larger mapped "
		   "block below 32 MiB that is freed, and it counts only when the heap has nothing "
		   "that fits.",
	.x_axis = "chunk of the mapped block that was freed before, bytes",
	.x_unit = "bytes",
	.y_axis = "first size that is mapped, bytes",
	.y_unit = "bytes",
	.charted = "y",
	.chart = CHART_BARS,
	.log_y = true,
	.marks = { { 'y', 131072, "128 KiB" } },
	.annotate = { { "A new process maps from {first request of a process: first size that is mapped} "
			"on; after a mapped block was freed, from "
			"{after a mapped block was freed: the threshold is the size of its chunk} on" } },
	.knobs = { { "freed", &freed_bytes, "bytes",
		     "size of the mapped block that is freed before", 256 * KiB, 64 * MiB },
		   { "block", &block_bytes, "bytes", "size that the arm \"one block\" asks for", 1,
		     64 * MiB } },
	.arms = { { "first request", first_request },
		  { "top used up", top_used_up },
		  { "after freeing a mapped block", after_freeing },
		  { "one block", one_block },
		  { "pinned", pinned, .control = true } },
	.predict = { "The first malloc() of a process: from which size on is it mapped?", "y",
		     "first request", .to = "first size that is mapped",
		     .because = "Up to glibc 2.41 malloc first creates a heap of 132 KiB for its own "
				"bookkeeping. What fits into the rest of it is cut from there, and "
				"the threshold does not matter. Since glibc 2.42 there is no heap "
				"yet, and the threshold decides: 128 KiB, less the header and the "
				"rounding up." },
	.judge = judge,
	.about_glibc = true,
};
