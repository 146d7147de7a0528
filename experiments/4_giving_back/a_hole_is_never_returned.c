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
 * holes comes back, and why can the last run not tell?
 */
#include "experiment.h"
#include "heap_walk.h"
#include "malloc_knobs.h"
#include "memory.h"

static int64_t total_bytes = 16 * MiB, hole_bytes = 256 * KiB;

/* What malloc_trim() leaves at the start of a free chunk: sizeof(struct malloc_chunk) in
 * malloc/malloc.c, two sizes and four links. */
enum { KEPT_BYTES = 2 * sizeof(size_t) + 4 * sizeof(void *) };

/* Returns the whole pages that malloc_trim() can give back of the chunk that a freed block
 * becomes.  The chunk begins two sizes before the block. */
static int64_t whole_pages_in(const char *block, int64_t bytes)
{
	uintptr_t page = (uintptr_t)page_bytes();
	uintptr_t chunk = (uintptr_t)block - 2 * sizeof(size_t);
	uintptr_t first = (chunk + KEPT_BYTES + page - 1) / page;
	uintptr_t end = (chunk + (uintptr_t)heap_chunk_bytes(bytes)) / page;

	return end > first ? (int64_t)(end - first) : 0;
}

/* Allocates blocks of the given size, with a tiny live block after each, and frees all
 * but the tiny ones.  The first must_malloc(1) takes a block that wake_malloc() left in
 * the thread's cache: it lies before all others and could not separate two holes. */
static void make_holes(int64_t bytes)
{
	int64_t holes = total_bytes / bytes, whole_pages = 0;
	char **block = must_map_notes(holes * (int64_t)sizeof(*block));

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
	for (int64_t i = 0; i < holes; i++) {
		whole_pages += whole_pages_in(block[i], bytes);
		free(block[i]);
	}
	record_y("freed", 0, whole_pages);
	must_trim_heap();
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
	int64_t whole_pages = y_of("large holes", "freed");

	expect_equal("free() leaves resident memory as it is", "bytes", 0, freed.resident_bytes);
	expect_equal("free() leaves the break where it is", "bytes", 0, freed.heap_top_bytes);
	/* What the top gives back was never written, and the page of its header stays. */
	expect_equal("malloc_trim(0) leaves resident memory as it is", "bytes", 0,
		     trimmed.resident_bytes);
	instead_equal("malloc_trim(0) gives back every whole page of the holes", "bytes",
		      whole_pages * page_bytes(), -trimmed.resident_bytes);
	/* What is free beside the holes is the top. */
	int64_t top = nth_row("large holes", "freed", 0)->is.free_bytes -
		      total_bytes / hole_bytes * heap_chunk_bytes(hole_bytes);
	instead_between("malloc_trim(0) lowers the break by no more than was free at the top",
			"bytes", 0, -trimmed.heap_top_bytes, top);
	control_between("the large holes have whole pages", "pages", 1, whole_pages, INT64_MAX);
	control_equal("small holes: malloc_trim(0) leaves resident memory as it is", "bytes", 0,
		      growth("small holes", "freed", "malloc_trim").resident_bytes);
	/* Each hole is a free chunk; what the top lost to the blocks is free no longer. */
	int64_t holes = total_bytes / (page_bytes() / 2);
	control_equal("small holes: malloc counts all of them as free", "bytes",
		      holes * heap_chunk_bytes(page_bytes() / 2),
		      growth("small holes", "written", "freed").free_bytes);
}

const struct experiment experiment = {
	.claim = "free memory below a live block of the heap stays with the process until it ends",
	.asked = "Can one small block hold a whole heap in memory?",
	.instead = "The break has to stay, but the pages do not: malloc_trim(0) gives back every whole "
		   "page of a free chunk, wherever the chunk lies. free() alone gives none back.",
	.charted = "resident_bytes heap_top_bytes",
	.y_axis = "whole pages of the holes",
	.chart = CHART_STAGES,
	.knobs = { { "total", &total_bytes, "bytes", "total size of the blocks", 1 * MiB, 1 * GiB },
		   { "hole", &hole_bytes, "bytes", "size of a large hole", 2 * KiB, 1 * MiB } },
	.arms = { { "large holes", large_holes }, { "small holes", small_holes, .control = true } },
	.predict = { "All blocks are freed, except for the small live ones between them. By how "
		     "much does malloc_trim(0) then change resident memory?",
		     "resident_bytes", "large holes", "freed", "malloc_trim",
		     .because = "malloc_trim(0) gives back every whole page of a free chunk, "
				"wherever the chunk lies. Only the pages of the live blocks stay, "
				"and those at the edges of the holes." },
	.judge = judge,
	.about_glibc = true,
	.film = true,
};
