/* SPDX-License-Identifier: MIT */
/* Takes snapshots of this process's memory without moving what they measure.
 *
 * A snapshot reads descriptors that are kept open into static buffers.  It
 * allocates nothing and, once probe_open() has warmed it up, causes no page
 * fault, makes no page resident and adds no byte to the heap: the experiment
 * 0_instrument/the_probe_moves_nothing puts this to the test.
 */
#ifndef TOUCHSTONE_PROBE_H
#define TOUCHSTONE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

/* The value of a column that was not measured: an empty cell of the result. */
#define NOT_MEASURED INT64_MIN

/* The columns of every result, in order; the unit is in the name.  Each line gives the
 * source of the number: statm is /proc/self/statm (proc_pid_statm(5)), the fields of
 * struct rusage are described in getrusage(2), those of struct mallinfo2 in mallinfo(3).
 *
 * always measured
 *   elapsed_ns           clock_gettime(CLOCK_MONOTONIC) since the arm began; the
 *                        harness takes out the time spent in the probe itself
 *   user_ns, system_ns   getrusage(2): ru_utime, ru_stime.  Their sum is exact; how it
 *                        divides into the two, most kernels estimate from clock ticks
 *   virtual_bytes        statm field 1: every mapping (what ps calls VSZ)
 *   resident_bytes       pages in memory (what ps calls RSS); probe_resident_source()
 *   anonymous_bytes      those of the resident pages that belong to no file: heap, stack,
 *                        private anonymous mappings, written pages of private file mappings
 *   heap_top_bytes       sbrk(0), relative to where the break was at probe_open()
 *   minor_fault_count    getrusage(2): ru_minflt, faults served without a read from disk
 *   major_fault_count    getrusage(2): ru_majflt, faults that waited for a read from disk
 * where the malloc in use is glibc's; mallinfo2(3)
 *   arena_bytes          .arena: bytes that the arenas hold (break and mmapped heaps)
 *   in_use_bytes         .uordblks: of these, bytes in chunks that malloc counts as given out
 *   free_bytes           .fordblks: of these, bytes in free chunks, the top included
 *   mmapped_bytes        .hblkhd: bytes of blocks that have a mapping of their own
 *   mmapped_count        .hblks: how many such blocks there are
 * with PROBE_MAPPINGS
 *   mapping_count        lines of /proc/self/maps
 * with PROBE_SMAPS; /proc/self/smaps_rollup
 *   proportional_bytes   Pss: a page shared by n processes counts 1/n in each
 *   private_dirty_bytes  Private_Dirty: written pages that no other process shares
 *   huge_bytes           AnonHugePages: anonymous memory in huge pages
 *   swap_bytes           Swap: pages that were moved out to swap
 * with PROBE_PAGE_TABLES; /proc/self/status
 *   page_table_bytes     VmPTE: the page tables of the process, which are in no other column
 */
#define SNAPSHOT_COLUMNS(COLUMN)    \
	COLUMN(elapsed_ns)          \
	COLUMN(user_ns)             \
	COLUMN(system_ns)           \
	COLUMN(virtual_bytes)       \
	COLUMN(resident_bytes)      \
	COLUMN(anonymous_bytes)     \
	COLUMN(heap_top_bytes)      \
	COLUMN(minor_fault_count)   \
	COLUMN(major_fault_count)   \
	COLUMN(arena_bytes)         \
	COLUMN(in_use_bytes)        \
	COLUMN(free_bytes)          \
	COLUMN(mmapped_bytes)       \
	COLUMN(mmapped_count)       \
	COLUMN(mapping_count)       \
	COLUMN(proportional_bytes)  \
	COLUMN(private_dirty_bytes) \
	COLUMN(huge_bytes)          \
	COLUMN(swap_bytes)          \
	COLUMN(page_table_bytes)

struct snapshot {
#define COLUMN(name) int64_t name;
	SNAPSHOT_COLUMNS(COLUMN)
#undef COLUMN
};

/* Columns that an experiment may ask for beyond the cheap ones.  Each of the first two adds tens
 * of microseconds to milliseconds to every snapshot, more as the process grows; the third one adds
 * some microseconds. */
enum probe_extras {
	PROBE_MAPPINGS = 1,    /* mapping_count */
	PROBE_SMAPS = 2,       /* the smaps_rollup columns */
	PROBE_PAGE_TABLES = 4, /* page_table_bytes */
};

/* Opens the descriptors, finds an exact source of resident memory by touching
 * pages one at a time, takes two snapshots to warm everything up, and sets the zero
 * of elapsed_ns and heap_top_bytes.  extras is a sum of enum probe_extras.
 *
 * Call it again in a forked child: a descriptor of /proc/self goes on showing the process
 * that opened it.
 *
 * Returns false with errno where a /proc file that is needed cannot be read; errno is
 * ENOTSUP where no source counts exactly. */
bool probe_open(unsigned extras);

/* Fills *now.  A column that cannot be read, or that was not asked for, becomes NOT_MEASURED.
 * Several threads may call it at the same time. */
void probe_snapshot(struct snapshot *now);

/* Returns a snapshot, for whoever needs a column or two: snapshot_now().resident_bytes. */
struct snapshot snapshot_now(void);

/* Returns the name of the file in which resident memory is read: "statm" where that moves by
 * exactly one page per page touched, otherwise "smaps_rollup", which is exact on every kernel
 * but slower, since the kernel walks the page tables for it. */
const char *probe_resident_source(void);

/* Returns the name of the function that the malloc columns come from: "mallinfo2", or
 * "mallinfo" before glibc 2.33 (its int fields are wrong from 2 GiB on), or "none" under musl
 * and under a preloaded malloc, which neither of the two describes. */
const char *probe_malloc_source(void);

/* Returns the time of CLOCK_MONOTONIC, in nanoseconds. */
int64_t probe_clock_ns(void);

#endif
