/* SPDX-License-Identifier: MIT */
/* "Allocators with size classes fragment less than glibc."
 *
 * jemalloc, tcmalloc and mimalloc put blocks of one size class side by side: a run of pages
 * belongs to a class, so a free block always fits the next request of its class exactly.  glibc
 * cuts chunks of any size from the same memory, and merges neighbours that are free
 * (_int_free() in malloc/malloc.c, "consolidate").
 *
 * What is better depends on the load.  Here a program uses 12 sizes, one after the other, as a
 * server does whose requests change in the course of a day.  Of each size it allocates 16 MiB and
 * then frees all blocks but one in 64, chosen at random.  A run of pages with one survivor still
 * belongs to its class.  No other class can use the run, so each new size needs new memory.
 * glibc merges the free chunks between the survivors, and the next size is cut from them.
 *
 * Fragmentation is what stays resident, divided by what is in use; the program itself counts
 * what is in use.
 *
 * jemalloc keeps free pages for about ten seconds (dirty_decay_ms).  An arm in which it gives them
 * back at once shows that this is not why it is large.
 *
 * Controls: with one size in all 12 rounds the free blocks fit, and where nothing survives the
 * runs of pages are free.  In both, each of the other allocators must keep no more than the
 * memory of three rounds, and jemalloc gives free pages back at once here, too.  And its malloc must not be glibc's.
 * Try: survivors=8 and survivors=256: when does the page of 4 KiB, and when does the run of pages,
 * decide what is kept?
 */
#include <stdio.h>

#include "allocators.h"
#include "dice.h"
#include "experiment.h"
#include "memory.h"

enum { SIZES = 12 };

/* Each of them is a size class of jemalloc (jemalloc(3), "Size classes"). */
static const int64_t sizes[SIZES] = { 48, 64, 96, 128, 160, 192, 256, 320, 384, 448, 512, 640 };

static int64_t round_bytes = 16 * MiB, one_in = 64;

/* Allocates and writes one round of a size, frees what does not survive, and returns how many bytes
 * survive. */
static int64_t play_round(char **block, int64_t size, bool some_survive)
{
	int64_t count = round_bytes / size, survivors = 0;

	for (int64_t i = 0; i < count; i++) {
		block[i] = must_malloc(size);
		write_bytes(block[i], size);
	}
	for (int64_t i = 0; i < count; i++)
		if (some_survive && dice_between(1, one_in) == 1)
			survivors++;
		else
			free(block[i]);
	return survivors * size;
}

/* y is what is in use. */
static void play(bool sizes_change, bool some_survive)
{
	int64_t bytes = round_bytes / sizes[0] * (int64_t)sizeof(char *), live = 0;
	char **block = must_map(bytes);

	must_have_memory(SIZES * round_bytes);
	write_pages(block, bytes);
	wake_malloc();
	record_y("rounds", 0, 0);
	for (int i = 0; i < SIZES; i++) {
		live += play_round(block, sizes[sizes_change ? i : SIZES / 2], some_survive);
		record_y("rounds", i + 1, live);
	}
}

static void as_told(void)
{
	play(true, true);
}

static void one_size(void)
{
	play(false, true);
}

static void no_survivor(void)
{
	play(true, false);
}

static int64_t kept(const char *arm)
{
	return growth(arm, "rounds", "rounds").resident_bytes;
}

static int64_t live(const char *arm)
{
	return nth_row(arm, "rounds", SIZES)->y;
}

static int64_t percent_kept(const char *arm)
{
	return kept(arm) * 100 / live(arm);
}

static void expect_less_than_glibc(const char *arm)
{
	int64_t glibc = percent_kept("glibc");

	expect_between(about(arm, "resident, in per cent of what is in use: less than glibc"), "%",
		       0, percent_kept(arm), glibc - 1);
	instead_between(about(arm, "resident, in per cent of what is in use: twice glibc's or more"),
			"%", 2 * glibc, percent_kept(arm), INT64_MAX);
}

static void control_load(const char *arm, const char *load)
{
	char name[STAGE_SIZE];

	snprintf(name, sizeof(name), "%s: %s", arm, load);
	control_between(about(name, "resident bytes, of three rounds at most"), "bytes", 0,
			kept(name), 3 * round_bytes);
}

static void control_causes(const char *arm)
{
	control_load(arm, "one size");
	control_load(arm, "no survivor");
}

static void judge(void)
{
	must_have_another_allocator();
	for_each_other_allocator(expect_less_than_glibc);
	if (arm_ran("jemalloc: no decay"))
		expect_less_than_glibc("jemalloc: no decay");
	instead_between("glibc: resident bytes, of what is in use and two rounds", "bytes",
			live("glibc"), kept("glibc"), 2 * live("glibc") + 2 * round_bytes);
	for_each_other_allocator(control_causes);
	control_other_mallocs();
}

/* clang-format off */
#define CONTROLS(name, environment_)                                                           \
	{ name ": one size", one_size, .control = true, .environment = environment_ },         \
	{ name ": no survivor", no_survivor, .control = true, .environment = environment_ }
#define JEMALLOC_NO_DECAY "LD_PRELOAD=libjemalloc.so.2 MALLOC_CONF=dirty_decay_ms:0,muzzy_decay_ms:0"
/* clang-format on */

const struct experiment experiment = {
	.claim = "allocators with size classes fragment less than glibc",
	.asked = "The sizes of our requests change in the course of a day. Which malloc fragments?",
	.instead = "Where sizes change and a few blocks of each survive, a survivor keeps a whole run "
		   "of pages for its class: the others keep more than twice as much as glibc, which "
		   "merges free neighbours and uses them for the next size.",
	.x_axis = "rounds, each of another size",
	.annotate = { { "glibc: {of what is in use and two rounds}", "glibc", "rounds" } },
	.y_axis = "bytes in use",
	.y_unit = "bytes",
	.charted = "resident_bytes",
	.chart = CHART_BARS,
	.knobs = { { "round", &round_bytes, "bytes", "how much is allocated of each size", 4 * MiB,
		     256 * MiB },
		   { "survivors", &one_in, "", "one block in so many survives", 8, 256 } },
	.arms = { { "glibc", as_told },
		  ARMS_OF_OTHER_ALLOCATORS(as_told),
		  { "jemalloc: no decay", as_told, .environment = JEMALLOC_NO_DECAY },
		  CONTROLS("jemalloc", JEMALLOC_NO_DECAY),
		  CONTROLS("tcmalloc", "LD_PRELOAD=libtcmalloc_minimal.so.4"),
		  CONTROLS("mimalloc 2", "LD_PRELOAD=libmimalloc.so.2"),
		  CONTROLS("mimalloc 3", "LD_PRELOAD=libmimalloc.so.3") },
	.predict = { "After 12 sizes, one block in 64 of each survives. How many times as much as "
		     "glibc does jemalloc keep resident?",
		     "resident_bytes", "jemalloc", "rounds", "rounds", "glibc",
		     .because = "A run of pages with one survivor belongs to the survivor's size class, "
				"and the next size needs other pages. glibc merges the free chunks "
				"between the survivors." },
	.judge = judge,
	.about_glibc = true,
	.observe_with = "round=4M",
};
