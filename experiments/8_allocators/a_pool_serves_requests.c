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
 * Control: that new pool each time must be slower than the best malloc: this race
 * can be lost.
 * Try: blocks=2.  How small may a request be before its pool is not worth it?
 */
#define _GNU_SOURCE
#include <dlfcn.h>
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
#define SERVE(allocate, release)                                                                     \
	do {                                                                                         \
		throw_dice();                                                                        \
		record("warming up", 0);                                                             \
		for (int64_t pass = 0; pass < 2; pass++) {                                           \
			int64_t began_ns = probe_clock_ns(), n = 0;                                  \
			for (int64_t request = 0; request < requests; request++) {                   \
				int64_t at = request % OPEN;                                         \
				struct object *last = &head[at];                                     \
				release;                                                             \
				for (int64_t i = 0; i < blocks; i++, last = last->next) {            \
					size_t bytes = size[n++ % SIZES];                            \
					if ((last->next = (allocate)) == NULL)                       \
						broken("out of memory");                             \
				}                                                                    \
				last->next = NULL;                                                   \
			}                                                                            \
			int64_t ns = probe_clock_ns() - began_ns;                                    \
			record_y(pass ? "served" : "warmed up", 0, ns * 1000 / (requests * blocks)); \
		}                                                                                    \
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

static void bump(void)
{
	char *region[OPEN], *free_from[OPEN];

	for (int i = 0; i < OPEN; i++)
		region[i] = must_map(blocks * LARGEST);
	SERVE((void *)(free_from[at] += (bytes + 15) & ~15UL, free_from[at] - ((bytes + 15) & ~15UL)),
	      free_from[at] = region[at]);
}

static struct pool *must_create_pool(void)
{
	struct pool *pool = pool_create(CHUNK);
	if (pool == NULL)
		broken("out of memory for the pool");
	return pool;
}

static void pool_keeps(void)
{
	struct pool *pool[OPEN];

	for (int i = 0; i < OPEN; i++)
		pool[i] = must_create_pool();
	SERVE(pool_alloc(pool[at], bytes), pool_reset(pool[at]));
}

static void pool_gives_back(void)
{
	struct pool *pool[OPEN];

	for (int i = 0; i < OPEN; i++)
		pool[i] = must_create_pool();
	SERVE(pool_alloc(pool[at], bytes), (pool_destroy(pool[at]), pool[at] = must_create_pool()));
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
#endif
}

/* Libraries are preloaded, so that an arm is left out where its library is not installed. */
static void *must_find(const char *function)
{
	void *address = dlsym(RTLD_DEFAULT, function);

	if (address == NULL)
		broken("the library is here and has no %s()", function);
	return address;
}

static void apr_pool(void)
{
	int (*initialize)(void) = must_find("apr_initialize");
	int (*create)(void **pool, void *parent, void *on_abort, void *allocator) =
		must_find("apr_pool_create_ex");
	void *(*alloc)(void *pool, size_t bytes) = must_find("apr_palloc");
	void (*clear)(void *pool) = must_find("apr_pool_clear");
	void *pool[OPEN];

	if (initialize() != 0)
		broken("apr_initialize() failed");
	for (int i = 0; i < OPEN; i++)
		if (create(&pool[i], NULL, NULL, NULL) != 0)
			broken("out of memory for the APR pool");
	SERVE(alloc(pool[at], bytes), clear(pool[at]));
}

/* Samba's.  Each block has a header (what it is a child of), so the pool has to be
 * larger; without one talloc would call malloc for each block. */
static void talloc_pool(void)
{
	void *(*create)(const void *parent, size_t bytes) = must_find("talloc_pool");
	void *(*alloc)(const void *parent, size_t bytes, const char *name) =
		must_find("talloc_named_const");
	void (*clear)(void *parent) = must_find("talloc_free_children");
	void *pool[OPEN];

	for (int i = 0; i < OPEN; i++)
		pool[i] = create(NULL, (size_t)blocks * (LARGEST + 128));
	SERVE(alloc(pool[at], bytes, "block"), clear(pool[at]));
}

static struct samples served(const char *arm)
{
	return growth_samples(arm, "warmed up", "served", elapsed_ns);
}

/* By a tenth at least: less would not be worth a change of the program. */
static const double beaten = 1.1;

static void expect_slower_than_pool(const char *arm)
{
	expect_at_least(sentence_about(arm, "time of the requests, times the pool's"), beaten,
			ratio(served(arm), served("pool")));
}

static struct samples best;

static void take_better(const char *arm)
{
	struct samples time = served(arm);
	if (median_of(time) < median_of(best))
		best = time;
}

static void judge(void)
{
	expect_slower_than_pool("glibc");
	for_each_other_allocator(expect_slower_than_pool);

	best = served("glibc");
	for_each_other_allocator(take_better);
	control_at_least("pool: a new one: time of the requests, times the best malloc's", beaten,
			 ratio(served("pool: a new one"), best));
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
		  { "pool", pool_keeps },
		  { "APR pool", apr_pool, .environment = "LD_PRELOAD=libapr-1.so.0" },
		  { "talloc pool", talloc_pool, .environment = "LD_PRELOAD=libtalloc.so.2" },
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
