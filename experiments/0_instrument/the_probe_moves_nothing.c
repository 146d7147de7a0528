/* SPDX-License-Identifier: MIT */
/* An instrument that changes what it measures is worthless.
 *
 * Our probe reads /proc/self/statm (and smaps_rollup where statm is not exact) through
 * a descriptor that stays open, into a buffer that was touched before.  So it needs no
 * malloc() and no stdio, and it uses no page for the first time.  After any number of
 * snapshots the break, the mappings, the resident pages and the fault counters are
 * where they were.
 *
 * The usual way, fopen() and fscanf(), does change them.  fopen() allocates a FILE, and
 * the first read allocates a buffer.  For these, malloc() creates the heap (132 KiB of
 * addresses where a page has 4 KiB), and the first write to each page of it causes a
 * page fault.
 *
 * The probe cannot be its own witness: it would not see what it changed before its first
 * snapshot.  So the parent process reads the arm's files in /proc as well, while the arm stands
 * still: before the probe is opened, when it is open, and at the end.
 *
 * Controls: an arm that moves the break by a page and writes that page must move each of the
 * columns by that page, whatever malloc is in use.  And with glibc's malloc, reading the usual way,
 * as many times, must change them.
 * Try: setvbuf(file, NULL, _IONBF, 0).  Which of the changes remain?
 */
#include <stdio.h>
#include <string.h>

#include "experiment.h"
#include "memory.h"

static int64_t readings = 1000;

static void read_with_stdio(void)
{
	long pages;
	FILE *file = fopen("/proc/self/statm", "r");

	if (file == NULL || fscanf(file, "%ld", &pages) != 1)
		broken("cannot read /proc/self/statm with stdio");
	fclose(file);
}

/* Another malloc may have memory for the buffers already (jemalloc), or give it back each time (musl). */
static void must_have_glibcs_malloc(void)
{
	if (strcmp(probe_malloc_source(), "none") == 0)
		leave_out("another malloc than glibc's decides what stdio moves");
}

static void take_a_page_once(void)
{
	static char *page;

	if (page == NULL) {
		page = must_move_the_break(page_bytes());
		write_pages(page, page_bytes());
	}
}

static void read_with_probe(void)
{
	struct snapshot now;
	probe_snapshot(&now);
}

/* What the parent has read in the files of /proc about this process. */
struct view {
	int64_t virtual_bytes, resident_bytes, faults;
};
static struct view before_the_probe;

static struct view view_from_outside(void)
{
	/* Before the numbers of stat stands the program's name, which may contain blanks. */
	static const char *const faults = "sed 's/.*) //' /proc/$PID/stat | awk '{ print $8 + $10 }'";
	struct view view;

	ask("echo 0"); /* not counted: what a first pause touches */
	view.virtual_bytes = ask("cut -d ' ' -f 1 /proc/$PID/statm") * page_bytes();
	view.resident_bytes = ask("awk '/^Rss:/ { print $2 }' /proc/$PID/smaps_rollup") * KiB;
	view.faults = ask(faults);
	return view;
}

static void look_before_the_probe(void)
{
	before_the_probe = view_from_outside();
}

static void read_many_times(void (*read_once)(void))
{
	struct view opened = view_from_outside();

	record("before", 0);
	for (int64_t i = 1, next = 1; i <= readings; i++) {
		read_once();
		if (i == next || i == readings) {
			record("reading", i);
			next *= 10;
		}
	}
	struct view now = view_from_outside();
	record_y("size from outside", readings, now.virtual_bytes - before_the_probe.virtual_bytes);
	record_y("resident from outside", readings,
		 now.resident_bytes - before_the_probe.resident_bytes);
	record_y("faults from outside", readings, now.faults - opened.faults);
}

static void probe(void)
{
	read_many_times(read_with_probe);
}

static void one_page(void)
{
	read_many_times(take_a_page_once);
}

static void stdio(void)
{
	must_have_glibcs_malloc();
	read_many_times(read_with_stdio);
}

static void judge_one_page(void)
{
	struct snapshot page = growth("one page", "before", "reading");

	control_equal("one page is taken: the heap is longer by it", "bytes", page_bytes(),
		      page.heap_top_bytes);
	control_equal("one page is taken: the virtual size is larger by it", "bytes", page_bytes(),
		      page.virtual_bytes);
	control_equal("one page is taken: it is resident", "bytes", page_bytes(),
		      page.resident_bytes);
	control_equal("one page is taken: writing it causes one page fault", "faults", 1,
		      page.minor_fault_count + page.major_fault_count);
	control_between("one page is taken: from outside, the size is larger by no less", "bytes",
			page_bytes(), y_of("one page", "size from outside"), INT64_MAX);
	control_between("one page is taken: from outside, no less is resident", "bytes",
			page_bytes(), y_of("one page", "resident from outside"), INT64_MAX);
	control_equal("one page is taken: from outside, there is one page fault", "faults", 1,
		      y_of("one page", "faults from outside"));
}

static void judge_stdio(void)
{
	struct snapshot theirs = growth("stdio", "before", "reading");
	control_between("stdio maps memory for its buffers", "bytes", 1, theirs.virtual_bytes,
			INT64_MAX);
	control_between("stdio makes pages resident", "bytes", page_bytes(), theirs.resident_bytes,
			INT64_MAX);
	control_between("stdio causes page faults", "faults", 1, theirs.minor_fault_count, INT64_MAX);
	control_between("from outside: stdio maps no less than the probe sees", "bytes",
			theirs.virtual_bytes, y_of("stdio", "size from outside"), INT64_MAX);
	control_between("from outside: stdio makes no less resident than the probe sees", "bytes",
			theirs.resident_bytes, y_of("stdio", "resident from outside"), INT64_MAX);
	control_equal("from outside: stdio causes as many page faults as the probe sees", "faults",
		      theirs.minor_fault_count + theirs.major_fault_count,
		      y_of("stdio", "faults from outside"));
}

static void judge(void)
{
	struct snapshot ours = growth("probe", "before", "reading");

	expect_equal("the probe's snapshots add nothing to the heap", "bytes", 0,
		     ours.heap_top_bytes);
	expect_equal("the probe's snapshots add nothing to the virtual size", "bytes", 0,
		     ours.virtual_bytes);
	expect_equal("the probe's snapshots make nothing resident", "bytes", 0, ours.resident_bytes);
	expect_equal("the probe's snapshots cause no page fault", "faults", 0,
		     ours.minor_fault_count + ours.major_fault_count);
	expect_equal("from outside: the size is what it was before the probe was opened", "bytes",
		     0, y_of("probe", "size from outside"));
	expect_equal("from outside: as much is resident as before the probe was opened", "bytes", 0,
		     y_of("probe", "resident from outside"));
	expect_equal("from outside: the snapshots of the open probe cause no page fault", "faults",
		     0, y_of("probe", "faults from outside"));
	judge_one_page();
	if (arm_ran("stdio"))
		judge_stdio();
}

const struct experiment experiment = {
	.claim = "taking a snapshot with the probe adds no heap, no page fault and no resident page",
	.asked = "Does measuring the memory change it?",
	.x_axis = "readings taken",
	.charted = "heap_top_bytes resident_bytes minor_fault_count",
	.chart = CHART_VALUES,
	.log_x = true,
	.knobs = { { "readings", &readings, "", "how many times each method reads", 1, 1000000 } },
	.arms = { { "probe", probe, .before_probe = look_before_the_probe },
		  { "one page", one_page, .control = true, .before_probe = look_before_the_probe },
		  { "stdio", stdio, .control = true, .before_probe = look_before_the_probe } },
	.predict = { "How far does reading statm with fopen() and fscanf() move the top of the "
		     "heap?",
		     "heap_top_bytes", "stdio", "before", "reading",
		     .because = "fopen() allocates memory, so malloc creates the heap. Its first size "
				"is the request plus 128 KiB (M_TOP_PAD), in whole pages." },
	.judge = judge,
};
