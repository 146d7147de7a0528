/* SPDX-License-Identifier: MIT */
/* Write one byte, pay for a page.
 *
 * The processor's page tables map addresses to memory one page at a time
 * (sysconf(_SC_PAGESIZE), often 4 KiB), so the kernel can only hand out whole
 * pages.  Here four blocks are allocated and a part of each is written: 1, 5, 7
 * and 64 KiB.  Resident memory grows by the pages on which those bytes lie, if
 * they were not in memory yet.
 *
 * "Not yet" matters: the first page of a heap block often is in memory already,
 * because malloc wrote the block's header there when it cut the block off the top
 * of the heap.  malloc() also makes a page behind the block resident, for the
 * header of the part that remains: look at the step at each malloc.  mincore(2)
 * tells which pages are in memory, independently of the probe.
 *
 * Control: in memory that was written before, freed, and kept by malloc, the
 * same steps must add nothing.
 * Try: write 6 KiB of each block.  How many pages become resident, and why not
 * always the same number?
 */
#include "experiment.h"
#include "memory.h"

static const struct {
	int64_t size, written;
	const char *malloced_stage, *written_stage;
} blocks[] = {
	{ 32 * KiB, 1 * KiB, "malloc 32 KiB", "write 1 KiB" },
	{ 64 * KiB, 5 * KiB, "malloc 64 KiB", "write 5 KiB" },
	{ 127 * KiB, 7 * KiB, "malloc 127 KiB", "write 7 KiB" },
	{ 64 * KiB, 64 * KiB, "malloc 64 KiB more", "write all 64 KiB" },
};
enum { BLOCKS = sizeof(blocks) / sizeof(blocks[0]) };

static void write_some(void)
{
	int64_t written = 0;

	record("before", 0);
	for (int i = 0; i < BLOCKS; i++) {
		char *block = must_malloc(blocks[i].size);
		record_y(blocks[i].malloced_stage, written, pages_of(block, blocks[i].written));
		int64_t absent = absent_pages_of(block, blocks[i].written);
		write_bytes(block, blocks[i].written);
		written += blocks[i].written;
		record_y(blocks[i].written_stage, written, absent);
	}
}

static void fresh(void)
{
	wake_malloc();
	write_some();
}

static void written_before(void)
{
	char *used[BLOCKS];

	/* The trim threshold is out of reach, so free() gives nothing back. */
	must_pin_thresholds(DEFAULT_THRESHOLD, 1 * GiB);
	for (int i = 0; i < BLOCKS; i++) {
		used[i] = must_malloc(blocks[i].size);
		write_pages(used[i], blocks[i].size);
	}
	for (int i = 0; i < BLOCKS; i++)
		free(used[i]);
	write_some();
}

static void judge(void)
{
	for (int i = 0; i < BLOCKS; i++) {
		int64_t pages = y_of("fresh", blocks[i].malloced_stage);
		int64_t absent = y_of("fresh", blocks[i].written_stage);

		expect_equal("resident memory grows by exactly the pages that were absent",
			     absent * page_bytes(),
			     growth("fresh", blocks[i].malloced_stage, blocks[i].written_stage)
				     .resident_bytes);
		/* The page of the block's header may have been in memory; so may the page
		 * of the next header, where the block is written to its end. */
		int64_t may_be_there = blocks[i].written == blocks[i].size ? 2 : 1;
		expect_between("all pages with written bytes were absent, except those with a header",
			       pages - may_be_there, absent, pages);
	}
	control_equal("the same steps make nothing resident where the pages are in memory", 0,
		      growth("written before", "before", "write all 64 KiB").resident_bytes);
	control_between("the same steps make memory resident where the pages are absent",
			page_bytes(), growth("fresh", "before", "write all 64 KiB").resident_bytes,
			INT64_MAX);
}

const struct experiment experiment = {
	.claim = "resident memory grows by whole pages: those on which the written bytes lie",
	.asked = "I wrote 5 KiB. How much memory did that take?",
	.x_axis = "bytes written",
	.y_axis = "pages that will be written; how many of them are absent",
	.charted = "resident_bytes",
	.chart = CHART_STAGES,
	.arms = { { "fresh", fresh }, { "written before", written_before, .control = true } },
	.predict = { "A block of 64 KiB is allocated and 5 KiB of it are written. How much "
		     "becomes resident?",
		     "resident_bytes", "fresh", "write 1 KiB", "write 5 KiB",
		     .because = "Count the pages on which the written bytes and malloc's header in "
				"front of them lie. A page is resident as a whole or not at all." },
	.judge = judge,
};
