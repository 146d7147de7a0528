/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "rounds.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "end.h"
#include "memory.h"
#include "probe.h"
#include "statistics.h"
#include "threads.h"

enum { HEAD_START_NS = 200000 };

struct round {
	_Atomic int64_t arrived;    /* how many threads are waiting for the start */
	_Atomic int64_t begins_ns;  /* 0 until the last thread has arrived; NEVER: no more rounds */
	_Atomic int64_t longest_ns; /* what the slowest thread took; VOID: does not count */
};

static const int64_t NEVER = INT64_MAX, VOID = INT64_MAX;

static const struct team *running;
static struct round *rounds;
static int64_t good_rounds; /* written by the last thread to arrive, while all others wait */

static void keep_longest(struct round *round, int64_t ns)
{
	int64_t so_far = atomic_load(&round->longest_ns);

	while (so_far < ns && !atomic_compare_exchange_weak(&round->longest_ns, &so_far, ns))
		;
}

static bool take_turns(void)
{
	return running->threads > usable_cpus();
}

/* Returns when round n begins, or NEVER.  The last thread to arrive decides that. */
static int64_t begin_of(int64_t n)
{
	if (n > 0 && rounds[n - 1].longest_ns != VOID)
		good_rounds++;
	if (good_rounds == running->rounds || n == running->most_rounds - 1)
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
	struct round *round = &rounds[n];
	int64_t begins_ns;

	if (atomic_fetch_add(&round->arrived, 1) == running->threads - 1)
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
	run_on_cpu((intptr_t)number);
	prctl(PR_SET_TIMERSLACK, 1); /* by default a nap may take 50 microseconds longer */
	running->begin((intptr_t)number);
	for (int64_t n = 0; meet(n); n++) {
		int64_t began_ns = probe_clock_ns();
		running->work(n);
		keep_longest(&rounds[n], probe_clock_ns() - began_ns);
	}
	running->end();
	return NULL;
}

/* Moves the times of the good rounds to the front of ns; returns how many there are. */
static int gather_good_rounds(int64_t *ns)
{
	int count = 0;

	for (int64_t n = 0; n < running->most_rounds; n++)
		if (rounds[n].longest_ns > 0 && rounds[n].longest_ns != VOID)
			ns[count++] = rounds[n].longest_ns;
	return count;
}

static int64_t median_of_good_rounds(void)
{
	int64_t bytes = running->most_rounds * (int64_t)sizeof(int64_t), *ns = must_map(bytes);

	if (good_rounds < running->rounds)
		unsupported("in %lld rounds, all threads ran at the same time in only %lld: other "
			    "programs need the CPUs",
			    (long long)running->most_rounds, (long long)good_rounds);
	int64_t median = median_integer(ns, gather_good_rounds(ns));
	must_unmap(ns, bytes);
	return median;
}

int64_t median_round_ns(const struct team *team)
{
	int64_t bytes = team->most_rounds * (int64_t)sizeof(*rounds);
	pthread_t *thread = must_map(team->threads * (int64_t)sizeof(*thread));

	running = team;
	good_rounds = 0;
	usable_cpus(); /* before any thread is bound to one of them */
	rounds = must_map(bytes);
	memset(rounds, 0, (size_t)bytes);
	for (int64_t i = 0; i < running->threads; i++)
		thread[i] = must_start_thread(work_in_rounds, i);
	for (int64_t i = 0; i < running->threads; i++)
		pthread_join(thread[i], NULL);
	int64_t median = median_of_good_rounds();
	must_unmap(rounds, bytes);
	must_unmap(thread, team->threads * (int64_t)sizeof(*thread));
	return median;
}
