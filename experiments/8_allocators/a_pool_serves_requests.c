/* SPDX-License-Identifier: MIT */
/* A server handles many requests, each with a few dozen blocks that are soon freed.
 *
 * This is where malloc is at its best.  Few blocks are in use at a time, a block that
 * was freed a moment ago is used again while it is still in the processor's cache, and
 * glibc keeps exactly such blocks in a list for each size (tcache).  A pool for each
 * request has nothing to search and nothing to free.  It also stays in the same few
 * pages: the next request gets the pool of one that has ended (pool_reset()).
 *
 * Sixteen requests are open at a time, so the block that is freed first is not the one
 * that was allocated last: a single pool, or a single obstack, for all requests would
 * never become empty.
 *
 * Of each block only the first 8 bytes are written, the link to the next.  With all of its 264
 * bytes written, on average, the lead falls from 6 to 15 times to 2 to 4.  And the mallocs read the links
 * again to release the blocks, which the pools (but for GSlice) need not do.
 *
 * What not to do: make a new pool for each request (pool_create() and pool_destroy()).
 * That costs two system calls, and a page fault for every page, each time.
 *
 * Control: with a new pool each time, the requests must take longer than with glibc's
 * malloc.  So a pool can lose this race.
 * Try: blocks=2.  How small may a request be before a pool for it is not worth it?
 */
#include "allocators.h"
#include "dice.h"
#include "experiment.h"
#include "memory.h"
#include "pools.h"

enum { SIZES = 1 << 14, LARGEST = 512, OPEN = 16, CHUNK = 64 * 1024 };

static int64_t requests = 500, blocks = 40;
static uint16_t size[SIZES];
static struct block head[OPEN]; /* the list of the blocks of each open request */

static struct pool_needs needs_of_a_request(void)
{
	return (struct pool_needs){ .blocks = blocks,
				    .largest = LARGEST,
				    .chunk_bytes = CHUNK,
				    .size = size,
				    .mask = SIZES - 1 };
}

/* Draws the sizes, the same in every arm. */
static void draw_sizes(void)
{
	for (int i = 0; i < SIZES; i++)
		size[i] = (uint16_t)dice_between(16, LARGEST);
	wake_malloc();
}

/* Serves all requests twice, with pools of one kind (pools.h); the first pass only warms up.  It is
 * a macro, so that no arm pays for a function call that it does not need.  Each request takes the
 * place of an older one that has ended: it releases the blocks of that one, then allocates its own
 * and links them, which writes to each. */
#define ARM(kind)                                                                                  \
	static void kind(void)                                                                     \
	{                                                                                          \
		const int64_t all = requests, of_each = blocks;                                    \
		struct kind pool[OPEN];                                                            \
		for (int i = 0; i < OPEN; i++)                                                     \
			kind##_create(&pool[i], needs_of_a_request());                             \
		draw_sizes();                                                                      \
		record("warming up", 0);                                                           \
		for (int64_t pass = 0; pass < 2; pass++) {                                         \
			int64_t began_ns = probe_clock_ns(), n = 0;                                \
			for (int64_t request = 0; request < all; request++) {                      \
				int64_t at = request % OPEN;                                       \
				struct block *last = &head[at];                                    \
				kind##_clear(&pool[at], head[at].next, n);                         \
				for (int64_t i = 0; i < of_each; i++, last = last->next) {         \
					size_t bytes = size[n++ % SIZES];                          \
					if ((last->next = kind##_alloc(&pool[at], bytes)) == NULL) \
						broken("out of memory");                           \
				}                                                                  \
				last->next = NULL;                                                 \
			}                                                                          \
			int64_t ns = probe_clock_ns() - began_ns;                                  \
			record_y(pass ? "served" : "warmed up", 0, ns * 1000 / (all * of_each));   \
		}                                                                                  \
	}
FOR_EACH_KIND_OF_POOL(ARM)

static struct samples served(const char *arm)
{
	return growth_samples(arm, "warmed up", "served", elapsed_ns);
}

static void judge(void)
{
	const char *sentence = "time of the requests, as a multiple of the pool's";

	expect_pool_ahead_of("glibc", sentence, served);
	expect_pool_ahead_of_others(sentence, served);
	control_other_mallocs();
	control_at_least("pool: new each time: time of the requests, as a multiple of glibc's", 1,
			 ratio(served("pool: new each time"), served("glibc")));
}

const struct experiment experiment = {
	.claim = "a pool for each request, reused for the next, is faster than any malloc",
	.asked = "Why do web servers allocate from pools?",
	.y_axis = "ns for 1,000 blocks: allocated, linked, released",
	.y_unit = "ns",
	.charted = "y",
	.chart = CHART_VALUES,
	.log_y = true,
	.knobs = { { "requests", &requests, "", "number of requests, served one after the other",
		     OPEN, 10000000 },
		   { "blocks", &blocks, "", "blocks of each request", 1, 1000 } },
	.arms = { { "bump", bump },
		  { "bump: in memory", bump_in_memory },
		  { "pool", kept_pool },
		  ARMS_OF_OTHER_POOLS,
		  { "obstack", obstacks },
		  { "glibc", heap },
		  ARMS_OF_OTHER_ALLOCATORS(heap),
		  { "pool: new each time", renewed_pool, .control = true } },
	.predict = { "How many times as long as the pool does glibc's malloc take for the same "
		     "requests?",
		     "y", "glibc", .to = "served", .against = "pool",
		     .because = "malloc uses a list twice for each block: to allocate it and to "
				"free it. The pool moves a pointer, and the next request starts "
				"again in the same memory, which is still in the cache." },
	.stages = { "warmed up", "served" },
	.judge = judge,
	.about_glibc = true,
	.trials = 9,
	.warm_up = true,
	.observe_with = "requests=100",
	.deep = "requests=10000 trials=15",
};
