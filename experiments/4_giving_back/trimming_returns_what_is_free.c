/* SPDX-License-Identifier: MIT */
/* "RSS stays high?  Call malloc_trim(0): it gives back whatever is free."
 *
 * malloc_trim(3) visits every arena (mtrim() in malloc/malloc.c).  In each it gives
 * back the whole pages of the free chunks that lie between blocks.  The free chunk at
 * the end of an arena, the top, is not one of these: it is in no bin.  For the top,
 * mtrim() calls systrim(), which moves the break down, and only the main arena has the
 * break.  So the top of a thread's arena stays.
 *
 * Only free() makes it smaller: when a block of 64 KiB or more (merged with its free
 * neighbours) was freed and the top has reached the trim threshold, heap_trim() in
 * malloc/arena.c gives its pages back.  But the threshold moves: free() of a mapped
 * block sets it to twice the size of that block.  After one block of 30 MiB, a top of up
 * to 60 MiB stays.  A server with a pool of threads can so keep much memory that nobody
 * uses, even after the threads have ended, and malloc_trim() releases none of it.
 *
 * Controls: with one arena for all threads, the same blocks go back.  So they do when
 * the trim threshold is pinned at 128 KiB: free() gives them back.
 * Try: large=11M, and then large=10M.  Why does this turn the verdict, and which control
 * says so?
 */
#include <pthread.h>

#include "arm_limits.h"
#include "experiment.h"
#include "heap_shape.h"
#include "heap_walk.h"
#include "malloc_knobs.h"
#include "memory.h"
#include "threads.h"

static int64_t total_bytes = 20 * MiB, large_bytes = 30 * MiB;

/* Too large for the thread's cache, and far too small for a mapping. */
enum { BLOCK_BYTES = 8 * 1024 };

static char **block;
static bool block_on_top;

static int64_t blocks(void)
{
	return total_bytes / BLOCK_BYTES;
}

/* A mapped block raises the thresholds when it is freed.  It is not written and takes no memory. */
static void free_a_large_block(void)
{
	char *large = must_malloc(large_bytes);

	record("large block", 0);
	free(large);
}

/* The blocks are freed from the first to the last: the last free() merges all of them with the top. */
static void *use_free_and_trim(void *number)
{
	(void)number;
	wake_malloc();
	record("before", 0);
	for (int64_t i = 0; i < blocks(); i++) {
		block[i] = must_malloc(BLOCK_BYTES);
		write_pages(block[i], BLOCK_BYTES);
	}
	if (block_on_top)
		must_malloc(BLOCK_BYTES);
	record_y("written", 0, is_below_the_break(block[0]));
	for (int64_t i = 0; i < blocks(); i++)
		free(block[i]);
	record("freed", 0);
	must_trim_heap();
	record("malloc_trim", 0);
	return NULL;
}

static void make_room(void)
{
	must_have_64_bits(); /* with 32 bits, a thread's arena consists of heaps of 1 MiB */
	must_have_memory(total_bytes);
	block = must_map(blocks() * (int64_t)sizeof(*block));
	write_pages(block, blocks() * (int64_t)sizeof(*block));
}

static void in_main(void)
{
	make_room();
	free_a_large_block();
	use_free_and_trim(NULL);
}

static void in_a_thread(void)
{
	make_room();
	free_a_large_block();
	pthread_join(must_start_thread(use_free_and_trim, 0), NULL);
	record("thread ended", 0);
}

static void below_a_block(void)
{
	block_on_top = true;
	in_a_thread();
}

static void threshold_pinned(void)
{
	must_pin_thresholds(DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	in_a_thread();
}

/* Returns how far resident memory has grown in the end. */
static int64_t left_in(const char *arm)
{
	return growth(arm, "before", "malloc_trim").resident_bytes;
}

static int64_t trimmed_in(const char *arm)
{
	return -growth(arm, "freed", "malloc_trim").resident_bytes;
}

/* What the sentence speaks of: blocks of the one arena or of the other, all of them free, and still
 * resident. */
static void judge_premises(const char *arm, bool below_the_break)
{
	struct snapshot freed = growth(arm, "written", "freed");

	control_equal(about(arm, "a freed large block had a mapping"), "mappings", 1,
		      nth_row(arm, "large block", 0)->is.mmapped_count);
	control_equal(about(arm, "the blocks lie below the break (1) or not (0)"), "",
		      below_the_break, y_of(arm, "written"));
	control_equal(about(arm, "malloc counts all blocks as free"), "bytes",
		      blocks() * heap_chunk_bytes(BLOCK_BYTES), freed.free_bytes);
	control_equal(about(arm, "free() leaves resident memory as it is"), "bytes", 0,
		      freed.resident_bytes);
}

static void judge(void)
{
	int64_t page = page_bytes(), chunks = blocks() * heap_chunk_bytes(BLOCK_BYTES);

	/* Give or take the page in which the arena ends: systrim() keeps the smallest chunk there. */
	expect_between("main arena: malloc_trim(0) leaves nothing of what is free", "bytes", -page,
		       left_in("main arena"), page);
	expect_between("thread's arena: malloc_trim(0) leaves nothing of what is free", "bytes",
		       -page, left_in("thread's arena"), page);
	judge_premises("main arena", true);
	judge_premises("thread's arena", false);
	instead_equal("thread's arena: malloc_trim(0) gives back nothing of the top", "bytes", 0,
		      trimmed_in("thread's arena"));
	/* Some pages of its stack may go: start_thread() in nptl/pthread_create.c. */
	instead_between("thread's arena: the top stays when the thread has ended", "bytes",
			chunks - 16 * page,
			growth("thread's arena", "before", "thread ended").resident_bytes,
			chunks + page);
	/* One chunk now.  Its first 48 bytes and parts of pages at both ends stay. */
	instead_between("below a block: malloc_trim(0) gives back the whole pages of a thread's arena",
			"bytes", chunks - 2 * page, trimmed_in("below a block"), chunks);
	/* heap_trim() leaves the pad at the top. */
	instead_between("threshold pinned: free() gives back the top of a thread's arena", "bytes",
			0, growth("threshold pinned", "before", "freed").resident_bytes,
			top_that_stays() + page);
	control_between("one arena: malloc_trim(0) leaves nothing of what is free", "bytes", -page,
			left_in("one arena"), page);
}

const struct experiment experiment = {
	.claim = "malloc_trim(0) gives back whatever is free",
	.asked = "Everything is freed, and malloc_trim(0) was called. Why is RSS still high?",
	.instead =
		"It gives back the whole free pages between the blocks of every arena, but the free "
		"end (the top) of the main arena only. The top of a thread's arena stays, even when "
		"the thread has ended; it goes only when free() finds it as large as the trim "
		"threshold.",
	.y_axis = "1 where the blocks lie below the break",
	.charted = "resident_bytes",
	.chart = CHART_VALUES,
	.annotate = { { "{thread's arena: malloc_trim(0) leaves nothing of what is free} stay",
			.arm = "thread's arena", .stage = "malloc_trim" } },
	.knobs = { { "total", &total_bytes, "bytes", "total size of the blocks", 1 * MiB, 48 * MiB },
		   { "large", &large_bytes, "bytes", "size of the mapped block that is freed first",
		     256 * KiB, 31 * MiB } },
	.arms = { { "main arena", in_main },
		  { "thread's arena", in_a_thread },
		  { "below a block", below_a_block },
		  { "threshold pinned", threshold_pinned },
		  { "one arena", in_a_thread, .control = true,
		    .environment = "GLIBC_TUNABLES=glibc.malloc.arena_max=1" } },
	.predict = { "A thread frees all of its blocks. How much does malloc_trim(0) then give back?",
		     "resident_bytes", "thread's arena", "freed", "malloc_trim",
		     .because = "All of it is one free chunk at the end of the thread's arena: the "
				"top. malloc_trim() gives back the top of the main arena only, by "
				"moving the break, and the pages of free chunks between blocks." },
	.judge = judge,
	.about_glibc = true,
};
