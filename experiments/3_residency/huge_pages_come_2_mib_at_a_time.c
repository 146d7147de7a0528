/* SPDX-License-Identifier: MIT */
/* One page fault brings the memory of 512 pages.
 *
 * The processor can map 2 MiB with one entry of its page table (on x86-64, and on
 * arm64 with 4 KiB pages; other page sizes have other huge pages).  Where a
 * program asks for huge pages with madvise(2), MADV_HUGEPAGE, the kernel answers
 * the first write to each 2 MiB with a whole huge page
 * (do_huge_pmd_anonymous_page() in mm/huge_memory.c).  Resident memory then grows
 * by 2 MiB at a time, even if only one byte of them is written, and there is one
 * page fault instead of 512.
 *
 * That is fast for a program that uses all of the memory.  It wastes memory when a
 * program uses only a byte here and there.  This is one reason why many databases
 * tell you to switch *transparent* huge pages off.  The same databases recommend huge
 * pages that the administrator sets aside for them (hugetlbfs, MAP_HUGETLB): those are
 * used only where the program asks for them by name.
 *
 * Control: the same mapping with MADV_NOHUGEPAGE must grow page by page, with one
 * fault for each page.
 * Try: write only the first byte of every 2 MiB.  How much is resident?
 */
#include "experiment.h"
#include "huge_pages.h"
#include "memory.h"

/* Each huge page is written in so many steps, with a record after each. */
enum { STEPS = 4 };

static int64_t huge_pages = 8;

static void fill(bool with_huge_pages)
{
	char *block = must_map_huge(huge_pages, with_huge_pages);
	int64_t step = huge_page_bytes() / STEPS, bytes = huge_pages * huge_page_bytes();
	int64_t fallbacks_before = huge_page_fallbacks();

	record("written", 0);
	for (int64_t at = 0; at < bytes; at += step) {
		write_pages(block + at, step);
		record("written", at + step);
	}
	record_y("all written", bytes, huge_page_fallbacks() - fallbacks_before);
}

static void huge(void)
{
	fill(true);
}

static void no_huge(void)
{
	fill(false);
}

static int64_t huge_pages_with(int64_t bytes)
{
	return (bytes + huge_page_bytes() - 1) / huge_page_bytes();
}

static int64_t bytes_of_huge_pages_with(int64_t bytes)
{
	return huge_pages_with(bytes) * huge_page_bytes();
}

/* Each step is whole pages, so the written bytes are whole pages, too. */
#define records_with(arm, column, expected) \
	rows_that_follow(arm, "written", "written", column, expected, 0)

static void judge(void)
{
	int64_t bytes = huge_pages * huge_page_bytes();
	int64_t all = huge_pages * STEPS + 1; /* the first record is made before the first write */
	struct snapshot by_huge_pages = growth("MADV_HUGEPAGE", "written", "all written");

	if (by_huge_pages.huge_bytes < bytes && y_of("MADV_HUGEPAGE", "all written") > 0)
		unsupported("the free memory is too fragmented for huge pages at the moment: "
			    "echo 1 | sudo tee /proc/sys/vm/compact_memory, and run it again");
	expect_equal("records that find whole huge pages resident", "records", all,
		     records_with("MADV_HUGEPAGE", resident_bytes, bytes_of_huge_pages_with));
	expect_equal("records that find one minor fault for each huge page so far", "records", all,
		     records_with("MADV_HUGEPAGE", minor_fault_count, huge_pages_with));
	expect_equal("all of the memory is in huge pages", "bytes", bytes, by_huge_pages.huge_bytes);
	control_equal("without huge pages, records that find only the written pages resident",
		      "records", all, records_with("MADV_NOHUGEPAGE", resident_bytes, NULL));
	control_equal("without huge pages, records that find one minor fault for each page so far",
		      "records", all, records_with("MADV_NOHUGEPAGE", minor_fault_count, pages_for));
	struct snapshot by_pages = growth("MADV_NOHUGEPAGE", "written", "all written");
	control_equal("without huge pages, no memory is in huge pages", "bytes", 0,
		      by_pages.huge_bytes);
}

const struct experiment experiment = {
	.claim = "with huge pages, resident memory grows by 2 MiB at a time, with one page fault each "
		 "time",
	.asked = "What do transparent huge pages do to page faults and memory?",
	.x_axis = "bytes written",
	.x_unit = "bytes",
	.y_axis = "huge pages that the kernel could not supply",
	.annotate = { { "2 MiB and one page fault at a time, at {records that find one minor fault for each huge page}",
			.x = 4 * MiB } },
	.charted = "resident_bytes",
	.chart = CHART_STEPS,
	.probe = PROBE_SMAPS,
	.rows = 512 * STEPS + 2,
	.deep = "huge_pages=64",
	.knobs = { { "huge_pages", &huge_pages, "", "number of huge pages to fill", 1, 512 } },
	.arms = { { "MADV_HUGEPAGE", huge }, { "MADV_NOHUGEPAGE", no_huge, .control = true } },
	.predict = { "The program fills these huge pages. How many page faults does that take?",
		     "minor_fault_count", "MADV_HUGEPAGE", "written", "all written",
		     .because = "One page fault brings in a whole huge page, as much memory as "
				"512 ordinary pages of 4 KiB." },
	.judge = judge,
};
