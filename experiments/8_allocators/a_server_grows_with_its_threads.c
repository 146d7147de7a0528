/* SPDX-License-Identifier: MIT */
/* "A server with a pool of threads grows by a request's peak for every thread."
 *
 * A request allocates 16 MiB in blocks of 4 KiB, keeps one small block (a session, an entry in a
 * cache), and frees all the rest.  The requests come one at a time, and each goes to the next
 * thread of a pool.  So the program never uses more than one peak at once.
 *
 * glibc gives each thread an arena of its own (arena_get2() in malloc/arena.c), up to 8 for each
 * CPU.  What a thread frees goes back to its arena, where the next thread does not look.  free()
 * gives memory back only from the arena's top (heap_trim()), and the small block lies there: so
 * every arena keeps its peak, and at the end the server is as large as the sum of them.
 *
 * This is the load behind most stories of servers that "leak" with glibc.  Other allocators differ in
 * which memory threads share.  tcmalloc's threads share what their caches cannot hold.  jemalloc
 * has 4 arenas for each CPU (opt.narenas), and gives free pages back after about ten seconds
 * (dirty_decay_ms).  mimalloc 2 has a heap for each thread.
 *
 * Controls: where one thread serves all requests, where all threads share two arenas, and where
 * nothing survives the request, the server must stay small.  malloc_trim(0) must give the memory back:
 * so it was free.  And the malloc of each other allocator must not be glibc's.
 * Try: threads=64: where does glibc stop growing?  And idle=12000: which allocator becomes
 * smaller again while the server has little to do?
 */
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

#include "allocators.h"
#include "arm_limits.h"
#include "experiment.h"
#include "malloc_knobs.h"
#include "memory.h"
#include "threads.h"

enum { MOST_THREADS = 256, BLOCK = 4096, SURVIVOR = 64, NAPS = 10 };

static int64_t threads = 16, peak_bytes = 16 * MiB, idle_ms;
static int64_t blocks, survivors;
static char **block;
static sem_t start[MOST_THREADS], done;
static void (*job)(void);

static void serve(void)
{
	for (int64_t i = 0; i < blocks; i++) {
		block[i] = must_malloc(BLOCK);
		write_bytes(block[i], BLOCK);
	}
	for (int64_t i = 0; i < survivors; i++)
		write_bytes(must_malloc(SURVIVOR), SURVIVOR);
	for (int64_t i = 0; i < blocks; i++)
		free(block[i]);
}

static void work_a_little(void)
{
	for (int i = 0; i < 1000; i++)
		free(must_malloc(BLOCK));
}

static void *member_of_the_pool(void *number)
{
	for (;;) {
		sem_wait(&start[(intptr_t)number]);
		job();
		sem_post(&done);
	}
	return NULL;
}

static void let_work(int64_t thread, void (*what)(void))
{
	job = what;
	sem_post(&start[thread]);
	sem_wait(&done);
}

/* Serves one request after the other with a pool of so many threads.  y is what is in use:
 * what survived of the requests so far. */
static void serve_all(int64_t pool, int64_t survivors_each)
{
	must_have_memory(threads * peak_bytes * 5 / 4);
	must_have_64_bits(); /* with 32 bits, there are two arenas a CPU anyway */
	blocks = peak_bytes / BLOCK;
	survivors = survivors_each;
	block = must_map(blocks * (int64_t)sizeof(*block));
	write_pages(block, blocks * (int64_t)sizeof(*block));
	sem_init(&done, 0, 0);
	for (int64_t i = 0; i < pool; i++) {
		sem_init(&start[i], 0, 0);
		must_start_thread(member_of_the_pool, i);
		let_work(i, wake_malloc);
	}
	record_y("serving", 0, 0);
	for (int64_t i = 0; i < threads; i++) {
		let_work(i % pool, serve);
		record_y("serving", i + 1, (i + 1) * survivors * SURVIVOR);
	}
	struct timespec nap = { idle_ms / NAPS / 1000, idle_ms / NAPS % 1000 * 1000000 };
	for (int64_t i = 0; idle_ms > 0 && i < NAPS * pool; i++) {
		if (i % pool == 0)
			nanosleep(&nap, NULL);
		let_work(i % pool, work_a_little);
	}
	if (idle_ms > 0)
		record_y("idled", threads, threads * survivors * SURVIVOR);
}

static void a_thread_each(void)
{
	serve_all(threads, 1);
}

static void trimmed(void)
{
	a_thread_each();
	must_trim_heap();
	record_y("trimmed", threads, threads * SURVIVOR);
}

static void one_thread(void)
{
	serve_all(1, 1);
}

static void nothing_survives(void)
{
	serve_all(threads, 0);
}

/* What one request writes: glibc adds 16 bytes to a block of 4 KiB. */
static int64_t peaks(int64_t count)
{
	return count * (peak_bytes / BLOCK) * (BLOCK + 16);
}

/* What a thread writes beside its blocks: its stack, the head of its arena and of each of its
 * heaps, and its cache are a few pages each; and free() keeps up to a trim threshold of a top. */
static int64_t beside(void)
{
	return threads * (DEFAULT_THRESHOLD + 8 * page_bytes());
}

static int64_t kept(const char *arm)
{
	return growth(arm, "serving", "serving").resident_bytes;
}

/* Returns the highest number of arenas that glibc has for the threads: NARENAS_FROM_NCORES (64 bits). */
static int64_t arenas(int64_t cpus)
{
	return threads < 8 * cpus ? threads : 8 * cpus;
}

static void judge_others(void)
{
	int64_t cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (arm_ran("jemalloc"))
		instead_between("jemalloc: resident bytes kept, of one peak for each of its arenas",
				"bytes", peaks(1), kept("jemalloc"), peaks(4 * cpus + 1) + beside());
	if (arm_ran("tcmalloc"))
		instead_between(
			"tcmalloc: resident bytes kept, beside one peak: less than half of one for each thread",
			"bytes", 0, kept("tcmalloc"), peaks(1) + peaks(threads) / 2);
	if (arm_ran("mimalloc 2"))
		instead_between("mimalloc 2: resident bytes kept, of one peak for each thread",
				"bytes", peaks(threads) * 9 / 10, kept("mimalloc 2"), INT64_MAX);
}

static void judge(void)
{
	expect_equal(
		"glibc: requests after which it is larger by a peak for each thread that has served",
		"requests", threads + 1,
		rows_that_follow("glibc", "serving", "serving", resident_bytes, peaks, beside()));
	instead_between("glibc: resident bytes kept, of one peak for each arena", "bytes",
			peaks(arenas(usable_cpus())) - beside(), kept("glibc"),
			peaks(arenas(sysconf(_SC_NPROCESSORS_ONLN))) + beside());
	judge_others();
	control_between("one thread serves all: resident bytes kept, of one peak", "bytes", 0,
			kept("one thread"), peaks(1) + beside());
	control_between("two arenas: resident bytes kept, of two peaks", "bytes", 0,
			kept("two arenas"), peaks(2) + beside());
	control_between("nothing survives: resident bytes kept, of no peak", "bytes", 0,
			kept("nothing survives"), beside());
	control_between("malloc_trim: resident bytes after it, of no peak", "bytes", INT64_MIN,
			growth("malloc_trim", "serving", "trimmed").resident_bytes, beside());
	control_other_mallocs();
}

const struct experiment experiment = {
	.claim = "with glibc, a server with a pool of threads grows by a request's peak for every "
		 "thread, though the requests come one at a time",
	.asked = "Our server has 16 threads, and never more than one request. Why is it 16 times "
		 "as large as a request?",
	.instead = "glibc grows by a peak for every arena, and has at most 8 arenas for each CPU. "
		   "jemalloc has 4 for each CPU, tcmalloc keeps one peak and what its threads' caches hold, "
		   "and mimalloc 2 one peak for each thread.",
	.x_axis = "requests served, each by another thread",
	.y_axis = "bytes in use: what survived",
	.y_unit = "bytes",
	.charted = "resident_bytes",
	.chart = CHART_BARS,
	.annotate = { { "glibc: {of one peak for each arena} kept", "glibc", "serving" } },
	.knobs = { { "threads", &threads, "", "threads in the pool, and requests", 4, MOST_THREADS },
		   { "peak", &peak_bytes, "bytes", "what one request allocates", 4 * MiB, 64 * MiB },
		   { "idle", &idle_ms, "ms", "how long the server then has little to do",
		     .most = 15000, .may_be_zero = true } },
	.arms = { { "glibc", a_thread_each },
		  ARMS_OF_OTHER_ALLOCATORS(a_thread_each),
		  { "one thread", one_thread, .control = true },
		  { "two arenas", a_thread_each, .control = true, .environment = "MALLOC_ARENA_MAX=2" },
		  { "nothing survives", nothing_survives, .control = true },
		  { "malloc_trim", trimmed, .control = true } },
	.predict = { "16 threads have served one request of 16 MiB each, one after the other. All but 64 "
		     "bytes of each is free. How much has glibc kept resident?",
		     "resident_bytes", "glibc", "serving", "serving",
		     .because = "What a thread frees stays in its arena, below the block that "
				"survived, and the next thread takes its memory from another arena." },
	.judge = judge,
	.about_glibc = true,
	.observe_with = "threads=4 peak=4M",
	.deep = "idle=12000",
};
