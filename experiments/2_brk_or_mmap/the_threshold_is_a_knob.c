/* SPDX-License-Identifier: MIT */
/* 128 KiB is a default, not a law.
 *
 * The size from which malloc maps a block is mp_.mmap_threshold, a variable in
 * malloc/malloc.c, and there are two handles on it:
 *
 *   mallopt(M_MMAP_THRESHOLD, n)      from inside the program: mallopt(3)
 *   GLIBC_TUNABLES=glibc.malloc.mmap_threshold=n
 *                                     from outside, read once when the program
 *                                     starts: "Memory Allocation Tunables" in
 *                                     the glibc manual
 *
 * Either also stops the threshold from moving by itself.  Up to glibc 2.34 neither
 * took values above half of the largest heap of an arena (32 MiB on 64-bit
 * machines); mallopt(3) still says so.
 *
 * The program uses up the top of the heap, so that the threshold decides alone,
 * and then looks for the first size, to the byte, that is mapped.
 *
 * Control: with neither handle touched, that size must be 128 KiB.
 * Try: threshold=1M, and compare the two handles: is either of them more exact?
 */
#include "experiment.h"
#include "heap_walk.h"
#include "malloc_knobs.h"
#include "memory.h"

#define TUNABLE_LOW 32768
#define TUNABLE_HIGH 1048576
#define TEXT_OF(number) NAME_OF(number)
#define NAME_OF(number) #number
#define TUNABLE(number) "GLIBC_TUNABLES=glibc.malloc.mmap_threshold=" TEXT_OF(number)

static int64_t threshold_bytes = 64 * KiB;

static void untouched(void)
{
	use_up_top();
	record_y("first size that is mapped", 0, first_value_where(1, 64 * MiB, is_mapped));
}

static void by_mallopt(void)
{
	must_pin_thresholds(threshold_bytes, DEFAULT_THRESHOLD);
	untouched();
}

/* The smallest request whose chunk reaches the threshold: a chunk is somewhat larger. */
static int64_t first_at(int64_t threshold)
{
	int64_t request = threshold;

	while (heap_chunk_bytes(request - 1) >= threshold)
		request--;
	return request;
}

static int64_t first_mapped(const char *arm)
{
	return y_of(arm, "first size that is mapped");
}

static void judge(void)
{
	expect_equal("set by mallopt(): first size that is mapped", first_at(threshold_bytes),
		     first_mapped("mallopt"));
	expect_equal("lowered by GLIBC_TUNABLES: first size that is mapped", first_at(TUNABLE_LOW),
		     first_mapped("tunable lower"));
	expect_equal("raised by GLIBC_TUNABLES: first size that is mapped", first_at(TUNABLE_HIGH),
		     first_mapped("tunable higher"));
	control_equal("untouched: first size that is mapped", first_at(DEFAULT_THRESHOLD),
		      first_mapped("untouched"));
}

const struct experiment experiment = {
	.claim = "mallopt() and GLIBC_TUNABLES set the size from which a request is mapped",
	.asked = "Can I change when malloc uses mmap?",
	.y_axis = "first size that is mapped, bytes",
	.charted = "y",
	.chart = CHART_BARS,
	.chart_options = "log-y mark=131072:128_KiB",
	/* Below 1 KiB a freed block of the start-up could serve the request. */
	.knobs = { { "threshold", &threshold_bytes, "bytes", "what mallopt() is given", 1 * KiB,
		     32 * MiB } },
	.arms = { { "untouched", untouched, .control = true },
		  { "mallopt", by_mallopt },
		  { "tunable lower", untouched, .environment = TUNABLE(TUNABLE_LOW) },
		  { "tunable higher", untouched, .environment = TUNABLE(TUNABLE_HIGH) } },
	.predict = { "mallopt() set the threshold above. Which is the first size that is mapped?",
		     "y", "mallopt", .to = "first size that is mapped",
		     .because = "The threshold is compared with the chunk: the request, 8 bytes of "
				"header, and the rounding up to 16. So requests from 23 bytes "
				"below it on are mapped." },
	.judge = judge,
};
