/* SPDX-License-Identifier: MIT */
/* A demonstration that would have shown the same without its last block.
 *
 * A small C program goes round wherever this story is taught.  It allocates four
 * blocks, writes a little of each and looks at ps in between:
 *
 *     p1 = malloc(32 KiB)    write 1 KiB of p1
 *     p2 = malloc(64 KiB)    write 5 KiB of p2
 *     p3 = malloc(127 KiB)   write 7 KiB of p3
 *     p4 = malloc(64 KiB)    write 64 KiB of p2       <- not of p4
 *
 * The last line was copied from the second and kept its pointer.  p2 and p4 are
 * equally large, so nothing crashes, and ps shows memory growing by 56 KiB where 64
 * were awaited (p4 would give 60): near enough that nobody asks.  But they are p2's pages,
 * fewer by those that the 5 KiB had brought in, and p4 is never touched.
 *
 * mincore(2) sees through it: it tells of each page whether it is in memory.
 * Moral: a measurement that comes out as expected needs a control all the more.
 *
 * Control: the mended program, which writes p4; there p4's pages must come in
 * and p2's stay as they were.
 * Try: valgrind and -fsanitize=address on the program above.  Do they complain
 * about its last line?
 */
#include "experiment.h"
#include "memory.h"

/* In quarters of a page, so that the demo is the same where pages are larger. */
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

static void four_blocks(bool mended)
{
	wake_malloc();
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
	write_bytes(mended ? p4 : p2, kib(64));
	record_y("p2 absent in the end", kib(77), absent_pages_of(p2, kib(64)));
	record_y("p4 absent in the end", kib(77), absent_pages_of(p4, kib(64)));
}

static void as_it_circulates(void)
{
	four_blocks(false);
}

static void mended_program(void)
{
	four_blocks(true);
}

/* Pages of one block that the last write brought in. */
static int64_t pages_of_p2(const char *arm)
{
	return y_of(arm, "p2 absent") - y_of(arm, "p2 absent in the end");
}

static int64_t pages_of_p4(const char *arm)
{
	return y_of(arm, "p4 absent") - y_of(arm, "p4 absent in the end");
}

static int64_t grown(const char *arm)
{
	return growth(arm, "p4 absent", "p4 absent in the end").resident_bytes;
}

static void judge(void)
{
	const char *told = "as it circulates", *mended = "mended";

	expect_equal("pages of the fourth block that its write brings in", 0, pages_of_p4(told));
	expect_equal("resident memory grows by the second block's pages, bytes",
		     pages_of_p2(told) * page_bytes(), grown(told));
	/* The 5 KiB are what hides the bug and what gives it away. */
	expect_between("pages that were awaited and did not come", 1,
		       pages_of_p4(mended) - pages_of_p2(told), pages_for(kib(5)) + 1);
	control_equal("mended: pages of the fourth block that are absent in the end", 0,
		      y_of(mended, "p4 absent in the end"));
	control_equal("mended: resident memory grows by the fourth block's pages, bytes",
		      pages_of_p4(mended) * page_bytes(), grown(mended));
	control_equal("mended: pages of the second block that come in", 0, pages_of_p2(mended));
}

const struct experiment experiment = {
	.claim = "the classic demo writes its second block again and shows that as its fourth",
	.asked = "ps showed what I expected. Was my program right?",
	.y_axis = "pages of the block that are not in memory",
	.charted = "y",
	.chart = CHART_BARS,
	.arms = { { "as it circulates", as_it_circulates },
		  { "mended", mended_program, .control = true } },
	.predict = { "The classic demo writes its fourth block of 64 KiB. How many of its pages "
		     "are absent then?",
		     "y", "as it circulates", .to = "p4 absent in the end",
		     .because = "It writes the second block once more, not the fourth. Of that one "
				"only the page with malloc's header is there." },
	.judge = judge,
};
