/* SPDX-License-Identifier: MIT */
/* How expensive is it to measure memory use?
 *
 * A program that wants to know its page faults, resident pages, break and heap needs at
 * least these calls: getrusage(2), one pread(2) of /proc/self/statm, sbrk(0) and
 * mallinfo2(3).  They are the lower limit: the arm "bare calls".  A snapshot of the probe
 * makes these calls, reads a clock without a system call (vdso(7)) and parses a few digits.
 * It may take at most 1.3 times as long: getrusage(2) alone, the cheaper of the two calls
 * that go to the kernel, is a third of the time, so the bound leaves no room for one more.
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

/* The probe and the bare calls take turns in one process, in the order A B B A: a CPU that becomes
 * slower or faster meanwhile does so for both, and both find the same memory.  Records the CPU time of
 * one reading by each, so time in which other programs had the processor does not count. */
static void take_turns(const char *stage, const char *stage_of_bare_calls, int64_t x, int64_t turns,
		       int64_t in_a_turn)
{
	int64_t (*const read_by[])(int64_t) = { read_by_probe, read_by_bare_calls };
	int64_t ns[] = { 0, 0 };

	read_by_probe(2); /* not timed: what is read comes into the CPU's caches */
	for (int64_t turn = 0; turn < 2 * turns; turn++) {
		int64_t method = (turn + 1) / 2 % 2, started = cpu_time_ns();
		read_by[method](in_a_turn);
		ns[method] += cpu_time_ns() - started;
	}
	record_y(stage, x, ns[0] / turns / in_a_turn);
	/* Without x, because the chart has a curve of the bare calls already. */
	record_y(stage_of_bare_calls, NOT_MEASURED, ns[1] / turns / in_a_turn);
}

static const char *const sizes[] = { "small", "large", "largest" };
static const char *const bare_calls_at[] = { "small: bare calls", "large: bare calls",
					     "largest: bare calls" };
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

/* A turn of 25 readings takes some 50 us, and reading the CPU time before and after it less than 1 %
 * of that.  A walk over many free chunks is longer than that, so there a turn is one reading. */
enum { IN_A_TURN = 25 };

static void probe(void)
{
	const int64_t grow_to[] = { 0, large_bytes, largest_bytes }; /* small: as it is */

	for (int i = 0; i < SIZES; i++) {
		must_grow_to(grow_to[i]);
		take_turns(sizes[i], bare_calls_at[i], snapshot_now().resident_bytes,
			   times_of(IN_A_TURN), IN_A_TURN);
	}
	record("reads statm alone", strcmp(probe_resident_source(), "statm") == 0);
	leave_free_chunks(chunks);
	take_turns("chunks", "chunks: bare calls", NOT_MEASURED, times_of(100), 1);
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

static void judge(void)
{
	int64_t rollups = times_of(ROLLUP_COST);

	for (int i = 0; i < SIZES; i++)
		expect_at_most(
			about(sizes[i], "time of the probe, divided by that of the bare calls"), 1.3,
			ratio(samples_of_y("probe", sizes[i]),
			      samples_of_y("probe", bare_calls_at[i])));
	expect_at_most("many free chunks: time of the probe, divided by that of the bare calls", 1.3,
		       ratio(samples_of_y("probe", "chunks"),
			     samples_of_y("probe", "chunks: bare calls")));
	control_at_least("time of smaps_rollup when large, divided by its time when small", 4,
			 ratio(time_of("smaps_rollup", "large", 1),
			       time_of("smaps_rollup", "small", 1)));
	if (!nth_row("probe", "reads statm alone", 0)->x)
		return; /* smaps_rollup is one of the bare calls here */
	/* Two stages of one process are some time apart, in which a virtual machine may become 1.4 times
	 * slower or faster.  Whatever walks the pages takes tens of times as long in the larger process. */
	expect_at_most("time of the probe when largest, divided by its time when small", 1.5,
		       ratio(samples_of_y("probe", "largest"), samples_of_y("probe", "small")));
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
	.stages = { "small", "large", "largest", "chunks", "small: bare calls", "large: bare calls",
		    "largest: bare calls", "chunks: bare calls" },
	.judge = judge,
	.trials = 8,
	.warm_up = true,
	.observe_with = "large=8M largest=16M chunks=100 readings=250",
	.deep = "largest=1G trials=9",
};
