/* SPDX-License-Identifier: MIT */
/* Do three ways of looking show one number?
 *
 * ps takes RSS from /proc/PID/status (VmRSS) or statm: a counter that the kernel updates
 * as pages come and go.  `pmap -x` takes RSS from /proc/PID/smaps, for which the kernel
 * walks the page tables and counts the pages it finds.  Our probe reads whichever of the
 * two is exact here (resident_source in the result).  Where that is statm, ps and the probe
 * read the same counter, so that they agree proves little: only pmap is independent of it.
 *
 * At the same moment all three must be equal, to the page.  To make it the same moment,
 * this program stands still (SIGSTOP) while its parent runs ps or pmap.  Between two
 * comparisons it writes an odd number of pages, so that a counter that moves in batches
 * can be noticed.
 *
 * Control: when one more page is written after the tool has looked and before the probe
 * looks, the two must differ by exactly that page.  For ps this can be asked only where its counter
 * is exact, which is where the probe reads statm.
 * Try: `ps -o rss,drs,trs,size,sz`.  Which of these columns is memory at all?
 */
#include <string.h>

#include "experiment.h"
#include "memory.h"

enum { STEPS = 8 };

static int64_t pages = 500;

static void compare(const char *tool, bool write_in_between)
{
	must_have_memory(pages * page_bytes());
	char *block = must_map(pages * page_bytes());
	char *late = must_map(STEPS * page_bytes());

	record("reads statm", strcmp(probe_resident_source(), "statm") == 0);
	for (int64_t i = 0; i < STEPS; i++) {
		int64_t from = pages * i / STEPS, to = pages * (i + 1) / STEPS;
		write_pages(block + from * page_bytes(), (to - from) * page_bytes());
		int64_t theirs = ask(tool) * KiB;
		if (write_in_between)
			write_pages(late + i * page_bytes(), page_bytes());
		record_y("compared", to, theirs - snapshot_now().resident_bytes);
	}
}

/* 127 means that there is no such tool.  The ps of busybox has no option -p. */
#define PS "ps -o rss= -p $PID || exit 127"
/* The last line is "total kB", then the sums of Kbytes, RSS and Dirty. */
#define PMAP                                       \
	"command -v pmap >/dev/null || exit 127; " \
	"pmap -x $PID | awk '$1 == \"total\" { print $4 }'"

static void ps(void)
{
	compare(PS, false);
}

static void pmap(void)
{
	compare(PMAP, false);
}

static void ps_one_write_later(void)
{
	compare(PS, true);
}

static void pmap_one_write_later(void)
{
	compare(PMAP, true);
}

static int64_t rows_behind(const char *arm)
{
	int64_t count = 0;

	for (int n = 0; n < STEPS; n++)
		count += nth_row(arm, "compared", n)->y < 0;
	return count;
}

static void judge(void)
{
	expect_equal("comparisons, out of 8, in which ps and the probe show the same RSS",
		     "comparisons", STEPS, rows_with_y("ps", "compared", 0));
	expect_equal("comparisons, out of 8, in which pmap and the probe show the same RSS",
		     "comparisons", STEPS, rows_with_y("pmap", "compared", 0));
	control_equal("comparisons, out of 8, that differ by the page written after pmap looked",
		      "comparisons", STEPS,
		      rows_with_y("pmap one write later", "compared", -page_bytes()));
	if (nth_row("ps", "reads statm", 0)->x)
		control_equal("comparisons, out of 8, that differ by the page written after ps looked",
			      "comparisons", STEPS,
			      rows_with_y("ps one write later", "compared", -page_bytes()));
	instead_equal("comparisons, out of 8, in which pmap and the probe count the same pages",
		      "comparisons", STEPS, rows_with_y("pmap", "compared", 0));
	int64_t differ = STEPS - rows_with_y("ps", "compared", 0);
	if (differ > 0)
		instead_equal("comparisons, out of those in which ps differs, in which it is behind",
			      "comparisons", differ, rows_behind("ps"));
}

const struct experiment experiment = {
	.claim = "ps, pmap and the probe report the same resident set size at the same moment",
	.asked = "Which of them shows the true RSS?",
	.instead = "pmap and the probe count the pages in the page tables; ps shows a counter of this "
		   "kernel that moves in batches of pages and lags behind",
	.x_axis = "pages written",
	.y_axis = "RSS of the tool less RSS of the probe, bytes",
	.y_unit = "bytes",
	.charted = "y",
	.chart = CHART_VALUES,
	.knobs = { { "pages", &pages, "", "how many pages are written", STEPS, 1 << 20 } },
	.arms = { { "ps", ps },
		  { "pmap", pmap },
		  { "ps one write later", ps_one_write_later, .control = true },
		  { "pmap one write later", pmap_one_write_later, .control = true } },
	.predict = { "All pages have been written. How many bytes more than the probe does ps "
		     "show?",
		     "y", "ps", .to = "compared",
		     .because = "ps prints a counter that the kernel keeps. Recent kernels keep it "
				"exact; older kernels, such as Linux 6.1, update it only after a "
				"batch of pages." },
	.judge = judge,
};
