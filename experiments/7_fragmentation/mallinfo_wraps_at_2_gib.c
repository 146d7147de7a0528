/* SPDX-License-Identifier: MIT */
/* mallinfo() cannot count to 2 GiB.
 *
 * Its fields are int, as they were in System V, when nobody could have a heap of
 * 2 GiB.  Above 2^31 - 1 a field turns negative, at 4 GiB it starts again at 0, and
 * no error is reported: a monitor that draws the field draws a sawtooth.  glibc 2.33
 * brought mallinfo2(), whose fields are size_t, and deprecated mallinfo().
 *
 * The blocks are never written, so the program needs addresses, not memory.
 *
 * Control: every block must have a mapping, whose bytes the field counts, and below
 * 2 GiB both must give the same number.
 * Try: step=1G.  What does mallinfo() show at exactly 4 GiB?
 */
#include "arm_limits.h"
#include "experiment.h"
#include "heap_report.h"
#include "malloc_knobs.h"
#include "memory.h"

enum { STEPS = 20 };

static int64_t step_bytes = 256 * MiB;

static void grow(struct heap_report (*report)(void))
{
	must_have_64_bits(); /* otherwise malloc cannot have much more than 2 GiB */
	must_pin_thresholds(DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	wake_malloc();
	record_y("before", 0, report().hblkhd);
	for (int64_t i = 1; i <= STEPS; i++) {
		must_malloc(step_bytes);
		record_y("growing", i * step_bytes, report().hblkhd);
	}
}

static void by_mallinfo(void)
{
	grow(mallinfo_report);
}

static void by_mallinfo2(void)
{
	grow(mallinfo2_report);
}

/* Returns what is left of a number that is stored in an int of 32 bits. */
static int64_t as_int(int64_t number)
{
	return (int32_t)(uint32_t)number;
}

/* Counts the readings at which mallinfo2() shows the blocks and one page more for each, at most:
 * a mapping holds its block and a header, in whole pages. */
static int64_t exact_readings(void)
{
	int64_t count = 0;

	for (int n = 0; n < STEPS; n++) {
		const struct row *row = nth_row("mallinfo2()", "growing", n);
		count += row->y > row->x && row->y <= row->x + (n + 1) * page_bytes();
	}
	return count;
}

/* Counts the readings of mallinfo2() in [least, end). */
static int64_t readings_in(int64_t least, int64_t end)
{
	int64_t count = 0;

	for (int n = 0; n < STEPS; n++) {
		int64_t real = nth_row("mallinfo2()", "growing", n)->y;
		count += least <= real && real < end;
	}
	return count;
}

/* Counts those of them at which mallinfo() shows what is left of the number in 32 bits. */
static int64_t readings_as_int_in(int64_t least, int64_t end)
{
	int64_t count = 0;

	for (int n = 0; n < STEPS; n++) {
		int64_t real = nth_row("mallinfo2()", "growing", n)->y;
		count += least <= real && real < end &&
			 nth_row("mallinfo()", "growing", n)->y == as_int(real);
	}
	return count;
}

static void judge(void)
{
	control_equal("blocks that have a mapping of their own", "blocks", STEPS,
		      growth("mallinfo2()", "before", "growing").mmapped_count);
	expect_equal("readings at which mallinfo2() is exact to the page", "readings", STEPS,
		     exact_readings());
	control_between("readings from 2 GiB on", "readings", 1, readings_in(2 * GiB, INT64_MAX),
			STEPS);
	expect_equal("readings from 2 GiB on at which mallinfo() shows the sum cut to 32 bits",
		     "readings", readings_in(2 * GiB, INT64_MAX),
		     readings_as_int_in(2 * GiB, INT64_MAX));
	control_between("readings below 2 GiB", "readings", 1, readings_in(0, 2 * GiB), STEPS);
	control_equal("readings below 2 GiB at which mallinfo() is right", "readings",
		      readings_in(0, 2 * GiB), readings_as_int_in(0, 2 * GiB));
}

const struct experiment experiment = {
	.claim = "mallinfo() is wrong from 2 GiB on; mallinfo2() is right",
	.asked = "Why does my heap monitor show a negative number?",
	.x_axis = "bytes allocated",
	.x_unit = "bytes",
	.y_axis = "bytes in mapped blocks, as reported (hblkhd)",
	.y_unit = "bytes",
	.charted = "y",
	.knobs = { { "step", &step_bytes, "bytes", "size of each of the 20 blocks", 128 * MiB, GiB } },
	.arms = { { "mallinfo()", by_mallinfo }, { "mallinfo2()", by_mallinfo2 } },
	.predict = { "20 of these blocks are allocated. How many bytes of mapped blocks does "
		     "mallinfo() show?",
		     "y", "mallinfo()", .to = "growing",
		     .because = "Its fields are int, of 32 bits: every full 4 GiB of the true sum "
				"are lost." },
	.judge = judge,
	.about_glibc = true,
};
