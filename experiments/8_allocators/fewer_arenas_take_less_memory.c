/* SPDX-License-Identifier: MIT */
/* "Many threads, much memory?  Set MALLOC_ARENA_MAX=2", the best-known advice about
 * glibc's malloc.
 *
 * A thread allocates from its own arena, and a block goes back to the arena that it
 * came from.  What is free in one arena does not serve a thread that uses another.
 * So where threads have their peaks one after the other, every arena grows to the
 * peak of its own threads and stays that large: the process needs the sum of the
 * peaks, not the highest.  With few arenas the next thread fills the holes of the
 * last.
 *
 * The price stands in glibc_slows_down_with_threads, arm "glibc: one arena": threads
 * that run at the same time wait for the lock that they now share.
 *
 * Here each thread in turn allocates and writes a burst of small blocks and frees
 * 9 in 10 of them.  All threads live to the end: the arena of one that has ended
 * would be handed to the next.
 *
 * Control: where all threads hold their bursts at the same time there are no holes
 * to share, and the number of arenas must make no difference.
 * Try: threads=1, threads=4, threads=64.  How does the memory grow with them, and
 * why so much more slowly from some number on?  (8 arenas a CPU, with 64 bits:
 * NARENAS_FROM_NCORES.)
 */
#include <pthread.h>
#include <semaphore.h>
#include <string.h>

#include "allocators.h"
#include "dice.h"
#include "experiment.h"
#include "memory.h"

enum { MOST_THREADS = 256 };

static int64_t threads = 16, burst_bytes = 2 * MiB;
static sem_t allocate[MOST_THREADS], release[MOST_THREADS], done;

static void *burst(void *number)
{
	int64_t n = (intptr_t)number, count = 0, most = burst_bytes / 16 + 1;
	char **block = must_map(most * (int64_t)sizeof(*block));

	write_pages(block, most * (int64_t)sizeof(*block));
	sem_post(&done);
	sem_wait(&allocate[n]);
	for (int64_t bytes = 0; bytes < burst_bytes; count++) {
		int64_t size = dice_between(16, 512);
		block[count] = must_malloc(size);
		write_bytes(block[count], size);
		bytes += size;
	}
	sem_post(&done);
	sem_wait(&release[n]);
	for (int64_t i = 0; i < count; i++)
		if (dice_between(1, 10) < 10)
			free(block[i]);
	sem_post(&done);
	sem_wait(&release[n]); /* is never posted again */
	return NULL;
}

static void start_threads(void)
{
	pthread_t thread;

	wake_malloc();
	sem_init(&done, 0, 0);
	for (int64_t i = 0; i < threads; i++) {
		sem_init(&allocate[i], 0, 0);
		sem_init(&release[i], 0, 0);
		int error = pthread_create(&thread, NULL, burst, (void *)(intptr_t)i);
		if (error != 0)
			broken("cannot start thread %lld: %s (see ulimit -u and -v)",
			       (long long)i + 1, strerror(error));
		sem_wait(&done);
	}
	record("turns", 0);
}

/* One thread runs at a time, so the dice need no lock. */
static void let(sem_t *thread)
{
	sem_post(thread);
	sem_wait(&done);
}

static void in_turn(void)
{
	start_threads();
	for (int64_t i = 0; i < threads; i++) {
		let(&allocate[i]);
		let(&release[i]);
		record("turns", i + 1);
	}
}

static void all_at_once(void)
{
	start_threads();
	for (int64_t i = 0; i < threads; i++) {
		let(&allocate[i]);
		record("turns", i + 1);
	}
}

static int64_t kept(const char *arm)
{
	return growth(arm, "turns", "turns").resident_bytes;
}

static void judge(void)
{
#ifndef __GLIBC__
	unsupported("this libc has no arenas; they are glibc's");
#endif
	expect_between("two arenas: resident after all turns, bytes: half of the default or less",
		       0, kept("two arenas"), kept("default") / 2);
	expect_between("one arena: resident after all turns, bytes: half of the default or less", 0,
		       kept("one arena"), kept("default") / 2);
	control_between("all at once, one arena: resident, bytes: as by default",
			kept("default; all at once") * 9 / 10, kept("one arena; all at once"),
			kept("default; all at once") * 11 / 10);
}

const struct experiment experiment = {
	.claim = "MALLOC_ARENA_MAX=2 makes a program with many threads take less memory",
	.asked = "Our server has many threads and grows. Is it a leak?",
	.x_axis = "threads that have had their turn",
	.charted = "resident_bytes",
	.chart = CHART_LINES,
	.knobs = { { "threads", &threads, "", "number of threads", 1, MOST_THREADS },
		   { "burst", &burst_bytes, "bytes", "what a thread allocates", 64 * KiB, 1 * GiB } },
	.arms = { { "default", in_turn },
		  { "two arenas", in_turn, .environment = "MALLOC_ARENA_MAX=2" },
		  { "one arena", in_turn, .environment = "MALLOC_ARENA_MAX=1" },
		  ARMS_OF_OTHER_ALLOCATORS(in_turn),
		  { "default; all at once", all_at_once, .control = true },
		  { "one arena; all at once", all_at_once, .control = true,
		    .environment = "MALLOC_ARENA_MAX=1" } },
	.predict = { "All threads have had their burst, in turn, and freed 9 blocks in 10. How "
		     "many times as much is resident as with one arena?",
		     "resident_bytes", "default", .against = "one arena",
		     .because = "What a thread has freed stays in its own arena, and the next "
				"thread's burst goes to another. With one arena it would go where "
				"the last one was." },
	.judge = judge,
	.observe_with = "threads=4",
};
