/* SPDX-License-Identifier: MIT */
/* Eight threads, eight heaps.
 *
 * Who cuts blocks from a heap must lock it.  So that threads need not wait for
 * each other, glibc gives a thread that calls malloc() for the first time an arena
 * of its own, with a lock of its own (arena_get2() in malloc/arena.c).  There is
 * only one break, and the main arena has it; the others live in mappings:
 * new_heap() reserves HEAP_MAX_SIZE (64 MiB on 64-bit machines) of addresses
 * without access rights, and opens them with mprotect(2) as the arena grows.
 *
 * That is why a program with many threads shows an alarming VSZ.  It costs next
 * to nothing: the arena's own data and the first blocks, a page or two.
 *
 * Seven threads are started beside the main one and wait (their stacks are
 * mappings too); then each in turn calls malloc(100) once and stays alive: the
 * arena of a thread that has ended is handed to the next one.
 *
 * Control: with glibc.malloc.arena_max=1 all blocks must lie below the break and
 * the virtual size must stay.
 * Try: threads=8 times the number of CPUs.  Beyond 8 arenas per CPU (2 on 32-bit
 * machines), the main one counted (NARENAS_FROM_NCORES), threads share: which arena does
 * the last one get?
 */
#include <pthread.h>
#include <semaphore.h>
#include <string.h>

#include "experiment.h"
#include "malloc_knobs.h"
#include "memory.h"

enum { MOST_THREADS = 256 };

/* HEAP_MAX_SIZE in malloc/arena.c: twice the largest mmap threshold. */
#define ARENA_BYTES (sizeof(long) == 8 ? 64 * MiB : 1 * MiB)

static int64_t threads = 7; /* and the main one: as many arenas as one CPU allows */
static sem_t ready, go[MOST_THREADS], done;
static void *blocks[MOST_THREADS];

/* Stays alive until the arm ends the process. */
static void *allocate_once(void *number)
{
	sem_post(&ready);
	sem_wait(&go[(intptr_t)number]);
	blocks[(intptr_t)number] = must_malloc(100);
	sem_post(&done);
	sem_wait(&go[(intptr_t)number]); /* is never posted again */
	return NULL;
}

static void start_threads(void)
{
	pthread_t thread;

	sem_init(&ready, 0, 0);
	sem_init(&done, 0, 0);
	for (int64_t i = 0; i < threads; i++) {
		sem_init(&go[i], 0, 0);
		int error = pthread_create(&thread, NULL, allocate_once, (void *)(intptr_t)i);
		if (error != 0)
			broken("cannot start thread %lld: %s (see ulimit -u and -v)",
			       (long long)i + 1, strerror(error));
		sem_wait(&ready);
	}
}

static void one_block_in_each_thread(void)
{
	wake_malloc();
	start_threads();
	record("malloc(100) in threads", 0);
	for (int64_t i = 0; i < threads; i++) {
		sem_post(&go[i]);
		sem_wait(&done);
		record_y("malloc(100) in threads", i + 1, is_below_the_break(blocks[i]));
	}
}

static int64_t blocks_below_the_break(const char *arm)
{
	const struct row *row;
	int64_t count = 0;

	for (int n = 1; (row = nth_row(arm, "malloc(100) in threads", n)) != NULL; n++)
		count += row->y;
	return count;
}

static struct snapshot grown(const char *arm)
{
	return growth(arm, "malloc(100) in threads", "malloc(100) in threads");
}

static void judge(void)
{
#ifndef __GLIBC__
	unsupported("this libc has no arenas; they are glibc's");
#endif
	struct snapshot own = grown("own arenas"), one = grown("one arena");

	expect_equal("blocks of threads that lie below the break", 0,
		     blocks_below_the_break("own arenas"));
	expect_equal("the break moves by, bytes", 0, own.heap_top_bytes);
	expect_equal("addresses reserved, bytes: 64 MiB for each thread", threads * ARENA_BYTES,
		     own.virtual_bytes);
	/* Less than 4 KiB of arena data, thread cache and block, on one page or two;
	 * and the thread's stack may reach one page deeper than it had. */
	expect_between("memory that becomes resident, bytes: one to three pages a thread",
		       threads * page_bytes(), own.resident_bytes, 3 * threads * page_bytes());
	control_equal("with one arena, blocks of threads that lie below the break", threads,
		      blocks_below_the_break("one arena"));
	control_between("with one arena, addresses added, bytes", 0, one.virtual_bytes,
			pages_for(threads * 1024 + DEFAULT_THRESHOLD) * page_bytes());
}

const struct experiment experiment = {
	.claim = "each thread gets an arena of its own: 64 MiB of addresses from mmap, none from brk",
	.asked = "My program has eight threads. Why does it show 500 MB of virtual memory?",
	.instead = "Beyond 8 arenas per CPU, the main one counted, threads share those that are there.",
	.x_axis = "threads that called malloc(100)",
	.y_axis = "block lies below the break",
	.charted = "virtual_bytes resident_bytes",
	.chart = CHART_STEPS,
	.knobs = { { "threads", &threads, "", "number of threads beside the main one", 1,
		     MOST_THREADS } },
	.arms = { { "own arenas", one_block_in_each_thread },
		  { "one arena", one_block_in_each_thread, .control = true,
		    .environment = "GLIBC_TUNABLES=glibc.malloc.arena_max=1" } },
	.predict = { "Each of the threads calls malloc(100) once. How much does the virtual size "
		     "grow?",
		     "virtual_bytes", "own arenas",
		     .because = "A thread's first malloc() makes an arena for it, and that "
				"reserves 64 MiB of addresses (HEAP_MAX_SIZE). Memory comes page "
				"by page, as everywhere." },
	.judge = judge,
};
