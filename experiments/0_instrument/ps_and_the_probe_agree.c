/* SPDX-License-Identifier: MIT */
/* Three ways to look, one number?
 *
 * RSS in ps comes from /proc/PID/status (VmRSS) or statm: a counter that the kernel
 * keeps as pages come and go.  RSS in `pmap -x` comes from /proc/PID/smaps, for
 * which the kernel walks the page tables and counts what it finds.  Our probe
 * reads whichever is exact here (resident_source in the result).
 *
 * At the same instant all of them must be equal, to the page.  "The same instant"
 * takes care: this program stands still (SIGSTOP) while its parent runs ps and
 * pmap.  Odd numbers of pages are written in between, so that a counter that is
 * kept in batches shows.
 *
 * Control: when one more page is written between the tool's look and ours, the
 * two must differ by exactly that page.
 * Try: `ps -o rss,drs,trs,size,sz`.  Which of these is memory at all?
 */
#include "experiment.h"
#include "memory.h"

enum { STEPS = 8 };

static int64_t pages = 500;

static void compare(const char *tool, bool one_write_later)
{
	char *block = must_map(pages * page_bytes());
	char *late = must_map(STEPS * page_bytes());
	struct snapshot ours;

	for (int64_t i = 0; i < STEPS; i++) {
		int64_t from = pages * i / STEPS, to = pages * (i + 1) / STEPS;
		write_pages(block + from * page_bytes(), (to - from) * page_bytes());
		int64_t theirs = ask(tool) * KiB;
		if (one_write_later)
			write_pages(late + i * page_bytes(), page_bytes());
		probe_snapshot(&ours);
		record_y("compared", to, theirs - ours.resident_bytes);
	}
}

/* 127, as for no ps at all: busybox has one that takes no -p. */
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

static int64_t rows_apart_by(const char *arm, int64_t bytes)
{
	const struct row *row;
	int64_t count = 0;

	for (int n = 0; (row = nth_row(arm, "compared", n)) != NULL; n++)
		count += row->y == bytes;
	return count;
}

static void judge(void)
{
	expect_equal("looks, of 8, at which ps shows the probe's RSS", STEPS, rows_apart_by("ps", 0));
	expect_equal("looks, of 8, at which pmap shows the probe's RSS", STEPS,
		     rows_apart_by("pmap", 0));
	control_equal("looks, of 8, one page apart when a page is written after pmap", STEPS,
		      rows_apart_by("pmap one write later", -page_bytes()));
}

const struct experiment experiment = {
	.claim = "ps, pmap and the probe report the same resident set at the same instant",
	.asked = "Which of them shows the true RSS?",
	.instead = "pmap and the probe count what is mapped; this kernel's counters, which ps shows, "
		   "move in batches of pages and lag behind",
	.x_axis = "pages written",
	.y_axis = "what the tool shows beyond the probe, bytes",
	.charted = "y",
	.knobs = { { "pages", &pages, "", "how many pages are written", STEPS, 1 << 20 } },
	.arms = { { "ps", ps },
		  { "pmap", pmap },
		  { "ps one write later", ps_one_write_later },
		  { "pmap one write later", pmap_one_write_later, .control = true } },
	.predict = { "How many bytes more than the probe does ps show, when all pages are "
		     "written?",
		     "y", "ps", .to = "compared",
		     .because = "ps prints a counter of the kernel's. Recent kernels keep it "
				"exact; older ones, like Linux 6.1, bring it up to date a batch of "
				"pages at a time." },
	.judge = judge,
};
