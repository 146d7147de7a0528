/* SPDX-License-Identifier: MIT */
/* ps and the program itself read the same counters.
 *
 * `ps -o min_flt,maj_flt` shows fields 10 and 12 of /proc/PID/stat; getrusage(2)
 * gives ru_minflt and ru_majflt.  Both are sums over the same fields of the
 * process's threads in the kernel, and neither is kept in batches, so at the
 * same instant they are equal.  Reading both at the same instant needs care: this
 * program stands still (SIGSTOP) while its parent runs ps, and the row is recorded
 * without a fault in between.  Two counters that stay at 0 are equal too, so the
 * program also reads pages that are only on the disk: these are the major faults.
 *
 * Control: when one more page is written between ps and the row, the two must
 * differ by exactly one fault; and there must have been major faults.
 * Try: take our snapshot before ps runs.  What is still exact, and why does the
 * control fail?
 */
#include <sys/mman.h>

#include "experiment.h"
#include "file.h"
#include "memory.h"

enum { STEPS = 8 };

static int64_t pages = 512;

/* Returns the pages of a file that is not in memory; MADV_RANDOM: they are read one at a
 * time. */
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
	must_have_memory(pages * page_bytes());
	char *block = must_map(pages * page_bytes());
	char *late = must_map(STEPS * page_bytes());

	for (int i = 0; i < STEPS; i++) {
		write_pages(block + i * step, step);
		if (major)
			read_pages(on_disk + i * page_bytes(), 1);
		int64_t theirs = ask(ps);
		write_pages(late + i * page_bytes(), pages_written_late * page_bytes());
		struct snapshot ours = snapshot_now();
		record_y("compared", (i + 1) * pages / STEPS,
			 theirs - (major ? ours.major_fault_count : ours.minor_fault_count));
	}
}

/* 127 is the exit status for a program that is missing.  The ps of busybox exists, but cannot
 * show page faults, so it counts as missing too. */
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

static void judge(void)
{
	expect_equal("readings, of 8, in which ps shows the same minor faults", "readings", STEPS,
		     rows_with_y("minor faults", "compared", 0));
	expect_equal("readings, of 8, in which ps shows the same major faults", "readings", STEPS,
		     rows_with_y("major faults", "compared", 0));
	control_equal("readings, of 8, that differ by one fault when a page is written in between",
		      "readings", STEPS, rows_with_y("one write later", "compared", -1));
	control_between("major faults from the first reading to the last", "faults", 1,
			growth("major faults", "compared", "compared").major_fault_count, STEPS - 1);
}

const struct experiment experiment = {
	.claim = "ps counts the same page faults as getrusage() at the same instant",
	.asked = "Can I trust the fault counts in ps?",
	.x_axis = "pages written",
	.y_axis = "faults that ps shows, minus those of the probe",
	.charted = "y",
	.chart = CHART_VALUES,
	.knobs = { { "pages", &pages, "", "how many pages are written", STEPS, 1 << 20 } },
	.arms = { { "minor faults", minor_faults },
		  { "major faults", major_faults },
		  { "one write later", one_write_later, .control = true } },
	.predict = { "After all pages are written, by how many page faults does ps differ from "
		     "getrusage()?",
		     "y", "minor faults", .to = "compared",
		     .because = "Both read the same counters of the kernel, and the kernel does "
				"not keep these in batches." },
	.judge = judge,
};
