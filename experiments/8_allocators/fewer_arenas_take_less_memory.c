/* SPDX-License-Identifier: MIT */
/* "Many threads, much memory?  Set MALLOC_ARENA_MAX=2": this is the best-known advice
 * about glibc's malloc.
 *
 * A thread allocates from its own arena, and a block goes back to the arena that it
 * came from.  A thread cannot use what is free in the arena of another thread.  So
 * when the threads have their peaks one after the other, every arena grows to the peak
 * of its own threads and stays that large: the process needs the sum of the peaks, not
 * just the highest of them.  With few arenas, the next thread fills the holes that the
 * last one left.
 *
 * glibc_slows_down_with_threads measures the price, in the arm "glibc: one arena": threads
 * that run at the same time wait for the lock that they now share.
 *
 * Here one thread after the other allocates and writes a burst of small blocks and
 * frees 9 in 10 of them.  All threads live until the end, because glibc would give the
 * arena of a thread that has ended to the next thread.
 *
 * Control: when all threads hold their bursts at the same time, there are no holes to
 * share, so the number of arenas must make no difference.
 * Try: threads=4, threads=64.  How does the memory grow with the number of
 * threads, and why does it grow much more slowly above some number?  (With 64 bits
 * there are at most 8 arenas for each CPU: NARENAS_FROM_NCORES.)
 */
#include <semaphore.h>
#include <unistd.h>

#include "arm_limits.h"
#include "dice.h"
#include "experiment.h"
#include "memory.h"
#include "threads.h"

enum { MOST_THREADS = 256, SMALLEST = 16, LARGEST = 512 };

static int64_t threads = 16, burst_bytes = 2 * MiB;
static sem_t allocate[MOST_THREADS], release[MOST_THREADS], done;

static void *burst(void *number)
{
	int64_t n = (intptr_t)number, count = 0, most_blocks = burst_bytes / SMALLEST + 1;
	char **block = must_map(most_blocks * (int64_t)sizeof(*block));

	write_pages(block, most_blocks * (int64_t)sizeof(*block));
	sem_post(&done);
	sem_wait(&allocate[n]);
	for (int64_t bytes = 0; bytes < burst_bytes; count++) {
		int64_t size = dice_between(SMALLEST, LARGEST);
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
	sem_wait(&release[n]); /* for ever: nobody posts it again */
	return NULL;
}

static void start_threads(void)
{
	must_have_memory(2 * threads * burst_bytes);
	must_have_64_bits(); /* with 32 bits, there are two arenas a CPU anyway */
	wake_malloc();
	sem_init(&done, 0, 0);
	for (int64_t i = 0; i < threads; i++) {
		sem_init(&allocate[i], 0, 0);
		sem_init(&release[i], 0, 0);
		must_start_thread(burst, i);
		sem_wait(&done);
	}
	record("turns", 0);
}

/* Lets one thread do its next step and waits until it is done.  Only one thread runs at a
 * time, so dice_between() needs no lock. */
static void run_step(sem_t *thread)
{
	sem_post(thread);
	sem_wait(&done);
}

static void in_turn(void)
{
	start_threads();
	for (int64_t i = 0; i < threads; i++) {
		run_step(&allocate[i]);
		run_step(&release[i]);
		record("turns", i + 1);
	}
}

static void all_at_once(void)
{
	start_threads();
	for (int64_t i = 0; i < threads; i++) {
		run_step(&allocate[i]);
		record("turns", i + 1);
	}
}

static int64_t kept(const char *arm)
{
	return growth(arm, "turns", "turns").resident_bytes;
}

/* Returns how many tenths of a burst so many arenas keep after all turns, or as many as there are by
 * default.  The first burst in each arena is new memory.  Each later one leaves a tenth of itself in
 * use, and fills holes with the rest. */
static int64_t tenths_kept(int64_t arenas)
{
	int64_t by_default = 8 * sysconf(_SC_NPROCESSORS_ONLN); /* NARENAS_FROM_NCORES, 64 bits */

	if (arenas == 0)
		arenas = by_default;
	if (arenas > threads)
		arenas = threads;
	return 10 * arenas + (threads - arenas);
}

/* The cache of each thread also keeps up to 7 freed blocks of each size (16 since glibc 2.43) from the
 * others.  An eighth more: a block does not fill its hole exactly. */
static int64_t most_kept(int64_t arenas)
{
	int64_t cached = 0;

	for (int64_t size = SMALLEST; size <= LARGEST; size += 16)
		cached += 16 * size;
	int64_t most =
		kept("default") * tenths_kept(arenas) / tenths_kept(0) * 9 / 8 + threads * cached;
	return most < kept("default") ? most : kept("default") - 1;
}

static void judge(void)
{
	expect_between(
		"two arenas: resident bytes after all turns, of two bursts and what stays in use",
		"bytes", 0, kept("two arenas"), most_kept(2));
	expect_between("one arena: resident bytes after all turns, of one burst and what stays in use",
		       "bytes", 0, kept("one arena"), most_kept(1));
	control_between("one arena; all at once: resident bytes, about as many as by default",
			"bytes", kept("default; all at once") * 9 / 10,
			kept("one arena; all at once"), kept("default; all at once") * 11 / 10);
}

const struct experiment experiment = {
	.claim = "MALLOC_ARENA_MAX=2 makes a program with many threads take less memory",
	.asked = "Our server has many threads and grows. Is it a leak?",
	.x_axis = "threads that have had their turn",
	.charted = "resident_bytes",
	.chart = CHART_LINES,
	.knobs = { { "threads", &threads, "", "number of threads", 4, MOST_THREADS },
		   { "burst", &burst_bytes, "bytes", "how much each thread allocates", 1 * MiB,
		     64 * MiB } },
	.arms = { { "default", in_turn },
		  { "two arenas", in_turn, .environment = "MALLOC_ARENA_MAX=2" },
		  { "one arena", in_turn, .environment = "MALLOC_ARENA_MAX=1" },
		  { "default; all at once", all_at_once, .control = true },
		  { "one arena; all at once", all_at_once, .control = true,
		    .environment = "MALLOC_ARENA_MAX=1" } },
	.predict = { "One after the other, all threads have allocated their burst and freed 9 "
		     "blocks in 10. How many times as much is resident as with one arena?",
		     "resident_bytes", "default", .against = "one arena",
		     .because = "What a thread has freed stays in its own arena, and the next "
				"thread's burst goes to another arena. With one arena it fills "
				"the holes that the last burst left." },
	.judge = judge,
	.about_glibc = true,
	.observe_with = "threads=4",
};
