/* SPDX-License-Identifier: MIT */
/* A thread reserves 8 MiB of addresses for its stack, and uses a few pages of it.
 *
 * pthread_create() maps a stack of the default size (allocate_stack() in nptl/allocatestack.c).
 * glibc takes that size from RLIMIT_STACK, 8 MiB in most shells, when the program starts
 * (pthread_create(3), NOTES).  Below the stack lies a guard page
 * that may not be accessed.  Like any anonymous mapping the stack is lazy: a page becomes
 * resident when the thread first writes it.
 *
 * What a thread that does little writes lies at the upper end: its descriptor (struct
 * pthread), its thread-local variables, and the frames of start_thread() and of the functions
 * where it waits.  The kernel keeps a stack of its own for each thread (16 KiB on x86-64,
 * THREAD_SIZE), which is in no number of the process.
 *
 * So a thousand threads may show 8 GB of virtual memory and still fit into a small machine.
 *
 * Controls: with small stacks (pthread_attr_setstacksize(3)) the addresses must be fewer; and
 * threads that write their whole stack must take all of it.
 * Try: threads=400.  How much memory would they take if each wrote its whole stack?  And
 * stack=64M: which number changes, and which one does not?
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>

#include "arm_limits.h"
#include "experiment.h"
#include "memory.h"

#define STAGE "threads started"

#define ONE_ARENA "GLIBC_TUNABLES=glibc.malloc.arena_max=1"

enum { FEW = 4 };

static int64_t stack_bytes = 8 * MiB;
static int64_t small_bytes = 512 * KiB;
static int64_t threads = 100;
static sem_t started, never;

static void ask_for_stacks(void)
{
	ask_for_stack_limit(stack_bytes);
}

static void *only_wait(void *unused)
{
	sem_post(&started);
	sem_wait(&never);
	return unused;
}

/* Writes every page of this thread's stack below the ones in use.  pthread_getattr_np(3) tells
 * where it begins, behind the guard page.  That function calls malloc(), which would give the
 * thread an arena: so the arm has one for all threads. */
static void *write_the_stack(void *unused)
{
	pthread_attr_t own;
	void *lowest;
	size_t bytes;
	char here;

	if (pthread_getattr_np(pthread_self(), &own) != 0 ||
	    pthread_attr_getstack(&own, &lowest, &bytes) != 0)
		broken("pthread_getattr_np failed");
	write_pages(lowest, &here - (char *)lowest);
	return only_wait(unused);
}

static void start(void *(*run)(void *), const pthread_attr_t *how)
{
	pthread_t thread;
	int error = pthread_create(&thread, how, run, NULL);

	if (error == EAGAIN)
		unsupported(
			"no more threads can be created here (ulimit -u, pids.max): lower threads=");
	if (error != 0)
		broken("pthread_create: %s", strerror(error));
	sem_wait(&started);
}

/* Starts the threads, which stay until the arm ends.  bytes: of each stack; 0: the default.
 * y is the size of a stack.  The first thread is not counted: it makes code of the library
 * resident. */
static void start_threads(void *(*run)(void *), int64_t count, int64_t bytes)
{
	pthread_attr_t how;
	size_t stack, guard;

	sem_init(&started, 0, 0);
	sem_init(&never, 0, 0);
	pthread_attr_init(&how);
	if (bytes > 0)
		pthread_attr_setstacksize(&how, (size_t)bytes);
	pthread_attr_getstacksize(&how, &stack);
	pthread_attr_getguardsize(&how, &guard);
	if (bytes == 0 && (int64_t)stack != stack_bytes)
		unsupported(
			"a thread's stack has %zu KiB by default here: the hard limit (ulimit -Hs) "
			"is lower than the knob \"stack\", or this C library takes no notice of it",
			stack / KiB);
	start(run, &how);
	record_y(STAGE, 0, (int64_t)stack);
	for (int64_t i = 1; i <= count; i++) {
		start(run, &how);
		record_y(STAGE, i, (int64_t)stack);
	}
	record_y("guard", count, (int64_t)guard);
}

static void by_default(void)
{
	start_threads(only_wait, threads, 0);
}

static void small_stacks(void)
{
	start_threads(only_wait, threads, small_bytes);
}

static void used_stacks(void)
{
	must_have_memory((FEW + 1) * stack_bytes);
	start_threads(write_the_stack, FEW, 0);
}

/* What judge() expects for each thread so far, bytes. */
static int64_t for_each;

static int64_t for_threads(int64_t threads_so_far)
{
	return threads_so_far * for_each;
}

/* Returns how many records find so many bytes of addresses, for each thread so far, beyond the
 * first record. */
static int64_t records_with_addresses(const char *arm, int64_t bytes)
{
	for_each = bytes;
	return rows_that_follow(arm, STAGE, STAGE, virtual_bytes, for_threads, 0);
}

static void judge(void)
{
	int64_t guard = y_of("default stacks", "guard"), most_pages = 4;
	int64_t most_of_malloc = 2 * KiB;

	control_equal("a stack has by default", "bytes", stack_bytes, y_of("default stacks", STAGE));
	for_each = stack_bytes;
	/* Beside the stack there is what malloc gives: the list of the thread's blocks of thread-local
	 * variables (dtv), and, once the thread itself allocates, its cache. */
	expect_equal("records that find a whole stack more resident for each thread so far",
		     "records", threads + 1,
		     rows_that_follow("default stacks", STAGE, STAGE, resident_bytes, for_threads,
				      threads * most_of_malloc + page_bytes()));
	/* The heap is asked for 132 KiB at once, enough for the lists of 400 threads, so the break
	 * does not move. */
	instead_equal("records that find the addresses of a stack and its guard page for each "
		      "thread so far",
		      "records", threads + 1,
		      records_with_addresses("default stacks", stack_bytes + guard));
	/* The descriptor and the thread-local variables lie on the highest page or two; two more
	 * hold the frames of start_thread(), of the thread's function and of sem_wait(). */
	instead_between("the threads together make a few pages of each stack resident", "bytes",
			threads * page_bytes(),
			growth("default stacks", STAGE, STAGE).anonymous_bytes,
			threads * most_pages * page_bytes());
	control_equal("small stacks: records that find the addresses of a small stack and its guard "
		      "page for each thread so far",
		      "records", threads + 1,
		      records_with_addresses("small stacks", small_bytes + guard));
	control_between("threads that write their stacks make all of them resident", "bytes",
			FEW * stack_bytes, growth("used stacks", STAGE, STAGE).resident_bytes,
			FEW * (stack_bytes + most_of_malloc) + page_bytes());
}

const struct experiment experiment = {
	.claim = "a thread takes 8 MiB of memory, the size of its stack",
	.asked = "How much memory do a hundred threads take?",
	.instead = "A thread reserves 8 MiB of addresses. It takes a few pages of memory, as long as "
		   "it writes no more of its stack.",
	.x_axis = "threads started",
	.y_axis = "size of a stack, bytes",
	.y_unit = "bytes",
	.charted = "virtual_bytes resident_bytes",
	.chart = CHART_STEPS,
	.annotate = { { "{a few pages of each stack} resident", "default stacks", STAGE } },
	.knobs = { { "stack", &stack_bytes, "bytes", "size of a stack by default (ulimit -s)",
		     1 * MiB, 64 * MiB, .in_claim = true },
		   { "small", &small_bytes, "bytes", "size of a stack in the arm \"small stacks\"",
		     256 * KiB, 64 * MiB },
		   { "threads", &threads, "", "how many threads are counted", 1, 400 } },
	.arms = { { "default stacks", by_default, .before_exec = ask_for_stacks },
		  { "small stacks", small_stacks, .control = true, .before_exec = ask_for_stacks },
		  { "used stacks", used_stacks, .control = true, .environment = ONE_ARENA,
		    .before_exec = ask_for_stacks } },
	.predict = { "A program starts 100 threads that only wait. How much memory becomes resident "
		     "for them?",
		     "resident_bytes", "default stacks",
		     .because = "A stack is a lazy mapping. Each thread writes only the highest pages "
				"of its own." },
	.judge = judge,
};
