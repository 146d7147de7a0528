/* SPDX-License-Identifier: MIT */
/* Can resident memory be read to the page?
 *
 * Linux keeps the count of a process's pages per task, per CPU or per process,
 * depending on its version, and most files show it only after a batch of
 * changes has been folded in: field 24 of /proc/PID/stat moves in steps of 32
 * pages or more.  The probe finds a source that does not (resident_source in
 * the result): /proc/self/statm where the kernel sums it up exactly, otherwise
 * smaps_rollup, which walks the page tables.
 *
 * Here every page of a mapping is written, one at a time, and after each one
 * the count must have grown by one page, neither more nor less.
 *
 * Control: the same count taken one write too early must be found one page short
 * every time.  Arm "stat field 24" shows what a batched counter looks like.
 * Try: write two pages at a time.  Does field 24 get better?
 */
#include <fcntl.h>
#include <unistd.h>

#include "experiment.h"
#include "memory.h"
#include "procfs.h"

static int64_t pages = 256;

static int64_t pages_by_probe(void)
{
	struct snapshot now;
	probe_snapshot(&now);
	return now.resident_bytes / page_bytes();
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

static void touch_one_by_one(int64_t (*counted)(void), bool too_early)
{
	char *block = must_map(pages * page_bytes());
	int64_t before = counted();

	for (int64_t k = 1; k <= pages; k++) {
		int64_t early = counted();
		write_pages(block + (k - 1) * page_bytes(), page_bytes());
		record_y("touched", k, (too_early ? early : counted()) - before);
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

/* How many k were counted as k + off pages. */
static int64_t rows_off_by(const char *arm, int64_t off)
{
	const struct row *row;
	int64_t count = 0;

	for (int n = 0; (row = nth_row(arm, "touched", n)) != NULL; n++)
		count += row->y == row->x + off;
	return count;
}

static void judge(void)
{
	expect_equal("page counts, of one after each write, that are exact", pages,
		     rows_off_by("probe", 0));
	control_equal("counts taken one write early that are one page short", pages,
		      rows_off_by("one write early", -1));
}

const struct experiment experiment = {
	.claim = "touching k pages moves resident memory by exactly k pages",
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
		     "/proc/PID/stat count?",
		     "y", "stat field 24", .to = "touched",
		     .because = "That counter moves in batches, of 32 pages or more. At the end of "
				"a batch it is right, in between it is behind." },
	.judge = judge,
	.rows = 4096,
	.observe_with = "pages=8",
};
