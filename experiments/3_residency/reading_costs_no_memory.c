/* SPDX-License-Identifier: MIT */
/* A page that was only read is the same page for everybody.
 *
 * Fresh memory reads as zeros.  For that the kernel needs no memory: at the
 * first read of a page it points the page table at the one zero page that the
 * whole system shares, read-only (do_anonymous_page() in mm/memory.c).  That is
 * a minor fault, but no page of the process's own, so resident memory does not
 * move.  The first write to such a page faults once more, and now the kernel
 * does supply memory.  A page that is read before it is written thus costs two
 * faults where writing alone costs one.
 *
 * Control: pages that are written first must become resident with their one
 * fault, and cost nothing to read afterwards.
 * Try: --huge-pages, where the machine has them on [always]: there is a huge zero
 * page as well.  And why does a search through a freshly malloc'ed table say
 * nothing about its speed in use?
 */
#include "experiment.h"
#include "memory.h"

enum { STEPS = 16 };

static int64_t pages = 1000;

static void read_all(void *start, int64_t bytes)
{
	read_pages(start, bytes);
}

/* Applies to all pages, sixteenth by sixteenth. */
static void pass(const char *stage, char *block, void (*use)(void *start, int64_t bytes),
		 int64_t before)
{
	record(stage, before);
	for (int64_t i = 0; i < STEPS; i++) {
		int64_t from = pages * i / STEPS, to = pages * (i + 1) / STEPS;
		use(block + from * page_bytes(), (to - from) * page_bytes());
		record(stage, before + to);
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
	struct snapshot written = growth("read then write", "write", "write");
	struct snapshot written_first = growth("write then read", "write", "write");
	struct snapshot read_later = growth("write then read", "read", "read");

	expect_equal("minor faults of reading, one for each page", pages, read.minor_fault_count);
	expect_equal("bytes that reading makes resident", 0, read.resident_bytes);
	expect_equal("minor faults of writing what was read, one for each page", pages,
		     written.minor_fault_count);
	expect_equal("bytes that writing what was read makes resident", pages * page_bytes(),
		     written.resident_bytes);
	control_equal("bytes that writing fresh pages makes resident", pages * page_bytes(),
		      written_first.resident_bytes);
	control_equal("minor faults of writing fresh pages, one for each", pages,
		      written_first.minor_fault_count);
	control_equal("minor faults of reading what was written", 0, read_later.minor_fault_count);
}

const struct experiment experiment = {
	.claim = "reading fresh memory faults on every page and makes none resident; writing then "
		 "faults again",
	.asked = "I read the whole block. Is it in memory now?",
	.x_axis = "pages used, counted twice where used twice",
	.charted = "resident_bytes",
	.knobs = { { "pages", &pages, "", "how many pages are used", STEPS, 1 << 20 } },
	.arms = { { "read then write", read_then_write },
		  { "write then read", write_then_read, .control = true } },
	.predict = { "All these pages of a fresh block are read. How much becomes resident?",
		     "resident_bytes", "read then write", "read", "read",
		     .because = "All reads are served from one page of zeros that the whole system "
				"shares. It is mapped for each page, by a fault each, but counts "
				"as nobody's memory." },
	.judge = judge,
};
