/* SPDX-License-Identifier: MIT */
/* "free() merges a freed block with its free neighbours": boundary tags, as in
 * every course since Knuth.
 *
 * For blocks of more than 120 bytes, this is so (but for the few of each size that
 * the thread's cache keeps: freeing_everything_empties_the_heap).  Smaller ones go
 * to a fastbin (_int_free() in malloc/malloc.c): a list for their size, still marked
 * as in use so that no neighbour merges with them, because a program that freed a
 * small block usually wants one of the same size soon.  A million freed list nodes are
 * a million free chunks of 32 bytes, and none of their pages can go back.
 *
 * malloc_consolidate() merges them after all: when a request of about 1 KiB or more
 * comes, when the top is used up, when a freed chunk merges into 64 KiB or more, or
 * at malloc_trim(3).  glibc 2.43 gave up fastbins; there the sentence holds.
 *
 * Control: blocks of 2 KiB, freed in the same order, merge at once.
 * Try: must_malloc(1024) in place of malloc_trim(0).  How many free chunks are left,
 * and does the break go down?
 */
#include <malloc.h>

#include "experiment.h"
#include "heap_report.h"
#include "memory.h"

enum { STEPS = 8 };

static int64_t blocks = 16384, bytes = 24;

static int64_t free_chunks(void)
{
	struct heap_report heap = mallinfo_report();
	return heap.smblks + heap.ordblks; /* in fastbins, and all others */
}

static void free_neighbours(int64_t size)
{
	char **block = must_map(blocks * (int64_t)sizeof(*block));

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
#ifdef __GLIBC__
	malloc_trim(0);
#endif
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

/* The most free chunks that there ever were. */
static int64_t most_chunks(const char *arm)
{
	const struct row *row;
	int64_t most = 0;

	for (int n = 0; (row = nth_row(arm, "free", n)) != NULL; n++)
		most = row->y > most ? row->y : most;
	return most;
}

static void judge(void)
{
	/* The merged chunk, the top, and the one small block that was freed before. */
	expect_between("small blocks: free chunks at most", 1, most_chunks("small"), 3);
	control_between("blocks of 2 KiB: free chunks at most", 1, most_chunks("2 KiB"), 3);
	/* Seven (16 since glibc 2.43) stay in the tcache, which counts as in use; a
	 * chunk is at least 8 bytes larger than its block, which more than makes up. */
	control_between("small blocks: bytes that malloc counts as in use no more",
			(blocks - 7) * bytes, -growth("small", "free", "malloc_trim").in_use_bytes,
			blocks * (bytes + 32));
	control_between("small blocks, after malloc_trim(0): free chunks", 1,
			nth_row("small", "malloc_trim", 0)->y, 3);
}

const struct experiment experiment = {
	.claim = "free() merges a freed block with its free neighbours",
	.asked = "I freed a million list nodes that lie side by side. Is that one large free block?",
	.instead = "Up to 120 bytes, freed blocks go to fastbins and stay apart, and their pages with the "
		   "process, until malloc_trim(), a large request or a large free merges them.",
	.x_axis = "blocks freed",
	.y_axis = "free chunks",
	.charted = "y",
	.chart_options = "log-y",
	.knobs = { { "blocks", &blocks, "", "how many", 1024, 1 << 20 },
		   { "bytes", &bytes, "bytes", "size of a small block", 1, 4 * KiB } },
	.arms = { { "small", small }, { "2 KiB", large, .control = true } },
	.predict = { "All the small blocks, side by side, are freed. How many free chunks are "
		     "there?",
		     "y", "small", .to = "free",
		     .because = "Blocks of up to 120 bytes go to a fastbin, where they do not "
				"merge: as many free chunks as blocks, less those that the "
				"thread's cache keeps. Since glibc 2.43 there are no fastbins." },
	.judge = judge,
	.observe_with = "blocks=4096",
};
