/* SPDX-License-Identifier: MIT */
/* All pages that were only read are one and the same page.
 *
 * Fresh memory reads as zeros, and the kernel needs no memory for that.  At the
 * first read of a page, it makes the page table point to the zero page, which the
 * whole system shares and nobody may write (do_anonymous_page() in mm/memory.c).
 * That is a minor fault, but the process gets no page of its own, so resident
 * memory does not grow.  The first write to such a page faults once more, and only
 * then does the kernel supply memory.  So a page that is read before it is written
 * costs two faults, where writing alone costs one.
 *
 * Control: pages that are written first must become resident with one fault each,
 * and reading them afterwards must cost nothing.
 * Try: --huge-pages, on a machine that has them set to [always]: there is a huge
 * zero page as well.  And why does the speed of a search through a freshly
 * malloc'ed table say nothing about its speed in use?
 */
#include "experiment.h"
#include "memory.h"

enum { STEPS = 16 };

static int64_t pages = 1000;

static void read_all(void *start, int64_t bytes)
{
	read_pages(start, bytes);
}

/* Uses all pages, a sixteenth of them at a time, with a record after each. */
static void pass(const char *stage, char *block, void (*use)(void *start, int64_t bytes),
		 int64_t used_before)
{
	record(stage, used_before);
	for (int64_t i = 0; i < STEPS; i++) {
		int64_t from = pages * i / STEPS, to = pages * (i + 1) / STEPS;
		use(block + from * page_bytes(), (to - from) * page_bytes());
		record(stage, used_before + to);
	}
}

static void read_then_write(void)
{
	char *block = must_map(pages * page_bytes());
	pass("read", block, read_all, 0);
	pass("write", block, write_pages, pages);
}

static void write_then_read(void)
{
	char *block = must_map(pages * page_bytes());
	pass("write", block, write_pages, 0);
	pass("read", block, read_all, pages);
}

static void judge(void)
{
	struct snapshot read = growth("read then write", "read", "read");

	expect_equal("reading causes one minor fault for each page", "faults", pages,
		     read.minor_fault_count);
	expect_equal("reading makes nothing resident", "bytes", 0, read.resident_bytes);
	struct snapshot written = growth("read then write", "write", "write");
	expect_equal("writing pages that were read causes one more minor fault for each", "faults",
		     pages, written.minor_fault_count);
	expect_equal("writing pages that were read makes all of them resident", "bytes",
		     pages * page_bytes(), written.resident_bytes);
	struct snapshot written_first = growth("write then read", "write", "write");
	control_equal("writing fresh pages makes all of them resident", "bytes",
		      pages * page_bytes(), written_first.resident_bytes);
	control_equal("writing fresh pages causes one minor fault for each", "faults", pages,
		      written_first.minor_fault_count);
	control_equal("reading pages that were written causes no minor fault", "faults", 0,
		      growth("write then read", "read", "read").minor_fault_count);
}

const struct experiment experiment = {
	.claim = "reading fresh memory faults on every page but makes no page resident; writing it "
		 "faults again",
	.asked = "I read the whole block. Is it in memory now?",
	.x_axis = "pages read, plus pages written",
	.charted = "resident_bytes",
	.knobs = { { "pages", &pages, "", "number of pages to read and write", STEPS, 1 << 20 } },
	.arms = { { "read then write", read_then_write },
		  { "write then read", write_then_read, .control = true } },
	.predict = { "The program reads all these pages of a fresh block. How much becomes resident?",
		     "resident_bytes", "read then write", "read", "read",
		     .because = "All reads get the same page of zeros, which the whole system "
				"shares. A fault maps it for each page that is read, but it counts "
				"as memory of no process." },
	.stages = { "read", "write" },
	.judge = judge,
};
