/* SPDX-License-Identifier: MIT */
/* What does it cost to look?
 *
 * To know faults, pages, break and heap, a program must at least ask for them:
 * getrusage(2), one pread(2) of /proc/self/statm, sbrk(0), mallinfo2(3).  That is
 * the limit, arm "bare calls".  Our snapshot is these calls, a clock and a few
 * digits to parse, so it may cost at most one and a half times as much.
 *
 * What else people use: opening the file each time (the kernel builds the file,
 * and throws it away, each time), stdio, a library, Python, a command.  A command
 * costs a new process, and ps reads several files of every process to show one.
 * What walks the page tables (smaps, smaps_rollup, pmap -x) pays for each page.
 * The statm of a recent kernel does not; where it is not exact, the probe has to
 * read smaps_rollup too, and so do the bare calls.  And mallinfo2() walks the list
 * of free chunks: with 100,000 of them it is the dearest call of all, for both.
 *
 * "small" is what an arm is by itself, about 2 MiB.  Growing is cheap here: a file
 * of an eighth of the growth is mapped eight times, and counts each time.
 *
 * Control: smaps_rollup must be found dear, and dearer the more is resident.
 * Try: largest=1G, or DEEP=1.  Which bars grow?
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "experiment.h"
#include "memory.h"
#include "readings.h"

static int64_t large_bytes = 64 * MiB, largest_bytes = 256 * MiB, chunks = 100000, readings = 1000;

static int64_t resident_bytes(void)
{
	struct snapshot now;

	probe_snapshot(&now);
	return now.resident_bytes;
}

static void grow_to(int64_t bytes)
{
	int64_t more = bytes - resident_bytes(), part = pages_for(more / 8 + 1) * page_bytes();
	int file = memfd_create("pages", MFD_CLOEXEC);

	if (file < 0 || ftruncate(file, (off_t)part) != 0)
		broken("cannot make a file of %lld bytes in memory", (long long)part);
	for (; more > 0; more -= part)
		if (mmap(NULL, (size_t)part, PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0) ==
		    MAP_FAILED)
			broken("cannot map %lld bytes", (long long)part);
	close(file);
}

/* Kept apart by blocks in use, or they would merge.  No fast bins (mallopt(3)): those are
 * only counted.  And small: a walk over chunks that lie close together is as fast each
 * time; one over large ones takes five times as long whenever the caches have lost them. */
static void free_many_chunks(void)
{
	void **block = must_malloc(chunks * (int64_t)sizeof(*block));

#ifdef __GLIBC__
	mallopt(M_MXFAST, 0);
#endif
	for (int64_t i = 0; i < chunks; i++) {
		block[i] = must_malloc(1);
		must_malloc(1);
	}
	for (int64_t i = 0; i < chunks; i++)
		free(block[i]);
}

static void time_readings(const char *stage, int64_t (*read_by)(int64_t times), int64_t times)
{
	record(stage, resident_bytes());
	int64_t begun = probe_clock_ns();
	read_by(times);
	int64_t ns = (probe_clock_ns() - begun) / times;
	record_y(stage, resident_bytes(), read_by == read_by_psutil ? psutil_ns() : ns);
}

/* A way that takes so many times as long as the cheapest is taken so much less often. */
enum { ROLLUP_IS_DEAR = 250 };

static int64_t times_of(int64_t dear)
{
	return readings / dear > 0 ? readings / dear : 1;
}

static void at_all_sizes(int64_t (*read_by)(int64_t times), int64_t dear)
{
	int64_t times = times_of(dear);

	if (read_by(1) == NOT_MEASURED) {
		record("left out: its tool is not installed", 0);
		return;
	}
	time_readings("small", read_by, times);
	grow_to(large_bytes);
	time_readings("large", read_by, times);
	grow_to(largest_bytes);
	time_readings("largest", read_by, times);
}

/* Many free chunks: both ways in one process, as a walk's time depends on where they lie. */
static void probe(void)
{
	at_all_sizes(read_by_probe, 1);
	record("reads statm alone", strcmp(probe_resident_source(), "statm") == 0);
	free_many_chunks();
	read_by_probe(2);           /* the first walk finds the chunks in no cache */
	record("chunks: probe", 0); /* no y: the chart is about sizes */
	read_by_probe(times_of(100));
	record("chunks: probe", 1);
	record("chunks: bare calls", 0);
	read_by_bare_calls(times_of(100));
	record("chunks: bare calls", 1);
}

#define ARM(name, read_by, dear)             \
	static void name(void)               \
	{                                    \
		at_all_sizes(read_by, dear); \
	}
ARM(bare_calls, read_by_bare_calls, 1)
ARM(open_read_close, read_by_open, 4)
ARM(stdio, read_by_stdio, 4)
ARM(libproc2, read_by_libproc2, 20)
ARM(psutil, read_by_psutil, 20)
ARM(ps, read_by_ps, 1000)
ARM(pmap, read_by_pmap, 1000)
ARM(ps_aux_grep, read_by_ps_aux_grep, 1000)
ARM(smaps_rollup, read_by_smaps_rollup, ROLLUP_IS_DEAR)

/* CPU time of one reading, ns. */
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
	int64_t rollups = times_of(ROLLUP_IS_DEAR);

	for (int i = 0; i < SIZES; i++) {
		char what[96];
		snprintf(what, sizeof(what), "%s: time of the probe, times that of the bare calls",
			 sizes[i]);
		expect_at_most(what, 1.5,
			       ratio(time_of("probe", sizes[i], 1),
				     time_of("bare calls", sizes[i], 1)));
	}
	expect_at_most("many free chunks: time of the probe, times that of the bare calls", 1.5,
		       ratio(time_of("probe", "chunks: probe", 1),
			     time_of("probe", "chunks: bare calls", 1)));
	control_at_least("time of smaps_rollup, large, times that when small", 4,
			 ratio(time_of("smaps_rollup", "large", 1),
			       time_of("smaps_rollup", "small", 1)));
	if (!nth_row("probe", "reads statm alone", 0)->x)
		return; /* smaps_rollup is one of the bare calls here */
	expect_at_most("time of the probe, largest, times that when small", 1.5,
		       ratio(time_of("probe", "largest", 1), time_of("probe", "small", 1)));
	control_at_least("large: time of smaps_rollup, times that of the bare calls", 4,
			 ratio(time_of("smaps_rollup", "large", rollups),
			       time_of("bare calls", "large", readings)));
}

const struct experiment experiment = {
	.claim = "a snapshot costs what its system calls cost, however much is resident",
	.asked = "What does it cost to read a process's memory use?",
	.x_axis = "bytes resident",
	.y_axis = "time of one reading, ns",
	.charted = "y",
	.chart_options = "log-x log-y",
	.knobs = { { "large", &large_bytes, "bytes", "resident size to grow to", 8 * MiB },
		   { "largest", &largest_bytes, "bytes", "and then to", 8 * MiB },
		   { "chunks", &chunks, "", "free chunks that malloc keeps in the end", 1, 10000000 },
		   { "readings", &readings, "", "of the cheapest ways; fewer of the others", 250 } },
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
	.predict = { "How many times as long as two bare system calls does `ps -o rss` take for "
		     "one reading?",
		     "y", "ps -o rss", .to = "small", .against = "bare calls",
		     .because = "For one reading ps has to be started: a new process, its "
				"libraries, and then files of /proc to open and read. The bare "
				"calls only ask the kernel." },
	.judge = judge,
	.trials = 5,
	.warm_up = true,
	.observe_with = "large=8M largest=16M chunks=100 readings=250",
	.deep = "largest=1G trials=9",
};
