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
 * header of the part that remains: look at the step at each malloc.
 *
 * The kernel counts resident memory in pages, so it always grows by whole pages.
 * What the sentence says beyond that is *which* pages: mincore(2) tells which of those
 * with written bytes were not in memory, and exactly these must come in.
 *
 * Control: in blocks that were written before, the same steps must add nothing.
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

/* Writes the part of a block, and returns how many bytes that were; y is how many of its pages were
 * not in memory before. */
static int64_t write_part(int number, char *block, int64_t written_before)
{
	int64_t bytes = blocks[number].written, absent = absent_pages_of(block, bytes);

	write_bytes(block, bytes);
	record_y(blocks[number].written_stage, written_before + bytes, absent);
	return bytes;
}

static void fresh(void)
{
	int64_t written = 0;

	wake_malloc();
	record("before", 0);
	for (int i = 0; i < BLOCKS; i++) {
		char *block = must_malloc(blocks[i].size);
		record_y(blocks[i].malloced_stage, written, pages_of(block, blocks[i].written));
		written += write_part(i, block, written);
	}
}

static void written_before(void)
{
	char *block[BLOCKS];
	int64_t written = 0;

	for (int i = 0; i < BLOCKS; i++) {
		block[i] = must_malloc(blocks[i].size);
		write_bytes(block[i], blocks[i].size);
	}
	record("before", 0);
	for (int i = 0; i < BLOCKS; i++)
		written += write_part(i, block[i], written);
}

static void judge(void)
{
	for (int i = 0; i < BLOCKS; i++) {
		int64_t pages = y_of("fresh", blocks[i].malloced_stage);
		int64_t absent = y_of("fresh", blocks[i].written_stage);

		expect_equal("resident memory grows by exactly the pages that were absent", "bytes",
			     absent * page_bytes(),
			     growth("fresh", blocks[i].malloced_stage, blocks[i].written_stage)
				     .resident_bytes);
		/* The page of the block's header may have been in memory; so may the page
		 * of the next header, where the block is written to its end. */
		int64_t may_be_there = blocks[i].written == blocks[i].size ? 2 : 1;
		control_between("all pages with written bytes were absent, except those with a header",
				"pages", pages - may_be_there, absent, pages);
	}
	control_equal("the same writes make nothing resident where the pages are in memory", "bytes",
		      0, growth("written before", "before", "write all 64 KiB").resident_bytes);
}

const struct experiment experiment = {
	.claim = "resident memory grows by whole pages: those on which the written bytes lie",
	.asked = "I wrote 5 KiB. How much memory did that take?",
	.x_axis = "bytes written",
	.x_unit = "bytes",
	.y_axis = "pages that will be written; how many of them are absent",
	.charted = "resident_bytes",
	.chart = CHART_PAGES,
	.arms = { { "fresh", fresh }, { "written before", written_before, .control = true } },
	.predict = { "A block of 64 KiB is allocated and 5 KiB of it are written. How much "
		     "becomes resident?",
		     "resident_bytes", "fresh", "write 1 KiB", "write 5 KiB",
		     .because = "Count the pages on which the written bytes and malloc's header in "
				"front of them lie. A page is resident as a whole or not at all." },
	.stages = { "malloc 32 KiB", "write 1 KiB", "malloc 64 KiB", "write 5 KiB",
		    "malloc 127 KiB", "write 7 KiB", "malloc 64 KiB more", "write all 64 KiB" },
	.judge = judge,
	.film = true,
};
