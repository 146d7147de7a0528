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
 * hand, and every allocator has its own way to pay for it.
 *
 * Two threads can only disturb each other while both run, and other programs, or the
 * host of a virtual machine, may need a CPU at any moment.  So the threads work in
 * rounds of some ten microseconds, each thread on a CPU of its own, and meet before each
 * round.  The last thread to arrive sets the start of the round a fraction of a
 * millisecond ahead.  A thread that sees this time too late was not running, and the
 * round is void.  A thread that loses its CPU in a round loses it for milliseconds, and
 * spoils one round of many.  So in the median round all threads ran at the same time,
 * however busy the machine is.  A round takes as long as its slowest thread.  With two
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
 * compared to it.
 * Try: take one of the two settings out of the arm "one lock".  Which of the two, arenas
 * or the tcache, is the cure?
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "allocators.h"
#include "dice.h"
#include "experiment.h"
#include "memory.h"

enum { PAIRS = 1024, REQUESTS = 1 << 14, HELD = 512, LARGEST = 512 };
enum {
	WARM_UP_ROUNDS = 30,
	MOST_ROUNDS = 2000,
	HEAD_START_NS = 200000,
	MOST_THREADS = 2 * CPU_SETSIZE
};

static int64_t rounds = 20; /* each round: PAIRS times malloc and free in each thread */
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

/* ---- CPUs ------------------------------------------------------------------------ */

static cpu_set_t allowed; /* those that this process may use */

static int64_t cpus(void)
{
	return CPU_COUNT(&allowed);
}

/* Binds the calling thread to the nth CPU that this process may use: threads that are to run
 * at the same time must not share one. */
static void run_on(int64_t nth)
{
	cpu_set_t one;
	int cpu = -1;

	for (int64_t n = -1; n < nth % cpus(); n++)
		do
			cpu++;
		while (!CPU_ISSET(cpu, &allowed));
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) != 0)
		broken("sched_setaffinity failed for CPU %d", cpu);
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

static void (*work)(int64_t round);
static struct round {
	_Atomic int64_t arrived;    /* how many threads are waiting for the start */
	_Atomic int64_t begins_ns;  /* 0 until the last thread has arrived; NEVER: no more rounds */
	_Atomic int64_t longest_ns; /* what the slowest thread took; VOID: does not count */
} rounds_of[MOST_ROUNDS];
static int64_t good_rounds; /* written by the last thread to arrive, while all others wait */

static const int64_t NEVER = INT64_MAX, VOID = INT64_MAX;

static void keep_longest(struct round *round, int64_t ns)
{
	int64_t so_far = atomic_load(&round->longest_ns);

	while (so_far < ns && !atomic_compare_exchange_weak(&round->longest_ns, &so_far, ns))
		;
}

static bool take_turns(void)
{
	return threads > cpus();
}

/* Returns when round n begins, or NEVER.  The last thread to arrive decides that. */
static int64_t begin_of(int64_t n)
{
	if (n > 0 && rounds_of[n - 1].longest_ns != VOID)
		good_rounds++;
	if (good_rounds == rounds || n == MOST_ROUNDS - 1)
		return NEVER;
	return probe_clock_ns() + (take_turns() ? 0 : HEAD_START_NS);
}

static void wait_a_little(void)
{
	static const struct timespec nap = { .tv_nsec = 10000 };

	if (take_turns())
		sched_yield();
	else
		nanosleep(&nap, NULL);
}

/* Waits until all threads have arrived, and then, without sleeping, for the start of round n.
 * Returns false when there are no more rounds. */
static bool meet(int64_t n)
{
	struct round *round = &rounds_of[n];
	int64_t begins_ns;

	if (atomic_fetch_add(&round->arrived, 1) == threads - 1)
		atomic_store(&round->begins_ns, begin_of(n));
	while ((begins_ns = atomic_load(&round->begins_ns)) == 0)
		wait_a_little();
	if (begins_ns == NEVER)
		return false;
	if (!take_turns() && probe_clock_ns() > begins_ns)
		keep_longest(round, VOID);
	while (probe_clock_ns() < begins_ns)
		;
	return true;
}

static void *work_in_rounds(void *number)
{
	me = (intptr_t)number;
	request = 1021 * me; /* so that the threads do not all ask for the same sizes */
	run_on(me);
	prctl(PR_SET_TIMERSLACK, 1); /* by default a nap may take 50 microseconds longer */
	for (int i = 0; i < HELD; i++)
		held[i] = take_and_write();
	for (int64_t i = 0; i < WARM_UP_ROUNDS; i++)
		own_blocks(i);
	for (int64_t n = 0; meet(n); n++) {
		int64_t began_ns = probe_clock_ns();
		work(n);
		keep_longest(&rounds_of[n], probe_clock_ns() - began_ns);
	}
	for (int i = 0; i < HELD; i++)
		give(held[i]);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	int64_t x = ((const struct round *)a)->longest_ns;
	int64_t y = ((const struct round *)b)->longest_ns;
	return (x > y) - (x < y);
}

/* Returns the median time of the good rounds.  Sorting puts the void rounds, and those that
 * never began, behind them. */
static int64_t median_round_ns(void)
{
	for (int i = 0; i < MOST_ROUNDS; i++)
		if (rounds_of[i].longest_ns == 0)
			rounds_of[i].longest_ns = VOID;
	qsort(rounds_of, MOST_ROUNDS, sizeof(rounds_of[0]), compare);
	if (good_rounds < rounds)
		unsupported("in %d rounds, all threads ran at the same time in only %lld: other "
			    "programs need the CPUs",
			    MOST_ROUNDS, (long long)good_rounds);
	return rounds_of[good_rounds / 2].longest_ns;
}

/* Runs work_of_a_round in so many threads and records the median round under a stage. */
static void run(void (*work_of_a_round)(int64_t round), int64_t count, const char *stage)
{
	static pthread_t thread[MOST_THREADS];

	work = work_of_a_round;
	threads = count;
	good_rounds = 0;
	batch = must_map(threads * (int64_t)sizeof(*batch));
	memset(rounds_of, 0, sizeof(rounds_of));
	for (int64_t i = 0; i < threads; i++) {
		int error = pthread_create(&thread[i], NULL, work_in_rounds, (void *)(intptr_t)i);
		if (error != 0)
			broken("cannot start thread %lld: %s", (long long)i + 1, strerror(error));
	}
	for (int64_t i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	must_unmap(batch, threads * (int64_t)sizeof(*batch));
	record_y(stage, threads, median_round_ns() * 1000 / PAIRS);
}

static void one_thread_and_more(void)
{
#ifndef __GLIBC__
	unsupported("this is about glibc's malloc, and this program uses another libc");
#endif
	sched_getaffinity(0, sizeof(allowed), &allowed);
	if (cpus() < 2)
		unsupported("there is one CPU here: two threads never run at the same time");
	for (int i = 0; i < REQUESTS; i++) {
		size[i] = (uint16_t)dice_between(16, LARGEST);
		place[i] = (uint16_t)dice_between(0, HELD - 1);
	}
	run(own_blocks, 1, "own blocks: one thread");
	run(own_blocks, cpus(), "own blocks: a thread a CPU");
	run(own_blocks, 2 * cpus(), "own blocks: two a CPU");
	run(passed_on, 1, "passed on: one thread");
	run(passed_on, cpus(), "passed on: a thread a CPU");
	run(passed_on, 2 * cpus(), "passed on: two a CPU");
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

/* Returns what a pair of malloc and free costs more when the block is passed on.  This is a
 * difference, because the price comes on top of what a pair costs anyway: a ratio would make a
 * slow allocator look good.  Less than 1 ns for a pair cannot be measured and counts as 1 ns. */
static struct samples price_of_passing(const char *arm)
{
	struct samples more = samples_of_y(arm, "passed on: a thread a CPU");
	struct samples alone = samples_of_y(arm, "passed on: one thread");

	for (int i = 0; i < more.count; i++) {
		more.value[i] -= alone.value[i];
		if (more.value[i] < 1000)
			more.value[i] = 1000;
	}
	return more;
}

static void expect_no_slowdown(const char *arm)
{
	expect_at_most(sentence_about(arm, "slowdown with own blocks, as a multiple of the "
					   "slowdown by hand"),
		       1.5, ratio(slowdown(arm), slowdown("by hand")));
	expect_at_most(sentence_about(arm, "extra time for a block passed on, as a multiple of that "
					   "by hand"),
		       3, ratio(price_of_passing(arm), price_of_passing("by hand")));
}

static void judge(void)
{
	expect_at_least("glibc: slowdown with own blocks, as a multiple of the slowdown by hand",
			1.5, ratio(slowdown("glibc"), slowdown("by hand")));
	expect_at_least("glibc: extra time for a block passed on, as a multiple of that by hand", 3,
			ratio(price_of_passing("glibc"), price_of_passing("by hand")));
	for_each_other_allocator(expect_no_slowdown);
	control_at_least("one lock: slowdown with own blocks, as a multiple of the slowdown by hand",
			 1.5, ratio(slowdown("one lock"), slowdown("by hand")));
}

const struct experiment experiment = {
	.claim = "glibc's malloc slows down as threads are added; other allocators do not",
	.asked = "Our server has many threads. Should we replace malloc?",
	.instead =
		"A thread that frees its own blocks is as fast beside other threads as alone, in glibc "
		"too. Freeing another thread's blocks is expensive, and not only in glibc: measure that.",
	.x_axis = "threads",
	.y_axis = "ns for 1,000 pairs of malloc and free",
	.charted = "y",
	.chart = CHART_DOTS,
	.chart_options = "log-y",
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
	.judge = judge,
	.trials = 7,
	.warm_up = true,
	.deep = "rounds=500 trials=15",
};
