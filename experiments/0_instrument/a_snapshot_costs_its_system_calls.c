/* SPDX-License-Identifier: MIT */
/* How expensive is it to measure memory use?
 *
 * A program that wants to know its page faults, resident pages, break and heap needs at
 * least these calls: getrusage(2), one pread(2) of /proc/self/statm, sbrk(0) and
 * mallinfo2(3).  They are the lower limit: the arm "bare calls".  A snapshot of the probe
 * makes these calls, reads a clock and parses a few digits, so it may take at most one
 * and a half times as long.
 *
 * The other arms show what else people use: opening the file for each reading (each time
 * the kernel builds the file and throws it away again), stdio, a library, Python, a
 * command.  A command costs a new process, and ps reads several files of every process to
 * show one.  Whatever walks the page tables (smaps, smaps_rollup, pmap -x) takes time for
 * each resident page.  The statm of a recent kernel does not.  Where statm is not exact,
 * the probe has to read smaps_rollup too, and the bare calls then include it.  mallinfo2()
 * walks the list of free chunks: with 100,000 of them it is the most expensive call of
 * all, for the probe and for the bare calls alike.
 *
 * "small" is the size of an arm at its start, about 2 MiB.  The arm then grows in a cheap
 * way: it maps a file of one eighth of the growth eight times, and each mapping counts.
 *
 * Control: smaps_rollup must be expensive, and more expensive the more is resident.
 * Try: largest=1G, or DEEP=1.  Which methods take longer then?
 */
#include <string.h>
#include <time.h>

#include "experiment.h"
#include "heap_shape.h"
#include "mappings.h"
#include "readings.h"

static int64_t large_bytes = 64 * MiB, largest_bytes = 256 * MiB, chunks = 100000, readings = 1000;

static void time_readings(const char *stage, int64_t (*read_by)(int64_t times), int64_t times)
{
	record(stage, snapshot_now().resident_bytes);
	int64_t started = probe_clock_ns();
	read_by(times);
	int64_t ns = (probe_clock_ns() - started) / times;
	record_y(stage, snapshot_now().resident_bytes, read_by == read_by_psutil ? psutil_ns() : ns);
}

/* How many times as long as the cheapest method smaps_rollup takes, roughly. */
enum { ROLLUP_COST = 250 };

/* Returns how often to use a method that takes `cost` times as long as the cheapest:
 * that many times less often. */
static int64_t times_of(int64_t cost)
{
	return readings / cost > 0 ? readings / cost : 1;
}

static void at_all_sizes(int64_t (*read_by)(int64_t times), int64_t cost)
{
	int64_t times = times_of(cost);

	if (read_by(1) == NOT_MEASURED)
		leave_out("its tool is not installed");
	time_readings("small", read_by, times);
	must_grow_to(large_bytes);
	time_readings("large", read_by, times);
	must_grow_to(largest_bytes);
	time_readings("largest", read_by, times);
}

static int64_t cpu_time_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return used.tv_sec * 1000000000LL + used.tv_nsec;
}

/* With many free chunks, both methods run in one process, because the time of a walk depends on where
 * the chunks lie.  They take turns of one reading each, in the order A B B A, so that a CPU that
 * becomes slower or faster meanwhile does so for both. */
static void read_with_free_chunks(int64_t times)
{
	int64_t (*const read_by[])(int64_t) = { read_by_probe, read_by_bare_calls };
	int64_t ns[] = { 0, 0 };

	leave_free_chunks(chunks);
	read_by_probe(2); /* not timed: the chunks come into the CPU's caches */
	for (int64_t turn = 0; turn < 2 * times; turn++) {
		int64_t method = (turn + 1) / 2 % 2, started = cpu_time_ns();
		read_by[method](1);
		ns[method] += cpu_time_ns() - started;
	}
	/* Without x, because the chart shows sizes only. */
	record_y("chunks: probe", NOT_MEASURED, ns[0] / times);
	record_y("chunks: bare calls", NOT_MEASURED, ns[1] / times);
}

static void probe(void)
{
	at_all_sizes(read_by_probe, 1);
	record("reads statm alone", strcmp(probe_resident_source(), "statm") == 0);
	read_with_free_chunks(times_of(100));
}

#define ARM(name, read_by, cost)             \
	static void name(void)               \
	{                                    \
		at_all_sizes(read_by, cost); \
	}
ARM(bare_calls, read_by_bare_calls, 1)
ARM(open_read_close, read_by_open, 4)
ARM(stdio, read_by_stdio, 4)
ARM(libproc2, read_by_libproc2, 20)
ARM(psutil, read_by_psutil, 20)
ARM(ps, read_by_ps, 1000)
ARM(pmap, read_by_pmap, 1000)
ARM(ps_aux_grep, read_by_ps_aux_grep, 1000)
ARM(smaps_rollup, read_by_smaps_rollup, ROLLUP_COST)

/* Returns the CPU time of one reading, in ns, when the stage covers that many. */
static struct samples time_of(const char *arm, const char *stage, int64_t times)
{
	struct samples time = cpu_time(arm, stage, stage);

	for (int i = 0; i < time.count; i++)
		time.value[i] /= (double)times;
	return time;
}

static const char *const sizes[] = { "small", "large", "largest" };
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static void judge(void)
{
	int64_t rollups = times_of(ROLLUP_COST);

	for (int i = 0; i < SIZES; i++)
		expect_at_most(
			about(sizes[i], "time of the probe, divided by that of the bare calls"), 1.5,
			ratio(time_of("probe", sizes[i], 1), time_of("bare calls", sizes[i], 1)));
	expect_at_most("many free chunks: time of the probe, divided by that of the bare calls", 1.5,
		       ratio(samples_of_y("probe", "chunks: probe"),
			     samples_of_y("probe", "chunks: bare calls")));
	control_at_least("time of smaps_rollup when large, divided by its time when small", 4,
			 ratio(time_of("smaps_rollup", "large", 1),
			       time_of("smaps_rollup", "small", 1)));
	if (!nth_row("probe", "reads statm alone", 0)->x)
		return; /* smaps_rollup is one of the bare calls here */
	expect_at_most("time of the probe when largest, divided by its time when small", 1.5,
		       ratio(time_of("probe", "largest", 1), time_of("probe", "small", 1)));
	control_at_least("large: time of smaps_rollup, divided by that of the bare calls", 4,
			 ratio(time_of("smaps_rollup", "large", rollups),
			       time_of("bare calls", "large", readings)));
}

const struct experiment experiment = {
	.claim = "a snapshot costs about as much as its system calls, however much memory is resident",
	.asked = "What does it cost to read a process's memory use?",
	.x_axis = "bytes resident",
	.x_unit = "bytes",
	.y_axis = "time of one reading, ns",
	.y_unit = "ns",
	.charted = "y",
	.log_x = true,
	.log_y = true,
	.knobs = { { "large", &large_bytes, "bytes", "resident memory in the stage \"large\"",
		     8 * MiB },
		   { "largest", &largest_bytes, "bytes", "resident memory in the stage \"largest\"",
		     8 * MiB },
		   { "chunks", &chunks, "", "free chunks in the heap in the last comparison", 1,
		     10000000 },
		   { "readings", &readings, "",
		     "readings by the cheapest methods; the others read less often", 250 } },
	.arms = { { "bare calls", bare_calls },
		  { "probe", probe },
		  { "open read close", open_read_close },
		  { "stdio", stdio },
		  { "libproc2", libproc2 },
		  { "psutil", psutil },
		  { "ps -o rss", ps },
		  { "pmap -x", pmap },
		  { "ps aux + grep", ps_aux_grep },
		  { "smaps_rollup", smaps_rollup, .control = true } },
	.predict = { "For one reading, how many times as long as the bare system calls does "
		     "`ps -o rss` take?",
		     "y", "ps -o rss", .to = "small", .against = "bare calls",
		     .because = "For each reading a new process has to start, load the libraries of "
				"ps, and open and read files in /proc. The bare calls only ask the "
				"kernel." },
	.stages = { "small", "large", "largest" },
	.judge = judge,
	.trials = 8,
	.warm_up = true,
	.observe_with = "large=8M largest=16M chunks=100 readings=250",
	.deep = "largest=1G trials=9",
};
