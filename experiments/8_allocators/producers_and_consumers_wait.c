/* SPDX-License-Identifier: MIT */
/* "malloc slows a program down whose threads pass blocks on."
 *
 * One thread allocates messages and puts them into a queue; another takes them out and frees
 * them.  Such producers and consumers are in every pipeline, and benchmarks of malloc contain
 * them (xmalloc-test: Lever and Boreham, "malloc() Performance in a Multithreaded Linux
 * Environment", USENIX 2000).
 *
 * In glibc a thread's cache holds few blocks of each size (tcache_count: 7, 16 since glibc 2.43).
 * The consumer's cache is soon full, and nobody takes from it.  So each block goes back to the
 * arena of the producer (arena_for_chunk() in malloc/arena.c), whose lock free() takes
 * (_int_free() in malloc/malloc.c).  The producer's cache is always empty, so malloc() takes the
 * same lock (__libc_malloc()).  Both threads want one lock, for every block.
 *
 * The other allocators pass blocks on with less waiting: tcmalloc moves lists of blocks from one
 * cache to the other, jemalloc returns a batch at once, and mimalloc appends a block to a list of
 * its page without a lock.
 *
 * glibc's time is compared to that of the same two threads when each frees its own blocks, and to
 * the time of the other allocators.  Here the queue is a ring that always holds some thousand
 * blocks.  In glibc_slows_down_with_threads the threads meet between allocating and freeing: there
 * the owner of an arena seldom allocates while another thread frees into it, and nobody waits.
 *
 * Controls: blocks that nobody allocates or frees, passed through the same ring, show what the
 * queue costs: it must be a small part of glibc's time.  And the malloc of each other allocator
 * must not be glibc's.
 * Try: `--tunables=glibc.malloc.tcache_count=1000`: can a larger cache help a thread that only frees?
 */
#include <sched.h>
#include <stdatomic.h>

#include "allocators.h"
#include "dice.h"
#include "experiment.h"
#include "memory.h"
#include "rounds.h"
#include "threads.h"

enum { BLOCKS = 1024, RING = 4096, REQUESTS = 1 << 14, LARGEST = 512, MOST_ROUNDS = 4000 };

static int64_t rounds = 10; /* each round: BLOCKS blocks go through a ring */
static uint16_t size[REQUESTS];
static char not_allocated[LARGEST];

static void *take_nothing(int64_t bytes)
{
	(void)bytes;
	return not_allocated;
}

static void give_nothing(void *block)
{
	(void)block;
}

static void *(*take)(int64_t bytes) = must_malloc;
static void (*give)(void *block) = free;

/* ---- rings ------------------------------------------------------------------------ */

/* A ring has one thread that puts and one that gets, so it needs no lock. */
struct ring {
	_Alignas(128) _Atomic int64_t put;
	_Alignas(128) _Atomic int64_t got;
	_Alignas(128) void *block[RING];
};

static struct ring *rings; /* of the two threads */
static __thread int64_t me, request;

static void put(struct ring *ring)
{
	int64_t at = atomic_load_explicit(&ring->put, memory_order_relaxed);
	char *block = take(size[request++ % REQUESTS]);

	block[0] = 1;
	while (at - atomic_load_explicit(&ring->got, memory_order_acquire) == RING)
		sched_yield();
	ring->block[at % RING] = block;
	atomic_store_explicit(&ring->put, at + 1, memory_order_release);
}

static void get(struct ring *ring)
{
	int64_t at = atomic_load_explicit(&ring->got, memory_order_relaxed);

	while (atomic_load_explicit(&ring->put, memory_order_acquire) == at)
		sched_yield();
	give(ring->block[at % RING]);
	atomic_store_explicit(&ring->got, at + 1, memory_order_release);
}

/* ---- a round of one thread ---------------------------------------------------------- */

static void fill(int64_t number)
{
	me = number;
	request = 1021 * me;
	for (int i = 0; i < RING / 2; i++)
		put(&rings[me]);
}

static void drain(void)
{
	int64_t left = atomic_load(&rings[me].put) - atomic_load(&rings[me].got);

	while (left-- > 0)
		get(&rings[me]);
}

/* The first thread produces, and the second consumes; then the ring holds as many as before. */
static void pass_on(int64_t round)
{
	(void)round;
	for (int i = 0; i < BLOCKS; i++)
		if (me == 0)
			put(&rings[0]);
		else
			get(&rings[0]);
}

/* Each thread does half of both. */
static void keep_own(int64_t round)
{
	(void)round;
	for (int i = 0; i < BLOCKS / 2; i++) {
		put(&rings[me]);
		get(&rings[me]);
	}
}

/* Returns the median round of this work in two threads: ns for 1,000 blocks. */
static int64_t blocks_ns(void (*work)(int64_t round))
{
	const struct team team = { 2, fill, work, drain, rounds, MOST_ROUNDS };

	rings = must_map(2 * (int64_t)sizeof(*rings));
	int64_t ns = median_round_ns(&team);
	must_unmap(rings, 2 * (int64_t)sizeof(*rings));
	return ns * 1000 / BLOCKS;
}

static void two_threads(void)
{
	if (usable_cpus() < 2)
		unsupported("there is one CPU here: two threads never run at the same time");
	for (int i = 0; i < REQUESTS; i++)
		size[i] = (uint16_t)dice_between(16, LARGEST);
	record_y("own blocks", 1, blocks_ns(keep_own));
	record_y("passed on", 2, blocks_ns(pass_on));
}

static void by_hand(void)
{
	take = take_nothing;
	give = give_nothing;
	two_threads();
}

/* ---- judgement ------------------------------------------------------------------------ */

/* Two threads that need one lock take turns, so the work of both takes at least twice as long as if
 * neither waited. */
static const double in_turns = 2;

static const char beside_glibc[] = "a block passed on: time, as a multiple of glibc's";

static struct samples multiple_of_glibc(const char *arm)
{
	return ratio(samples_of_y(arm, "passed on"), samples_of_y("glibc", "passed on"));
}

static void expect_faster_than_glibc(const char *arm)
{
	expect_at_most(about(arm, beside_glibc), 1 / in_turns, multiple_of_glibc(arm));
}

static void judge(void)
{
	must_have_another_allocator();
	expect_at_least("glibc: a block passed on: time, as a multiple of an own block's", in_turns,
			ratio(samples_of_y("glibc", "passed on"),
			      samples_of_y("glibc", "own blocks")));
	for_each_other_allocator(expect_faster_than_glibc);
	control_at_most(about("by hand", beside_glibc), 1 / (2 * in_turns),
			multiple_of_glibc("by hand"));
	control_other_mallocs();
}

const struct experiment experiment = {
	.claim = "glibc slows a program down whose threads pass blocks on; other allocators do not",
	.asked = "One thread allocates messages, another frees them. Should we replace malloc?",
	.x_axis = "1: own blocks, 2: passed on",
	.y_axis = "ns for 1,000 blocks",
	.y_unit = "ns",
	.charted = "y",
	.chart = CHART_RATIOS,
	.knobs = { { "rounds", &rounds, "", "rounds of 1,024 blocks", 5, MOST_ROUNDS / 2 } },
	.arms = { ARMS_OF_OTHER_ALLOCATORS(two_threads),
		  { "by hand", by_hand, .control = true },
		  { "glibc", two_threads } }, /* the others are compared to it */
	.predict = { "One thread allocates blocks, and another frees them. How many times as long as "
		     "with tcmalloc does a block take with glibc?",
		     "y", "glibc", .to = "passed on", .against = "tcmalloc",
		     .because =
			     "The thread that frees has a full cache, and the one that allocates an "
			     "empty one. So both need the lock of the same arena for each block." },
	.judge = judge,
	.about_glibc = true,
	.trials = 8,
	.warm_up = true,
	.deep = "rounds=500 trials=15",
};
