/* SPDX-License-Identifier: MIT */
/* An instrument that changes what it measures is worthless.
 *
 * Our probe reads /proc/self/statm (and smaps_rollup where statm is not exact) through
 * a descriptor that stays open, into a buffer that was touched before.  So it needs no
 * malloc() and no stdio, and it uses no page for the first time.  After any number of
 * snapshots the break, the mappings, the resident pages and the fault counters are
 * where they were.
 *
 * The usual way, fopen() and fscanf(), does change them.  fopen() allocates a FILE, and
 * the first read allocates a buffer.  For these, malloc() creates the heap (132 KiB of
 * addresses where a page has 4 KiB), and the first write to each page of it causes a
 * page fault.
 *
 * Control: reading the usual way, as many times, must change the same columns.
 * Try: setvbuf(file, NULL, _IONBF, 0).  Which of the changes remain?
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

	expect_equal("the probe's snapshots add nothing to the heap", "bytes", 0,
		     ours.heap_top_bytes);
	expect_equal("the probe's snapshots add nothing to the virtual size", "bytes", 0,
		     ours.virtual_bytes);
	expect_equal("the probe's snapshots make nothing resident", "bytes", 0, ours.resident_bytes);
	expect_equal("the probe's snapshots cause no page fault", "faults", 0,
		     ours.minor_fault_count + ours.major_fault_count);
	struct snapshot theirs = growth("stdio", "before", "reading");
	control_between("stdio maps memory for its buffers", "bytes", 1, theirs.virtual_bytes,
			INT64_MAX);
	control_between("stdio makes pages resident", "bytes", page_bytes(), theirs.resident_bytes,
			INT64_MAX);
	control_between("stdio causes page faults", "faults", 1, theirs.minor_fault_count, INT64_MAX);
}

const struct experiment experiment = {
	.claim = "taking a snapshot with the probe adds no heap, no page fault and no resident page",
	.asked = "Does measuring the memory change it?",
	.x_axis = "readings taken",
	.charted = "heap_top_bytes resident_bytes",
	.log_x = true,
	.knobs = { { "readings", &readings, "", "how many times each method reads" } },
	.arms = { { "probe", probe }, { "stdio", stdio, .control = true } },
	.predict = { "How far does reading statm with fopen() and fscanf() move the top of the "
		     "heap?",
		     "heap_top_bytes", "stdio", "before", "reading",
		     .because = "fopen() allocates memory, so malloc creates the heap. Its first size "
				"is the request plus 128 KiB (M_TOP_PAD), in whole pages." },
	.judge = judge,
};
