/* SPDX-License-Identifier: MIT */
/* The two system calls are not what makes a mapped block expensive.
 *
 * munmap(2) takes the pages away, and mmap(2) of the next block brings none: each
 * page must be faulted in again at its first write.  The kernel has to find a page
 * and fill it with zeros.  The trap itself, from the program into the kernel and back,
 * is not the price either: when the kernel brings in all pages of the block in one
 * call (MADV_POPULATE_WRITE), the loop takes two thirds to nine tenths of the time.
 * And munmap(2) takes longer when there are pages to take away.
 *
 * A program that allocates, fills and frees a 1 MiB buffer in a loop
 * pays 257 page faults a turn for memory that it held a moment ago.  (With pages
 * of 4 KiB these are 256, and one more because the 16 bytes of header push the end
 * of the block onto the next page.)  With its default settings, glibc maps such a
 * block only once: freeing it raises the threshold to its size, and from then on
 * the heap serves the block, with its pages still in place.
 *
 * So pinning M_MMAP_THRESHOLD to its own default, 128 KiB, does change something:
 * mallopt(3) says that setting it switches the dynamic threshold off.
 *
 * Controls: blocks that are mapped but never written make the same system calls,
 * and must not cause the faults.  And the blocks must have mappings of their own.
 * Try: --huge-pages --tunables=glibc.malloc.hugetlb=1 block=8M turns=32 (glibc
 * 2.35).  Most faults now bring in 512 pages at once, so the counts are not as
 * expected any more.  Is a mapped block cheap now?
 */
#include "experiment.h"
#include "heap_shape.h"
#include "malloc_knobs.h"
#include "memory.h"

/* Below the largest mmap threshold, so that freeing a block moves the threshold. */
static int64_t block_bytes = MOST_THRESHOLD >= 2 * MiB ? 1 * MiB : 256 * KiB, turns = 64;

static void write_all(char *block)
{
	write_pages(block, block_bytes);
}

static void write_nothing(char *block)
{
	(void)block;
}

static void populate(char *block)
{
	must_populate(block, block_bytes);
}

static void churn(void (*use)(char *block))
{
	int64_t mapped = 0;

	wake_malloc();
	record("before", 0);
	for (int64_t i = 0; i < turns; i++) {
		char *block = must_malloc(block_bytes);
		mapped += !is_below_the_break(block);
		use(block);
		free(block);
	}
	record_y("after", turns, mapped);
}

static void mapped(void)
{
	must_pin_thresholds(DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	churn(write_all);
}

static void mapped_not_written(void)
{
	must_pin_thresholds(DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	churn(write_nothing);
}

static void mapped_and_populated(void)
{
	must_pin_thresholds(DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	churn(populate);
}

static void as_it_is(void)
{
	churn(write_all);
}

static void from_the_heap(void)
{
	must_pin_thresholds(block_bytes + DEFAULT_THRESHOLD, 2 * block_bytes + 2 * DEFAULT_THRESHOLD);
	churn(write_all);
}

static struct samples faults(const char *arm)
{
	return growth_samples(arm, "before", "after", minor_fault_count);
}

static struct samples time_of(const char *arm)
{
	return growth_samples(arm, "before", "after", elapsed_ns);
}

static void judge(void)
{
	int64_t block_pages = pages_written_for(block_bytes);

	expect_each_equal("mapped: every page of the block faults in every turn", "faults",
			  turns * block_pages, faults("mapped"));
	/* Each page faults once for the first block, which is mapped, and once for the heap,
	 * which serves all others.  The page on which the heap's block begins may be there
	 * already, and one page behind it may come in too. */
	expect_each_between("as it is: every page faults only twice in all turns", "faults",
			    2 * block_pages - 1, faults("as it is"), 2 * block_pages + 1);
	expect_each_between("from the heap: every page faults only once in all turns", "faults",
			    block_pages - 1, faults("from the heap"), block_pages + 1);
	/* In the heap only the first turn costs faults, so the ratio grows with `turns`. */
	expect_at_least("mapped blocks take at least 10 times as long as heap blocks", 10,
			ratio(time_of("mapped"), time_of("from the heap")));
	expect_at_least("mapped blocks take at least 4 times as long as their system calls alone",
			4, ratio(time_of("mapped"), time_of("mapped but not written")));
	/* There is one more system call, and no page fault but that of the header. */
	expect_at_least("brought in by one call, the pages still take 4 times as long as that", 4,
			ratio(time_of("mapped and populated"), time_of("mapped but not written")));
	control_equal("mapped: blocks that have mappings of their own", "blocks", turns,
		      y_of("mapped", "after"));
	control_equal("from the heap: blocks that have mappings of their own", "blocks", 0,
		      y_of("from the heap", "after"));
	control_each_equal("mapped but not written: only the page of the header faults in every turn",
			   "faults", turns, faults("mapped but not written"));
}

const struct experiment experiment = {
	.claim = "mapped blocks are expensive because the kernel must find and clear all their pages "
		 "again, not because of the system calls",
	.asked = "Why is my loop slower with M_MMAP_THRESHOLD set to its default?",
	.y_axis = "blocks with mappings of their own",
	.charted = "elapsed_ns",
	.chart = CHART_DOTS,
	.annotate = { { "A mapped block takes {mapped blocks take at least 4 times} as long as its system "
			"calls alone" } },
	.log_y = true,
	.knobs = { { "block", &block_bytes, "bytes", "size of a block", 256 * KiB, 30 * MiB },
		   { "turns", &turns, "", "how often the block is allocated, written and freed", 32,
		     1000 } },
	.arms = { { "mapped", mapped },
		  { "mapped and populated", mapped_and_populated },
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
	.about_glibc = true,
	.trials = 11,
	.warm_up = true,
	.deep = "turns=1000 trials=25",
};
