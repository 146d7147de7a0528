/* SPDX-License-Identifier: MIT */
/* The fault counter counts first touches.
 *
 * A write to a page that has no memory behind it traps into the kernel, which
 * supplies a page and counts a minor fault (minor: no disk was read).  The next
 * write finds the page in the page table, and the kernel is not involved.  So n new
 * pages cause exactly n faults, and a second pass over them causes none.  Huge
 * pages, which bring in 512 pages of 4 KiB at a time, are switched off here.
 *
 * Control: pages that the kernel brought in beforehand (MADV_POPULATE_WRITE) must
 * cause no fault when they are first written, and none may become resident then.
 * Try: --huge-pages pages=16384, on a machine where
 * /sys/kernel/mm/transparent_hugepage/enabled says [always].
 */
#include "experiment.h"
#include "memory.h"

enum { STEPS = 16 };

static int64_t pages = 1024;

static void write_twice(char *block)
{
	record("first pass", 0);
	for (int64_t i = 1; i <= STEPS; i++) {
		write_pages(block + pages * (i - 1) / STEPS * page_bytes(),
			    (pages * i / STEPS - pages * (i - 1) / STEPS) * page_bytes());
		record("first pass", pages * i / STEPS);
	}
	record("second pass", pages);
	write_pages(block, pages * page_bytes());
	record("second pass", 2 * pages);
}

static void fresh(void)
{
	must_have_memory(pages * page_bytes());
	write_twice(must_map(pages * page_bytes()));
}

static void populated(void)
{
	must_have_memory(pages * page_bytes());
	char *block = must_map(pages * page_bytes());
	must_populate(block, pages * page_bytes());
	write_twice(block);
}

/* Returns the bytes of so many pages: what must have become resident once they were written. */
static int64_t bytes_of(int64_t written)
{
	return written * page_bytes();
}

static void judge(void)
{
	/* One row before the first step, and one after each of 16. */
	expect_equal("steps of the first pass with one minor fault for each page so far", "rows",
		     STEPS + 1,
		     rows_that_follow("fresh", "first pass", "first pass", minor_fault_count, NULL,
				      0));
	expect_equal("steps of the first pass with all pages so far resident, and no others",
		     "rows", STEPS + 1,
		     rows_that_follow("fresh", "first pass", "first pass", resident_bytes, bytes_of,
				      0));
	expect_equal("minor faults of the second pass", "faults", 0,
		     growth("fresh", "second pass", "second pass").minor_fault_count);
	control_equal("minor faults of a first pass over populated pages", "faults", 0,
		      growth("populated", "first pass", "first pass").minor_fault_count);
	control_equal("bytes that become resident in a first pass over populated pages", "bytes", 0,
		      growth("populated", "first pass", "first pass").resident_bytes);
}

const struct experiment experiment = {
	.claim = "writing n new pages causes n minor faults; writing them again causes none",
	.asked = "What does the minor fault counter count?",
	.x_axis = "page writes",
	.charted = "minor_fault_count",
	.knobs = { { "pages", &pages, "", "how many pages are written", STEPS, 1 << 20 } },
	.arms = { { "fresh", fresh }, { "populated", populated, .control = true } },
	.predict = { "The pages are written twice. How many minor faults do both passes cause?",
		     "minor_fault_count", "fresh",
		     .because = "The first write to a page causes a fault. At the second write the "
				"page is there, and the kernel is not involved." },
	.judge = judge,
};
