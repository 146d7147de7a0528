/* SPDX-License-Identifier: MIT */
/* "glibc fragments: after the peak it keeps the memory; the others give it back."
 *
 * Blocks of 16 bytes to 64 KiB are allocated and written, equally many of each power
 * of two; then 9 in 10 of them are freed, at random.  Fragmentation is what stays
 * resident, divided by what is still in use.
 *
 * No allocator gives anything back at once.  free() of glibc looks only at the top of
 * the heap.  The others see free pages in the middle, and still keep them for the next
 * request: jemalloc for about ten seconds (dirty_decay_ms), tcmalloc and mimalloc by
 * rules of their own.  And no allocator looks at the clock unless it is called.  So
 * while the program idles, it allocates and frees a little ten times, which gives the
 * allocator a chance to purge.  (jemalloc counts the age of free pages from the moment
 * when it looks: after one long sleep, its ten seconds only begin.  It can start a
 * thread that looks, background_thread:true, but does not do so by default.)  The rest
 * of what stays is overhead: size classes round a request up, by up to a quarter; glibc
 * adds 8 bytes to a request.
 *
 * The pages could go back, as a program sees when it asks for that: malloc_trim(3)
 * gives back every whole free page, and so does jemalloc when it is told not to wait.
 *
 * This is one load: one thread, one peak, survivors of all sizes.  Under other loads the sentence
 * has other answers.  With a pool of threads, glibc keeps a peak for every thread
 * (a_server_grows_with_its_threads): this is where its reputation comes from.  With sizes that
 * change in the course of time, the others keep more than glibc (size_classes_fragment_less).
 *
 * Control: malloc_trim(0), and jemalloc with a decay time of 0, must give back
 * more than half.  And the malloc of each other allocator must not be glibc's.
 * Try: idle=15000: for which allocators is that long enough?  And with one long sleep
 * instead of the ten short ones?  And largest=512: what can any allocator do about
 * holes smaller than a page?
 */
#include <time.h>

#include "allocators.h"
#include "dice.h"
#include "experiment.h"
#include "malloc_knobs.h"
#include "memory.h"

enum { SMALLEST = 16, NAPS = 10, MS_OF_A_SECOND = 1000 };

static int64_t total_bytes = 32 * MiB, largest_bytes = 64 * KiB, idle_ms = MS_OF_A_SECOND;

static void work_a_little(void)
{
	for (int i = 0; i < 10000; i++)
		free(must_malloc(dice_mixed_size(SMALLEST, largest_bytes)));
}

/* Sleeps and works a little, ten times.  A real sleep: this experiment is about waiting. */
static void idle(void)
{
	int64_t ns = idle_ms * 1000000 / NAPS;
	struct timespec nap = { ns / 1000000000, ns % 1000000000 };

	for (int i = 0; i < NAPS; i++) {
		nanosleep(&nap, NULL);
		work_a_little();
	}
}

static void peak_and_fall(void)
{
	int64_t most_blocks = total_bytes / SMALLEST + 1, count = 0;
	char **block = must_map(most_blocks * (int64_t)sizeof(*block));

	write_pages(block, most_blocks * (int64_t)sizeof(*block));
	must_have_memory(2 * total_bytes);
	wake_malloc();
	record("before", 0);
	for (int64_t bytes = 0; bytes < total_bytes; count++) {
		int64_t size = dice_mixed_size(SMALLEST, largest_bytes);
		block[count] = must_malloc(size);
		write_bytes(block[count], size);
		bytes += size;
	}
	record("peak", 0);
	for (int64_t i = 0; i < count; i++)
		if (dice_between(1, 10) < 10)
			free(block[i]);
	record("9 in 10 freed", 0);
}

static void as_it_is(void)
{
	peak_and_fall();
	idle();
	record("idled", 0);
	work_a_little();
	record("worked a little", 0);
}

static void glibc(void)
{
	as_it_is();
	must_trim_heap();
	record("malloc_trim", 0);
}

static void purged_at_once(void)
{
	peak_and_fall();
	work_a_little();
	record("worked a little", 0);
}

static int64_t kept(const char *arm, const char *stage)
{
	return growth(arm, "before", stage).resident_bytes;
}

static void expect_less_than_glibc(const char *arm)
{
	expect_between(about(arm, "resident bytes right after the frees: less than glibc's"),
		       "bytes", 0, kept(arm, "9 in 10 freed"), kept("glibc", "9 in 10 freed") - 1);
	expect_between(about(arm, "resident bytes after idling: less than glibc's"), "bytes", 0,
		       kept(arm, "worked a little"), kept("glibc", "worked a little") - 1);
}

static void measure_what_is_true_instead(const char *arm)
{
	int64_t nearly_the_peak = kept(arm, "peak") / 10 * 9;

	instead_between(about(arm, "resident bytes right after the frees: nearly the peak's"),
			"bytes", nearly_the_peak, kept(arm, "9 in 10 freed"), INT64_MAX);
	if (idle_ms > MS_OF_A_SECOND)
		return;
	instead_between(about(arm, "resident bytes a second later: nearly the peak's"), "bytes",
			nearly_the_peak, kept(arm, "worked a little"), INT64_MAX);
	instead_between(about(arm, "resident bytes a second later: not much below glibc's"),
			"bytes", kept("glibc", "worked a little") / 10 * 9,
			kept(arm, "worked a little"), INT64_MAX);
}

static void judge(void)
{
	must_have_another_allocator();
	for_each_other_allocator(expect_less_than_glibc);
	control_other_mallocs();
	control_between("glibc: resident bytes after malloc_trim(0), at most half of the peak",
			"bytes", 0, kept("glibc", "malloc_trim"), kept("glibc", "peak") / 2);
	if (arm_ran("jemalloc: no decay"))
		control_between("jemalloc: no decay: resident bytes, at most half of the peak",
				"bytes", 0, kept("jemalloc: no decay", "worked a little"),
				kept("jemalloc: no decay", "peak") / 2);
	measure_what_is_true_instead("glibc");
	for_each_other_allocator(measure_what_is_true_instead);
}

const struct experiment experiment = {
	.claim = "glibc fragments more: after a peak of one thread it stays larger than the other "
		 "allocators",
	.asked = "The load is gone and the process is as large as before. Should we replace malloc?",
	.instead =
		"After one peak of one thread, no allocator has given anything back right after the "
		"frees, and a second later only little; none is much smaller than glibc. The pages "
		"go back when the program asks (malloc_trim: all but the top of a thread's arena), "
		"or after a decay time.",
	.charted = "resident_bytes",
	.chart = CHART_STAGES,
	.knobs = { { "total", &total_bytes, "bytes", "how much is allocated", 1 * MiB },
		   { "largest", &largest_bytes, "bytes", "size of the largest block", 32, 64 * KiB },
		   { "idle", &idle_ms, "ms", "how long the process does almost nothing",
		     .most = 15000, .may_be_zero = true } },
	.arms = { { "glibc", glibc },
		  ARMS_OF_OTHER_ALLOCATORS(as_it_is),
		  { "jemalloc: no decay", purged_at_once, .control = true,
		    .environment = "LD_PRELOAD=libjemalloc.so.2 "
				   "MALLOC_CONF=dirty_decay_ms:0,muzzy_decay_ms:0" } },
	.predict = { "Nine blocks in ten are freed. How much does glibc keep resident, a second "
		     "later?",
		     "resident_bytes", "glibc", "before", "idled",
		     .because = "free() can only lower the break, and blocks that are still in use "
				"lie nearly everywhere. The free pages between them wait for the "
				"next requests, or for malloc_trim()." },
	.judge = judge,
	.about_glibc = true,
	.observe_with = "idle=1",
	.deep = "total=256M idle=15000",
};
