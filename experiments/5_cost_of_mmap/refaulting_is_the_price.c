/* SPDX-License-Identifier: MIT */
/* The two system calls are not what makes a mapped block dear.
 *
 * munmap(2) takes the pages away, and mmap(2) of the next block brings none: each
 * page must be faulted in again, filled with zeros by the kernel, at its first
 * write.  A program that allocates, fills and frees a 1 MiB buffer in a loop pays
 * 257 page faults a turn (with pages of 4 KiB: 256, and one for the 16 bytes by
 * which the header moves the end of the block onto the next page) for memory
 * that it held a moment ago.  Left alone, glibc maps such a block
 * once: freeing it raises the threshold to its size, and from then on the heap
 * serves the block with its pages still in place.
 *
 * Pinning M_MMAP_THRESHOLD to its own default, 128 KiB, therefore is not "no
 * change": mallopt(3) says that setting it switches the dynamic threshold off.
 *
 * Control: mapped, but never written: the same system calls without the faults.
 * Try: --huge-pages --tunables=glibc.malloc.hugetlb=1 block=8M turns=32 (glibc
 * 2.35).  Most faults now bring in 512 pages at once, so the counts are not as
 * expected any more.  Is a mapped block cheap now?
 */
#include "experiment.h"
#include "malloc_knobs.h"
#include "memory.h"

static int64_t block_bytes = 1 * MiB, turns = 64;

static void churn(int64_t written_bytes)
{
	wake_malloc();
	record("before", 0);
	for (int64_t i = 0; i < turns; i++) {
		char *block = must_malloc(block_bytes);
		write_pages(block, written_bytes);
		free(block);
	}
	record("after", turns);
}

static void mapped(void)
{
	must_pin_thresholds(DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	churn(block_bytes);
}

static void mapped_not_written(void)
{
	must_pin_thresholds(DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	churn(0);
}

static void as_it_is(void)
{
	churn(block_bytes);
}

static void from_the_heap(void)
{
	must_pin_thresholds(block_bytes + DEFAULT_THRESHOLD, 2 * block_bytes + 2 * DEFAULT_THRESHOLD);
	churn(block_bytes);
}

static int64_t faults(const char *arm)
{
	return growth(arm, "before", "after").minor_fault_count;
}

static struct samples time_of(const char *arm)
{
	return growth_samples(arm, "before", "after", elapsed_ns);
}

static void judge(void)
{
	/* Of a mapped block: 16 bytes of header, from a page boundary on, and itself. */
	int64_t block_pages = pages_for(block_bytes + 16);

	expect_equal("mapped: page faults of all turns", turns * block_pages, faults("mapped"));
	/* Once for the mapped first block, once for the heap that takes over; the page
	 * that the heap's block begins on may be there, one behind it come in too. */
	expect_between("as it is: page faults of all turns", 2 * block_pages - 1,
		       faults("as it is"), 2 * block_pages + 1);
	expect_between("from the heap: page faults of all turns", block_pages - 1,
		       faults("from the heap"), block_pages + 1);
	/* The heap pays for one turn of all, so the ratio goes with `turns`. */
	expect_at_least("time of mapped blocks, times that of the heap", 10,
			ratio(time_of("mapped"), time_of("from the heap")));
	expect_at_least("time of mapped blocks, times that of their system calls alone", 4,
			ratio(time_of("mapped"), time_of("mapped but not written")));
	control_equal("mapped but not written: page faults of all turns, one a header", turns,
		      faults("mapped but not written"));
}

const struct experiment experiment = {
	.claim = "what makes mapped blocks dear is not the system calls: all their pages fault in again",
	.asked = "Why is my loop slower with M_MMAP_THRESHOLD set to its default?",
	.charted = "elapsed_ns",
	.chart = CHART_DOTS,
	.chart_options = "log-y",
	.knobs = { { "block", &block_bytes, "bytes", "size of a block", 256 * KiB, 30 * MiB },
		   { "turns", &turns, "", "how often it is allocated, written, freed", 32, 100000 } },
	.arms = { { "mapped", mapped },
		  { "as it is", as_it_is },
		  { "from the heap", from_the_heap },
		  { "mapped but not written", mapped_not_written, .control = true } },
	.predict = { "How many times as long do the turns take with mapped blocks, compared with "
		     "the heap's?",
		     "elapsed_ns", "mapped", "before", "after", "from the heap",
		     .because = "Each new mapping is empty: all its pages fault in again, and are "
				"filled with zeros. In the heap they stay. The two system calls "
				"are the small part." },
	.judge = judge,
	.trials = 11,
	.warm_up = true,
	.deep = "turns=1000 trials=25",
};
