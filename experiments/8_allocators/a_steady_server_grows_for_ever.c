/* SPDX-License-Identifier: MIT */
/* "A server under steady load grows for ever."
 *
 * A server holds as much data tonight as it did this morning, and yet, so the story goes, it
 * becomes larger from hour to hour: fragmentation.  Johnstone and Wilson measured real programs, and
 * found almost no fragmentation with good allocators ("The Memory Fragmentation Problem: Solved?",
 * ISMM 1998).  Holes are filled by what comes next, if that has sizes like those of what went; free
 * neighbours merge (_int_free() in glibc's malloc/malloc.c), or a size class hands out the same
 * places again.
 *
 * Here a server holds a fixed number of blocks of 16 bytes to 4 KiB, equally many of each power
 * of two.  At each step it replaces one at random.  95 of 100 steps replace one of an eighth of
 * the blocks, which therefore live for a short time; the other steps replace one of the rest,
 * which live long.  The program counts what is in use, and what is resident is divided by that.
 *
 * Controls: a program that really grows, because it forgets to free one block in a hundred, must
 * become larger in the second half of the time.  A server in which no block is long-lived must not.
 * And the malloc of each other allocator must not be glibc's.
 * Try: steps=4M: does it grow in the long run?  And long_lived=50?
 */
#include "allocators.h"
#include "dice.h"
#include "experiment.h"
#include "memory.h"

enum { SMALLEST = 16, LARGEST = 4096, RECORDS = 16 };

static int64_t blocks = 8192, steps = 1 << 18, long_lived = 5;

static char **block;
static int64_t *size, live;

static void fill(int64_t place)
{
	size[place] = dice_mixed_size(SMALLEST, LARGEST);
	block[place] = must_malloc(size[place]);
	write_bytes(block[place], size[place]);
	live += size[place];
}

static void replace(int64_t place, bool forget)
{
	if (!forget)
		free(block[place]);
	live -= size[place];
	fill(place);
}

/* The places of blocks that live for a short time are the first eighth. */
static int64_t next_place(void)
{
	int64_t short_lived = blocks / 8;

	if (dice_between(1, 100) <= long_lived)
		return dice_between(short_lived, blocks - 1);
	return dice_between(0, short_lived - 1);
}

/* y is what is in use. */
static void serve(bool leak)
{
	int64_t bytes = blocks * (int64_t)sizeof(*block);

	must_have_memory(2 * (blocks + steps / 100) * LARGEST);
	block = must_map(bytes);
	size = must_map(bytes);
	write_pages(block, bytes);
	write_pages(size, bytes);
	wake_malloc();
	record_y("begin", 0, 0);
	for (int64_t i = 0; i < blocks; i++)
		fill(i);
	record_y("serving", 0, live);
	for (int64_t step = 1; step <= steps; step++) {
		replace(next_place(), leak && step % 100 == 0);
		if (step % (steps / RECORDS) == 0)
			record_y("serving", step, live);
	}
}

static void steady(void)
{
	serve(false);
}

static void none_lives_long(void)
{
	long_lived = 0;
	serve(false);
}

static void leaking(void)
{
	serve(true);
}

/* Returns what is resident at the nth record, in per cent of what is in use there. */
static int64_t percent(const char *arm, int n)
{
	int64_t before = nth_row(arm, "begin", 0)->is.resident_bytes;
	const struct row *row = nth_row(arm, "serving", n);

	return (row->is.resident_bytes - before) * 100 / row->y;
}

/* By how much it becomes larger from the middle to the end, in per cent of what is in use. */
static int64_t grown(const char *arm)
{
	return percent(arm, RECORDS) - percent(arm, RECORDS / 2);
}

static int64_t highest(const char *arm)
{
	int64_t most = 0;

	for (int i = 0; i <= RECORDS; i++)
		if (percent(arm, i) > most)
			most = percent(arm, i);
	return most;
}

/* What is in use, the sum of random sizes, itself moves by a few per cent. */
static const int64_t noise = 5;

/* Classes of sizes round up by up to a quarter, and where blocks live long, a page holds holes: half
 * as much again as what is in use.  A server that grows for ever passes any such bound. */
static const int64_t most = 150;

static void expect_growth(const char *arm)
{
	expect_between(
		about(arm, "growth in the second half of the time, in per cent of what is in use"),
		"%", noise, grown(arm), INT64_MAX);
	instead_between(about(arm, "change in the second half of the time: nearly none"), "%",
			-noise, grown(arm), noise - 1);
	instead_between(about(arm, "resident, at its highest, in per cent of what is in use"), "%",
			100, highest(arm), most);
}

static void judge(void)
{
	expect_growth("glibc");
	for_each_other_allocator(expect_growth);
	control_between("a leak: growth in the second half of the time, in per cent of what is in use",
			"%", noise, grown("a leak"), INT64_MAX);
	control_between("none lives long: growth in the second half of the time: nearly none", "%",
			-noise, grown("none lives long"), noise - 1);
	control_other_mallocs();
}

const struct experiment experiment = {
	.claim = "a server under steady load grows for ever",
	.asked = "The load is the same every day. Must we restart the server now and then?",
	.instead =
		"Once it has reached its size, a server under steady load stays as large as it is, "
		"though some blocks live long: never more than 1.5 times what is in use, with each "
		"of these allocators.",
	.x_axis = "blocks replaced",
	.y_axis = "bytes in use",
	.y_unit = "bytes",
	.charted = "resident_bytes",
	.chart = CHART_LINES,
	.annotate = { { "glibc: at most {resident, at its highest} of what is in use", "glibc",
			"serving" } },
	.knobs = { { "blocks", &blocks, "", "blocks in use", 8192, 1 << 14 },
		   { "steps", &steps, "", "how many blocks are replaced", 1 << 18, 1 << 22 },
		   { "long_lived", &long_lived, "", "of 100 replaced blocks, so many live long",
		     .most = 50 } },
	.arms = { { "glibc", steady },
		  ARMS_OF_OTHER_ALLOCATORS(steady),
		  { "a leak", leaking, .control = true },
		  { "none lives long", none_lives_long, .control = true } },
	.predict = { "A server has 8,192 blocks in use, and then replaces 260,000, one after the other. "
		     "By how much does it become larger?",
		     "resident_bytes", "glibc", "serving", "serving",
		     .because = "Most holes are filled by the next blocks, since these have the same "
				"sizes as those that went." },
	.judge = judge,
	.about_glibc = true,
};
