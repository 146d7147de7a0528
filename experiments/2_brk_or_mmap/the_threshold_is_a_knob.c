/* SPDX-License-Identifier: MIT */
/* 128 KiB is a default that can be changed.
 *
 * The size from which malloc maps a block is mp_.mmap_threshold, a variable in
 * malloc/malloc.c.  There are two ways to set it:
 *
 *   mallopt(M_MMAP_THRESHOLD, n)      from inside the program: mallopt(3)
 *   GLIBC_TUNABLES=glibc.malloc.mmap_threshold=n
 *                                     from outside, read once when the program
 *                                     starts: "Memory Allocation Tunables" in
 *                                     the glibc manual
 *
 * Both also stop the threshold from moving by itself.  Up to glibc 2.34 neither accepted
 * values above half of the largest heap of an arena (32 MiB on 64-bit machines);
 * mallopt(3) still says so.
 *
 * The program uses up the top of the heap, so that the threshold alone decides, and then
 * looks for the first size, to the byte, that is mapped.
 *
 * Control: with the threshold set in neither way, that size must be 128 KiB.
 * Try: threshold=1M, and compare the two ways: is one of them more exact?
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
	record_y("first size that is mapped", 0, first_size_that_is_mapped(64 * MiB));
}

static void by_mallopt(void)
{
	must_pin_thresholds(threshold_bytes, DEFAULT_THRESHOLD);
	untouched();
}

static int64_t first_mapped(const char *arm)
{
	return y_of(arm, "first size that is mapped");
}

static void judge(void)
{
	/* The threshold is compared with the chunk, which is larger than the request. */
	expect_equal("set by mallopt(): first size that is mapped", "bytes",
		     heap_smallest_request(threshold_bytes), first_mapped("mallopt"));
	expect_equal("lowered by GLIBC_TUNABLES: first size that is mapped", "bytes",
		     heap_smallest_request(TUNABLE_LOW), first_mapped("tunable lower"));
	expect_equal("raised by GLIBC_TUNABLES: first size that is mapped", "bytes",
		     heap_smallest_request(TUNABLE_HIGH), first_mapped("tunable higher"));
	control_equal("untouched: first size that is mapped", "bytes",
		      heap_smallest_request(DEFAULT_THRESHOLD), first_mapped("untouched"));
}

const struct experiment experiment = {
	.claim = "mallopt() and GLIBC_TUNABLES set the size from which a request gets its own mapping",
	.asked = "Can I change when malloc uses mmap?",
	.y_axis = "first size that is mapped, bytes",
	.y_unit = "bytes",
	.charted = "y",
	.chart = CHART_BARS,
	.log_y = true,
	.marks = { { 'y', 131072, "128 KiB" } },
	/* A request below 1 KiB could be served by a block that was freed during start-up. */
	.knobs = { { "threshold", &threshold_bytes, "bytes", "threshold that mallopt() sets",
		     1 * KiB, 32 * MiB } },
	.arms = { { "untouched", untouched, .control = true },
		  { "mallopt", by_mallopt },
		  { "tunable lower", untouched, .environment = TUNABLE(TUNABLE_LOW) },
		  { "tunable higher", untouched, .environment = TUNABLE(TUNABLE_HIGH) } },
	.predict = { "mallopt() has set the threshold above. What is the first size that is mapped?",
		     "y", "mallopt", .to = "first size that is mapped",
		     .because = "malloc compares the threshold with the chunk: the request and 8 "
				"bytes of header, rounded up to 16. So a request can be up to 23 "
				"bytes smaller than the threshold and still be mapped." },
	.judge = judge,
	.about_glibc = true,
};
