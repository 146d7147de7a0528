/* SPDX-License-Identifier: MIT */
/* What swapping does to the fault counters.
 *
 * When memory gets scarce, the kernel writes anonymous pages to swap space and
 * takes them away from the process: resident memory falls, but nothing is lost.  The
 * next touch of such a page faults, and because the page has to be read back, the
 * fault is a major one.  madvise(2), MADV_PAGEOUT, makes the kernel do it now.
 *
 * A page that was written out may still be in memory, in the swap cache; then its
 * fault is minor.  mincore(2) tells one from the other.  From a disk the kernel also
 * reads neighbouring pages, up to 2 to the power of vm.page-cluster pages at once
 * (Documentation/admin-guide/sysctl/vm.rst), and these come back by minor faults;
 * from zram, compressed memory, it reads one page at a time.  So the pages are touched
 * in two rounds: first some that lie so far apart that none is read along with another,
 * and each of these must cost a major fault; then all others.
 *
 * Control: pages that stayed in memory must not fault when they are touched again.
 * Try: sudo env SWAP=file scripts/maintain/with-swap make run CLAIM=swapped_pages_fault_major
 * and count the major faults again; then do the same with SWAP=zram.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

#include "experiment.h"
#include "memory.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21 /* asm-generic/mman-common.h, since Linux 5.4 */
#endif

#define HOW_TO "sudo scripts/maintain/with-swap make run CLAIM=swapped_pages_fault_major"

enum { STEPS = 16, MOST_PAGES = 4096, MOST_ROUNDS = 2000 };

static int64_t pages = 256;

static void need_swap(int64_t bytes)
{
	struct sysinfo memory;

	sysinfo(&memory);
	if (memory.totalswap == 0)
		unsupported("this machine has no swap space: " HOW_TO " sets some up for the run");
	if ((int64_t)memory.freeswap * memory.mem_unit < bytes)
		unsupported("less than %lld bytes of swap space are free: " HOW_TO, (long long)bytes);
}

/* The first round writes the pages to swap.  The swap cache may still hold some of them
 * after that.  Once written, they are clean, so when they have been read again, the next
 * round can drop them at once. */
static void must_page_out(char *block, int64_t bytes)
{
	for (int round = 0; round < MOST_ROUNDS; round++) {
		if (madvise(block, (size_t)bytes, MADV_PAGEOUT) != 0)
			unsupported("MADV_PAGEOUT needs Linux 5.4: %s", strerror(errno));
		if (absent_pages_of(block, bytes) == pages)
			return;
		read_pages(block, bytes);
	}
	unsupported("there is swap space, but the kernel does not move these pages out to it "
		    "(a control group without the right to swap?)");
}

/* Returns the largest number of pages that the kernel reads from swap at once. */
static int64_t pages_per_swap_read(void)
{
	FILE *file = fopen("/proc/sys/vm/page-cluster", "r");
	int order = 3; /* the kernel's own default */

	if (file != NULL) {
		if (fscanf(file, "%d", &order) != 1)
			order = 3;
		fclose(file);
	}
	return INT64_C(1) << order;
}

/* Returns the distance of pages of which none is read along with another. */
static int64_t pages_apart(void)
{
	return 2 * pages_per_swap_read();
}

static void touch_again(bool paged_out)
{
	int64_t bytes = pages * page_bytes(), apart = pages_apart(), touched = 0;

	need_swap(bytes);
	char *block = must_map(bytes);
	write_pages(block, bytes);
	record("written", 0);
	if (paged_out)
		must_page_out(block, bytes);
	record_y("paged out", 0, absent_pages_of(block, bytes));
	record("touched apart", 0);
	for (int64_t i = 0; i < pages; i += apart) {
		write_pages(block + i * page_bytes(), page_bytes());
		record("touched apart", ++touched);
	}
	for (int64_t i = 0; i < STEPS; i++) {
		int64_t from = pages * i / STEPS, to = pages * (i + 1) / STEPS;
		write_pages(block + from * page_bytes(), (to - from) * page_bytes());
		record("touched again", to + touched - (to + apart - 1) / apart);
	}
}

static void swapped(void)
{
	touch_again(true);
}

static void stayed(void)
{
	touch_again(false);
}

static void judge(void)
{
	int64_t bytes = pages * page_bytes();
	struct snapshot out = growth("swapped", "written", "paged out");
	struct snapshot in = growth("swapped", "paged out", "touched again");

	expect_equal("paging out: growth of resident memory: all of the block leaves", "bytes",
		     -bytes, out.resident_bytes);
	expect_equal("paging out: bytes in swap", "bytes", bytes, out.swap_bytes);
	/* One row before the first page, and one after each. */
	expect_equal("touched apart: rows with one major fault for each page so far", "rows",
		     rows_under("swapped", "touched apart"),
		     rows_that_follow("swapped", "touched apart", "touched apart",
				      major_fault_count, NULL, 0));
	expect_equal("touched apart: minor faults", "faults", 0,
		     growth("swapped", "touched apart", "touched apart").minor_fault_count);
	expect_equal("touched apart or later: page faults, one for each page", "faults", pages,
		     in.major_fault_count + in.minor_fault_count);
	expect_between("touched apart or later: major faults, at least one for each read", "faults",
		       pages / pages_per_swap_read(), in.major_fault_count, pages);
	control_equal("swapped: pages that were not in memory", "pages", pages,
		      y_of("swapped", "paged out"));
	control_equal("stayed: pages that were not in memory", "pages", 0,
		      y_of("stayed", "paged out"));
	struct snapshot there = growth("stayed", "paged out", "touched again");
	control_equal("stayed: page faults", "faults", 0,
		      there.major_fault_count + there.minor_fault_count);
}

const struct experiment experiment = {
	.claim = "a page that was moved out to swap costs a major fault when it is touched again",
	.asked = "How do I see in the counters that a program was swapped?",
	.x_axis = "pages touched again",
	.y_axis = "pages not in memory",
	.charted = "major_fault_count minor_fault_count",
	.knobs = { { "pages", &pages, "", "how many pages go to swap", STEPS, MOST_PAGES } },
	.arms = { { "swapped", swapped }, { "stayed", stayed, .control = true } },
	.predict = { "All pages are in swap and are touched again. How many of the faults are "
		     "major?",
		     "major_fault_count", "swapped", "touched again", "touched again",
		     .because = "A page has to be read back before it can be used. Where the "
				"kernel also reads neighbouring pages, these come back by minor "
				"faults." },
	.judge = judge,
	.probe = PROBE_SMAPS,
	.rows = MOST_PAGES / 2 + 64,
};
