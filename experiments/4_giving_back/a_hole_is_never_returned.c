/* SPDX-License-Identifier: MIT */
/* "Memory below a live block stays with the process until it ends."
 *
 * The heap gives memory back by moving the break down, and the break cannot move
 * below a block that is in use.  So one small block at the end of the heap can
 * keep hundreds of megabytes of free memory in the process.  Courses teach
 * fragmentation this way, and free() alone does leave it so.
 *
 * But the kernel can also take pages out of the middle: madvise(MADV_DONTNEED)
 * keeps the addresses and drops the pages behind them.  Since glibc 2.8 (2008),
 * malloc_trim(3) does that with every whole page inside a free chunk (mtrim() in
 * malloc/malloc.c; it keeps the first 48 bytes, which malloc needs for its lists).
 * The break hardly moves, but resident memory falls.  When malloc hands out the
 * hole again, its pages fault in again at their first write.
 *
 * Control: holes smaller than a page contain no whole page, so even malloc_trim()
 * must leave them in memory, as the sentence says.
 * Try: hole=8K, hole=6K, hole=4100 (with pages of 4 KiB).  Which share of the
 * holes comes back, and why does the last one change the verdict?
 */
#include <malloc.h>

#include "experiment.h"
#include "malloc_knobs.h"
#include "memory.h"

static int64_t total_bytes = 16 * MiB, hole_bytes = 256 * KiB;

/* Allocates blocks of the given size, with a tiny live block after each, and frees all
 * but the tiny ones.  The first must_malloc(1) takes a block that wake_malloc() left in
 * the thread's cache: it lies before all others and could not separate two holes. */
static void make_holes(int64_t bytes)
{
	int64_t holes = total_bytes / bytes;
	char **block = must_map(holes * (int64_t)sizeof(*block));

	must_have_memory(total_bytes);
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
	unsupported("this libc has no malloc_trim(); only glibc has it");
#endif
	record("malloc_trim", 0);
}

static void large_holes(void)
{
	must_pin_thresholds(hole_bytes + DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	make_holes(hole_bytes);
}

static void small_holes(void)
{
	must_pin_thresholds(page_bytes() + DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	make_holes(page_bytes() / 2);
}

static void judge(void)
{
	struct snapshot freed = growth("large holes", "written", "freed");
	struct snapshot trimmed = growth("large holes", "freed", "malloc_trim");

	expect_equal("free() leaves resident memory as it is", "bytes", 0, freed.resident_bytes);
	expect_equal("free() leaves the break where it is", "bytes", 0, freed.heap_top_bytes);
	/* The top is not a hole, and may lose the page on which its header was written. */
	expect_between("malloc_trim(0) leaves resident memory as it is, except for one page at the top",
		       "bytes", -page_bytes(), trimmed.resident_bytes, 0);
	control_between(
		"small holes: malloc_trim(0) leaves resident memory as it is, except for one page",
		"bytes", -page_bytes(),
		growth("small holes", "freed", "malloc_trim").resident_bytes, 0);
	/* The holes with their headers, and what the top lost or gained. */
	control_between("small holes: malloc counts all of them as free", "bytes",
			total_bytes - DEFAULT_THRESHOLD - 2 * page_bytes(),
			growth("small holes", "before", "freed").free_bytes,
			total_bytes + total_bytes / (page_bytes() / 2) * 16 + DEFAULT_THRESHOLD);
}

const struct experiment experiment = {
	.claim = "free memory below a live block of the heap stays with the process until it ends",
	.asked = "Can one small block hold a whole heap in memory?",
	.instead = "The break has to stay, but the pages do not: malloc_trim(0) gives back every whole "
		   "page of a free chunk, wherever the chunk lies. free() alone gives none back.",
	.charted = "resident_bytes heap_top_bytes",
	.chart = CHART_STAGES,
	.knobs = { { "total", &total_bytes, "bytes", "total size of the blocks", 1 * MiB },
		   { "hole", &hole_bytes, "bytes", "size of a large hole", 2 * KiB, 1 * MiB } },
	.arms = { { "large holes", large_holes }, { "small holes", small_holes, .control = true } },
	.predict = { "All blocks are freed, except for the small live ones between them. By how "
		     "much does malloc_trim(0) then change resident memory?",
		     "resident_bytes", "large holes", "freed", "malloc_trim",
		     .because = "malloc_trim(0) gives back every whole page of a free chunk, "
				"wherever the chunk lies. Only the pages of the live blocks stay, "
				"and those at the edges of the holes." },
	.judge = judge,
	.film = true,
};
