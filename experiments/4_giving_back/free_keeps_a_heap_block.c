/* SPDX-License-Identifier: MIT */
/* free() gives a block back to malloc, not to the kernel.
 *
 * A freed block of the heap becomes a free chunk: malloc may hand it out again,
 * and its pages stay resident.  The break can go down only when the free memory
 * lies at the very top of the heap and there is enough of it: M_TRIM_THRESHOLD,
 * and a page more than M_TOP_PAD, which always stays (128 KiB each).  It can never
 * go below a live block.
 *
 * That is not waste: the next malloc() of that size finds the memory ready, and
 * the program can write to it without a single page fault.
 *
 * One block of 100 KiB never comes to that, beside the little that is free at the
 * top of a new heap.  Many of them do: free_trims_a_large_top.
 *
 * Controls: the block must lie in the heap.  And free() of the same block from
 * mmap(2) (threshold pinned to 64 KiB, top used up) must make both the resident and
 * the virtual size smaller.
 * Try: block=256K.  Which control fails now, and why?
 */
#include "experiment.h"
#include "heap_shape.h"
#include "heap_walk.h"
#include "malloc_knobs.h"
#include "memory.h"

static int64_t block_bytes = 100 * KiB;

static void use_free_and_use_again(bool block_on_top)
{
	record("before", 0);
	char *block = must_malloc(block_bytes);
	if (block_on_top)
		must_malloc(1000); /* a tiny block could come from the tcache and lie below */
	write_pages(block, block_bytes);
	record_y("written", 0, is_below_the_break(block));
	free(block);
	record("freed", 0);
	write_pages(must_malloc(block_bytes), block_bytes);
	record("malloc and write again", 0);
}

/* Where the first chunk does not begin on a page (32 bits), the first heap is one page longer.  That
 * page is used, since it is more than M_TOP_PAD and would be trimmed. */
static void make_heap(void)
{
	wake_malloc();
	if (heap_first_chunk(0) != 0)
		must_malloc(page_bytes());
}

static void at_the_top(void)
{
	make_heap();
	use_free_and_use_again(false);
}

static void below_a_live_block(void)
{
	wake_malloc();
	use_free_and_use_again(true);
}

static void mapped(void)
{
	must_pin_thresholds(64 * KiB, DEFAULT_THRESHOLD);
	use_up_top();
	use_free_and_use_again(false);
}

static void judge(void)
{
	static const char *const arms[] = { "at the top", "below a live block" };

	for (int i = 0; i < 2; i++) {
		struct snapshot freed = growth(arms[i], "written", "freed");
		struct snapshot again = growth(arms[i], "freed", "malloc and write again");

		expect_equal("free() leaves the break where it is", "bytes", 0, freed.heap_top_bytes);
		expect_equal("free() leaves resident memory as it is", "bytes", 0,
			     freed.resident_bytes);
		expect_equal("malloc counts the block as free again", "bytes",
			     heap_chunk_bytes(block_bytes), freed.free_bytes);
		expect_equal("using the memory again causes no page fault", "faults", 0,
			     again.minor_fault_count);
		control_equal("the block lies in the heap", "blocks", 1, y_of(arms[i], "written"));
	}
	struct snapshot unmapped = growth("mapped", "written", "freed");
	control_equal("free() takes all of a mapped block out of resident memory", "bytes",
		      pages_written_for(block_bytes) * page_bytes(), -unmapped.resident_bytes);
	control_equal("free() takes all of a mapped block out of the virtual size", "bytes",
		      pages_mapped_for(block_bytes) * page_bytes(), -unmapped.virtual_bytes);
}

const struct experiment experiment = {
	.claim = "free() of one heap block, of 100 KiB, gives nothing back to the kernel: resident "
		 "memory and the break do not change",
	.asked = "I called free(). Why does ps show no change?",
	.y_axis = "1 where the block lies in the heap",
	.charted = "resident_bytes",
	.chart = CHART_STAGES,
	.knobs = { { "block", &block_bytes, "bytes", "size of the block", 64 * KiB, 1 * MiB,
		     .in_claim = true } },
	.arms = { { "at the top", at_the_top },
		  { "below a live block", below_a_live_block },
		  { "mapped", mapped, .control = true } },
	.predict = { "The block lies in the heap, and all of it was written. By how much does "
		     "free() change resident memory?",
		     "resident_bytes", "at the top", "written", "freed",
		     .because = "free() gives the block back to malloc. For the kernel nothing has "
				"changed: the pages are still mapped, and ready for the next "
				"request." },
	.judge = judge,
	.film = true,
	.about_glibc = true,
};
