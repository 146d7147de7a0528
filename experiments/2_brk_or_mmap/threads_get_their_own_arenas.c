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
 * memory: the arena's own data and the first blocks fit on one page.
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
#include <unistd.h>

#include "arm_limits.h"
#include "experiment.h"
#include "malloc_knobs.h"
#include "memory.h"
#include "threads.h"

#define STAGE "malloc(100) in threads"

enum { MOST_THREADS = 256 };

/* HEAP_MAX_SIZE in malloc/arena.c: twice the largest mmap threshold. */
#define ARENA_BYTES (64 * MiB)

/* NARENAS_FROM_NCORES() in malloc/arena.c. */
#define ARENAS_OF_A_CPU 8

static int64_t threads = 7; /* with the main one: as many arenas as one CPU allows */
static sem_t ready, go[MOST_THREADS], done;
static void *blocks[MOST_THREADS];

/* A thread's work.  The thread stays alive until the arm ends the process.  It reaches so far down
 * its stack at first that malloc() makes no further page of it resident. */
static void *allocate_once(void *number)
{
	char deeper[8 * KiB];

	write_pages(deeper, sizeof(deeper));
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
	must_have_64_bits(); /* with 32 bits, an arena has 1 MiB, and a CPU two arenas */
	wake_malloc();
	start_threads();
	record(STAGE, 0);
	for (int64_t i = 0; i < threads; i++) {
		sem_post(&go[i]);
		sem_wait(&done);
		record_y(STAGE, i + 1, is_below_the_break(blocks[i]));
	}
}

static struct snapshot grown(const char *arm)
{
	return growth(arm, STAGE, STAGE);
}

static int64_t arenas_of(int64_t threads_so_far)
{
	return threads_so_far * ARENA_BYTES;
}

static int64_t pages_in(int64_t threads_so_far)
{
	return threads_so_far * page_bytes();
}

static void judge(void)
{
	struct snapshot own = grown("own arenas");

	expect_equal("threads whose block lies below the break", "threads", 0,
		     rows_with_y("own arenas", STAGE, 1));
	expect_equal("the break does not move", "bytes", 0, own.heap_top_bytes);
	/* The first record is made before the first thread allocates. */
	expect_equal("records that find 64 MiB more in the virtual size for each thread so far",
		     "records", threads + 1,
		     rows_that_follow("own arenas", STAGE, STAGE, virtual_bytes, arenas_of, 0));
	/* Arena data, thread cache and block take less than 4 KiB.  Pages of the program's code,
	 * which may come in meanwhile, are not anonymous. */
	expect_equal("records that find one page more resident for each thread so far", "records",
		     threads + 1,
		     rows_that_follow("own arenas", STAGE, STAGE, anonymous_bytes, pages_in, 0));
	control_equal("with one arena, threads whose block lies below the break", "threads",
		      threads, rows_with_y("one arena", STAGE, 1));
	struct snapshot shared = grown("one arena");
	control_equal("with one arena, the virtual size grows only as the heap grows", "bytes",
		      shared.heap_top_bytes, shared.virtual_bytes);
	int64_t most = ARENAS_OF_A_CPU * sysconf(_SC_NPROCESSORS_ONLN) - 1;
	instead_equal("arenas beside the main one: one for each thread, up to 8 per CPU", "arenas",
		      threads < most ? threads : most,
		      grown("own arenas").virtual_bytes / ARENA_BYTES);
}

const struct experiment experiment = {
	.claim = "each thread gets its own arena: 64 MiB of addresses from mmap, none from brk",
	.asked = "My program has eight threads. Why does it show 500 MB of virtual memory?",
	.instead = "Beyond 8 arenas per CPU, counting the main one, threads share the existing arenas.",
	.x_axis = "threads that called malloc(100)",
	.y_axis = "whether the block lies below the break, 1 or 0",
	.annotate = { { "+64 MiB a thread, at {records that find 64 MiB more in the virtual size}",
			.x = 3 } },
	.charted = "virtual_bytes resident_bytes",
	.chart = CHART_STEPS,
	.knobs = { { "threads", &threads, "", "number of threads beside the main one", 1,
		     MOST_THREADS, .in_claim = true } },
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
	.about_glibc = true,
};
