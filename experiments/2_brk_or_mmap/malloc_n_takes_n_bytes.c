/* SPDX-License-Identifier: MIT */
/* malloc(n) cuts a chunk from the heap, and a chunk is larger than n.
 *
 * Each block lies in a chunk that begins with the chunk's size: free() gets only an address, and
 * has to know how much it takes back.  The chunk's size is what checked_request2size() in
 * malloc/malloc.c makes of n: n and one size word (8 bytes on 64-bit machines), rounded up to
 * MALLOC_ALIGNMENT (16 bytes, so that any C type may lie in the block), and at least MINSIZE (32
 * bytes, so that a free chunk can hold the pointers of a list and its size once more).  It is one
 * word and not two, because a block in use may write on into the first word of the chunk
 * behind it.
 *
 * So 1 to 24 bytes cost 32, and 25 cost 48.  A list of a million numbers with one malloc() each
 * takes four times the memory of the numbers, or more, and most of a small block is not data.
 *
 * For each n from 0 up, two blocks are cut from the top, one after the other.  How far apart they
 * begin is what the first one takes.
 *
 * Controls: blocks of a pool (lib/pool/pool.h) have no header, and where n is a multiple of their
 * alignment they must lie n bytes apart.
 * Try: which n fills its chunk to the last byte, and how many of them are there up to 100?
 */
#include "experiment.h"
#include "heap_walk.h"
#include "memory.h"
#include "pool.h"

#define STAGE "two neighbours"

enum {
	SIZES = 2048,
	TCACHE_AND_MORE = 17 /* freed blocks of one size that the tcache can hold, and one more:
				7 blocks up to glibc 2.42, then 16 */
};

static int64_t largest = 1100;

/* Allocates two blocks of n bytes and records how far apart they begin.  Blocks that were freed
 * while the program started are used up before: malloc would take them first.  Returns whether the
 * two lie in the heap. */
static bool record_neighbours(int64_t n)
{
	for (int i = 0; i < TCACHE_AND_MORE; i++)
		must_malloc(n);
	const char *first = must_malloc(n), *second = must_malloc(n);

	record_y(STAGE, n, second - first);
	return is_below_the_break(first) && is_below_the_break(second);
}

static void by_malloc(void)
{
	int64_t in_the_heap = 0;

	for (int64_t n = 0; n <= largest; n++)
		in_the_heap += record_neighbours(n);
	record("in the heap", in_the_heap);
}

/* As above, from a pool.  Which of two blocks of a pool lies lower, the pool may choose. */
static void by_pool(void)
{
	for (int64_t n = POOL_ALIGNMENT; n <= largest; n += POOL_ALIGNMENT) {
		struct pool *pool = pool_create(0);
		const char *first = pool ? pool_alloc(pool, (size_t)n) : NULL;
		const char *second = pool ? pool_alloc(pool, (size_t)n) : NULL;

		if (first == NULL || second == NULL)
			memory_was_refused("pool_alloc", n);
		record_y(STAGE, n, second > first ? second - first : first - second);
		pool_destroy(pool);
	}
}

static int64_t as_told(int64_t n)
{
	return n;
}

/* Returns how many sizes of an arm take what `expected` says. */
static int64_t sizes_that_take(const char *arm, int64_t (*expected)(int64_t n))
{
	const struct row *row;
	int64_t sizes = 0;

	for (int i = 0; (row = nth_row(arm, STAGE, i)) != NULL; i++)
		sizes += row->y == expected(row->x);
	return sizes;
}

/* Returns the most bytes that a block takes beyond those that were asked for. */
static int64_t most_beyond(const char *arm)
{
	const struct row *row;
	int64_t most = 0;

	for (int i = 0; (row = nth_row(arm, STAGE, i)) != NULL; i++)
		if (row->y - row->x > most)
			most = row->y - row->x;
	return most;
}

static void judge(void)
{
	control_equal("sizes n whose blocks lie in the heap", "sizes", largest + 1,
		      nth_row("malloc", "in the heap", 0)->x);
	expect_equal("sizes n that take n bytes", "sizes", largest + 1,
		     sizes_that_take("malloc", as_told));
	instead_equal("sizes n that take n and a size word, in whole chunks", "sizes", largest + 1,
		      sizes_that_take("malloc", heap_chunk_bytes));
	/* The smallest chunk is the one of malloc(0), which nothing is stored in. */
	instead_equal("a block takes beyond what is asked for, at most", "bytes",
		      heap_chunk_bytes(0), most_beyond("malloc"));
	control_equal("pool: sizes n that take n bytes", "sizes", largest / POOL_ALIGNMENT,
		      sizes_that_take("pool", as_told));
}

const struct experiment experiment = {
	.claim = "malloc(n) takes n bytes",
	.asked = "How many bytes does malloc(25) take?",
	.instead = "malloc(n) takes n bytes and a size word, rounded up to 16, and at least 32 "
		   "(on 64-bit machines).",
	.x_axis = "bytes asked for, n",
	.x_unit = "bytes",
	.y_axis = "bytes from one block to the next",
	.y_unit = "bytes",
	.charted = "y",
	.chart = CHART_STEPS,
	.annotate = { { "a block takes up to {a block takes beyond what is asked for} more than n",
			"malloc", STAGE } },
	.knobs = { { "largest", &largest, "bytes", "largest request", 64, SIZES } },
	.arms = { { "malloc", by_malloc }, { "pool", by_pool, .control = true } },
	.rows = SIZES + 2,
	.predict = { "malloc(1100) is called twice, and the second block lies behind the first. How "
		     "many bytes apart do they begin?",
		     "y", "malloc", .to = STAGE,
		     .because = "The chunk holds its size, 8 bytes, and the block, and has a multiple "
				"of 16 bytes." },
	.judge = judge,
	.about_glibc = true,
};
