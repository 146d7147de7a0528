/* SPDX-License-Identifier: MIT */
/* ps and the program itself read the same counters.
 *
 * `ps -o min_flt,maj_flt` shows fields 10 and 12 of /proc/PID/stat; getrusage(2)
 * gives ru_minflt and ru_majflt.  Both are sums over the same fields of the
 * process's threads in the kernel, and neither is kept in batches, so at the
 * same instant they are equal.  "The same instant" takes care: this program
 * stands still (SIGSTOP) while its parent runs ps, and the row is recorded
 * without a fault in between.  Two counters that stay 0 are equal too: so that there
 * are major faults to count, pages are read that only the disk has.
 *
 * Control: when one more page is written between ps and the row, the two must
 * differ by exactly one fault; and there must have been major faults.
 * Try: take our snapshot before ps is asked.  What is still exact, and why does the
 * control fail?
 */
#include <sys/mman.h>

#include "experiment.h"
#include "file.h"
#include "memory.h"

enum { STEPS = 8 };

static int64_t pages = 512;

/* Pages of a file that is not in memory; MADV_RANDOM: one is read at a time. */
static const char *pages_on_disk(void)
{
	int file = must_make_file(STEPS * page_bytes());

	must_evict_file(file);
	const char *start = must_map_file(file);
	madvise((void *)(uintptr_t)start, (size_t)(STEPS * page_bytes()), MADV_RANDOM);
	return start;
}

static void compare(const char *ps, bool major, int64_t pages_written_late)
{
	const char *on_disk = major ? pages_on_disk() : NULL;
	int64_t step = pages / STEPS * page_bytes();
	char *block = must_map(pages * page_bytes());
	char *late = must_map(STEPS * page_bytes());

	for (int i = 0; i < STEPS; i++) {
		write_pages(block + i * step, step);
		if (major)
			read_pages(on_disk + i * page_bytes(), 1);
		int64_t theirs = ask(ps);
		write_pages(late + i * page_bytes(), pages_written_late * page_bytes());
		struct snapshot ours;
		probe_snapshot(&ours);
		record_y("compared", (i + 1) * pages / STEPS,
			 theirs - (major ? ours.major_fault_count : ours.minor_fault_count));
	}
}

/* 127, as for no ps at all: busybox has one that knows no faults. */
#define MINOR_FAULTS "ps -o min_flt= -p $PID || exit 127"
#define MAJOR_FAULTS "ps -o maj_flt= -p $PID || exit 127"

static void minor_faults(void)
{
	compare(MINOR_FAULTS, false, 0);
}

static void major_faults(void)
{
	compare(MAJOR_FAULTS, true, 0);
}

static void one_write_later(void)
{
	compare(MINOR_FAULTS, false, 1);
}

static int64_t rows_apart_by(const char *arm, int64_t difference)
{
	const struct row *row;
	int64_t count = 0;

	for (int n = 0; (row = nth_row(arm, "compared", n)) != NULL; n++)
		count += row->y == difference;
	return count;
}

static void judge(void)
{
	expect_equal("readings, of 8, at which ps shows our minor faults", STEPS,
		     rows_apart_by("minor faults", 0));
	expect_equal("readings, of 8, at which ps shows our major faults", STEPS,
		     rows_apart_by("major faults", 0));
	control_equal("readings, of 8, one fault apart when a page is written between", STEPS,
		      rows_apart_by("one write later", -1));
	control_between("major faults from the first reading to the last", 1,
			growth("major faults", "compared", "compared").major_fault_count, STEPS - 1);
}

const struct experiment experiment = {
	.claim = "ps counts the same page faults as getrusage() at the same instant",
	.asked = "Can I trust the fault counts in ps?",
	.x_axis = "pages written",
	.y_axis = "faults that ps shows, less ours",
	.charted = "y",
	.knobs = { { "pages", &pages, "", "how many pages are written", STEPS, 1 << 20 } },
	.arms = { { "minor faults", minor_faults },
		  { "major faults", major_faults },
		  { "one write later", one_write_later, .control = true } },
	.predict = { "By how many page faults does ps differ from getrusage(), when all pages "
		     "are written?",
		     "y", "minor faults", .to = "compared",
		     .because = "Both read the same counters of the kernel, and these are not kept "
				"in batches." },
	.judge = judge,
};
