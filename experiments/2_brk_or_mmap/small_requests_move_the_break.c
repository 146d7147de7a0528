/* SPDX-License-Identifier: MIT */
/* Small blocks are cut from the heap, which ends at the program break.
 *
 * glibc keeps one large free chunk at the end of the heap, the top.  A small request is
 * cut from the top without asking the kernel.  When the top is too small, sysmalloc()
 * (malloc/malloc.c) moves the break with sbrk().  It moves the break not only by what is
 * missing but by M_TOP_PAD (128 KiB) more, rounded up to whole pages.  For requests
 * smaller than a page this makes steps of 128 KiB and one page: 132 KiB with 4 KiB pages.
 * Each step is enough for many requests.
 * (malloc may also ask for huge pages: with GLIBC_TUNABLES=glibc.malloc.hugetlb=1, and on
 * arm64 by itself since glibc 2.43.  Then it rounds up to those: steps of 2 MiB.)
 *
 * Control: with every request sent to mmap(2) (M_MMAP_THRESHOLD = 0, set before there is a
 * heap), the break must stay where it is.
 * Try: size=4000, then size=24: how many requests does a step serve?  And let the program
 * ask for 64 KiB each time (the knob's bound stands in the declaration): how large are the
 * steps now?
 */
#include "experiment.h"
#include "heap_walk.h"
#include "malloc_knobs.h"
#include "memory.h"

static int64_t requests = 1000;
static int64_t request_bytes = 1000;

static void allocate(void)
{
	record("allocated", 0);
	for (int64_t i = 1; i <= requests; i++) {
		must_malloc(request_bytes);
		record("allocated", i * request_bytes);
	}
}

static void heap(void)
{
	wake_malloc();
	allocate();
}

static void all_mmap(void)
{
	must_pin_thresholds(0, DEFAULT_THRESHOLD);
	wake_malloc();
	allocate();
}

/* How often the break moved, and its smallest and its largest move in bytes, NEVER where it did
 * not move. */
struct moves {
	int64_t count, least, most;
};

static struct moves moves_of_the_break(const char *arm)
{
	struct moves moves = { 0, NEVER, NEVER };
	int64_t before = nth_row(arm, "allocated", 0)->is.heap_top_bytes;
	const struct row *row;

	for (int n = 1; (row = nth_row(arm, "allocated", n)) != NULL; n++) {
		int64_t move = row->is.heap_top_bytes - before;
		before = row->is.heap_top_bytes;
		if (move == 0)
			continue;
		moves.least = move < moves.least ? move : moves.least;
		moves.most = moves.count == 0 || move > moves.most ? move : moves.most;
		moves.count++;
	}
	return moves;
}

static void judge(void)
{
	struct moves heap_moves = moves_of_the_break("heap");
	/* At least one byte is missing, and at most the request's chunk, which is no larger
	 * than a page: malloc always keeps a smallest chunk as the top, so that part was there
	 * before, too. */
	int64_t step = DEFAULT_THRESHOLD + page_bytes();
	/* The heap begins with one such step, and malloc's own data takes less than a page of it. */
	int64_t bytes = requests * heap_chunk_bytes(request_bytes);

	expect_equal("the smallest step of the break is 128 KiB and one page", "bytes", step,
		     heap_moves.least);
	expect_equal("the largest step of the break is 128 KiB and one page", "bytes", step,
		     heap_moves.most);
	expect_between("the break moves once for all the requests that fit into a step", "moves",
		       (bytes - 1) / step, heap_moves.count, (bytes + page_bytes() - 1) / step);
	control_equal("with every request sent to mmap, the break does not move", "moves", 0,
		      moves_of_the_break("all mmap").count);
	/* A mapping holds the chunk and at most one more header, in whole pages. */
	int64_t chunk = heap_chunk_bytes(request_bytes);
	control_between("with every request sent to mmap, each one adds its pages to the virtual size",
			"bytes", requests * pages_for(chunk) * page_bytes(),
			growth("all mmap", "allocated", "allocated").virtual_bytes,
			requests * pages_for(chunk + 2 * (int64_t)sizeof(size_t)) * page_bytes());
}

const struct experiment experiment = {
	.claim = "small requests move the program break by 132 KiB at a time (128 KiB and one page), not "
		 "once for each request",
	.asked = "Where does malloc get the memory for small blocks?",
	.x_axis = "bytes requested",
	.x_unit = "bytes",
	.charted = "heap_top_bytes",
	.chart = CHART_STEPS,
	.annotate = { { "{the smallest step of the break} at a time", .x = 256 * KiB } },
	.knobs = { { "requests", &requests, "", "number of requests", 200, 4000 },
		   /* 200 requests of the smallest size are more than the heap's first 132 KiB.
		    * The largest fits into a page of 4 KiB with its header. */
		   { "size", &request_bytes, "bytes", "size of each request", 1000, 4080 } },
	.arms = { { "heap", heap }, { "all mmap", all_mmap, .control = true } },
	.predict = { "After how many requested bytes does the break move for the first time?",
		     "jump of heap_top_bytes", "heap",
		     .because = "The heap begins with 132 KiB, and malloc's own data takes some of "
				"it. Each request also takes 8 bytes of header and is rounded up "
				"to 16, so the sum of the requests is a little smaller." },
	.judge = judge,
	.about_glibc = true,
	.rows = 4096,
	.observe_with = "requests=200",
};
