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
 * objects=1M the pool takes two thirds of the time of "bump" on an Intel Xeon.  On an AMD
 * EPYC it takes one and a half times that time, no more than "bump: in memory" does.
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
#include <sys/mman.h>
#include <sys/types.h>
#ifdef __GLIBC__
#include <obstack.h>
#endif

#include "allocators.h"
#include "dice.h"
#include "experiment.h"
#include "memory.h"
#include "pool.h"

enum { LARGEST = 512, MOST_ROUNDS = 1000 };

static int64_t objects = 20000, rounds = 8;
static uint16_t *size;
static int64_t round_ns[MOST_ROUNDS];

struct object {
	struct object *next;
};

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* Returns the median of all rounds but the first.  A round takes a tenth of a millisecond.
 * An arm that loses its CPU in a round loses it for milliseconds: such a round must not count. */
static int64_t median_round_ns(void)
{
	qsort(round_ns + 1, (size_t)rounds - 1, sizeof(round_ns[0]), compare);
	return round_ns[1 + (rounds - 1) / 2];
}

/* Runs the rounds of an arm.  It is a macro, so that no arm pays for a function call that it
 * does not need.  In a round, objects are allocated and linked, which writes to each, and then
 * released all at once.  At the end the arm gives back what it still has. */
#define ROUNDS(allocate, release, destroy)                                       \
	do {                                                                     \
		const int64_t count = objects;                                   \
		record("start", 0);                                              \
		for (int64_t round = 0; round < rounds; round++) {               \
			const uint16_t *bytes_of = size;                         \
			int64_t began_ns = probe_clock_ns();                     \
			struct object first, *last = &first;                     \
			for (int64_t i = 0; i < count; i++, last = last->next) { \
				size_t bytes = bytes_of[i];                      \
				if ((last->next = (allocate)) == NULL)           \
					broken("out of memory");                 \
			}                                                        \
			last->next = NULL;                                       \
			release;                                                 \
			round_ns[round] = probe_clock_ns() - began_ns;           \
			if (round == 0)                                          \
				record("first round", 0);                        \
		}                                                                \
		record_y("later rounds", 0, median_round_ns() * 1000 / objects); \
		destroy;                                                         \
		record("destroyed", 0);                                          \
	} while (0)

/* Draws the sizes, the same in every arm, into memory that comes from no allocator. */
static void draw_sizes(void)
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
	draw_sizes();
	ROUNDS(malloc(bytes), free_all(first.next), );
}

static size_t aligned(size_t bytes)
{
	return (bytes + 15) & ~(size_t)15;
}

static void bump(void)
{
	draw_sizes();
	char *region = must_map(objects * LARGEST), *at = region;
	ROUNDS((void *)(at += aligned(bytes), at - aligned(bytes)), at = region,
	       munmap(region, (size_t)(objects * LARGEST)));
}

/* volatile: the pointer is read and written back for each block, as a pointer must be that is
 * used after the loop. */
static void bump_in_memory(void)
{
	draw_sizes();
	char *region = must_map(objects * LARGEST), *block, *volatile at = region;
	ROUNDS((void *)(block = at, at = block + aligned(bytes), block), at = region,
	       munmap(region, (size_t)(objects * LARGEST)));
}

static void pool_keeps(void)
{
	draw_sizes();
	struct pool *pool = must_create_pool(0);
	ROUNDS(pool_alloc(pool, bytes), pool_reset(pool), pool_destroy(pool));
}

static void pool_gives_back(void)
{
	draw_sizes();
	struct pool *pool = must_create_pool(0);
	ROUNDS(pool_alloc(pool, bytes), (pool_destroy(pool), pool = must_create_pool(0)),
	       pool_destroy(pool));
}

static void obstack(void)
{
#ifdef __GLIBC__
#define obstack_chunk_alloc must_malloc
#define obstack_chunk_free free
	struct obstack stack;

	draw_sizes();
	obstack_init(&stack);
	void *bottom = obstack_alloc(&stack, 0);
	ROUNDS(obstack_alloc(&stack, bytes), obstack_free(&stack, bottom),
	       obstack_free(&stack, NULL));
#else
	record("left out: this C library has no obstacks", 0);
#endif
}

static void apr_pool(void)
{
	void *(*alloc)(void *pool, size_t bytes) = must_find("apr_palloc");
	void (*clear)(void *pool) = must_find("apr_pool_clear");
	void (*destroy)(void *pool) = must_find("apr_pool_destroy");

	draw_sizes();
	void *pool = must_create_apr_pool();
	ROUNDS(alloc(pool, bytes), clear(pool), destroy(pool));
}

static void talloc_pool(void)
{
	void *(*alloc)(const void *parent, size_t bytes, const char *name) =
		must_find("talloc_named_const");
	void (*clear)(void *parent) = must_find("talloc_free_children");
	int (*destroy)(void *pool, const char *where) = must_find("_talloc_free");

	draw_sizes();
	void *pool = must_create_talloc_pool(objects, LARGEST);
	ROUNDS(alloc(pool, bytes, "block"), clear(pool), destroy(pool, ""));
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
	void (*destroy)(void *chunk) = must_find("g_string_chunk_free");

	draw_sizes();
	void *chunk = create(64 * KiB);
	ROUNDS(insert(chunk, text, (ssize_t)(bytes | 15)), clear(chunk), destroy(chunk));
}

/* GLib's slabs, one for each size.  Blocks are freed one by one, and the caller has to know
 * their size.  From GLib 2.76 on this is malloc() under another name. */
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

	draw_sizes();
	ROUNDS(alloc(bytes), give_all(first.next, give), );
}

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
	expect_between("pool: bytes that stay resident after it was destroyed", INT64_MIN,
		       growth("pool", "start", "destroyed").resident_bytes, 0);
	control_at_least("pool: given back: time of later rounds, as a multiple of the bare pointer's",
			 4, ratio(later_rounds("pool: given back"), later_rounds("bump")));
}

const struct experiment experiment = {
	.claim = "for many small blocks released together, a pool that keeps its memory beats every malloc",
	.asked = "When is a memory pool worth it?",
	.y_axis = "ns for 1,000 blocks: allocated, written, released",
	.charted = "y",
	.chart = CHART_DOTS,
	.chart_options = "log-y",
	.knobs = { { "objects", &objects, "", "blocks in a round", 1000, 10000000 },
		   { "rounds", &rounds, "", "number of rounds; the first is judged separately", 2,
		     MOST_ROUNDS } },
	.arms = { { "bump", bump },
		  { "bump: in memory", bump_in_memory },
		  { "pool", pool_keeps },
		  ARMS_OF_OTHER_POOLS(apr_pool, talloc_pool, string_chunk, slices),
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
		     .because = "malloc keeps a record of each block, and frees them one by one. "
				"The pool moves a pointer to allocate, releases all blocks in one "
				"step, and keeps its pages." },
	.judge = judge,
	.trials = 9,
	.warm_up = true,
	.deep = "objects=1M rounds=4 trials=9",
};
