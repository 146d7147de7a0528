/* SPDX-License-Identifier: MIT */
/* Small blocks are cut from the heap, which ends at the program break.
 *
 * glibc keeps one large free chunk at the end of the heap, the top.  A small
 * request is cut from it without asking the kernel.  When the top is too small,
 * sysmalloc() (malloc/malloc.c) moves the break with sbrk(), and not just by
 * what is missing: by M_TOP_PAD (128 KiB) more, rounded up to whole pages.  With
 * 4 KiB pages that makes steps of 132 KiB, each good for many requests.
 * (Where malloc asks for huge pages - GLIBC_TUNABLES=glibc.malloc.hugetlb=1, and
 * on arm64 by itself since glibc 2.43 - it rounds up to those: steps of 2 MiB.)
 *
 * Control: with every request sent to mmap(2) (M_MMAP_THRESHOLD = 0, set before
 * there is a heap), the break must stay where it is.
 * Try: size=64K.  The steps get larger: by how much, and why?
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

/* The number of moves of the break, the smallest and the largest; 0 where there is none. */
struct moves {
	int64_t count, least, most;
};

static struct moves moves_of_the_break(const char *arm)
{
	struct moves moves = { 0 };
	int64_t before = nth_row(arm, "allocated", 0)->is.heap_top_bytes;
	const struct row *row;

	for (int n = 1; (row = nth_row(arm, "allocated", n)) != NULL; n++) {
		int64_t move = row->is.heap_top_bytes - before;
		before = row->is.heap_top_bytes;
		if (move == 0)
			continue;
		moves.least = moves.count == 0 || move < moves.least ? move : moves.least;
		moves.count++;
		moves.most = move > moves.most ? move : moves.most;
	}
	return moves;
}

static void judge(void)
{
	struct moves heap_moves = moves_of_the_break("heap");
	/* What is missing is more than nothing and at most the request's chunk: the smallest
	 * chunk that must remain of the top remained there before, too. */
	int64_t chunk = heap_chunk_bytes(request_bytes);
	int64_t least_step = pages_for(DEFAULT_THRESHOLD + 1) * page_bytes();
	int64_t most_step = pages_for(DEFAULT_THRESHOLD + chunk) * page_bytes();

	expect_between("the break moves", 1, heap_moves.count, INT64_MAX);
	expect_between("smallest step of the break, bytes: 128 KiB and what is missing", least_step,
		       heap_moves.least, most_step);
	expect_between("largest step of the break, bytes: 128 KiB and what is missing", least_step,
		       heap_moves.most, most_step);
	expect_between("steps are fewer than requests: many share one", 1, heap_moves.count,
		       requests * chunk / DEFAULT_THRESHOLD + 1);
	control_equal("with every request sent to mmap, moves of the break", 0,
		      moves_of_the_break("all mmap").count);
	/* A mapping holds the chunk and one more header at most, in whole pages. */
	control_between("and yet they are served: addresses added, bytes",
			requests * pages_for(request_bytes) * page_bytes(),
			growth("all mmap", "allocated", "allocated").virtual_bytes,
			requests * pages_for(chunk + 2 * (int64_t)sizeof(size_t)) * page_bytes());
}

const struct experiment experiment = {
	.claim = "small requests move the program break, by 132 KiB at a time and not by the request",
	.asked = "Where does malloc get the memory for small blocks?",
	.x_axis = "bytes requested",
	.charted = "heap_top_bytes",
	.chart = CHART_STEPS,
	.knobs = { { "requests", &requests, "", "number of requests", 200, 4000 },
		   /* 200 of the smallest are more than the heap begins with. */
		   { "size", &request_bytes, "bytes", "size of each request", 1000 } },
	.arms = { { "heap", heap }, { "all mmap", all_mmap, .control = true } },
	.predict = { "After how many requested bytes does the break move for the first time?",
		     "jump of heap_top_bytes", "heap",
		     .because = "The heap begins with 132 KiB, less malloc's own bookkeeping. Each "
				"request takes 8 bytes of header and the rounding up to 16, so a "
				"little less than that can be requested." },
	.judge = judge,
	.rows = 4096,
	.observe_with = "requests=200",
};
