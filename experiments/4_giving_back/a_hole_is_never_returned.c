/* SPDX-License-Identifier: MIT */
/* "Memory below a live block stays with the process until it ends."
 *
 * The break is the only border between the heap and the rest, and it cannot move
 * below a block that is in use.  So a small block at the end of the heap holds
 * hundreds of megabytes of free memory in the process: that is how fragmentation
 * is taught, and by itself free() does leave it so.
 *
 * But the kernel can take pages out of the middle, too: madvise(MADV_DONTNEED)
 * keeps the addresses and drops what is behind them.  malloc_trim(3) does that
 * with every whole page inside a free chunk (mtrim() in malloc/malloc.c: behind the
 * 48 bytes that malloc needs for its lists), since glibc 2.8 of 2008.  The break
 * hardly moves, resident memory falls; the pages fault in anew when malloc hands
 * the hole out again.
 *
 * Control: holes smaller than a page hold no whole page, and there even
 * malloc_trim() must leave everything as the sentence says.
 * Try: hole=8K, hole=6K, hole=4100 (with pages of 4 KiB).  What share comes back,
 * and why does the last one turn the verdict?
 */
#include <malloc.h>

#include "experiment.h"
#include "malloc_knobs.h"
#include "memory.h"

static int64_t total_bytes = 16 * MiB, hole_bytes = 256 * KiB;

/* Blocks of the given size, all of them freed again, with a live one after each.
 * The first must_malloc(1) takes what waking left in the thread's cache: it would
 * lie before all blocks, not between the first two. */
static void make_holes(int64_t bytes)
{
	int64_t holes = total_bytes / bytes;
	char **block = must_map(holes * (int64_t)sizeof(*block));

	wake_malloc();
	must_malloc(1);
	record("before", 0);
	for (int64_t i = 0; i < holes; i++) {
		block[i] = must_malloc(bytes);
		write_pages(block[i], bytes);
		must_malloc(1);
	}
	record("written", 0);
	for (int64_t i = 0; i < holes; i++)
		free(block[i]);
	record("freed", 0);
#ifdef __GLIBC__
	malloc_trim(0);
#else
	unsupported("this libc has no malloc_trim(); it is glibc's");
#endif
	record("malloc_trim", 0);
}

static void large_holes(void)
{
	must_pin_thresholds(hole_bytes + DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	make_holes(hole_bytes);
}

static void holes_below_a_page(void)
{
	must_pin_thresholds(page_bytes() + DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	make_holes(page_bytes() / 2);
}

static void judge(void)
{
	struct snapshot freed = growth("large holes", "written", "freed");
	struct snapshot trimmed = growth("large holes", "freed", "malloc_trim");
	struct snapshot small = growth("holes below a page", "freed", "malloc_trim");

	expect_equal("free() changes resident memory by, bytes", 0, freed.resident_bytes);
	expect_equal("free() moves the break by, bytes", 0, freed.heap_top_bytes);
	/* The top, which is no hole, may lose the page that its header was written on. */
	expect_between("malloc_trim(0) changes resident memory by, bytes", -page_bytes(),
		       trimmed.resident_bytes, 0);
	control_between("holes below a page: malloc_trim(0) changes resident memory by, bytes",
			-page_bytes(), small.resident_bytes, 0);
	/* The holes with their headers; less, or more, what the top lost or gained. */
	control_between("holes below a page: bytes that are free",
			total_bytes - DEFAULT_THRESHOLD - 2 * page_bytes(),
			growth("holes below a page", "before", "freed").free_bytes,
			total_bytes + total_bytes / (page_bytes() / 2) * 16 + DEFAULT_THRESHOLD);
}

const struct experiment experiment = {
	.claim = "free memory below a live block of the heap stays with the process until it ends",
	.asked = "Can one small block hold a whole heap in memory?",
	.instead = "The break stays, the pages need not: malloc_trim(0) gives back every whole page of "
		   "a free chunk, wherever it lies. It is free() alone that leaves them.",
	.charted = "resident_bytes heap_top_bytes",
	.chart = CHART_STAGES,
	.knobs = { { "total", &total_bytes, "bytes", "how much is allocated", 1 * MiB },
		   { "hole", &hole_bytes, "bytes", "size of a hole", 2 * KiB, 1 * MiB } },
	.arms = { { "large holes", large_holes },
		  { "holes below a page", holes_below_a_page, .control = true } },
	.predict = { "All but a few live blocks are freed. How far does malloc_trim(0) then move "
		     "resident memory?",
		     "resident_bytes", "large holes", "freed", "malloc_trim",
		     .because = "malloc_trim(0) gives back each whole page of a free chunk, "
				"wherever it lies. What stays are the pages of the live blocks, "
				"and those at the holes' edges." },
	.judge = judge,
	.film = true,
};
