/* SPDX-License-Identifier: MIT */
/* Why does malloc not map every block?  The first part of the answer.
 *
 * A block with its own mapping is made by mmap(2) and removed by munmap(2): two
 * trips into the kernel for each block, every time.  A heap block comes from a
 * list in the process's own memory, and goes back to it.  Once the heap is large
 * enough, a program can call malloc and free for hours without one system call.
 *
 * That holds as long as free() does not trim the heap.  A program that allocates three
 * blocks of 64 KiB and frees them again, over and over, fills the top beyond the trim
 * threshold of 128 KiB each time: the break goes up once and down three times, and
 * these are four calls of brk(2) for three blocks.
 *
 * This is why glibc raises its threshold when a mapped block is freed (the arm "as
 * it is"): only the first block is mapped, and all others come from the heap.
 * __libc_free() in malloc/malloc.c (_int_free_chunk() since glibc 2.42) does that
 * unless a threshold is pinned.  Then one brk(2) enlarges the heap, and no other
 * system call follows.
 *
 * Controls: malloc with its default settings ("as it is") must call mmap(2) and
 * munmap(2) for the first block only, although it serves the same requests.  And the
 * heap that is trimmed must make system calls.
 * Try: strace -c build/5_cost_of_mmap/every_block_costs_two_syscalls
 *      --bare=mapped, and again with --bare=heap.
 */
#include "experiment.h"
#include "malloc_knobs.h"
#include "memory.h"
#include "system_calls.h"

static int64_t block_bytes = 200 * KiB, blocks = 400;

static void malloc_and_free(int64_t times)
{
	for (int64_t i = 0; i < times; i++)
		free(must_malloc(block_bytes));
}

/* Allocates and frees three blocks of 64 KiB, the last one first, so many times. */
static void malloc_and_free_three(int64_t times)
{
	for (int64_t i = 0; i < times; i++) {
		void *first = must_malloc(64 * KiB), *second = must_malloc(64 * KiB);

		free(must_malloc(64 * KiB));
		free(second);
		free(first);
	}
}

static void count(void (*action)(int64_t times))
{
	struct system_calls calls = count_system_calls(action, blocks);

	record_y("mmap", blocks, calls.mmap);
	record_y("munmap", blocks, calls.munmap);
	record_y("brk", blocks, calls.brk);
	record_y("any other", blocks, calls.other);
}

static void mapped(void)
{
	use_up_top();
	must_pin_thresholds(block_bytes, DEFAULT_THRESHOLD);
	count(malloc_and_free);
}

static void as_it_is(void)
{
	use_up_top();
	count(malloc_and_free);
}

/* Makes the heap large enough before the count begins.  What is free at its top (the
 * block and M_TOP_PAD, 128 KiB) stays below the trim threshold, so it is not trimmed. */
static void heap(void)
{
	must_pin_thresholds(block_bytes + DEFAULT_THRESHOLD, 2 * block_bytes + 2 * DEFAULT_THRESHOLD);
	malloc_and_free(1);
	count(malloc_and_free);
}

static void trimmed(void)
{
	must_pin_thresholds(DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	malloc_and_free_three(1);
	count(malloc_and_free_three);
}

static int64_t all_calls(const char *arm)
{
	return y_of(arm, "mmap") + y_of(arm, "munmap") + y_of(arm, "brk") + y_of(arm, "any other");
}

static void judge(void)
{
	expect_equal("every block mapped: each costs one call of mmap", "calls", blocks,
		     y_of("mapped", "mmap"));
	expect_equal("every block mapped: each costs one call of munmap", "calls", blocks,
		     y_of("mapped", "munmap"));
	expect_equal("every block mapped: each costs two system calls in all", "calls", 2 * blocks,
		     all_calls("mapped"));
	expect_equal("heap that is not trimmed: there is no system call at all", "calls", 0,
		     all_calls("heap"));
	control_equal("as it is: only the first block costs a call of mmap", "calls", 1,
		      y_of("as it is", "mmap"));
	control_equal("as it is: only the first block costs a call of munmap", "calls", 1,
		      y_of("as it is", "munmap"));
	control_equal("as it is: with one brk for the heap, there are three system calls in all",
		      "calls", 3, all_calls("as it is"));
	/* Three frees lower the break with pages of 4 KiB, and one does with pages of 64 KiB. */
	control_between("heap that is trimmed: three blocks cost two to four calls of brk", "calls",
			2 * blocks, y_of("heap that is trimmed", "brk"), 4 * blocks);
}

const struct experiment experiment = {
	.claim = "a mapped block costs two system calls, one mmap and one munmap; a heap block costs "
		 "none, as long as free() does not trim the heap",
	.asked = "Why does malloc not use mmap for every block?",
	.x_axis = "times that blocks are allocated and freed",
	.y_axis = "system calls",
	.charted = "y",
	.chart = CHART_VALUES,
	.knobs = { { "block", &block_bytes, "bytes", "size of a block", 128 * KiB, 30 * MiB },
		   { "blocks", &blocks, "", "number of blocks", 2, 100000 } },
	.arms = { { "mapped", mapped },
		  { "heap", heap },
		  { "as it is", as_it_is, .control = true },
		  { "heap that is trimmed", trimmed, .control = true } },
	.predict = { "malloc has its default settings. How often does it call mmap for all these blocks?",
		     "y", "as it is", .to = "mmap",
		     .because = "The first free() of a mapped block raises the threshold to the "
				"size of that block, so all later blocks come from the heap." },
	.judge = judge,
	.about_glibc = true,
};
