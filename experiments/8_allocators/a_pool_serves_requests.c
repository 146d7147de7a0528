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
 * What not to do: make a new pool for each request (pool_create() and pool_destroy()).
 * That costs two system calls, and a page fault for every page, each time.
 *
 * Control: with a new pool each time, the requests must take longer than with glibc's
 * malloc.  So a pool can lose this race.
 * Try: blocks=2.  How small may a request be before a pool for it is not worth it?
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
static struct object head[OPEN]; /* the list of the blocks of each open request */

/* Serves all requests twice; the first pass only warms up.  It is a macro, so that no arm pays
 * for a function call that it does not need.  Each request takes the place of an older one that
 * has ended: it releases the blocks of that one, then allocates its own and links them, which
 * writes to each. */
#define SERVE(allocate, release)                                                                 \
	do {                                                                                     \
		const int64_t all = requests, of_each = blocks;                                  \
		draw_sizes();                                                                    \
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

/* Draws the sizes, the same in every arm. */
static void draw_sizes(void)
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

/* volatile: the pointer is read and written back for each block, as a pointer must be that is
 * used after the loop. */
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

/* GLib's pool for strings.  It copies the strings in, which the other pools need not do.  It
 * adds a closing NUL, so with (bytes | 15) each block is a multiple of 16 long, and the next one
 * is aligned for any type. */
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

/* GLib's slabs, one for each size.  Blocks are freed one by one, and the caller has to know
 * their size: n is the number of the first block, as in SERVE().  From GLib 2.76 on this is
 * malloc() under another name. */
static void give_all(struct object *object, int64_t n, void (*give)(size_t bytes, void *block))
{
	for (; object != NULL; n++) {
		struct object *next = object->next;
		give(size[n % SIZES], object);
		object = next;
	}
}

static void slices(void)
{
	void *(*alloc)(size_t bytes) = must_find("g_slice_alloc");
	void (*give)(size_t bytes, void *block) = must_find("g_slice_free1");
	int64_t first[OPEN] = { 0 }; /* the number of the first block of each open request */

	SERVE(alloc(bytes), (give_all(head[at].next, first[at], give), first[at] = n));
}

static struct samples served(const char *arm)
{
	return growth_samples(arm, "warmed up", "served", elapsed_ns);
}

static void judge(void)
{
	const char *sentence = "time of the requests, as a multiple of the pool's";

	expect_pool_ahead_of("glibc", sentence, served);
	expect_pool_ahead_of_others(sentence, served);
	control_at_least("pool: new each time: time of the requests, as a multiple of glibc's", 1,
			 ratio(served("pool: new each time"), served("glibc")));
}

const struct experiment experiment = {
	.claim = "a pool for each request, reused for the next, is faster than any malloc",
	.asked = "Why do web servers allocate from pools?",
	.y_axis = "ns for 1,000 blocks: allocated, written, released",
	.charted = "y",
	.chart = CHART_DOTS,
	.chart_options = "log-y",
	.knobs = { { "requests", &requests, "", "number of requests, served one after the other",
		     OPEN, 10000000 },
		   { "blocks", &blocks, "", "blocks of each request", 1, 1000 } },
	.arms = { { "bump", bump },
		  { "bump: in memory", bump_in_memory },
		  { "pool", pool_keeps },
		  ARMS_OF_OTHER_POOLS(apr_pool, talloc_pool, string_chunk, slices),
		  { "obstack", obstack },
		  { "glibc", heap },
		  ARMS_OF_OTHER_ALLOCATORS(heap),
		  { "pool: new each time", pool_gives_back, .control = true } },
	.predict = { "How many times as long as the pool does glibc's malloc take for the same "
		     "requests?",
		     "y", "glibc", .to = "served", .against = "pool",
		     .because = "malloc uses a list twice for each block: to allocate it and to "
				"free it. The pool moves a pointer, and the next request starts "
				"again in the same memory, which is still in the cache." },
	.judge = judge,
	.trials = 9,
	.warm_up = true,
	.observe_with = "requests=100",
	.deep = "requests=10000 trials=15",
};
