/* SPDX-License-Identifier: MIT */
/* Many small blocks that die together: a request, a frame, a file that is parsed.
 *
 * malloc must be ready for any block to be freed first, so it keeps a record of
 * each, searches, and does it all again to free them one by one.  A pool (region,
 * arena) moves a pointer to allocate, and forgets all blocks in one step.
 * lib/pool.h is one; APR pools (Apache's), talloc (Samba's) and GLib's GStringChunk
 * and GSlice are its peers, where they are installed; nothing can be faster than
 * "bump", a pointer into memory that is already there.
 *
 * The first round is less of a victory: fresh pages cost a fault each, a hundred
 * nanoseconds a block and more, whoever hands them out.  And that is where the
 * advice goes wrong.  A pool that gives its memory back after every round
 * (pool_destroy() instead of pool_reset()) pays for the faults every time, and
 * an allocator that keeps its memory overtakes it.  GNU obstacks do the same
 * without being told: they free their chunks, and glibc trims the heap that has
 * become empty, chunk by chunk.  With the trimming switched off they are a fast
 * pool again; the column minor_fault_count tells the two apart.
 *
 * Control: the pool that gives back must be slower than the best malloc: this
 * race can be lost.
 * Try: objects=500K.  When the blocks no longer fit into the caches, what is
 * left of the lead?
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

enum { LARGEST = 512 };

static int64_t objects = 20000, rounds = 5;
static uint16_t *size;

struct object {
	struct object *next;
};

/* A macro, so that nobody pays for a call that he does not need: objects are
 * allocated and linked, which writes to each, then released all at once. */
#define ROUNDS(allocate, release)                                                           \
	do {                                                                                \
		record("start", 0);                                                         \
		for (int64_t round = 0, ns = 0; round < rounds; round++) {                  \
			int64_t began_ns = probe_clock_ns();                                \
			struct object first, *last = &first;                                \
			for (int64_t i = 0; i < objects; i++, last = last->next)            \
				if ((last->next = (allocate)) == NULL)                      \
					broken("out of memory");                            \
			last->next = NULL;                                                  \
			release;                                                            \
			if (round > 0)                                                      \
				ns += probe_clock_ns() - began_ns;                          \
			if (round == 0)                                                     \
				record("first round", 0);                                   \
			else if (round == rounds - 1)                                       \
				record_y("later rounds", 0, ns * 1000 / (objects * round)); \
		}                                                                           \
	} while (0)

/* The same sizes in every arm, in memory that is no allocator's. */
static void throw_dice(void)
{
	size = must_map(objects * (int64_t)sizeof(*size));
	for (int64_t i = 0; i < objects; i++)
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
	throw_dice();
	ROUNDS(malloc((size_t)size[i]), free_all(first.next));
}

static void bump(void)
{
	throw_dice();
	char *region = must_map(objects * LARGEST), *at = region;
	ROUNDS((void *)(at += (size[i] + 15) & ~15, at - ((size[i] + 15) & ~15)), at = region);
}

static struct pool *must_create_pool(void)
{
	struct pool *pool = pool_create(0);
	if (pool == NULL)
		broken("out of memory for the pool");
	return pool;
}

static void pool_keeps(void)
{
	throw_dice();
	struct pool *pool = must_create_pool();
	ROUNDS(pool_alloc(pool, size[i]), pool_reset(pool));
}

static void pool_gives_back(void)
{
	throw_dice();
	struct pool *pool = must_create_pool();
	ROUNDS(pool_alloc(pool, size[i]), (pool_destroy(pool), pool = must_create_pool()));
}

static void obstack(void)
{
#ifdef __GLIBC__
#define obstack_chunk_alloc must_malloc
#define obstack_chunk_free free
	struct obstack stack;

	throw_dice();
	obstack_init(&stack);
	void *bottom = obstack_alloc(&stack, 0);
	ROUNDS(obstack_alloc(&stack, size[i]), obstack_free(&stack, bottom));
#endif
}

/* Preloaded, so that the arm is left out where the library is not installed. */
static void apr_pool(void)
{
	int (*initialize)(void) = dlsym(RTLD_DEFAULT, "apr_initialize");
	int (*create)(void **pool, void *parent, void *on_abort, void *allocator) =
		dlsym(RTLD_DEFAULT, "apr_pool_create_ex");
	void *(*alloc)(void *pool, size_t bytes) = dlsym(RTLD_DEFAULT, "apr_palloc");
	void (*clear)(void *pool) = dlsym(RTLD_DEFAULT, "apr_pool_clear");
	void *pool;

	if (initialize == NULL || create == NULL || alloc == NULL || clear == NULL ||
	    initialize() != 0 || create(&pool, NULL, NULL, NULL) != 0)
		broken("libapr-1.so.0 is here and does not work as APR 1");
	throw_dice();
	ROUNDS(alloc(pool, size[i]), clear(pool));
}

static void *must_find(const char *function)
{
	void *address = dlsym(RTLD_DEFAULT, function);

	if (address == NULL)
		broken("the library is here and has no %s()", function);
	return address;
}

/* Samba's.  Each block has a header (what it is a child of), so the pool has to be
 * larger; without one talloc would call malloc for each block. */
static void talloc_pool(void)
{
	void *(*create)(const void *parent, size_t bytes) = must_find("talloc_pool");
	void *(*alloc)(const void *parent, size_t bytes, const char *name) =
		must_find("talloc_named_const");
	void (*clear)(void *parent) = must_find("talloc_free_children");

	throw_dice();
	void *pool = create(NULL, (size_t)objects * (LARGEST + 128));
	ROUNDS(alloc(pool, size[i], "block"), clear(pool));
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

	throw_dice();
	void *chunk = create(64 * KiB);
	ROUNDS(insert(chunk, text, (size[i] | 15)), clear(chunk));
}

/* GLib's slabs, one for each size: freed one by one, and the size has to be known. */
static void give_all(struct object *object, void (*give)(size_t bytes, void *block))
{
	for (int64_t i = 0; object != NULL; i++) {
		struct object *next = object->next;
		give(size[i], object);
		object = next;
	}
}

static void slices(void)
{
	void *(*alloc)(size_t bytes) = must_find("g_slice_alloc");
	void (*give)(size_t bytes, void *block) = must_find("g_slice_free1");

	throw_dice();
	ROUNDS(alloc(size[i]), give_all(first.next, give));
}

static struct samples first_round(const char *arm)
{
	return growth_samples(arm, "start", "first round", elapsed_ns);
}

static struct samples later_rounds(const char *arm)
{
	return growth_samples(arm, "first round", "later rounds", elapsed_ns);
}

/* By a tenth at least: less would not be worth a change of the program.  How far
 * ahead the pool is hangs on the compiler too: its code is inline, and at -O0 it
 * races unoptimised against libraries that are not. */
static const double beaten = 1.1;

static void expect_slower_than_pool(const char *arm)
{
	expect_at_least(sentence_about(arm, "time of the first round, times the pool's"), beaten,
			ratio(first_round(arm), first_round("pool")));
	expect_at_least(sentence_about(arm, "time of later rounds, times the pool's"), beaten,
			ratio(later_rounds(arm), later_rounds("pool")));
}

static struct samples best;

static void take_better(const char *arm)
{
	struct samples time = later_rounds(arm);
	if (median_of(time) < median_of(best))
		best = time;
}

static void judge(void)
{
	expect_slower_than_pool("glibc");
	expect_slower_than_pool("glibc: no trim");
	for_each_other_allocator(expect_slower_than_pool);

	best = later_rounds("glibc: no trim");
	for_each_other_allocator(take_better);
	control_at_least("pool, given back: time of later rounds, times the best malloc's", beaten,
			 ratio(later_rounds("pool: given back"), best));
}

const struct experiment experiment = {
	.claim = "many small blocks, released together: a pool that keeps its memory beats every malloc",
	.asked = "When is a memory pool worth it?",
	.y_axis = "ns for 1,000 blocks: allocated, written, released",
	.charted = "y",
	.chart = CHART_DOTS,
	.chart_options = "log-y",
	.knobs = { { "objects", &objects, "", "blocks in a round", 1000, 10000000 },
		   { "rounds", &rounds, "", "rounds; the first is judged apart", 2, 1000 } },
	.arms = { { "bump", bump },
		  { "pool", pool_keeps },
		  { "APR pool", apr_pool, .environment = "LD_PRELOAD=libapr-1.so.0" },
		  { "talloc pool", talloc_pool, .environment = "LD_PRELOAD=libtalloc.so.2" },
		  { "GStringChunk", string_chunk, .environment = "LD_PRELOAD=libglib-2.0.so.0" },
		  { "GSlice", slices, .environment = "LD_PRELOAD=libglib-2.0.so.0" },
		  { "obstack: no trim", obstack,
		    .environment = "GLIBC_TUNABLES=glibc.malloc.trim_threshold=1073741824" },
		  { "obstack", obstack },
		  { "glibc", heap },
		  { "glibc: no trim", heap,
		    .environment = "GLIBC_TUNABLES=glibc.malloc.trim_threshold=1073741824" },
		  ARMS_OF_OTHER_ALLOCATORS(heap),
		  { "pool: given back", pool_gives_back, .control = true } },
	.predict = { "How many times as long as the pool does glibc's malloc take for a round of "
		     "these blocks?",
		     "y", "glibc", .to = "later rounds", .against = "pool",
		     .because = "malloc keeps account of each block, and frees them one by one. "
				"The pool moves a pointer to allocate, forgets all blocks in one "
				"step, and keeps its pages." },
	.judge = judge,
	.trials = 9,
	.warm_up = true,
	.deep = "objects=200000 rounds=10 trials=15",
};
