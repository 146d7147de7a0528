/* SPDX-License-Identifier: MIT */
/* A server: many requests, each with a few dozen blocks, all of them soon over.
 *
 * This is where malloc is at its best.  Little is alive at a time, what was freed
 * a moment ago is asked for again, still in the processor's cache, and glibc keeps
 * just such blocks in a list for each size (tcache).  A pool for each request need
 * not look for anything nor free anything, and it stays in the same few pages: the
 * request that comes next gets the pool of one that is over (pool_reset()).
 *
 * Sixteen requests are open at a time, so what dies first was not allocated last:
 * one pool, or one obstack, for all of them would never get empty.
 *
 * What not to do: a new pool for each request (pool_create() and pool_destroy()).
 * That is two system calls, and a page fault for every page, each time.
 *
 * Control: that new pool each time must be slower than glibc's malloc: this race can
 * be lost.
 * Try: blocks=2.  How small may a request be before its pool is not worth it?
 */
#include <sys/types.h>
#ifdef __GLIBC__
#include <obstack.h>
#endif

#include "allocators.h"
#include "dice.h"
#include "experiment.h"
#include "memory.h"
#include "pool.h"

enum { SIZES = 1 << 14, LARGEST = 512, OPEN = 16, CHUNK = 64 * 1024 };

static int64_t requests = 500, blocks = 40;
static uint16_t size[SIZES];

struct object {
	struct object *next;
};
static struct object head[OPEN]; /* of the blocks of each open request */

/* A macro, so that nobody pays for a call that he does not need.  Each request
 * takes the place of an older one, which is over; then come its blocks, which are
 * linked and so written to.  The first pass warms up. */
#define SERVE(allocate, release)                                                                 \
	do {                                                                                     \
		const int64_t all = requests, of_each = blocks;                                  \
		throw_dice();                                                                    \
		record("warming up", 0);                                                         \
		for (int64_t pass = 0; pass < 2; pass++) {                                       \
			int64_t began_ns = probe_clock_ns(), n = 0;                              \
			for (int64_t request = 0; request < all; request++) {                    \
				int64_t at = request % OPEN;                                     \
				struct object *last = &head[at];                                 \
				release;                                                         \
				for (int64_t i = 0; i < of_each; i++, last = last->next) {       \
					size_t bytes = size[n++ % SIZES];                        \
					if ((last->next = (allocate)) == NULL)                   \
						broken("out of memory");                         \
				}                                                                \
				last->next = NULL;                                               \
			}                                                                        \
			int64_t ns = probe_clock_ns() - began_ns;                                \
			record_y(pass ? "served" : "warmed up", 0, ns * 1000 / (all * of_each)); \
		}                                                                                \
	} while (0)

/* The same sizes in every arm. */
static void throw_dice(void)
{
	for (int i = 0; i < SIZES; i++)
		size[i] = (uint16_t)dice_between(16, LARGEST);
	wake_malloc();
}

static void free_all(struct object *object)
{
	while (object != NULL) {
		struct object *next = object->next;
		free(object);
		object = next;
	}
}

static void heap(void)
{
	SERVE(malloc(bytes), free_all(head[at].next));
}

static size_t aligned(size_t bytes)
{
	return (bytes + 15) & ~(size_t)15;
}

static void bump(void)
{
	char *region[OPEN], *free_from[OPEN];

	for (int i = 0; i < OPEN; i++)
		region[i] = must_map(blocks * LARGEST);
	SERVE((void *)(free_from[at] += aligned(bytes), free_from[at] - aligned(bytes)),
	      free_from[at] = region[at]);
}

/* volatile: read and written back for each block, as what outlives the loop must be. */
static void bump_in_memory(void)
{
	char *region[OPEN], *volatile free_from[OPEN], *block;

	for (int i = 0; i < OPEN; i++)
		region[i] = must_map(blocks * LARGEST);
	SERVE((void *)(block = free_from[at], free_from[at] = block + aligned(bytes), block),
	      free_from[at] = region[at]);
}

static void pool_keeps(void)
{
	struct pool *pool[OPEN];

	for (int i = 0; i < OPEN; i++)
		pool[i] = must_create_pool(CHUNK);
	SERVE(pool_alloc(pool[at], bytes), pool_reset(pool[at]));
}

static void pool_gives_back(void)
{
	struct pool *pool[OPEN];

	for (int i = 0; i < OPEN; i++)
		pool[i] = must_create_pool(CHUNK);
	SERVE(pool_alloc(pool[at], bytes),
	      (pool_destroy(pool[at]), pool[at] = must_create_pool(CHUNK)));
}

static void obstack(void)
{
#ifdef __GLIBC__
#define obstack_chunk_alloc must_malloc
#define obstack_chunk_free free
	static struct obstack stack[OPEN];
	void *bottom[OPEN];

	for (int i = 0; i < OPEN; i++) {
		obstack_begin(&stack[i], CHUNK);
		bottom[i] = obstack_alloc(&stack[i], 0);
	}
	SERVE(obstack_alloc(&stack[at], bytes), obstack_free(&stack[at], bottom[at]));
#else
	record("left out: this C library has no obstacks", 0);
#endif
}

static void apr_pool(void)
{
	void *(*alloc)(void *pool, size_t bytes) = must_find("apr_palloc");
	void (*clear)(void *pool) = must_find("apr_pool_clear");
	void *pool[OPEN];

	for (int i = 0; i < OPEN; i++)
		pool[i] = must_create_apr_pool();
	SERVE(alloc(pool[at], bytes), clear(pool[at]));
}

static void talloc_pool(void)
{
	void *(*alloc)(const void *parent, size_t bytes, const char *name) =
		must_find("talloc_named_const");
	void (*clear)(void *parent) = must_find("talloc_free_children");
	void *pool[OPEN];

	for (int i = 0; i < OPEN; i++)
		pool[i] = must_create_talloc_pool(blocks, LARGEST);
	SERVE(alloc(pool[at], bytes, "block"), clear(pool[at]));
}

/* GLib's, for strings: it copies them in, which the others need not.  One byte more
 * than asked for is its closing NUL, which makes multiples of 16, fit for any type. */
static void string_chunk(void)
{
	static const char text[LARGEST + 16];
	void *(*create)(size_t bytes) = must_find("g_string_chunk_new");
	void *(*insert)(void *chunk, const char *text, ssize_t length) =
		must_find("g_string_chunk_insert_len");
	void (*clear)(void *chunk) = must_find("g_string_chunk_clear");
	void *chunk[OPEN];

	for (int i = 0; i < OPEN; i++)
		chunk[i] = create(CHUNK);
	SERVE(insert(chunk[at], text, (ssize_t)(bytes | 15)), clear(chunk[at]));
}

/* GLib's slabs, one for each size: freed one by one, and the size has to be known.  From
 * GLib 2.76 on it is malloc() under another name. */
static void give_all(struct object *object, int64_t dice, void (*give)(size_t bytes, void *block))
{
	for (; object != NULL; dice++) {
		struct object *next = object->next;
		give(size[dice % SIZES], object);
		object = next;
	}
}

static void slices(void)
{
	void *(*alloc)(size_t bytes) = must_find("g_slice_alloc");
	void (*give)(size_t bytes, void *block) = must_find("g_slice_free1");
	int64_t dice[OPEN] = { 0 }; /* of the first block of each open request */

	SERVE(alloc(bytes), (give_all(head[at].next, dice[at], give), dice[at] = n));
}

static struct samples served(const char *arm)
{
	return growth_samples(arm, "warmed up", "served", elapsed_ns);
}

static void judge(void)
{
	const char *sentence = "time of the requests, times the pool's";

	expect_pool_ahead_of("glibc", sentence, served);
	expect_pool_ahead_of_others(sentence, served);
	control_at_least("pool: a new one: time of the requests, times glibc's", 1,
			 ratio(served("pool: a new one"), served("glibc")));
}

const struct experiment experiment = {
	.claim = "a pool for each request, used again for the next, serves faster than any malloc",
	.asked = "Why do web servers allocate from pools?",
	.y_axis = "ns for 1,000 blocks: allocated, written, released",
	.charted = "y",
	.chart = CHART_DOTS,
	.chart_options = "log-y",
	.knobs = { { "requests", &requests, "", "served one after the other", OPEN, 10000000 },
		   { "blocks", &blocks, "", "of each request", 1, 1000 } },
	.arms = { { "bump", bump },
		  { "bump: in memory", bump_in_memory },
		  { "pool", pool_keeps },
		  ARMS_OF_OTHER_POOLS(apr_pool, talloc_pool, string_chunk, slices),
		  { "obstack", obstack },
		  { "glibc", heap },
		  ARMS_OF_OTHER_ALLOCATORS(heap),
		  { "pool: a new one", pool_gives_back, .control = true } },
	.predict = { "How many times as long as the pool does glibc's malloc take for the same "
		     "requests?",
		     "y", "glibc", .to = "served", .against = "pool",
		     .because = "malloc has a list to look at for each block, twice; the pool "
				"moves a pointer, and starts again from the same warm memory at "
				"the next request." },
	.judge = judge,
	.trials = 9,
	.warm_up = true,
	.observe_with = "requests=100",
	.deep = "requests=10000 trials=15",
};
