/* SPDX-License-Identifier: MIT */
/* Write one byte, pay for a page.
 *
 * The processor's page tables map addresses to memory one page at a time
 * (sysconf(_SC_PAGESIZE), often 4 KiB), so that is the coin in which the kernel
 * gives memory out.  Here four blocks are allocated and a little of each is
 * written: 1, 5, 7 and 64 KiB.  Resident memory grows by the pages that those
 * bytes lie on and that were not there yet.
 *
 * "Not there yet" matters: the first page of a block from the heap usually is,
 * because the header of the chunk was written there when the block was cut off.
 * And malloc() itself makes a page resident behind the block, for the header of
 * what remains: see the step at each malloc.  mincore(2) tells which pages are
 * there, independently of the probe.
 *
 * Control: the same with all of the blocks written beforehand must add nothing.
 * Try: write 4,097 bytes of each block.  How many pages is that, and why not
 * always the same?
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

static void write_some(bool written_beforehand)
{
	int64_t written = 0;

	wake_malloc();
	record("before", 0);
	for (int i = 0; i < BLOCKS; i++) {
		char *block = must_malloc(blocks[i].size);
		if (written_beforehand)
			write_pages(block, blocks[i].size);
		record(blocks[i].malloced_stage, written);
		int64_t absent = absent_pages_of(block, blocks[i].written);
		write_bytes(block, blocks[i].written);
		written += blocks[i].written;
		record_y(blocks[i].written_stage, written, absent);
	}
}

static void fresh(void)
{
	write_some(false);
}

static void written_before(void)
{
	write_some(true);
}

static int64_t grown(const char *arm, int block)
{
	return growth(arm, blocks[block].malloced_stage, blocks[block].written_stage).resident_bytes;
}

static void judge(void)
{
	for (int i = 0; i < BLOCKS; i++) {
		int64_t pages = pages_for(blocks[i].written);
		int64_t absent = y_of("fresh", blocks[i].written_stage);

		expect_equal("bytes that became resident = pages that were absent, whole",
			     absent * page_bytes(), grown("fresh", i));
		/* n bytes lie on one page more where they straddle a boundary; and one
		 * page, the header's, may have been there. */
		expect_between("pages that the written bytes brought in", pages - 1, absent,
			       pages + 1);
	}
	int64_t again = 0;
	for (int i = 0; i < BLOCKS; i++)
		again += grown("written before", i);
	control_equal("bytes that become resident when the pages are there", 0, again);
	control_between("bytes that become resident when they are not", page_bytes(),
			growth("fresh", "before", blocks[BLOCKS - 1].written_stage).resident_bytes,
			INT64_MAX);
}

const struct experiment experiment = {
	.claim = "resident memory grows by whole pages, as many as the written bytes lie on",
	.asked = "I wrote 5 KiB. How much memory did that take?",
	.x_axis = "bytes written",
	.y_axis = "pages absent before the write",
	.charted = "resident_bytes",
	.chart = CHART_STAGES,
	.arms = { { "fresh", fresh }, { "written before", written_before, .control = true } },
	.judge = judge,
};
