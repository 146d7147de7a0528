/* SPDX-License-Identifier: MIT */
/* The memory is given back, and ps shows no change: MADV_FREE.
 *
 * With madvise(2) a program can keep addresses and give up the pages behind them.
 * This is how allocators give memory back from the middle.  MADV_DONTNEED takes
 * the pages away at once.  MADV_FREE (Linux 4.5) only marks them as free to take:
 * they stay, and count as resident, until the kernel is short of memory and
 * discards them.  A program that writes to a page before that keeps the page,
 * without a fault (except on processors that do not note writes by themselves,
 * such as ARMv8.0).  A program that reads it before that still finds the old
 * bytes, and afterwards zeros.
 *
 * malloc_trim() uses MADV_DONTNEED.  jemalloc may use MADV_FREE, and so did Go
 * from 1.12 to 1.15, until too many people asked why their programs never shrank.
 *
 * Here memory becomes short for this block alone: MADV_PAGEOUT (Linux 5.4) has the
 * kernel reclaim its pages, as if it needed them.  Marked pages are discarded; all
 * others go to swap, if there is any, and are not lost.
 *
 * Controls: the block must be resident before.  And pages that are marked and then
 * written must survive the reclaim.
 * Try: read the pages instead of writing them (read_pages).  Do they survive?
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "experiment.h"
#include "memory.h"
#include "threads.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21 /* asm-generic/mman-common.h */
#endif

static int64_t pages = 4096;

static void advise(char *block, int advice, const char *name)
{
	if (madvise(block, (size_t)(pages * page_bytes()), advice) != 0)
		unsupported("this kernel does not support %s: %s", name, strerror(errno));
}

static int64_t pages_that_kept_their_bytes(const char *block)
{
	int64_t count = 0;

	for (int64_t i = 0; i < pages; i++)
		count += block[i * page_bytes()] != 0;
	return count;
}

static void give_back(int advice, const char *name, bool written_again)
{
	/* Each CPU collects pages before it marks them; on another CPU, those that were
	 * collected here would stay unmarked. */
	stay_on_this_cpu();
	must_have_memory(pages * page_bytes());
	char *block = must_map(pages * page_bytes());
	record("mapped", 0);
	write_pages(block, pages * page_bytes());
	record("written", 0);
	advise(block, advice, name);
	record("advised", 0);
	if (written_again)
		write_pages(block, pages * page_bytes());
	advise(block, MADV_PAGEOUT, "MADV_PAGEOUT");
	record("kernel needs memory", 0);
	record_y("read", 0, pages_that_kept_their_bytes(block));
}

static void with_dontneed(void)
{
	give_back(MADV_DONTNEED, "MADV_DONTNEED", false);
}

static void with_free(void)
{
	give_back(MADV_FREE, "MADV_FREE", false);
}

static void with_free_then_written(void)
{
	give_back(MADV_FREE, "MADV_FREE", true);
}

static int64_t memory_taken(const char *arm, const char *from, const char *to)
{
	return -growth(arm, from, to).resident_bytes;
}

static void judge(void)
{
	int64_t bytes = pages * page_bytes();

	expect_equal("MADV_DONTNEED takes the whole block out of resident memory at once", "bytes",
		     bytes, memory_taken("MADV_DONTNEED", "written", "advised"));
	/* Pages that went to swap would have kept theirs. */
	expect_equal("MADV_DONTNEED: no page has kept its bytes", "pages", 0,
		     y_of("MADV_DONTNEED", "read"));
	expect_equal("MADV_FREE takes nothing out of resident memory at once", "bytes", 0,
		     memory_taken("MADV_FREE", "written", "advised"));
	expect_equal("MADV_FREE: the kernel takes the whole block when it needs memory", "bytes",
		     bytes, memory_taken("MADV_FREE", "advised", "kernel needs memory"));
	expect_equal("MADV_FREE: in the end, no page has kept its bytes", "pages", 0,
		     y_of("MADV_FREE", "read"));
	control_equal("MADV_FREE: the whole block is resident before", "bytes", -bytes,
		      memory_taken("MADV_FREE", "mapped", "written"));
	control_equal("MADV_FREE, then written: in the end, every page has kept its bytes", "pages",
		      pages, y_of("then written", "read"));
}

const struct experiment experiment = {
	.claim = "MADV_DONTNEED gives pages back at once; with MADV_FREE they stay until the kernel "
		 "needs memory",
	.asked = "The allocator has given the memory back. Why is it still in RSS?",
	.y_axis = "pages that kept their bytes",
	.charted = "resident_bytes",
	.chart = CHART_STAGES,
	.knobs = { { "pages", &pages, "", "number of pages to give back", 1, 1 << 18 } },
	.arms = { { "MADV_DONTNEED", with_dontneed },
		  { "MADV_FREE", with_free },
		  { "then written", with_free_then_written, .control = true } },
	.predict = { "The block was written and is given back with MADV_FREE. By how much does "
		     "that change resident memory?",
		     "resident_bytes", "MADV_FREE", "written", "advised",
		     .because = "MADV_FREE only marks the pages. They stay, and count as resident, "
				"until the kernel needs memory." },
	.judge = judge,
};
