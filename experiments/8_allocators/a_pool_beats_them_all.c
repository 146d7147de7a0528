/* SPDX-License-Identifier: MIT */
/* Many small blocks that are freed together: those of a request, a frame, a parsed file.
 *
 * malloc must be ready for any block to be freed first.  So it keeps a record of each
 * block, searches, and does the same work again to free the blocks one by one.  A pool
 * (region, arena) moves a pointer to allocate, and releases all blocks in one step.
 * pool.h is such a pool.  Its peers, where they are installed, are APR pools (Apache's),
 * talloc (Samba's) and GLib's GStringChunk and GSlice.  The limit is "bump": a pointer
 * into memory that is already there, which never asks whether there is still room.
 *
 * The pointer of "bump" stays in a register.  That of an allocator cannot: it has to be
 * in memory when the next caller comes.  "bump: in memory" writes its pointer back for
 * each block.  When the blocks do not fit into the caches, this second store can double
 * the time, because stores wait for their cache lines in order.  The pool stores its
 * pointer too, but it knows where the next block will be and asks for that cache line
 * early (__builtin_prefetch).  How much this helps depends on the processor: with
 * objects=1M the pool took two thirds of the time of "bump" on an Intel Xeon, and a third
 * of its own time without the prefetch.  On an AMD EPYC it gains nothing there, and costs
 * 5 to 10 % where the blocks fit into the caches.
 *
 * Of each block only the first 8 bytes are written, the link to the next.  A program that
 * fills its blocks spends most of its time on that, whichever allocator it has: with all of
 * a block's 264 bytes written, on average, the lead falls from 6 to 15 times to 2 to 4.  And
 * free() needs the address of each block: the mallocs read the links again to release the
 * blocks, and the pools (but for GSlice) do not.
 *
 * In the first round the lead is smaller: each fresh page costs a fault, a hundred
 * nanoseconds a block and more, whichever allocator hands it out.  This is where the
 * common advice, to use a pool, goes wrong.  A pool that gives its memory back after
 * every round (pool_destroy() instead of pool_reset()) pays for the faults every time,
 * and as long as the blocks fit into the caches, every malloc is faster.  (When they do
 * not fit, the mallocs wait for memory too: with objects=1M the best of them may be no
 * faster.)  GNU obstacks give memory back without being asked: they free their chunks,
 * and glibc trims the heap, which has become empty, chunk by chunk.  With trimming
 * switched off they are a fast pool again; the column minor_fault_count shows the
 * difference.
 *
 * Control: the pool that gives its memory back must take several times as long as the
 * bare pointer: a pool is fast because of what it keeps, and can be far from the limit.
 * Try: objects=500K.  When the blocks no longer fit into the caches, how much of the
 * lead is left?
 */
#include "allocators.h"
#include "dice.h"
#include "experiment.h"
#include "memory.h"
#include "pools.h"
#include "statistics.h"

enum { LARGEST = 512, MOST_ROUNDS = 1000 };

static int64_t objects = 20000, rounds = 8;
static int64_t round_ns[MOST_ROUNDS];

/* Draws the sizes, the same in every arm, into memory that comes from no allocator. */
static struct pool_needs draw_sizes(void)
{
	uint16_t *size = must_map(objects * (int64_t)sizeof(*size));

	for (int64_t i = 0; i < objects; i++)
		size[i] = (uint16_t)dice_between(16, LARGEST);
	wake_malloc();
	return (struct pool_needs){ .blocks = objects, .largest = LARGEST, .size = size, .mask = -1 };
}

/* Returns the median of all rounds but the first.  A round takes a tenth of a millisecond.
 * An arm that loses its CPU in a round loses it for milliseconds: such a round must not count. */
static int64_t median_of_later_rounds(void)
{
	return median_integer(round_ns + 1, (int)rounds - 1);
}

/* The rounds of an arm, with a pool of one kind (pools.h).  It is a macro, so that no arm pays for
 * a function call that it does not need.  In a round, objects are allocated and linked, which
 * writes to each, and then released all at once.  At the end the arm gives back what it still
 * has. */
#define ARM(kind)                                                                            \
	static void kind(void)                                                               \
	{                                                                                    \
		const int64_t count = objects;                                               \
		const struct pool_needs needs = draw_sizes();                                \
		struct kind pool;                                                            \
		kind##_create(&pool, needs);                                                 \
		record("start", 0);                                                          \
		for (int64_t round = 0; round < rounds; round++) {                           \
			const uint16_t *bytes_of = needs.size;                               \
			int64_t began_ns = probe_clock_ns();                                 \
			struct block first, *last = &first;                                  \
			for (int64_t i = 0; i < count; i++, last = last->next)               \
				if ((last->next = kind##_alloc(&pool, bytes_of[i])) == NULL) \
					broken("out of memory");                             \
			last->next = NULL;                                                   \
			kind##_clear(&pool, first.next, 0);                                  \
			round_ns[round] = probe_clock_ns() - began_ns;                       \
			if (round == 0)                                                      \
				record("first round", 0);                                    \
		}                                                                            \
		record_y("later rounds", 0, median_of_later_rounds() * 1000 / objects);      \
		kind##_destroy(&pool);                                                       \
		record("destroyed", 0);                                                      \
	}
FOR_EACH_KIND_OF_POOL(ARM)

static struct samples first_round(const char *arm)
{
	return cpu_time(arm, "start", "first round");
}

static struct samples later_rounds(const char *arm)
{
	return samples_of_y(arm, "later rounds");
}

/* How far ahead the pool is depends on the compiler too: the pool's code is inline, so at -O0
 * it runs unoptimised against libraries that are optimised. */
static void judge(void)
{
	const char *first = "time of the first round, as a multiple of the pool's";
	const char *later = "time of later rounds, as a multiple of the pool's";

	expect_pool_ahead_of("glibc", first, first_round);
	expect_pool_ahead_of("glibc", later, later_rounds);
	expect_pool_ahead_of("glibc: no trim", first, first_round);
	expect_pool_ahead_of("glibc: no trim", later, later_rounds);
	expect_pool_ahead_of_others(first, first_round);
	expect_pool_ahead_of_others(later, later_rounds);
	control_other_mallocs();
	expect_between("pool: bytes that stay resident after it was destroyed", "bytes", INT64_MIN,
		       growth("pool", "start", "destroyed").resident_bytes, 0);
	control_at_least("pool: given back: time of later rounds, as a multiple of the bare pointer's",
			 4, ratio(later_rounds("pool: given back"), later_rounds("bump")));
}

const struct experiment experiment = {
	.claim = "for many small blocks released together, a pool that keeps its memory beats every malloc",
	.asked = "When is a memory pool worth it?",
	.y_axis = "ns for 1,000 blocks: allocated, linked, released",
	.y_unit = "ns",
	.charted = "y",
	.chart = CHART_VALUES,
	.log_y = true,
	.knobs = { { "objects", &objects, "", "blocks in a round", 1000, 10000000 },
		   { "rounds", &rounds, "", "number of rounds; the first is judged separately", 2,
		     MOST_ROUNDS } },
	.arms = { { "bump", bump },
		  { "bump: in memory", bump_in_memory },
		  { "pool", kept_pool },
		  ARMS_OF_OTHER_POOLS,
		  { "obstack: no trim", obstacks,
		    .environment = "GLIBC_TUNABLES=glibc.malloc.trim_threshold=1073741824" },
		  { "obstack", obstacks },
		  { "glibc", heap },
		  { "glibc: no trim", heap,
		    .environment = "GLIBC_TUNABLES=glibc.malloc.trim_threshold=1073741824" },
		  ARMS_OF_OTHER_ALLOCATORS(heap),
		  { "pool: given back", renewed_pool, .control = true } },
	.predict = { "How many times as long as the pool does glibc's malloc take for a round of "
		     "these blocks?",
		     "y", "glibc", .to = "later rounds", .against = "pool",
		     .because = "malloc keeps a record of each block, and frees them one by one. "
				"The pool moves a pointer to allocate, releases all blocks in one "
				"step, and keeps its pages." },
	.judge = judge,
	.about_glibc = true,
	.trials = 9,
	.warm_up = true,
	.deep = "objects=1M rounds=4 trials=9",
};
