/* SPDX-License-Identifier: MIT */
/* A program that has been busy keeps its memory, although it now needs little of it.
 *
 * Blocks are allocated and freed again and again, in any order (churn); in the end
 * most of them are freed.  The blocks that survive lie scattered over the whole heap.  Between them are holes,
 * which malloc will reuse, but which free() cannot give back to the kernel: it can
 * only lower the break, so only the free memory above the highest survivor could go
 * back.  The bytes in use fall and resident memory stays: external fragmentation.
 *
 * The cause is not how much was freed, but in which order.  Lifetimes that are nested
 * like those on a stack leave no holes.  Nor are mixed sizes the cause: blocks of one
 * size leave as many holes, although each hole fits the next block exactly.
 *
 * Control: with the same sizes, but always the youngest block freed first, memory must
 * go back while the blocks are freed.
 * The blocks are larger than what a thread's cache keeps (1,032 bytes), because a
 * block in that cache counts as in use and keeps the top from shrinking: see
 * freed_is_not_free_in_the_tcache.
 * Try: smallest=16 largest=500.  Why does the control fail?
 * Try: malloc_trim(0) at the end: holes that span whole pages can go after all.
 */
#include "dice.h"
#include "experiment.h"
#include "malloc_knobs.h"
#include "memory.h"

enum { STEPS = 8 };

static int64_t most_blocks = 6000, smallest = 2 * KiB, largest = 8 * KiB, rounds = 3;
static int64_t count, done;
static bool one_size;
static char **blocks;

static void allocate(int64_t place)
{
	int64_t bytes = dice_between(smallest, largest);

	if (one_size)
		bytes = (smallest + largest) / 2;
	blocks[place] = must_malloc(bytes);
	write_pages(blocks[place], bytes);
	done++;
}

static int64_t pick_any(void)
{
	return dice_between(0, count - 1);
}

/* Draws a number all the same, so that both arms get the same sizes. */
static int64_t pick_youngest(void)
{
	pick_any();
	return count - 1;
}

static void churn(int64_t (*pick)(void))
{
	blocks = must_map_notes(most_blocks * (int64_t)sizeof(*blocks));
	write_pages(blocks, most_blocks * (int64_t)sizeof(*blocks));
	must_have_memory(most_blocks * (smallest + largest) / 2);
	wake_malloc();
	record("before", 0);
	for (int step = 1; step <= STEPS; step++) {
		while (count < most_blocks * step / STEPS)
			allocate(count++);
		record("filling", done);
	}
	for (int step = 0; step < 2 * STEPS; step++) {
		for (int64_t i = 0; i < rounds * most_blocks / 2 / STEPS; i++) {
			int64_t place = pick();
			free(blocks[place]);
			allocate(place);
		}
		record("churning", done);
	}
	for (int step = 9; step >= 1; step--) {
		for (; count > most_blocks * step / 10; done++) {
			int64_t place = pick();
			free(blocks[place]);
			blocks[place] = blocks[--count];
		}
		record("freeing", done);
	}
}

static void any_block(void)
{
	churn(pick_any);
}

static void any_block_of_one_size(void)
{
	one_size = true;
	churn(pick_any);
}

static void youngest_first(void)
{
	churn(pick_youngest);
}

/* Counts the rows during the frees at which nearly as much is resident as at the peak. */
static int64_t rows_as_at_peak(const char *arm, int64_t peak_bytes)
{
	int64_t before = nth_row(arm, "before", 0)->is.resident_bytes, rows = 0;

	for (int n = 0; n < rows_under(arm, "freeing"); n++)
		rows += nth_row(arm, "freeing", n)->is.resident_bytes - before >=
			peak_bytes / 20 * 19;
	return rows;
}

static void expect_holes(const char *arm)
{
	struct snapshot peak = growth(arm, "before", "churning");

	control_equal(about(arm, "blocks that lie outside of the heap"), "blocks", 0,
		      peak.mmapped_count);
	/* One block in ten survives; their sizes differ. */
	expect_between(about(arm, "bytes in use after nine blocks in ten were freed"), "bytes",
		       peak.in_use_bytes / 20, growth(arm, "before", "freeing").in_use_bytes,
		       peak.in_use_bytes / 20 * 3);
	/* The highest survivor usually lies about ten blocks below the top, rarely further. */
	expect_equal(
		about(arm, "readings during the frees with nearly as much resident as at the peak"),
		"readings", rows_under(arm, "freeing"), rows_as_at_peak(arm, peak.resident_bytes));
}

static void judge(void)
{
	expect_holes("any block is freed");
	expect_holes("any block; one size");
	struct snapshot nested = growth("youngest block first", "before", "freeing");
	/* free() keeps up to M_TRIM_THRESHOLD of the top and leaves M_TOP_PAD of it. */
	control_between("youngest block first: resident bytes at the end", "bytes", 0,
			nested.resident_bytes,
			nested.in_use_bytes + 2 * DEFAULT_THRESHOLD + 2 * page_bytes());
}

const struct experiment experiment = {
	.claim = "mixed lifetimes leave holes: most blocks are freed, but resident memory stays",
	.asked = "My program freed nearly everything. Why is it still as large as at its peak?",
	.x_axis = "blocks allocated and freed",
	.charted = "resident_bytes in_use_bytes",
	.knobs = { { "blocks", &most_blocks, "", "blocks alive at the same time", 1000, 1 << 18 },
		   { "smallest", &smallest, "bytes", "smallest block", 1, 64 * KiB },
		   { "largest", &largest, "bytes", "largest block", 1, 64 * KiB },
		   { "rounds", &rounds, "", "how often a block is replaced, on average", 1, 1000 } },
	.arms = { { "any block is freed", any_block },
		  { "any block; one size", any_block_of_one_size },
		  { "youngest block first", youngest_first, .control = true } },
	.predict = { "In the end nine blocks in ten are freed. How much is still resident?",
		     "resident_bytes", "any block is freed", "before", "freeing",
		     .because = "The blocks that survive lie scattered over the heap. free() can "
				"only lower the break, and not below the highest survivor." },
	.judge = judge,
	.about_glibc = true,
	.deep = "blocks=100000",
	.film = true,
};
