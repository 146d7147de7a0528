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
	must_have_memory(pages * page_bytes());
	char *block = must_map(pages * page_bytes());
	pass("read", block, read_all, 0);
	pass("write", block, write_pages, pages);
}

static void write_then_read(void)
{
	must_have_memory(pages * page_bytes());
	char *block = must_map(pages * page_bytes());
	pass("write", block, write_pages, 0);
	pass("read", block, read_all, pages);
}

/* How many of the pages the second pass has used, from the x of its rows. */
static int64_t second_pass(int64_t used)
{
	return used - pages;
}

static int64_t bytes_of(int64_t used)
{
	return used * page_bytes();
}

static int64_t bytes_of_second_pass(int64_t used)
{
	return bytes_of(second_pass(used));
}

static int64_t nothing(int64_t used)
{
	(void)used;
	return 0;
}

/* Returns how many of the records of a pass, the one before it included, find what expected() says
 * of the pages used so far. */
#define records_with(arm, stage, column, expected) \
	rows_that_follow(arm, stage, stage, column, expected, 0)

static void judge(void)
{
	const char *read_first = "read then write", *written_first = "write then read";
	int64_t all = STEPS + 1;

	expect_equal("records of reading that find one minor fault for each page read so far",
		     "records", all, records_with(read_first, "read", minor_fault_count, NULL));
	expect_equal("records of reading that find nothing more resident", "records", all,
		     records_with(read_first, "read", resident_bytes, nothing));
	expect_equal("records of writing that find one more minor fault for each page written so far",
		     "records", all,
		     records_with(read_first, "write", minor_fault_count, second_pass));
	expect_equal("records of writing that find the pages written so far resident, and no others",
		     "records", all,
		     records_with(read_first, "write", resident_bytes, bytes_of_second_pass));
	control_equal("writing first: records that find the pages written so far resident",
		      "records", all, records_with(written_first, "write", resident_bytes, bytes_of));
	control_equal("writing first: records that find one minor fault for each page written so far",
		      "records", all, records_with(written_first, "write", minor_fault_count, NULL));
	control_equal("writing first: records of reading that find no minor fault", "records", all,
		      records_with(written_first, "read", minor_fault_count, nothing));
}

const struct experiment experiment = {
	.claim = "reading fresh memory faults on every page but makes no page resident; writing it "
		 "faults again",
	.asked = "I read the whole block. Is it in memory now?",
	.x_axis = "pages read, plus pages written",
	.annotate = { { "one fault a page, and no memory, at {records of reading that find nothing more resident}",
			"read then write", "read" } },
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
	.film = true,
};
