/* SPDX-License-Identifier: MIT */
/* "glibc's malloc does not scale: with threads it gets slower, so take another."
 *
 * So it would be if all threads shared one heap and its one lock.  But a thread
 * has an arena of its own (arena_get2() in malloc/arena.c) and, since glibc 2.26, a
 * cache that needs no lock at all, a few blocks of each size (tcache).  So a thread
 * that frees its own blocks meets no other thread.
 *
 * A block that another thread frees is a different matter: what that thread's cache has
 * no room for goes back to the arena that it came from (arena_for_chunk()), whose lock
 * its owner needs too, and its cache lines move from one CPU to the other.  In the
 * second part each thread frees what its neighbour allocated in the round before.  That
 * costs something even by hand, and every allocator has its own way to pay for it.
 *
 * Two threads can only be in each other's way while both run, and other programs, or
 * the host of a virtual machine, may want a CPU at any moment.  So the threads work in
 * rounds of some ten microseconds and meet before each, everyone on a CPU of his own.
 * The last to come sets the start a fraction of a millisecond ahead: who sees it too late
 * was not running, and the round is void.  Who loses his CPU in a round loses it for
 * milliseconds, and spoils one round of many.  So in the median round all threads ran at
 * the same time, however busy the machine is.  A round takes as long as its slowest
 * thread.  Two threads a CPU take turns instead: colder caches and more arenas, not more
 * CPUs.
 *
 * What two CPUs cannot show: how it goes on.  A lock that two threads share
 * without harm may stop sixty-four; above 8 arenas a CPU threads share arenas
 * (NARENAS_FROM_NCORES, with 64 bits); and between two sockets a cache line costs several
 * times more.  And a median does not show what is rare and dear: a trim, the one request
 * in a million that waits.
 *
 * Control: one arena without tcache is the malloc that the sentence is about, and
 * must slow down.  Blocks recycled by hand, in a list of each thread's own, show
 * what the machine itself loses with every CPU busy: all others are compared to it.
 * Try: GLIBC_TUNABLES in the arm "one lock": which of the two cures is it?
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

static int64_t rounds = 20; /* each of so many pairs of malloc and free */
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

/* Threads that are to run at the same time must not share a CPU. */
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
static void *(*batch)[2][PAIRS]; /* of each thread: of an even and of an odd round */

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

/* Frees what its neighbour allocated in the round before: nobody has to wait for it. */
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
	_Atomic int64_t came;       /* threads that are there */
	_Atomic int64_t begins_ns;  /* 0 until the last has come; NEVER: no more rounds */
	_Atomic int64_t longest_ns; /* what the slowest thread took; VOID */
} rounds_of[MOST_ROUNDS];
static int64_t good_rounds; /* written by who comes last to a round, all others waiting */

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

/* Who comes last decides. */
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

/* Waits for all threads, and then, awake, for the start; false: that was all. */
static bool meet(int64_t n)
{
	struct round *round = &rounds_of[n];
	int64_t begins_ns;

	if (atomic_fetch_add(&round->came, 1) == threads - 1)
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
	request = 1021 * me; /* not all threads in step */
	run_on(me);
	prctl(PR_SET_TIMERSLACK, 1); /* a nap of some microseconds, not of 50 more */
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

/* The void rounds, and those that never were, lie behind the good ones. */
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

static void run(void (*what)(int64_t round), int64_t count, const char *stage)
{
	static pthread_t thread[MOST_THREADS];

	work = what;
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
	unsupported("this is about glibc's malloc, and here is another libc");
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

/* A round of a thread is the same work, alone and with a thread on every CPU.  What
 * the machine itself loses then, by hand, is no allocator's fault: two CPUs may be one
 * core's two threads. */
static struct samples slowdown(const char *arm)
{
	return ratio(samples_of_y(arm, "own blocks: a thread a CPU"),
		     samples_of_y(arm, "own blocks: one thread"));
}

/* What it costs to pass a block on comes on top of what a pair costs anyway, so it is
 * a difference that is compared: a factor would flatter the slow.  Less than 1 ns is
 * taken for 1 ns: nothing can be measured in it. */
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
	expect_at_most(sentence_about(arm, "slowdown with own blocks, times that by hand"), 1.5,
		       ratio(slowdown(arm), slowdown("by hand")));
	expect_at_most(sentence_about(arm, "what a pair takes more with blocks passed on, times "
					   "that by hand"),
		       3, ratio(price_of_passing(arm), price_of_passing("by hand")));
}

static void judge(void)
{
	expect_at_least("glibc: slowdown with own blocks, times that by hand", 1.5,
			ratio(slowdown("glibc"), slowdown("by hand")));
	expect_at_least("glibc: what a pair takes more with blocks passed on, times that by hand",
			3, ratio(price_of_passing("glibc"), price_of_passing("by hand")));
	for_each_other_allocator(expect_no_slowdown);
	control_at_least("one lock: slowdown with own blocks, times that by hand", 1.5,
			 ratio(slowdown("one lock"), slowdown("by hand")));
}

const struct experiment experiment = {
	.claim = "glibc's malloc slows down as threads are added; other allocators do not",
	.asked = "Our server has many threads. Should we replace malloc?",
	.instead =
		"A thread that frees its own blocks runs as fast beside others as alone, in glibc too. "
		"What is dear is to free another thread's blocks, and not in glibc alone: measure that.",
	.x_axis = "threads",
	.y_axis = "ns for 1,000 pairs of malloc and free",
	.charted = "y",
	.chart = CHART_DOTS,
	.chart_options = "log-y",
	.knobs = { { "rounds", &rounds, "", "rounds of 1,024 pairs, each thread", 5,
		     MOST_ROUNDS / 2 } },
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
	.predict = { "One arena and no thread cache: how many times as long as glibc as it is "
		     "does a pair take, with a thread on each CPU?",
		     "y", "one lock", .to = "own blocks: a thread a CPU", .against = "glibc",
		     .because = "Now every malloc() and free() takes the same lock, and the "
				"threads wait for each other: the glibc of the folklore. Caches "
				"and arenas of their own spare them that." },
	.judge = judge,
	.trials = 7,
	.warm_up = true,
	.deep = "rounds=500 trials=15",
};
