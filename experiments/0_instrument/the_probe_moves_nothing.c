/* SPDX-License-Identifier: MIT */
/* An instrument that moves what it measures is worthless.
 *
 * Our probe reads /proc/self/statm (where that is not exact, smaps_rollup too)
 * through a descriptor that stays open, into a buffer that was touched before: no
 * malloc(), no stdio, no page used for the first time.  So after any number of
 * snapshots the break, the mappings, the resident pages and the fault counters are
 * where they were.
 *
 * The usual way, fopen() and fscanf(), is not innocent: fopen() allocates a FILE
 * and the first read a buffer, malloc() creates the heap for them (132 KiB of
 * addresses where pages have 4 KiB), and the first write to each page of it is a
 * fault.
 *
 * Control: that usual way, as many times; it must move the same columns.
 * Try: setvbuf(file, NULL, _IONBF, 0).  What is left of the damage?
 */
#include <stdio.h>

#include "experiment.h"
#include "memory.h"

static int64_t readings = 1000;

static void read_with_stdio(void)
{
	long pages;
	FILE *file = fopen("/proc/self/statm", "r");

	if (file == NULL || fscanf(file, "%ld", &pages) != 1)
		broken("cannot read /proc/self/statm with stdio");
	fclose(file);
}

static void read_with_probe(void)
{
	struct snapshot now;
	probe_snapshot(&now);
}

static void read_many_times(void (*read_once)(void))
{
	record("before", 0);
	for (int64_t i = 1, next = 1; i <= readings; i++) {
		read_once();
		if (i == next || i == readings) {
			record("reading", i);
			next *= 10;
		}
	}
}

static void probe(void)
{
	read_many_times(read_with_probe);
}

static void stdio(void)
{
	read_many_times(read_with_stdio);
}

static void judge(void)
{
	struct snapshot ours = growth("probe", "before", "reading");
	struct snapshot theirs = growth("stdio", "before", "reading");

	expect_equal("bytes that the probe's snapshots add to the heap", 0, ours.heap_top_bytes);
	expect_equal("bytes of addresses that the probe's snapshots add", 0, ours.virtual_bytes);
	expect_equal("bytes that the probe's snapshots make resident", 0, ours.resident_bytes);
	expect_equal("page faults that the probe's snapshots cause", 0,
		     ours.minor_fault_count + ours.major_fault_count);
	control_between("stdio maps memory for its buffers", 1, theirs.virtual_bytes, INT64_MAX);
	control_between("stdio makes pages resident", page_bytes(), theirs.resident_bytes, INT64_MAX);
	control_between("stdio causes page faults", 1, theirs.minor_fault_count, INT64_MAX);
}

const struct experiment experiment = {
	.claim = "a snapshot of the probe adds no heap, no page fault and no resident page",
	.asked = "Does looking at the memory change it?",
	.x_axis = "readings taken",
	.charted = "heap_top_bytes resident_bytes",
	.chart_options = "log-x",
	.knobs = { { "readings", &readings, "", "how many times each method reads" } },
	.arms = { { "probe", probe }, { "stdio", stdio, .control = true } },
	.predict = { "How far does reading statm with fopen() and fscanf() move the top of the "
		     "heap?",
		     "heap_top_bytes", "stdio", "before", "reading",
		     .because = "fopen() allocates, so there has to be a heap: its first piece, "
				"the request and 128 KiB (M_TOP_PAD), in whole pages." },
	.judge = judge,
};
