/* SPDX-License-Identifier: MIT */
/* "I wrote one byte, so I use one page": and the page table?
 *
 * The processor finds a page by its entry in a page table.  A table is itself a page of
 * memory, and the kernel allocates it at the first fault in the range that it covers
 * (__pte_alloc() in mm/memory.c).  With pages of 4 KiB and entries of 8 bytes, one table
 * has 512 entries and covers 2 MiB.  512 pages side by side share one.  Pages that lie
 * 2 MiB apart need a table each, so every byte that is written there costs two pages.
 *
 * No RSS shows it.  Page tables belong to the process, are counted in VmPTE in
 * /proc/PID/status, and a container is charged for them.  A hash table or a sparse array
 * of many GiB may have as much memory in page tables as in pages.
 *
 * Control: the same number of pages side by side must take hardly more than themselves.
 * Try: read the pages instead of writing them (read_pages).  All of them are then the
 * zero page, and RSS does not move.  Does VmPTE?
 */
#include <sys/mman.h>

#include "arm_limits.h"
#include "experiment.h"
#include "memory.h"

static int64_t pages = 512;

/* Above the last level of tables lie three or, with five levels, four.  One more of each may be
 * needed. */
enum { HIGHER_TABLES = 4 };

/* Returns the bytes that one page table covers: a table is one page of entries of 8 bytes. */
static int64_t bytes_of_a_table(void)
{
	return page_bytes() / 8 * page_bytes();
}

/* Maps addresses alone (MAP_NORESERVE): so many that each page can lie in a table of its own.
 * Returns the start of a table. */
static char *must_map_addresses(void)
{
	int64_t table = bytes_of_a_table(), bytes = (pages + 1) * table;
	char *start = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (start == MAP_FAILED)
		memory_was_refused("mmap", bytes);
	return start + (table - (intptr_t)start % table) % table;
}

static void touch_pages(int64_t distance)
{
	must_have_64_bits();
	must_have_memory(2 * pages * page_bytes());
	char *start = must_map_addresses();

	record("touched", 0);
	for (int64_t touched = 1; touched <= pages; touched++) {
		write_pages(start + (touched - 1) * distance, 1);
		record("touched", touched);
	}
}

static void far_apart(void)
{
	touch_pages(bytes_of_a_table());
}

static void side_by_side(void)
{
	touch_pages(page_bytes());
}

static int64_t bytes_of(int64_t touched)
{
	return touched * page_bytes();
}

static int64_t pages_and_tables(const char *arm)
{
	struct snapshot touched = growth(arm, "touched", "touched");

	return measured(touched.resident_bytes, "resident memory") +
	       measured(touched.page_table_bytes, "page tables (VmPTE)");
}

#define records_that_follow(arm, column, slack) \
	rows_that_follow(arm, "touched", "touched", column, bytes_of, slack)

static void judge(void)
{
	int64_t higher = HIGHER_TABLES * page_bytes(), records = pages + 1;

	expect_between("far apart: the pages and their page tables take as much as the pages alone",
		       "bytes", bytes_of(pages), pages_and_tables("far apart"),
		       bytes_of(pages) + higher);
	instead_equal("far apart: records that find one page table for each page touched so far",
		      "records", records, records_that_follow("far apart", page_table_bytes, higher));
	instead_equal("far apart: records that find only the touched pages resident", "records",
		      records, records_that_follow("far apart", resident_bytes, 0));
	/* All of them lie in one table. */
	control_between("side by side: the pages and their page tables take as much as the pages alone",
			"bytes", bytes_of(pages), pages_and_tables("side by side"),
			bytes_of(pages) + bytes_of(pages_for(8 * pages)) + higher);
	control_equal("side by side: records that find only the touched pages resident", "records",
		      records, records_that_follow("side by side", resident_bytes, 0));
}

const struct experiment experiment = {
	.claim = "a touched page costs one page of memory",
	.asked = "My program writes one byte here and there. How much memory does that take?",
	.instead =
		"It also needs an entry in a page table, and a table is a page itself. Neighbours "
		"share one: with pages of 4 KiB, 512 of them, or 2 MiB. Pages that lie farther "
		"apart need a table each, so they take twice the memory, and RSS shows half of it.",
	.x_axis = "pages touched",
	.charted = "page_table_bytes",
	.probe = PROBE_PAGE_TABLES,
	.rows = 2048 + 1,
	.knobs = { { "pages", &pages, "", "number of pages that are touched", 16, 2048 } },
	.arms = { { "far apart", far_apart }, { "side by side", side_by_side, .control = true } },
	.annotate = { { "a page table for each page: as much memory again", .arm = "far apart",
			.x = 400 } },
	.predict = { "One page is written in each 2 MiB of addresses. By how much do the page tables "
		     "grow?",
		     "page_table_bytes", "far apart", "touched", "touched",
		     .because = "A page table covers 2 MiB (with pages of 4 KiB). In each 2 MiB one "
				"page is touched, so each page brings a table, which is a page too." },
	.judge = judge,
};
