/* SPDX-License-Identifier: MIT */
/* "Everything has been freed, so the whole heap is free, and the break goes down."
 *
 * Whether it does depends on the order.  free() puts the first seven blocks (16
 * since glibc 2.43) of each small size (up to 1,032 bytes) aside for the thread,
 * in the tcache: tcache_put() in malloc/malloc.c does not even mark them as free,
 * so nothing merges with them.  When a program frees its blocks from the oldest to
 * the newest, those seven lie at the bottom of the heap, and all the rest merges
 * with the top and is trimmed.  When it frees them from the newest to the oldest,
 * as the objects on a stack are destroyed, the seven lie at the very top: 7 KB
 * that nobody uses keep all the megabytes below in the process.
 *
 * malloc_trim(3) helps: it gives back the whole pages of the free chunks in every
 * arena.  The top of a thread's arena is another matter: trimming_returns_what_is_free.
 *
 * Control: with the tcache off (GLIBC_TUNABLES), the order must not matter.
 * Try: bytes=1033, one more than the tcache takes.  And at the last step,
 * malloc_trim(0), resident memory falls but the break hardly moves.  Why?
 */
#include "experiment.h"
#include "heap_walk.h"
#include "malloc_knobs.h"
#include "memory.h"

static int64_t total_bytes = 16 * MiB, bytes = 1000;

static void allocate_and_free(bool newest_first)
{
	int64_t blocks = total_bytes / bytes;
	char **block = must_map_notes(blocks * (int64_t)sizeof(*block));

	must_have_memory(total_bytes);
	wake_malloc();
	record("before", 0);
	for (int64_t i = 0; i < blocks; i++) {
		block[i] = must_malloc(bytes);
		write_bytes(block[i], bytes);
	}
	record("written", 0);
	for (int64_t i = 0; i < blocks; i++)
		free(block[newest_first ? blocks - 1 - i : i]);
	record("freed", 0);
	must_trim_heap();
	record("malloc_trim", 0);
}

static void oldest_first(void)
{
	allocate_and_free(false);
}

static void newest_first(void)
{
	allocate_and_free(true);
}

/* The most blocks of one size that the thread's cache keeps: 7, and 16 since glibc 2.43. */
enum { FEW_CACHED = 7, MOST_CACHED = 16 };

/* How many bytes larger the heap is after all frees than at the start. */
static int64_t bytes_kept(const char *arm)
{
	return growth(arm, "before", "freed").heap_top_bytes;
}

static void judge(void)
{
	/* Both before and after, the top has M_TOP_PAD and less than a page.  The blocks
	 * that the cache keeps may lie below it. */
	int64_t chunk = heap_chunk_bytes(bytes), page = page_bytes();
	int64_t most = page + MOST_CACHED * chunk;

	expect_between("oldest first: after all frees, the heap is not larger than at the start",
		       "bytes", -page, bytes_kept("oldest first"), most);
	expect_between("newest first: after all frees, the heap is not larger than at the start",
		       "bytes", -page, bytes_kept("newest first"), most);
	struct snapshot freed = growth("newest first", "before", "freed");
	instead_between("newest first: a few blocks still count as in use", "bytes",
			FEW_CACHED * chunk, freed.in_use_bytes, MOST_CACHED * chunk);
	instead_equal("newest first: the break does not move at any free()", "bytes", 0,
		      growth("newest first", "written", "freed").heap_top_bytes);
	/* The cached blocks stay, and part of a page at either end of the hole below them. */
	int64_t hole = (total_bytes / bytes - MOST_CACHED) * chunk;
	instead_between("newest first: malloc_trim(0) gives back the whole pages below them",
			"bytes", hole - 2 * page,
			-growth("newest first", "freed", "malloc_trim").resident_bytes,
			hole + (MOST_CACHED - FEW_CACHED) * chunk);
	control_between(
		"newest first without tcache: after all frees, the heap is not larger than at the start",
		"bytes", -page, bytes_kept("newest first without tcache"), page);
	/* All that was allocated, except what the top had: the pad and less than a page. */
	control_between("before the frees, the heap had grown by all that was allocated", "bytes",
			total_bytes - DEFAULT_THRESHOLD - page,
			growth("newest first", "before", "written").heap_top_bytes, INT64_MAX);
}

const struct experiment experiment = {
	.claim = "when a program has freed all its blocks, its heap shrinks to where it began",
	.asked = "Everything is freed. Is the heap empty now?",
	.instead = "A few freed blocks of each small size wait in the thread's cache and count as in use. "
		   "If the newest are freed first, these lie on top, and the break cannot go down; "
		   "but malloc_trim(0) gives back the whole pages below them.",
	.charted = "resident_bytes",
	.chart = CHART_STAGES,
	.knobs = { { "total", &total_bytes, "bytes", "total size of the blocks", 1 * MiB, 1 * GiB },
		   { "bytes", &bytes, "bytes", "size of a block", 200, 32 * KiB } },
	.arms = { { "oldest first", oldest_first },
		  { "newest first", newest_first },
		  { "newest first without tcache", newest_first, .control = true,
		    .environment = "GLIBC_TUNABLES=glibc.malloc.tcache_count=0" } },
	.predict = { "All blocks are freed, the newest first. How much of what they took stays "
		     "resident?",
		     "resident_bytes", "newest first", "before", "freed",
		     .because = "The blocks that were freed first, the newest, wait in the "
				"thread's cache. They lie at the top of the heap and count as in "
				"use, so everything below them has to stay." },
	.judge = judge,
	.film = true,
	.about_glibc = true,
};
