/* SPDX-License-Identifier: MIT */
/* Many small blocks that die together: a request, a frame, a file that is parsed.
 *
 * malloc must be ready for any block to be freed first, so it keeps a record of
 * each, searches, and does it all again to free them one by one.  A pool (region,
 * arena) moves a pointer to allocate, and forgets all blocks in one step.
 * lib/pool/pool.h is one; APR pools (Apache's), talloc (Samba's) and GLib's GStringChunk
 * and GSlice are its peers, where they are installed; the limit is "bump", a pointer
 * into memory that is already there, without any question whether there is still room.
 *
 * That pointer lives in a register, which no allocator's can: it has to be in memory
 * when the next caller comes.  "bump: in memory" writes it back for each block, and when
 * the blocks do not fit into the caches that second store can double the time: stores
 * wait for their cache lines in order.  The pool stores its pointer too.  But it knows
 * where the next block will be, and asks for that line early (__builtin_prefetch).  That
 * is worth as much as the processor makes of it: with objects=1M an Intel Xeon takes two
 * thirds of the bare pointer's time, an AMD EPYC half as much again, no more than with the
 * pointer in memory.
 *
 * The first round is less of a victory: fresh pages cost a fault each, a hundred
 * nanoseconds a block and more, whoever hands them out.  And that is where the
 * advice goes wrong.  A pool that gives its memory back after every round
 * (pool_destroy() instead of pool_reset()) pays for the faults every time, and as
 * long as the blocks fit into the caches every malloc overtakes it.  (When they do
 * not, the mallocs wait for memory too: with objects=1M the best of them may be no
 * faster.)  GNU obstacks do the same
 * without being told: they free their chunks, and glibc trims the heap that has
 * become empty, chunk by chunk.  With the trimming switched off they are a fast
 * pool again; the column minor_fault_count tells the two apart.
 *
 * Control: the pool that gives back must take several times as long as the bare
 * pointer: a pool wins by what it keeps, and can be far from the limit.
 * Try: objects=500K.  When the blocks no longer fit into the caches, what is
 * left of the lead?
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

/* Of all rounds but the first.  Who loses his CPU in a round of a tenth of a millisecond
 * loses it for milliseconds: that must not count. */
static int64_t median_round_ns(void)
{
	qsort(round_ns + 1, (size_t)rounds - 1, sizeof(round_ns[0]), compare);
	return round_ns[1 + (rounds - 1) / 2];
}

/* A macro, so that nobody pays for a call that he does not need: objects are
 * allocated and linked, which writes to each, then released all at once.  At the end
 * the arm gives away what it still has. */
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
	ROUNDS(malloc(bytes), free_all(first.next), );
}

static size_t aligned(size_t bytes)
{
	return (bytes + 15) & ~(size_t)15;
}

static void bump(void)
{
	throw_dice();
	char *region = must_map(objects * LARGEST), *at = region;
	ROUNDS((void *)(at += aligned(bytes), at - aligned(bytes)), at = region,
	       munmap(region, (size_t)(objects * LARGEST)));
}

/* volatile: read and written back for each block, as what outlives the loop must be. */
static void bump_in_memory(void)
{
	throw_dice();
	char *region = must_map(objects * LARGEST), *block, *volatile at = region;
	ROUNDS((void *)(block = at, at = block + aligned(bytes), block), at = region,
	       munmap(region, (size_t)(objects * LARGEST)));
}

static void pool_keeps(void)
{
	throw_dice();
	struct pool *pool = must_create_pool(0);
	ROUNDS(pool_alloc(pool, bytes), pool_reset(pool), pool_destroy(pool));
}

static void pool_gives_back(void)
{
	throw_dice();
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

	throw_dice();
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

	throw_dice();
	void *pool = must_create_apr_pool();
	ROUNDS(alloc(pool, bytes), clear(pool), destroy(pool));
}

static void talloc_pool(void)
{
	void *(*alloc)(const void *parent, size_t bytes, const char *name) =
		must_find("talloc_named_const");
	void (*clear)(void *parent) = must_find("talloc_free_children");
	int (*destroy)(void *pool, const char *where) = must_find("_talloc_free");

	throw_dice();
	void *pool = must_create_talloc_pool(objects, LARGEST);
	ROUNDS(alloc(pool, bytes, "block"), clear(pool), destroy(pool, ""));
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
	void (*destroy)(void *chunk) = must_find("g_string_chunk_free");

	throw_dice();
	void *chunk = create(64 * KiB);
	ROUNDS(insert(chunk, text, (ssize_t)(bytes | 15)), clear(chunk), destroy(chunk));
}

/* GLib's slabs, one for each size: freed one by one, and the size has to be known.  From
 * GLib 2.76 on it is malloc() under another name. */
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

/* How far ahead the pool is hangs on the compiler too: its code is inline, and at -O0
 * it races unoptimised against libraries that are not. */
static void judge(void)
{
	const char *first = "time of the first round, times the pool's";
	const char *later = "time of later rounds, times the pool's";

	expect_pool_ahead_of("glibc", first, first_round);
	expect_pool_ahead_of("glibc", later, later_rounds);
	expect_pool_ahead_of("glibc: no trim", first, first_round);
	expect_pool_ahead_of("glibc: no trim", later, later_rounds);
	expect_pool_ahead_of_others(first, first_round);
	expect_pool_ahead_of_others(later, later_rounds);
	expect_between("pool: bytes that stay resident when it is destroyed", INT64_MIN,
		       growth("pool", "start", "destroyed").resident_bytes, 0);
	control_at_least("pool: given back: time of later rounds, times the bare pointer's", 4,
			 ratio(later_rounds("pool: given back"), later_rounds("bump")));
}

const struct experiment experiment = {
	.claim = "many small blocks, released together: a pool that keeps its memory beats every malloc",
	.asked = "When is a memory pool worth it?",
	.y_axis = "ns for 1,000 blocks: allocated, written, released",
	.charted = "y",
	.chart = CHART_DOTS,
	.chart_options = "log-y",
	.knobs = { { "objects", &objects, "", "blocks in a round", 1000, 10000000 },
		   { "rounds", &rounds, "", "rounds; the first is judged apart", 2, MOST_ROUNDS } },
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
		     .because = "malloc keeps account of each block, and frees them one by one. "
				"The pool moves a pointer to allocate, forgets all blocks in one "
				"step, and keeps its pages." },
	.judge = judge,
	.trials = 9,
	.warm_up = true,
	.deep = "objects=1M rounds=4 trials=9",
};
