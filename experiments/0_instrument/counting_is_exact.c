/* SPDX-License-Identifier: MIT */
/* Can resident memory be measured to the page?
 *
 * Linux counts a process's pages for each task, for each CPU or for the whole process,
 * depending on its version.  Most files in /proc show a change only after a batch of
 * changes has been added to the total: field 24 of /proc/PID/stat moves in steps of 32
 * pages or more.  The probe looks for a source without such batches (resident_source in
 * the result).  It takes /proc/self/statm where the kernel computes an exact total, and
 * smaps_rollup otherwise, for which the kernel walks the page tables.
 *
 * Here every page of a mapping is written, one at a time.  After each write the probe's
 * count must have grown by one page, neither more nor less.
 *
 * Controls: the page tables, which mincore(2) reads, must hold as many pages of the mapping as
 * were written, since the probe chose its source by such a test and cannot be its own witness.
 * A count that is taken before the write must always be one page too small.  And field 24
 * must be wrong nearly always where the kernel has batches: a batch has at least 32 pages
 * (percpu_counter_batch in lib/percpu_counter.c; 64 until Linux 6.1, TASK_RSS_EVENTS_THRESH in
 * mm/memory.c), so the number is right at most once in 32 writes.
 * Try: write two pages at a time.  Does field 24 become more exact?
 */
#include <fcntl.h>
#include <unistd.h>

#include "experiment.h"
#include "memory.h"
#include "procfs.h"

static int64_t pages = 256;

static int64_t pages_by_probe(void)
{
	return snapshot_now().resident_bytes / page_bytes();
}

static int64_t pages_by_stat(void)
{
	static char text[4096];
	static int fd = -1;
	int64_t resident;

	if (fd < 0)
		fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t length = pread(fd, text, sizeof(text), 0);
	if (length <= 0 || !procfs_stat(text, (size_t)length, 24, &resident))
		broken("cannot read field 24 of /proc/self/stat");
	return resident;
}

static void touch_one_by_one(int64_t (*count_pages)(void), bool too_early)
{
	int64_t bytes = pages * page_bytes();
	char *block = must_map(bytes);
	int64_t before = count_pages();

	for (int64_t k = 1; k <= pages; k++) {
		int64_t early = count_pages();
		write_pages(block + (k - 1) * page_bytes(), page_bytes());
		record_y("touched", k, (too_early ? early : count_pages()) - before);
		record_y("in the page tables", k, pages - absent_pages_of(block, bytes));
	}
}

static void probe(void)
{
	touch_one_by_one(pages_by_probe, false);
}

static void one_write_early(void)
{
	touch_one_by_one(pages_by_probe, true);
}

static void stat_field_24(void)
{
	touch_one_by_one(pages_by_stat, false);
}

/* Returns the number of rows of a stage in which k written pages were counted as k + off. */
static int64_t rows_off_by(int64_t off, const char *arm, const char *stage)
{
	const struct row *row;
	int64_t count = 0;

	for (int n = 0; (row = nth_row(arm, stage, n)) != NULL; n++)
		count += row->y == row->x + off;
	return count;
}

static void judge(void)
{
	expect_equal("writes after which the probe's count is exact", "writes", pages,
		     rows_off_by(0, "probe", "touched"));
	control_equal("writes after which the page tables hold the pages written and no others",
		      "writes", pages, rows_off_by(0, "probe", "in the page tables"));
	control_equal("counts taken before the write that are one page too small", "counts", pages,
		      rows_off_by(-1, "one write early", "touched"));
	int64_t exact = rows_off_by(0, "stat field 24", "touched");
	if (exact == pages)
		return; /* this kernel has no batches */
	control_between("writes after which field 24 of stat is exact", "writes", 0, exact,
			pages / 32 + 1);
}

const struct experiment experiment = {
	.claim = "touching k pages increases the probe's count of resident memory by exactly k pages",
	.asked = "Is RSS exact?",
	.x_axis = "pages written",
	.y_axis = "pages counted",
	.charted = "y",
	.chart = CHART_STEPS,
	.knobs = { { "pages", &pages, "", "how many pages are written", 1, 4096 } },
	.arms = { { "probe", probe },
		  { "stat field 24", stat_field_24 },
		  { "one write early", one_write_early, .control = true } },
	.predict = { "All pages are written, one by one. How many of them does field 24 of "
		     "/proc/PID/stat count in the end?",
		     "y", "stat field 24", .to = "touched",
		     .because = "That counter moves in batches of 32 pages or more. It is right at "
				"the end of a batch and too small before." },
	.judge = judge,
	.rows = 2 * 4096,
	.observe_with = "pages=8",
};
