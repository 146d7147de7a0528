/* SPDX-License-Identifier: MIT */
/* Thousands of requests need only a handful of system calls.
 *
 * malloc() would be slow if it asked the kernel each time.  So when the top of the heap is
 * used up, sysmalloc() asks for M_TOP_PAD (128 KiB) more than it needs, and every small
 * request is cut from that until it is used up too.  In between, malloc() only computes in
 * user space: the break stays where it is, and so does the virtual size.  Someone who
 * looks at VSZ every second sees long plateaus, although the program allocates all the
 * time.
 *
 * Control: with M_TOP_PAD = 0 malloc asks only for what is missing, rounded up to a page,
 * so the break must move about once for each page of chunks.
 * Try: strace -e brk build/2_brk_or_mmap/the_break_moves_rarely --bare="as it is"
 * and then --bare="no padding".  And with size=24: how many requests does a step serve?
 */
#include <unistd.h>

#include "experiment.h"
#include "malloc_knobs.h"
#include "heap_walk.h"
#include "memory.h"

enum { LOOKS = 40 };

static int64_t requests = 10000;
static int64_t request_bytes = 100;

static void as_it_is(void)
{
	int64_t moves = 0;

	wake_malloc();
	record_y("allocated", 0, moves);
	for (int look = 1; look <= LOOKS; look++) {
		for (int64_t i = 0; i < requests / LOOKS; i++) {
			void *before = sbrk(0);
			must_malloc(request_bytes);
			moves += sbrk(0) != before;
		}
		record_y("allocated", look * (requests / LOOKS), moves);
	}
}

static void no_padding(void)
{
	must_set_top_pad(0);
	as_it_is();
}

/* Returns the size of each step of the break: 128 KiB and what is missing, in whole pages.  A
 * request that is no larger than a page lacks at most one. */
static int64_t step_bytes(void)
{
	return DEFAULT_THRESHOLD + page_bytes();
}

/* Returns the number of records that find the break and the virtual size where the moves so far
 * have put them, and not a byte further. */
static int64_t records_that_follow_the_moves(const char *arm)
{
	struct snapshot first = nth_row(arm, "allocated", 0)->is;
	int64_t count = 0;
	const struct row *row;

	for (int n = 0; (row = nth_row(arm, "allocated", n)) != NULL; n++)
		count += row->is.heap_top_bytes - first.heap_top_bytes == row->y * step_bytes() &&
			 row->is.virtual_bytes - first.virtual_bytes == row->y * step_bytes();
	return count;
}

static int64_t moves_of_the_break(const char *arm)
{
	int64_t moves = 0;
	const struct row *row;

	for (int n = 0; (row = nth_row(arm, "allocated", n)) != NULL; n++)
		moves = row->y;
	return moves;
}

static void judge(void)
{
	int64_t chunk = heap_chunk_bytes(request_bytes);
	int64_t bytes = requests / LOOKS * LOOKS * chunk;

	/* The heap begins with as much as a step, and malloc's own data takes less than a page of
	 * it. */
	expect_between("moves of the break: one for each 128 KiB of chunks and a page", "moves",
		       (bytes - 1) / step_bytes(), moves_of_the_break("as it is"),
		       (bytes + page_bytes() - 1) / step_bytes());
	expect_equal("records that find the break and the virtual size where the moves have put them",
		     "records", LOOKS + 1, records_that_follow_the_moves("as it is"));
	/* The first requests still come from the page that wake_malloc() left.  A step is
	 * the page or two that hold the missing chunk. */
	control_between("moves of the break without padding: one for each page or two of chunks",
			"moves", (bytes - page_bytes()) / (page_bytes() + chunk),
			moves_of_the_break("no padding"), bytes / page_bytes() + 1);
}

const struct experiment experiment = {
	.claim = "the break moves rarely: while the top has room, malloc changes neither the "
		 "break nor VSZ",
	.asked = "My program allocates all the time. Why does its size stand still?",
	.x_axis = "requests served",
	.annotate = { { "{moves of the break: one for each 128 KiB}; without padding: {moves of the break without padding}",
			.x = 6250 } },
	.charted = "virtual_bytes",
	.chart = CHART_STEPS,
	.y_axis = "moves of the break so far",
	.knobs = { { "requests", &requests, "", "number of requests", 8000, 1000000 },
		   { "size", &request_bytes, "bytes", "size of each request", 1, 1 * KiB } },
	.arms = { { "as it is", as_it_is }, { "no padding", no_padding, .control = true } },
	.predict = { "How often does the break move for all these requests?", "y", "as it is",
		     .to = "allocated",
		     .because = "Each time sysmalloc() asks for 128 KiB (M_TOP_PAD) more than it "
				"needs, and hundreds of requests are cut from that." },
	.judge = judge,
	.film = true,
	.about_glibc = true,
};
