/* SPDX-License-Identifier: MIT */
/* "free() merges a freed block with its free neighbours": with boundary tags, as
 * every course has taught since Knuth.
 *
 * For blocks of more than 120 bytes this is so (except for the few of each size
 * that the thread's cache keeps: freeing_everything_empties_the_heap).  Smaller
 * blocks go to a fastbin, a list for their size (_int_free() in malloc/malloc.c;
 * _int_free_chunk() in glibc 2.42).  They stay marked as in use, so that no
 * neighbour merges with them, because a program that freed a small block usually
 * wants one of the same size soon.  A million freed list nodes are a million free
 * chunks of 32 bytes, and none of their pages can go back.
 *
 * malloc_consolidate() merges them later: when a request of about 1 KiB or more
 * comes, when the top is used up, when a freed chunk merges into 64 KiB or more,
 * or at malloc_trim(3).  glibc 2.43 has no fastbins, and there the sentence holds.
 *
 * Control: blocks of 2 KiB, freed in the same order, must merge at once.
 * Try: must_malloc(1024) in place of malloc_trim(0).  How many free chunks are
 * left, and does the break go down?
 */
#include "experiment.h"
#include "heap_report.h"
#include "heap_walk.h"
#include "malloc_knobs.h"
#include "memory.h"

enum { STEPS = 8 };

static int64_t blocks = 16384, bytes = 24;

static int64_t free_chunks(void)
{
	struct heap_report heap = mallinfo_report();
	return heap.smblks + heap.ordblks; /* those in fastbins, and all others */
}

static void free_neighbours(int64_t size)
{
	char **block = must_map_notes(blocks * (int64_t)sizeof(*block));

	must_have_memory(blocks * size);
	wake_malloc();
	for (int64_t i = 0; i < blocks; i++) {
		block[i] = must_malloc(size);
		write_bytes(block[i], size);
	}
	record_y("free", 0, free_chunks());
	for (int64_t i = 0; i < blocks; i++) {
		free(block[i]);
		if ((i + 1) % (blocks / STEPS) == 0)
			record_y("free", i + 1, free_chunks());
	}
	must_trim_heap();
	record_y("malloc_trim", blocks, free_chunks());
}

static void small(void)
{
	free_neighbours(bytes);
}

static void large(void)
{
	free_neighbours(2 * KiB);
}

/* The largest number of free chunks that an arm recorded. */
static int64_t most_chunks(const char *arm)
{
	const struct row *row;
	int64_t most = 0;

	for (int n = 0; (row = nth_row(arm, "free", n)) != NULL; n++)
		most = row->y > most ? row->y : most;
	return most;
}

/* The most blocks of one size that the thread's cache keeps: 7, and 16 since glibc 2.43. */
enum { MOST_CACHED = 16 };

/* Returns at how many steps each freed block was a free chunk of its own, except for those that
 * the thread's cache may keep; the top and the block that wake_malloc() freed are two more. */
static int64_t steps_with_a_chunk_for_each_block(const char *arm)
{
	int64_t count = 0;

	for (int n = 1; n <= STEPS; n++) {
		const struct row *row = nth_row(arm, "free", n);
		count += row->x - MOST_CACHED <= row->y && row->y <= row->x + 2;
	}
	return count;
}

static void judge(void)
{
	/* The merged chunk, the top, and the small block that wake_malloc() freed. */
	expect_between("small blocks: there are never more than three free chunks", "chunks", 1,
		       most_chunks("small"), 3);
	instead_equal("small blocks: at each of 8 steps, each freed block is a free chunk of its own",
		      "steps", STEPS, steps_with_a_chunk_for_each_block("small"));
	instead_equal("small blocks: the frees leave resident memory as it is", "bytes", 0,
		      growth("small", "free", "free").resident_bytes);
	control_between("blocks of 2 KiB: there are never more than three free chunks", "chunks", 1,
			most_chunks("2 KiB"), 3);
	/* All but those that stay in the thread's cache, which malloc counts as in use. */
	int64_t chunk = heap_chunk_bytes(bytes);
	control_between("small blocks: malloc no longer counts them as in use", "bytes",
			(blocks - MOST_CACHED) * chunk,
			-growth("small", "free", "malloc_trim").in_use_bytes, blocks * chunk);
	control_between("small blocks: malloc_trim(0) leaves at most three free chunks", "chunks",
			1, nth_row("small", "malloc_trim", 0)->y, 3);
}

const struct experiment experiment = {
	.claim = "free() merges a freed block with its free neighbours",
	.asked = "I freed a million list nodes that lie side by side. Is that one large free block?",
	.instead = "Freed blocks of up to 120 bytes go to fastbins. They stay separate, and their pages "
		   "stay resident, until something merges them, such as malloc_trim(0).",
	.x_axis = "blocks freed",
	.y_axis = "free chunks",
	.charted = "y",
	.annotate = { { "{small blocks: there are never more than three}, free and side by side",
			"small", "free" },
		      { "after malloc_trim(0): {small blocks: malloc_trim(0) leaves}", "small",
			"malloc_trim" } },
	.knobs = { { "blocks", &blocks, "", "number of blocks", 1024, 1 << 18 },
		   { "bytes", &bytes, "bytes", "size of a small block", 1, 4 * KiB } },
	.arms = { { "small", small }, { "2 KiB", large, .control = true } },
	.predict = { "All the small blocks, which lie side by side, are freed. How many free "
		     "chunks are there then?",
		     "y", "small", .to = "free",
		     .because = "Blocks of up to 120 bytes go to a fastbin, where they do not "
				"merge. So there are as many free chunks as blocks, except for "
				"the few blocks that the thread's cache keeps. Since glibc 2.43 "
				"there are no fastbins." },
	.judge = judge,
	.film = true,
	.about_glibc = true,
	.observe_with = "blocks=4096",
};
