/* SPDX-License-Identifier: MIT */
/* "Memory that another thread frees is lost to the one that allocated it."
 *
 * If a thread's malloc could only use what the same thread freed, a program in which one thread
 * allocates and another frees would grow with every round, though it never has more than one
 * round in use.  Some allocators of the 1990s did this: "unbounded blowup" (Berger and others,
 * "Hoard: A Scalable Memory Allocator for Multithreaded Applications", ASPLOS 2000).
 *
 * In glibc a block belongs to an arena and not to a thread.  A bit in its header says that it
 * does not come from the main arena (NON_MAIN_ARENA), and then its address gives the arena
 * (heap_for_ptr() in malloc/arena.c).  free() puts the block back there, whoever calls it.
 * Only what fits in the cache of the thread that frees stays with that thread: a few blocks of
 * each size.
 *
 * Here one thread allocates and writes blocks, and another frees them, again and again.  What this
 * adds is compared to what the same allocator adds where the thread frees its own blocks.
 * jemalloc adds something in both: it does not cut small runs of pages from one that is more than
 * 64 times as large (opt.lg_extent_max_active_fit), and what is free waits for its decay time.
 *
 * Controls: where nobody frees, each round must make the process larger, and where glibc's thread
 * frees its own blocks, none but the first.  And the malloc of each other allocator must not be
 * glibc's.
 * Try: bytes=64: glibc keeps freed blocks of this size in fast lists.  Does this change the answer?
 */
#include <semaphore.h>
#include <stdio.h>

#include "allocators.h"
#include "experiment.h"
#include "malloc_knobs.h"
#include "memory.h"
#include "threads.h"

enum { ROUNDS = 6 };

static int64_t blocks = 20000, block_bytes = 208;
static char **block;
static sem_t allocated, freed;

static void free_all(void)
{
	for (int64_t i = 0; i < blocks; i++)
		free(block[i]);
}

static void *free_when_allocated(void *number)
{
	wake_malloc();
	for (;;) {
		sem_post(&freed);
		sem_wait(&allocated);
		free_all();
	}
	return number;
}

static void let_another_free(void)
{
	sem_post(&allocated);
	sem_wait(&freed);
}

static void free_nothing(void)
{
}

/* Allocates in each round, and releases by this function.  y is what is in use. */
static void play(void (*release)(void))
{
	int64_t bytes = blocks * (int64_t)sizeof(*block);

	must_have_memory(ROUNDS * blocks * (block_bytes + 64));
	block = must_map(bytes);
	write_pages(block, bytes);
	wake_malloc();
	sem_init(&allocated, 0, 0);
	sem_init(&freed, 0, 0);
	must_start_thread(free_when_allocated, 0);
	sem_wait(&freed);
	record_y("begin", 0, 0);
	for (int round = 1; round <= ROUNDS; round++) {
		for (int64_t i = 0; i < blocks; i++) {
			block[i] = must_malloc(block_bytes);
			write_bytes(block[i], block_bytes);
		}
		record_y("allocated", round, blocks * block_bytes);
		release();
		record_y("freed", round, 0);
	}
}

static void by_another(void)
{
	play(let_another_free);
}

static void by_itself(void)
{
	play(free_all);
}

static void by_nobody(void)
{
	play(free_nothing);
}

/* Returns how much the rounds after the first have added to what is resident while all blocks
 * of a round are in use. */
static int64_t added(const char *arm)
{
	return growth(arm, "allocated", "allocated").resident_bytes;
}

/* What is lost in the rounds after the first, if what another thread frees is lost. */
static int64_t lost(void)
{
	return (ROUNDS - 1) * blocks * block_bytes;
}

static void expect_lost(const char *arm)
{
	char own[STAGE_SIZE];

	snprintf(own, sizeof(own), "%s: own", arm);
	int64_t more = added(arm) - added(own);
	expect_between(
		about(arm, "resident bytes that five more rounds add, beside those of own frees: all"),
		"bytes", lost(), more, INT64_MAX);
	instead_between(about(arm, "resident bytes that five more rounds add, beside those of own frees: "
				   "less than half"),
			"bytes", INT64_MIN, more, lost() / 2);
}

static void judge(void)
{
	/* What the cache of a thread holds, of one size: up to 16 blocks, and the rest of the pages
	 * on which the first and the last of them lie. */
	int64_t cached = 16 * (block_bytes + 16) + 2 * page_bytes();

	expect_lost("glibc");
	for_each_other_allocator(expect_lost);
	instead_between("glibc: resident bytes that five more rounds add: what a cache holds",
			"bytes", INT64_MIN, added("glibc"), cached);
	instead_between("glibc: bytes in use that are left when another thread has freed all",
			"bytes", 0, growth("glibc", "begin", "freed").in_use_bytes, cached);
	control_between("nobody frees: resident bytes that five more rounds add", "bytes", lost(),
			added("nobody frees"), INT64_MAX);
	control_between("glibc: own: resident bytes that five more rounds add", "bytes", INT64_MIN,
			added("glibc: own"), cached);
	control_other_mallocs();
}

#define OWN(name, library)                                                                     \
	{                                                                                      \
		name ": own", by_itself, .control = true, .environment = "LD_PRELOAD=" library \
	}

const struct experiment experiment = {
	.claim = "memory that another thread frees is lost to the one that allocated it",
	.asked = "One thread allocates, another frees. Does the program grow for ever?",
	.instead = "What another thread frees goes back to where it came from, but for a few blocks in "
		   "the cache of the thread that frees. The next round uses it again, as it uses "
		   "what the thread itself frees.",
	.x_axis = "rounds",
	.y_axis = "bytes in use",
	.y_unit = "bytes",
	.charted = "resident_bytes",
	.chart = CHART_BARS,
	.annotate = { { "glibc: {what a cache holds} more in five rounds", "glibc", "freed" } },
	.knobs = { { "blocks", &blocks, "", "blocks in a round", 10000, 1 << 20 },
		   { "bytes", &block_bytes, "bytes", "size of a block", 64, 1024 } },
	.arms = { { "glibc", by_another },
		  ARMS_OF_OTHER_ALLOCATORS(by_another),
		  { "nobody frees", by_nobody, .control = true },
		  { "glibc: own", by_itself, .control = true },
		  OWN("jemalloc", "libjemalloc.so.2"),
		  OWN("tcmalloc", "libtcmalloc_minimal.so.4"),
		  OWN("mimalloc 2", "libmimalloc.so.2"),
		  OWN("mimalloc 3", "libmimalloc.so.3") },
	.predict = { "One thread allocates 20,000 blocks of 208 bytes, another frees them. By how much do "
		     "five more such rounds make the process larger?",
		     "resident_bytes", "glibc", "allocated", "allocated",
		     .because = "free() puts a block back into the arena that it came from, whoever "
				"calls it, and there the next round finds it." },
	.judge = judge,
	.about_glibc = true,
};
