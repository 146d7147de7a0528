/* SPDX-License-Identifier: MIT */
/* A program with eight threads has eight heaps.
 *
 * A thread that cuts a block from a heap must lock the heap.  So that threads need not
 * wait for each other, glibc gives a thread that calls malloc() for the first time an
 * arena of its own, with its own lock (arena_get2() in malloc/arena.c).  There is only one
 * break, and the main arena has it; the other arenas live in mappings.  new_heap()
 * reserves HEAP_MAX_SIZE (64 MiB on 64-bit machines) of addresses without access rights,
 * and makes them accessible with mprotect(2) as the arena grows.
 *
 * That is why a program with many threads shows an alarming VSZ.  It takes very little
 * memory: the arena's own data and the first blocks, a page or two.
 *
 * Seven threads are started beside the main one and wait (their stacks are mappings too).
 * Then each in turn calls malloc(100) once and stays alive, because the arena of a thread
 * that has ended is given to the next one.
 *
 * Control: with glibc.malloc.arena_max=1 all blocks must lie below the break, and the
 * virtual size must not grow.
 * Try: threads=8 times the number of CPUs.  Beyond 8 arenas per CPU (2 on 32-bit
 * machines), counting the main one (NARENAS_FROM_NCORES), threads share: which arena does
 * the last thread get?
 */
#include <semaphore.h>

#include "experiment.h"
#include "malloc_knobs.h"
#include "memory.h"
#include "threads.h"

enum { MOST_THREADS = 256 };

/* HEAP_MAX_SIZE in malloc/arena.c: twice the largest mmap threshold. */
#define ARENA_BYTES (sizeof(long) == 8 ? 64 * MiB : 1 * MiB)

static int64_t threads = 7; /* with the main one: as many arenas as one CPU allows */
static sem_t ready, go[MOST_THREADS], done;
static void *blocks[MOST_THREADS];

/* A thread's work.  The thread stays alive until the arm ends the process. */
static void *allocate_once(void *number)
{
	sem_post(&ready);
	sem_wait(&go[(intptr_t)number]);
	blocks[(intptr_t)number] = must_malloc(100);
	sem_post(&done);
	sem_wait(&go[(intptr_t)number]); /* nobody posts it again */
	return NULL;
}

static void start_threads(void)
{
	sem_init(&ready, 0, 0);
	sem_init(&done, 0, 0);
	for (int64_t i = 0; i < threads; i++) {
		sem_init(&go[i], 0, 0);
		must_start_thread(allocate_once, i);
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

static struct snapshot grown(const char *arm)
{
	return growth(arm, "malloc(100) in threads", "malloc(100) in threads");
}

static void judge(void)
{
#ifndef __GLIBC__
	unsupported("this claim is about glibc's arenas, and this program uses another libc");
#endif
	struct snapshot own = grown("own arenas");

	expect_equal("threads whose block lies below the break", "threads", 0,
		     rows_with_y("own arenas", "malloc(100) in threads", 1));
	expect_equal("the break does not move", "bytes", 0, own.heap_top_bytes);
	expect_equal("each thread adds 64 MiB to the virtual size", "bytes", threads * ARENA_BYTES,
		     own.virtual_bytes);
	/* Arena data, thread cache and block take less than 4 KiB, on one page or two.  And
	 * the thread's stack may reach one page deeper than before. */
	expect_between("each thread makes one to three pages resident", "bytes",
		       threads * page_bytes(), own.resident_bytes, 3 * threads * page_bytes());
	control_equal("with one arena, threads whose block lies below the break", "threads",
		      threads, rows_with_y("one arena", "malloc(100) in threads", 1));
	control_between("with one arena, the virtual size grows only as the heap grows", "bytes", 0,
			grown("one arena").virtual_bytes,
			pages_for(threads * 1024 + DEFAULT_THRESHOLD) * page_bytes());
}

const struct experiment experiment = {
	.claim = "each thread gets its own arena: 64 MiB of addresses from mmap, none from brk",
	.asked = "My program has eight threads. Why does it show 500 MB of virtual memory?",
	.instead = "Beyond 8 arenas per CPU, counting the main one, threads share the existing arenas.",
	.x_axis = "threads that called malloc(100)",
	.y_axis = "whether the block lies below the break, 1 or 0",
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
		     .because = "A thread's first malloc() creates an arena for it, and the arena "
				"reserves 64 MiB of addresses (HEAP_MAX_SIZE). Its memory becomes "
				"resident page by page, as everywhere." },
	.judge = judge,
};
