/* SPDX-License-Identifier: MIT */
/* ps and the program itself read the same counters.
 *
 * `ps -o min_flt,maj_flt` shows fields 10 and 12 of /proc/PID/stat; getrusage(2)
 * gives ru_minflt and ru_majflt.  Both are sums over the same fields of the
 * process's threads in the kernel, and neither is kept in batches, so at the
 * same instant they are equal.  "The same instant" takes care: this program
 * stands still (SIGSTOP) while its parent runs ps, and the row is recorded
 * without a fault in between.
 *
 * Control: when one more page is written between ps and the row, the two must
 * differ by exactly one fault.
 * Try: let record_y() come before ask().  Is it still exact?
 */
#include "experiment.h"
#include "memory.h"

enum { STEPS = 8 };

static int64_t pages = 512;

static void compare(int64_t pages_written_late)
{
	int64_t step = pages / STEPS * page_bytes();
	char *block = must_map(pages * page_bytes());
	char *late = must_map(STEPS * page_bytes());

	for (int i = 0; i < STEPS; i++) {
		write_pages(block + i * step, step);
		int64_t major = ask("ps -o maj_flt= -p $PID");
		int64_t minor = ask("ps -o min_flt= -p $PID");
		write_pages(late + i * page_bytes(), pages_written_late * page_bytes());
		record_y("minor faults", (i + 1) * pages / STEPS, minor);
		record_y("major faults", (i + 1) * pages / STEPS, major);
	}
}

static void same_instant(void)
{
	compare(0);
}

static void one_write_later(void)
{
	compare(1);
}

/* Rows in which our count is ps's count and `late` more. */
static int64_t equal_rows(const char *arm, const char *stage, int64_t late)
{
	const struct row *row;
	int64_t count = 0;

	for (int n = 0; (row = nth_row(arm, stage, n)) != NULL; n++)
		count += (stage[1] == 'i' ? row->is.minor_fault_count : row->is.major_fault_count) ==
			 row->y + late;
	return count;
}

static void judge(void)
{
	expect_equal("readings at which ps shows our minor faults", STEPS,
		     equal_rows("same instant", "minor faults", 0));
	expect_equal("readings at which ps shows our major faults", STEPS,
		     equal_rows("same instant", "major faults", 0));
	control_equal("readings that are one fault apart when one page is written between", STEPS,
		      equal_rows("one write later", "minor faults", 1));
}

const struct experiment experiment = {
	.claim = "ps counts the same page faults as getrusage() at the same instant",
	.asked = "Can I trust the fault counts in ps?",
	.x_axis = "pages written",
	.y_axis = "faults that ps shows",
	.charted = "minor_fault_count y",
	.knobs = { { "pages", &pages, "", "how many pages are written", STEPS, 1 << 20 } },
	.arms = { { "same instant", same_instant },
		  { "one write later", one_write_later, .control = true } },
	.judge = judge,
};
