/* SPDX-License-Identifier: MIT */
/* "glibc's malloc does not scale: with threads it gets slower, so take another."
 *
 * That would be true if all threads shared one heap with one lock.  But a thread has
 * an arena of its own (arena_get2() in malloc/arena.c) and, since glibc 2.26, a cache
 * of a few blocks of each size that needs no lock at all (tcache).  So a thread that
 * frees its own blocks meets no other thread.
 *
 * It is different when another thread frees the block.  If the cache of that thread has
 * no room, the block goes back to the arena that it came from (arena_for_chunk()); the
 * thread that owns the arena needs the same lock, and the block's cache lines move from
 * one CPU to the other.  In the second part each thread frees what its neighbour
 * allocated in the round before.  That costs something even when blocks are recycled by
 * hand, and every allocator has its own way to pay for it.  Here the threads meet before
 * each round, and all of them allocate first.  So the owner of an arena seldom allocates
 * while its neighbour frees.  This part is drawn and not judged.  Where a producer never pauses,
 * both threads wait for each other, and the sentence is true for glibc
 * (producers_and_consumers_wait): the load decides.
 *
 * Two threads can only disturb each other while both run, and other programs, or the
 * host of a virtual machine, may need a CPU at any moment.  So the threads work in
 * rounds of some ten microseconds, each thread on a CPU of its own, and begin each round
 * together.  A round in which not all of them were running is void (rounds.h says how that
 * is found out), and the median round counts, however busy the machine is.  With two
 * threads for each CPU, the threads take turns instead: that shows colder caches and
 * more arenas, not more CPUs.
 *
 * Two CPUs cannot show how this continues.  A lock that two threads share without harm
 * may stop sixty-four; above 8 arenas for each CPU, threads share arenas
 * (NARENAS_FROM_NCORES, with 64 bits); and between two sockets a cache line costs several
 * times more.  And a median does not show what is rare and expensive: a trim, or the one
 * request in a million that waits.
 *
 * Control: one arena without tcache is the malloc that the sentence is about, and it
 * must slow down.  A second control recycles blocks by hand, in a list for each thread:
 * it shows what the machine itself loses when every CPU is busy, and all other arms are
 * compared to it.  And the malloc of each other allocator must not be glibc's.
 * Try: take one of the two settings out of the arm "one lock".  Which of the two, arenas
 * or the tcache, is the cure?
 */
#include "allocators.h"
#include "dice.h"
#include "experiment.h"
#include "memory.h"
#include "rounds.h"
#include "statistics.h"
#include "threads.h"

enum { PAIRS = 1024, REQUESTS = 1 << 14, HELD = 512, LARGEST = 512 };
enum { WARM_UP_ROUNDS = 30, MOST_ROUNDS = 2000, TURNS = 3 };

static int64_t rounds = 10; /* each round: PAIRS times malloc and free in each thread */
static uint16_t size[REQUESTS], place[REQUESTS];

static void *(*take)(int64_t bytes) = must_malloc;
static void (*give)(void *block) = free;

/* ---- blocks recycled by hand: the least that an allocator can do --------------- */

static __thread void **recycled;

static void give_by_hand(void *block)
{
	if (block == NULL)
		return;
	*(void **)block = recycled;
	recycled = block;
}

static void *take_by_hand(int64_t bytes)
{
	if (recycled == NULL) {
		int64_t bytes_of_all = INT64_C(4) * PAIRS * LARGEST;
		char *blocks = must_map(bytes_of_all);
		for (int64_t at = 0; at < bytes_of_all; at += LARGEST)
			give_by_hand(blocks + at);
	}
	void **block = recycled;
	recycled = *block;
	(void)bytes;
	return block;
}

/* ---- a round of one thread ------------------------------------------------------- */

static int64_t threads;
static __thread int64_t me, request;
static __thread void *held[HELD];
static void *(*batch)[2][PAIRS]; /* blocks of each thread, from an even and an odd round */

static void *take_and_write(void)
{
	int64_t *block = take(size[request++ % REQUESTS]);

	*block = request;
	return block;
}

static void own_blocks(int64_t round)
{
	(void)round;
	for (int i = 0; i < PAIRS; i++) {
		void **block = &held[place[request % REQUESTS]];
		give(*block);
		*block = take_and_write();
	}
}

/* Frees what the thread's neighbour allocated in the round before, so that no thread has to
 * wait for another. */
static void passed_on(int64_t round)
{
	void **mine = batch[me][round % 2], **theirs = batch[(me + 1) % threads][(round + 1) % 2];

	for (int i = 0; i < PAIRS; i++)
		mine[i] = take_and_write();
	for (int i = 0; i < PAIRS; i++)
		give(theirs[i]);
}

/* ---- one arm ---------------------------------------------------------------------- */

static void hold_and_warm_up(int64_t number)
{
	me = number;
	request = 1021 * me; /* so that the threads do not all ask for the same sizes */
	for (int i = 0; i < HELD; i++)
		held[i] = take_and_write();
	for (int64_t i = 0; i < WARM_UP_ROUNDS; i++)
		own_blocks(i);
}

static void free_held(void)
{
	for (int i = 0; i < HELD; i++)
		give(held[i]);
}

/* Returns the median round of this work in so many threads: ns for 1,000 pairs. */
static int64_t pairs_ns(void (*work)(int64_t round), int64_t count)
{
	const struct team team = { count, hold_and_warm_up, work, free_held, rounds, MOST_ROUNDS };

	threads = count;
	batch = must_map(threads * (int64_t)sizeof(*batch));
	int64_t ns = median_round_ns(&team);
	must_unmap(batch, threads * (int64_t)sizeof(*batch));
	return ns * 1000 / PAIRS;
}

/* Measures one thread and a thread on each CPU in turns, so that what else the machine does disturbs
 * both alike, and records the medians, then two threads on each CPU. */
static void run(void (*work)(int64_t round), const char *one, const char *each, const char *two)
{
	int64_t cpus = usable_cpus(), alone[TURNS], together[TURNS];

	for (int turn = 0; turn < TURNS; turn++) {
		alone[turn] = pairs_ns(work, 1);
		together[turn] = pairs_ns(work, cpus);
	}
	record_y(one, 1, median_integer(alone, TURNS));
	record_y(each, cpus, median_integer(together, TURNS));
	record_y(two, 2 * cpus, pairs_ns(work, 2 * cpus));
}

static void one_thread_and_more(void)
{
	if (usable_cpus() < 2)
		unsupported("there is one CPU here: two threads never run at the same time");
	for (int i = 0; i < REQUESTS; i++) {
		size[i] = (uint16_t)dice_between(16, LARGEST);
		place[i] = (uint16_t)dice_between(0, HELD - 1);
	}
	run(own_blocks, "own blocks: one thread", "own blocks: a thread a CPU",
	    "own blocks: two a CPU");
	run(passed_on, "passed on: one thread", "passed on: a thread a CPU", "passed on: two a CPU");
}

static void by_hand(void)
{
	take = take_by_hand;
	give = give_by_hand;
	one_thread_and_more();
}

/* ---- judgement -------------------------------------------------------------------- */

/* Returns how many times as long a round takes with a thread on every CPU as with one thread.
 * The work of each thread is the same.  What blocks recycled by hand lose is not the fault of
 * an allocator: two CPUs may be the two hardware threads of one core. */
static struct samples slowdown(const char *arm)
{
	return ratio(samples_of_y(arm, "own blocks: a thread a CPU"),
		     samples_of_y(arm, "own blocks: one thread"));
}

static const char slows_down[] = "slowdown with own blocks, as a multiple of the slowdown by hand";

/* Threads that need one lock take turns, so with two of them a pair takes at least twice as long,
 * and longer with more.  What needs no lock takes as long as before. */
static const double in_turns = 2;

static void expect_no_slowdown(const char *arm)
{
	expect_at_most(about(arm, slows_down), in_turns, ratio(slowdown(arm), slowdown("by hand")));
}

static void judge(void)
{
	struct samples glibc = ratio(slowdown("glibc"), slowdown("by hand"));

	expect_at_least(about("glibc", slows_down), in_turns, glibc);
	for_each_other_allocator(expect_no_slowdown);
	control_at_least(about("one lock", slows_down), in_turns,
			 ratio(slowdown("one lock"), slowdown("by hand")));
	control_other_mallocs();
	instead_at_most("glibc: no lock is waited for: slowdown with own blocks, as a multiple of the "
			"slowdown by hand",
			in_turns, glibc);
	instead_at_least("one arena for all: time with own blocks, as a multiple of glibc's", 1.5,
			 ratio(samples_of_y("glibc: one arena", "own blocks: a thread a CPU"),
			       samples_of_y("glibc", "own blocks: a thread a CPU")));
}

const struct experiment experiment = {
	.claim = "glibc's malloc slows down as threads are added that free their own blocks; other "
		 "allocators do not",
	.asked = "Our server has many threads. Should we replace malloc?",
	.instead =
		"A thread that frees its own blocks is as fast beside other threads as alone, in glibc "
		"too, as it has an arena and a cache of its own. With one arena for all it is slower.",
	.x_axis = "threads",
	.y_axis = "ns for 1,000 pairs of malloc and free",
	.y_unit = "ns",
	.charted = "y",
	.chart = CHART_RATIOS,
	.knobs = { { "rounds", &rounds, "", "rounds of 1,024 pairs of malloc and free in each thread",
		     5, MOST_ROUNDS / 2 } },
	.arms = { { "glibc", one_thread_and_more },
		  { "glibc: one arena", one_thread_and_more,
		    .environment = "GLIBC_TUNABLES=glibc.malloc.arena_max=1" },
		  { "glibc: no tcache", one_thread_and_more,
		    .environment = "GLIBC_TUNABLES=glibc.malloc.tcache_count=0" },
		  ARMS_OF_OTHER_ALLOCATORS(one_thread_and_more),
		  { "one lock", one_thread_and_more, .control = true,
		    .environment =
			    "GLIBC_TUNABLES=glibc.malloc.arena_max=1:glibc.malloc.tcache_count=0" },
		  { "by hand", by_hand, .control = true } },
	.predict = { "With a thread on each CPU, how many times as long do malloc and free take "
		     "with one arena and no thread cache as with glibc's defaults?",
		     "y", "one lock", .to = "own blocks: a thread a CPU", .against = "glibc",
		     .because = "Now every malloc() and free() takes the same lock, and the threads "
				"wait for each other: this is the glibc that the claim describes. "
				"A cache and an arena for each thread prevent that." },
	.stages = { "own blocks: one thread", "own blocks: a thread a CPU", "own blocks: two a CPU",
		    "passed on: one thread", "passed on: a thread a CPU", "passed on: two a CPU" },
	.judge = judge,
	.about_glibc = true,
	.trials = 8,
	.warm_up = true,
	.deep = "rounds=500 trials=15",
};
