/* SPDX-License-Identifier: MIT */
/* mallinfo() cannot count to 2 GiB.
 *
 * Its fields are int, as they were in System V, where a heap of 2 GiB was out of
 * the question.  Beyond 2^31 - 1 a field turns negative, at 4 GiB it starts again
 * at 0, and nothing says so: a monitor that adds it up draws a sawtooth.  glibc
 * 2.33 brought mallinfo2(), whose fields are size_t, and deprecated mallinfo().
 *
 * The blocks are never written, so the program needs addresses, not memory.
 *
 * Control: below 2 GiB both give the same number.
 * Try: step=1G.  What does mallinfo() show at exactly 4 GiB?
 */
#include "experiment.h"
#include "heap_report.h"
#include "memory.h"

enum { STEPS = 20 };

static const int64_t int_range = 4 * GiB, int_end = 2 * GiB;
static int64_t step_bytes = 256 * MiB;

static void grow(void)
{
	mallinfo2_report(); /* before glibc 2.33 the probe's column is mallinfo()'s too: unsupported */
	must_pin_thresholds(DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	wake_malloc();
	record_y("before", 0, mallinfo_report().hblkhd);
	for (int64_t i = 1; i <= STEPS; i++) {
		must_malloc(step_bytes);
		record_y("growing", i * step_bytes, mallinfo_report().hblkhd);
	}
}

static void judge(void)
{
	const struct row *row;
	int64_t above = 0, below = 0, off = 0, right = 0, exact = 0;

	for (int n = 0; (row = nth_row("blocks that are mapped", "growing", n)) != NULL; n++) {
		int64_t real = row->is.mmapped_bytes;
		/* Each mapping holds its block and a header, in whole pages. */
		exact += real == NOT_MEASURED ?
				 0 :
				 real >= row->x && real <= row->x + (n + 1) * page_bytes();
		if (real < int_end) {
			below++;
			right += row->y == real;
		} else {
			above++;
			off += row->y < int_end && (real - row->y) % int_range == 0 && row->y != real;
		}
	}
	struct snapshot all = growth("blocks that are mapped", "before", "growing");
	expect_between("bytes in mapped blocks, says mallinfo2()", STEPS * step_bytes,
		       all.mmapped_bytes, STEPS * (step_bytes + page_bytes()));
	expect_equal("readings at which mallinfo2() is right", STEPS, exact);
	expect_between("readings from 2 GiB on", 1, above, STEPS);
	expect_equal("of them, those at which mallinfo() is off by a multiple of 4 GiB", above, off);
	control_between("readings below 2 GiB", 1, below, STEPS);
	control_equal("of them, those at which mallinfo() is right", below, right);
}

const struct experiment experiment = {
	.claim = "mallinfo() is wrong from 2 GiB on; mallinfo2() is right",
	.asked = "Why does my heap monitor show a negative number?",
	.x_axis = "bytes allocated",
	.y_axis = "hblkhd of mallinfo(), bytes",
	.charted = "y mmapped_bytes",
	.knobs = { { "step", &step_bytes, "bytes", "size of each of the 20 blocks", 128 * MiB, GiB } },
	.arms = { { "blocks that are mapped", grow } },
	.predict = { "20 of these blocks are allocated. How many bytes in mapped blocks does "
		     "mallinfo() show?",
		     "y", "blocks that are mapped", .to = "growing",
		     .because = "Its fields are int, 32 bits: of the true sum, every 4 GiB are "
				"missing." },
	.judge = judge,
};
