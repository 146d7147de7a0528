/* SPDX-License-Identifier: MIT */
/* One fault, 512 pages.
 *
 * The processor can map 2 MiB in one entry of its page table (on x86-64 and on
 * arm64 with 4 KiB pages; other page sizes make other huge pages).  Where a
 * mapping asks for it by madvise(2), MADV_HUGEPAGE, the kernel answers the first
 * write to each 2 MiB of it with a whole huge page (do_huge_pmd_anonymous_page()
 * in mm/huge_memory.c).  Resident memory then grows in leaps of 2 MiB, however
 * little of one is written, and there is one fault where there were 512.
 *
 * That is fast when all of it is used, and it wastes memory when only a byte here
 * and there is used: one reason why many databases tell you to switch huge pages off.
 *
 * Control: the same mapping with MADV_NOHUGEPAGE must grow page by page, with a
 * fault for each.
 * Try: write only the first byte of every 2 MiB.  How much is resident?
 */
#include "experiment.h"
#include "huge_pages.h"
#include "memory.h"

/* Looks at each huge page while it is being filled. */
enum { LOOKS = 4 };

static int64_t huge_pages = 8;

static void fill(bool wanted)
{
	char *block = must_map_huge(huge_pages, wanted);
	int64_t look = huge_page_bytes() / LOOKS, bytes = huge_pages * huge_page_bytes();
	int64_t before = huge_page_fallbacks();

	record("written", 0);
	for (int64_t at = 0; at < bytes; at += look) {
		write_pages(block + at, look);
		record("written", at + look);
	}
	record_y("all written", bytes, huge_page_fallbacks() - before);
}

static void huge(void)
{
	fill(true);
}

static void no_huge(void)
{
	fill(false);
}

/* Looks at which what is resident is what was written, rounded up to a unit. */
static int64_t looks_rounded_up_to(const char *arm, int64_t unit)
{
	int64_t before = nth_row(arm, "written", 0)->is.resident_bytes, count = 0;
	const struct row *row;

	for (int n = 1; (row = nth_row(arm, "written", n)) != NULL; n++)
		count += row->is.resident_bytes - before == (row->x + unit - 1) / unit * unit;
	return count;
}

static void judge(void)
{
	int64_t bytes = huge_pages * huge_page_bytes();
	struct snapshot by_huge_pages = growth("MADV_HUGEPAGE", "written", "all written");
	struct snapshot by_pages = growth("MADV_NOHUGEPAGE", "written", "all written");

	if (by_huge_pages.huge_bytes < bytes && y_of("MADV_HUGEPAGE", "all written") > 0)
		unsupported("the memory is too fragmented for huge pages just now: "
			    "echo 1 | sudo tee /proc/sys/vm/compact_memory, and run it again");
	expect_equal("looks that find whole huge pages resident", huge_pages * LOOKS,
		     looks_rounded_up_to("MADV_HUGEPAGE", huge_page_bytes()));
	expect_equal("minor faults, one for each huge page", huge_pages,
		     by_huge_pages.minor_fault_count);
	expect_equal("bytes in huge pages", bytes, by_huge_pages.huge_bytes);
	control_equal("without huge pages, looks that find just what was written",
		      huge_pages * LOOKS, looks_rounded_up_to("MADV_NOHUGEPAGE", page_bytes()));
	control_equal("without huge pages, minor faults, one for each page", bytes / page_bytes(),
		      by_pages.minor_fault_count);
	control_equal("without huge pages, bytes in huge pages", 0, by_pages.huge_bytes);
}

const struct experiment experiment = {
	.claim = "with huge pages resident memory grows by 2 MiB at a time, with one fault for each",
	.asked = "What do transparent huge pages do to page faults and memory?",
	.x_axis = "bytes written",
	.y_axis = "huge pages that the kernel did not have",
	.charted = "resident_bytes",
	.chart = CHART_STEPS,
	.probe = PROBE_SMAPS,
	.rows = 512 * LOOKS + 2,
	.deep = "huge_pages=64",
	.knobs = { { "huge_pages", &huge_pages, "", "how many huge pages are filled", 1, 512 } },
	.arms = { { "MADV_HUGEPAGE", huge }, { "MADV_NOHUGEPAGE", no_huge, .control = true } },
	.predict = { "These huge pages are filled. How many page faults does that take?",
		     "minor_fault_count", "MADV_HUGEPAGE", "written", "all written",
		     .because = "One fault fills one huge page, as much as 512 ordinary ones of 4 "
				"KiB." },
	.judge = judge,
};
