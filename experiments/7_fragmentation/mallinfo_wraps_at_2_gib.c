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
 * Control: below 2 GiB both must give the same number.
 * Try: step=1G.  What does mallinfo() show at exactly 4 GiB?
 */
#include "experiment.h"
#include "heap_report.h"
#include "memory.h"

enum { STEPS = 20 };

static int64_t step_bytes = 256 * MiB;

static void grow(struct heap_report (*report)(void))
{
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

static void judge(void)
{
	int64_t above = 0, below = 0, wrapped = 0, whole = 0, exact = 0;

	for (int n = 0; n < STEPS; n++) {
		int64_t asked = nth_row("mallinfo2()", "growing", n)->x;
		int64_t real = nth_row("mallinfo2()", "growing", n)->y;
		int64_t shown = nth_row("mallinfo()", "growing", n)->y;
		/* Each mapping holds its block and a header, in whole pages. */
		exact += real > asked && real <= asked + (n + 1) * page_bytes();
		below += real < 2 * GiB;
		above += real >= 2 * GiB;
		whole += real < 2 * GiB && shown == real;
		wrapped += real >= 2 * GiB && shown != real && shown == as_int(real);
	}
	expect_equal("blocks that have a mapping of their own", STEPS,
		     growth("mallinfo2()", "before", "growing").mmapped_count);
	expect_equal("readings at which mallinfo2() is exact to the page", STEPS, exact);
	expect_between("readings from 2 GiB on", 1, above, STEPS);
	expect_equal("readings from 2 GiB on at which mallinfo() shows the sum cut to 32 bits",
		     above, wrapped);
	control_between("readings below 2 GiB", 1, below, STEPS);
	control_equal("readings below 2 GiB at which mallinfo() is right", below, whole);
}

const struct experiment experiment = {
	.claim = "mallinfo() is wrong from 2 GiB on; mallinfo2() is right",
	.asked = "Why does my heap monitor show a negative number?",
	.x_axis = "bytes allocated",
	.y_axis = "bytes in mapped blocks, as reported (hblkhd)",
	.charted = "y",
	.knobs = { { "step", &step_bytes, "bytes", "size of each of the 20 blocks", 128 * MiB, GiB } },
	.arms = { { "mallinfo()", by_mallinfo }, { "mallinfo2()", by_mallinfo2 } },
	.predict = { "20 of these blocks are allocated. How many bytes of mapped blocks does "
		     "mallinfo() show?",
		     "y", "mallinfo()", .to = "growing",
		     .because = "Its fields are int, of 32 bits: every full 4 GiB of the true sum "
				"are lost." },
	.judge = judge,
};
