/* SPDX-License-Identifier: MIT */
/* A demo whose numbers look right, although it never writes its last block.
 *
 * A small C program is passed on wherever this story is taught.  It allocates four
 * blocks, writes a part of each and looks at ps in between:
 *
 *     p1 = malloc(32 KiB)    write 1 KiB of p1
 *     p2 = malloc(64 KiB)    write 5 KiB of p2
 *     p3 = malloc(127 KiB)   write 7 KiB of p3
 *     p4 = malloc(64 KiB)    write 64 KiB of p2       <- not of p4
 *
 * The last line was copied from the second one and kept its pointer.  p2 and p4
 * have the same size, so nothing crashes, and ps shows memory growing by 56 KiB
 * where 64 were expected (p4 would give 60): so close that nobody asks.  But the
 * new pages belong to p2.  They are fewer, because the first 5 KiB of p2 were in
 * memory already, and p4 is never touched.
 *
 * mincore(2) reveals the bug: it tells for each page whether it is in memory.
 * The moral: even a measurement that comes out as expected needs a control.
 *
 * Control: the corrected program, which writes p4.  There the pages of p4 must
 * become resident, and those of p2 must stay as they were.
 * Try: valgrind and -fsanitize=address on the program above.  Do they complain
 * about its last line?
 */
#include "experiment.h"
#include "memory.h"

/* A KiB of the demo is a quarter of a page, so that it is the same with larger pages. */
static int64_t kib(int64_t number)
{
	return number * page_bytes() / 4;
}

static char *malloc_and_write(int64_t bytes, int64_t written)
{
	char *block = must_malloc(bytes);
	write_bytes(block, written);
	return block;
}

static void four_blocks(bool corrected)
{
	wake_malloc();
	/* Here the demo looks at ps: these records are for --step and for the observer. */
	record("before", 0);
	malloc_and_write(kib(32), kib(1));
	record("32 KiB: write 1", kib(1));
	char *p2 = malloc_and_write(kib(64), kib(5));
	record("64 KiB: write 5", kib(6));
	malloc_and_write(kib(127), kib(7));
	record("127 KiB: write 7", kib(13));
	char *p4 = must_malloc(kib(64));
	record_y("p2 absent", kib(13), absent_pages_of(p2, kib(64)));
	record_y("p4 absent", kib(13), absent_pages_of(p4, kib(64)));
	write_bytes(corrected ? p4 : p2, kib(64));
	record_y("p2 absent in the end", kib(77), absent_pages_of(p2, kib(64)));
	record_y("p4 absent in the end", kib(77), absent_pages_of(p4, kib(64)));
}

static void as_it_circulates(void)
{
	four_blocks(false);
}

static void corrected_program(void)
{
	four_blocks(true);
}

/* The pages of one block that the last write brought in. */
static int64_t pages_of_p2(const char *arm)
{
	return y_of(arm, "p2 absent") - y_of(arm, "p2 absent in the end");
}

static int64_t pages_of_p4(const char *arm)
{
	return y_of(arm, "p4 absent") - y_of(arm, "p4 absent in the end");
}

static int64_t last_growth(const char *arm)
{
	return growth(arm, "p4 absent", "p4 absent in the end").resident_bytes;
}

static void judge(void)
{
	const char *demo = "as it circulates", *corrected = "corrected";

	expect_equal("the last write brings in no page of the fourth block", "pages", 0,
		     pages_of_p4(demo));
	expect_equal("resident memory grows by exactly the new pages of the second block", "bytes",
		     pages_of_p2(demo) * page_bytes(), last_growth(demo));
	/* Only the pages of the first 5 KiB are missing: few enough to hide the bug. */
	expect_between("fewer pages come in than the fourth block needs", "pages", 1,
		       pages_of_p4(corrected) - pages_of_p2(demo), pages_for(kib(5)) + 1);
	/* The page of the header may be there. */
	control_between("the last write finds all pages of the fourth block absent, but for one",
			"pages", pages_for(kib(64)) - 1, y_of(demo, "p4 absent"),
			pages_for(kib(64)) + 1);
	control_equal("corrected: no page of the fourth block is absent in the end", "pages", 0,
		      y_of(corrected, "p4 absent in the end"));
	control_equal("corrected: resident memory grows by exactly the new pages of the fourth block",
		      "bytes", pages_of_p4(corrected) * page_bytes(), last_growth(corrected));
	control_equal("corrected: the last write brings in no page of the second block", "pages", 0,
		      pages_of_p2(corrected));
}

const struct experiment experiment = {
	.claim = "the classic demo says that it writes its fourth block, but writes its second one "
		 "again",
	.asked = "ps showed what I expected. Was my program right?",
	.y_axis = "pages of the block that are not in memory",
	.charted = "y",
	.chart = CHART_PAGES,
	.annotate = { { "The fourth block was never written: {the last write finds all pages of the fourth block absent} of it are absent in the end" } },
	.arms = { { "as it circulates", as_it_circulates },
		  { "corrected", corrected_program, .control = true } },
	.predict = { "The classic demo says that it writes its fourth block of 64 KiB. How many "
		     "pages of that block are absent afterwards?",
		     "y", "as it circulates", .to = "p4 absent in the end",
		     .because = "It writes the second block once more and not the fourth. Of the "
				"fourth block, only the page with malloc's header is in memory." },
	.judge = judge,
	.film = true,
};
