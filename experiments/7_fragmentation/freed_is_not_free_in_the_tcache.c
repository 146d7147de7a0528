/* SPDX-License-Identifier: MIT */
/* The first blocks that are freed do not become free.
 *
 * free() puts a small block (of up to 1,032 bytes) into a cache of the thread,
 * the tcache, which keeps up to 7 blocks of each size (16 since glibc 2.43).
 * There malloc() finds the block again without a lock.  But the heap is not told:
 * the chunk is still marked "in use".  So mallinfo2() counts it as in use, its
 * neighbours cannot merge with it, and a single such chunk at the top keeps the heap
 * from being trimmed.
 *
 * Control: with the cache switched off, every free() must show at once; with a cache
 * of 3 blocks, every free() but the first 3.
 * Try: block=1033, then block=1032.
 */
#include "experiment.h"
#include "memory.h"

enum { BLOCKS = 32 };

static int64_t block_bytes = 100;

static void free_one_by_one(void)
{
	void *blocks[BLOCKS];

	wake_malloc(); /* since glibc 2.43 the first free() allocates the cache itself */
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = must_malloc(block_bytes);
	record("freeing", 0);
	for (int i = 0; i < BLOCKS; i++) {
		free(blocks[i]);
		record("freeing", i + 1);
	}
}

static int64_t in_use_after(const char *arm, int64_t frees)
{
	return measured(nth_row(arm, "freeing", (int)frees)->is.in_use_bytes, "in_use_bytes");
}

/* Counts the calls of free(), from the first one on, that did not change the bytes in use. */
static int64_t hidden_frees(const char *arm)
{
	int64_t hidden = 0;

	while (hidden < BLOCKS && in_use_after(arm, hidden + 1) == in_use_after(arm, 0))
		hidden++;
	return hidden;
}

static int64_t in_cache, chunk_bytes;

/* Returns how the bytes in use have changed when so many blocks were freed: by one chunk for each that
 * the cache did not take. */
static int64_t change_after(int64_t frees)
{
	return frees <= in_cache ? 0 : -(frees - in_cache) * chunk_bytes;
}

static void judge(void)
{
	/* Without the cache, all blocks count. */
	chunk_bytes = -growth("no cache", "freeing", "freeing").in_use_bytes / BLOCKS;
	in_cache = hidden_frees("as it is");
	/* TCACHE_FILL_COUNT in malloc/malloc.c.  A distribution may bring a change to an older
	 * version, so the number and not the version decides which of the two it is. */
	expect_equal("first calls of free() that do not change the bytes in use", "frees",
		     in_cache == 16 ? 16 : 7, in_cache);
	expect_equal("readings at which all blocks but those in the cache have become free",
		     "readings", BLOCKS + 1,
		     rows_that_follow("as it is", "freeing", "freeing", in_use_bytes, change_after,
				      0));
	control_equal("no cache: first calls of free() that do not change the bytes in use",
		      "frees", 0, hidden_frees("no cache"));
	control_equal("cache of 3: first calls of free() that do not change the bytes in use",
		      "frees", 3, hidden_frees("cache of 3"));
}

const struct experiment experiment = {
	.claim = "the first 7 freed blocks of a size (16 since glibc 2.43) still count as in use",
	.asked = "I freed it, and mallinfo2() says that it is still in use. Is it a leak?",
	.x_axis = "blocks freed",
	.charted = "in_use_bytes",
	.chart = CHART_STEPS,
	.annotate = { { "the first {calls of free() that do not change} change nothing", .x = 7 } },
	.knobs = { { "block", &block_bytes, "bytes", "size of each block", 1, 64 * KiB } },
	.arms = { { "as it is", free_one_by_one },
		  { "cache of 3", free_one_by_one, .control = true,
		    .environment = "GLIBC_TUNABLES=glibc.malloc.tcache_count=3" },
		  { "no cache", free_one_by_one, .control = true,
		    .environment = "GLIBC_TUNABLES=glibc.malloc.tcache_count=0" } },
	.predict = { "After how many freed blocks do the bytes in use fall for the first time?",
		     "jump of in_use_bytes", "as it is",
		     .because = "The thread's cache takes the first 7 blocks (16 since glibc "
				"2.43), and they still count as in use. The next block is the "
				"first one that becomes free." },
	.judge = judge,
	.film = true,
	.about_glibc = true,
};
