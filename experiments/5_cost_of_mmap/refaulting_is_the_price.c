/* SPDX-License-Identifier: MIT */
/* The two system calls are not what makes a mapped block expensive.
 *
 * munmap(2) takes the pages away, and mmap(2) of the next block brings none: each
 * page must be faulted in again at its first write, and the kernel has to fill it
 * with zeros.  A program that allocates, fills and frees a 1 MiB buffer in a loop
 * pays 257 page faults a turn for memory that it held a moment ago.  (With pages
 * of 4 KiB these are 256, and one more because the 16 bytes of header push the end
 * of the block onto the next page.)  With its default settings, glibc maps such a
 * block only once: freeing it raises the threshold to its size, and from then on
 * the heap serves the block, with its pages still in place.
 *
 * So pinning M_MMAP_THRESHOLD to its own default, 128 KiB, does change something:
 * mallopt(3) says that setting it switches the dynamic threshold off.
 *
 * Control: blocks that are mapped but never written make the same system calls,
 * and must not cause the faults.
 * Try: --huge-pages --tunables=glibc.malloc.hugetlb=1 block=8M turns=32 (glibc
 * 2.35).  Most faults now bring in 512 pages at once, so the counts are not as
 * expected any more.  Is a mapped block cheap now?
 */
#include "experiment.h"
#include "malloc_knobs.h"
#include "memory.h"

/* Below the largest mmap threshold, so that freeing a block moves the threshold. */
static int64_t block_bytes = MOST_THRESHOLD >= 2 * MiB ? 1 * MiB : 256 * KiB, turns = 64;

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
	/* A mapped block begins at a page boundary, with 16 bytes of header. */
	int64_t block_pages = pages_for(block_bytes + 16);

	expect_equal("mapped: every page of the block faults in every turn", "faults",
		     turns * block_pages, faults("mapped"));
	/* Each page faults once for the first block, which is mapped, and once for the heap,
	 * which serves all others.  The page on which the heap's block begins may be there
	 * already, and one page behind it may come in too. */
	expect_between("as it is: every page faults only twice in all turns", "faults",
		       2 * block_pages - 1, faults("as it is"), 2 * block_pages + 1);
	expect_between("from the heap: every page faults only once in all turns", "faults",
		       block_pages - 1, faults("from the heap"), block_pages + 1);
	/* In the heap only the first turn costs faults, so the ratio grows with `turns`. */
	expect_at_least("mapped blocks take at least 10 times as long as heap blocks", 10,
			ratio(time_of("mapped"), time_of("from the heap")));
	expect_at_least("mapped blocks take at least 4 times as long as their system calls alone",
			4, ratio(time_of("mapped"), time_of("mapped but not written")));
	control_equal("mapped but not written: only the page of the header faults in every turn",
		      "faults", turns, faults("mapped but not written"));
}

const struct experiment experiment = {
	.claim = "mapped blocks are expensive because all their pages fault in again, not because of "
		 "the system calls",
	.asked = "Why is my loop slower with M_MMAP_THRESHOLD set to its default?",
	.charted = "elapsed_ns",
	.chart = CHART_DOTS,
	.log_y = true,
	.knobs = { { "block", &block_bytes, "bytes", "size of a block", 256 * KiB, 30 * MiB },
		   { "turns", &turns, "", "how often the block is allocated, written and freed", 32,
		     100000 } },
	.arms = { { "mapped", mapped },
		  { "as it is", as_it_is },
		  { "from the heap", from_the_heap },
		  { "mapped but not written", mapped_not_written, .control = true } },
	.predict = { "How many times as long do all turns take with mapped blocks, compared with "
		     "blocks of the heap?",
		     "elapsed_ns", "mapped", "before", "after", "from the heap",
		     .because = "Each new mapping is empty: all its pages fault in again and are "
				"filled with zeros. In the heap the pages stay. The two system "
				"calls are only a small part of the price." },
	.judge = judge,
	.trials = 11,
	.warm_up = true,
	.deep = "turns=1000 trials=25",
};
