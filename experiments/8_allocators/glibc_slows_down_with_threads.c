/* SPDX-License-Identifier: MIT */
/* "glibc's malloc does not scale: with threads it gets slower, so take another."
 *
 * That was true when all threads shared one heap and its one lock.  Today a
 * thread has an arena of its own (arena_get2() in malloc/arena.c) and, since
 * glibc 2.26, a cache that needs no lock at all: seven blocks of each size
 * (tcache).  So a thread that frees its own blocks meets no other thread.
 *
 * A block that another thread frees is a different matter: it goes back to the
 * arena that it came from (arena_for_chunk()), whose lock its owner needs too,
 * and its cache lines move from one CPU to the other.  The second part passes
 * batches of blocks on, through a mailbox that never makes a thread wait (who comes
 * back before anyone else gets his own batch, about half of the time).  That costs
 * every allocator something, each by its own design: look at mimalloc.
 *
 * A thread does the same work however many there are, so the time should stay as
 * it is up to the number of CPUs.  Beyond, threads take turns, and the chart shows
 * the time of a CPU, not of the clock on the wall.
 *
 * What two CPUs cannot show: how it goes on.  A lock that two threads share
 * without harm may stop sixty-four; above 8 arenas a CPU threads share arenas;
 * and between two sockets a cache line costs several times more.
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

#include "allocators.h"
#include "dice.h"
#include "experiment.h"
#include "memory.h"

enum { REQUESTS = 1 << 14, HELD = 512, BATCH = 256, LARGEST = 512 };

static int64_t pairs = 40000;
static uint16_t size[REQUESTS], place[REQUESTS];
static pthread_barrier_t together;
static _Atomic(void **) mailbox;

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
		int64_t bytes_of_all = INT64_C(4) * HELD * LARGEST;
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

/* A thread that has just been woken may have to wait behind the one that woke it
 * while another CPU is idle: one that is told where to run does not. */
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

/* ---- what one thread does ------------------------------------------------------- */

static void *take_and_write(int64_t request)
{
	int64_t *block = take(size[request % REQUESTS]);
	*block = request;
	return block;
}

static void *own_blocks(void *number)
{
	int64_t from = 1021 * (int64_t)(intptr_t)number; /* not all threads in step */
	void **held = must_map(HELD * sizeof(*held));

	run_on((intptr_t)number);
	for (int i = 0; i < HELD; i++)
		held[i] = take_and_write(from + i);
	pthread_barrier_wait(&together);
	pthread_barrier_wait(&together);
	for (int64_t i = from; i < from + pairs; i++) {
		void **block = &held[place[i % REQUESTS]];
		give(*block);
		*block = take_and_write(i);
	}
	pthread_barrier_wait(&together);
	for (int i = 0; i < HELD; i++)
		give(held[i]);
	return NULL;
}

static void *passed_on(void *number)
{
	int64_t from = 1021 * (int64_t)(intptr_t)number;
	void **batch = must_map(BATCH * sizeof(*batch));

	run_on((intptr_t)number);
	give(take_and_write(from)); /* what a thread's first request sets up */
	write_pages(batch, BATCH * sizeof(*batch));
	pthread_barrier_wait(&together);
	pthread_barrier_wait(&together);
	for (int64_t i = from; i < from + pairs; i += BATCH) {
		for (int n = 0; n < BATCH; n++)
			batch[n] = take_and_write(i + n);
		batch = atomic_exchange(&mailbox, batch); /* somebody else's */
		for (int n = 0; n < BATCH; n++)
			give(batch[n]);
	}
	pthread_barrier_wait(&together);
	return NULL;
}

/* ---- one arm ---------------------------------------------------------------------- */

static void run(void *(*work)(void *), int64_t threads, const char *begins, const char *ends)
{
	static pthread_t thread[2 * CPU_SETSIZE];

	pthread_barrier_init(&together, NULL, (unsigned)threads + 1);
	for (int64_t i = 0; i < threads; i++) {
		int error = pthread_create(&thread[i], NULL, work, (void *)(intptr_t)i);
		if (error != 0)
			broken("cannot start thread %lld: %s", (long long)i + 1, strerror(error));
	}
	pthread_barrier_wait(&together); /* all are ready */
	record(begins, threads);
	int64_t began_ns = probe_clock_ns();
	pthread_barrier_wait(&together);
	pthread_barrier_wait(&together);
	int64_t cpu_ns = (probe_clock_ns() - began_ns) * (threads < cpus() ? threads : cpus());
	record_y(ends, threads, cpu_ns * 1000 / (pairs * threads));
	for (int64_t i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
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
	mailbox = must_map(BATCH * sizeof(*mailbox));
	run(own_blocks, 1, "warm-up begins", "warm-up");
	run(own_blocks, 1, "own blocks begin: one thread", "own blocks: one thread");
	run(own_blocks, cpus(), "own blocks begin: a thread a CPU", "own blocks: a thread a CPU");
	run(own_blocks, 2 * cpus(), "own blocks begin: two a CPU", "own blocks: two a CPU");
	run(passed_on, 1, "passed on begin: one thread", "passed on: one thread");
	run(passed_on, cpus(), "passed on begin: a thread a CPU", "passed on: a thread a CPU");
	run(passed_on, 2 * cpus(), "passed on begin: two a CPU", "passed on: two a CPU");
}

static void by_hand(void)
{
	take = take_by_hand;
	give = give_by_hand;
	pairs *= 4; /* they are quick, and what starts the threads must not count */
	one_thread_and_more();
}

/* ---- judgement -------------------------------------------------------------------- */

/* The work of a thread is the same in both: its time with every CPU busy, times that alone. */
static struct samples own(const char *arm)
{
	return ratio(growth_samples(arm, "own blocks begin: a thread a CPU",
				    "own blocks: a thread a CPU", elapsed_ns),
		     growth_samples(arm, "own blocks begin: one thread", "own blocks: one thread",
				    elapsed_ns));
}

static struct samples passed(const char *arm)
{
	return ratio(growth_samples(arm, "passed on begin: a thread a CPU",
				    "passed on: a thread a CPU", elapsed_ns),
		     growth_samples(arm, "passed on begin: one thread", "passed on: one thread",
				    elapsed_ns));
}

/* What the machine itself loses, by hand, is no allocator's fault: two CPUs may be
 * one core's two threads, and a cache line that changes hands has its price. */
static void expect_no_slowdown(const char *arm)
{
	expect_at_most(sentence_about(arm, "slowdown with own blocks, times that by hand"), 1.5,
		       ratio(own(arm), own("by hand")));
	expect_at_most(sentence_about(arm, "slowdown with blocks passed on, times that by hand"),
		       1.5, ratio(passed(arm), passed("by hand")));
}

static void judge(void)
{
	expect_at_least("glibc: slowdown with own blocks, times that by hand", 1.5,
			ratio(own("glibc"), own("by hand")));
	expect_at_least("glibc: slowdown with blocks passed on, times that by hand", 1.5,
			ratio(passed("glibc"), passed("by hand")));
	for_each_other_allocator(expect_no_slowdown);
	/* Also fails where the threads had one CPU between them, the other being busy
	 * elsewhere: who never runs at the same time never waits for a lock. */
	control_at_least("one lock: slowdown with own blocks, times that by hand", 1.5,
			 ratio(own("one lock"), own("by hand")));
}

const struct experiment experiment = {
	.claim = "glibc's malloc slows down as threads are added; other allocators do not",
	.asked = "Our server has many threads. Should we replace malloc?",
	.instead =
		"A thread that frees its own blocks runs as fast beside others as alone, in glibc too. "
		"What is dear is to free another thread's blocks, and not in glibc alone: measure that.",
	.x_axis = "threads",
	.y_axis = "ns of a CPU for 1,000 pairs of malloc and free",
	.charted = "y",
	.chart = CHART_DOTS,
	.chart_options = "log-y",
	.knobs = { { "pairs", &pairs, "", "pairs of malloc and free, each thread", 1000, 100000000 } },
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
	.trials = 9,
	.warm_up = true,
	.deep = "pairs=300000 trials=15",
};
