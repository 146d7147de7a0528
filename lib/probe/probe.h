/* SPDX-License-Identifier: MIT */
/* A snapshot of this process's memory, taken without moving what it measures.
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

/* The columns of every result, in order; the unit is in the name.
 *
 * always measured
 *   elapsed_ns           clock_gettime(CLOCK_MONOTONIC) since the arm began; the
 *                        harness takes out the time spent in the probe itself
 *   user_ns, system_ns   getrusage(2): ru_utime, ru_stime.  Their sum is exact; which
 *                        part is which, most kernels estimate from the clock's ticks
 *   virtual_bytes        statm field 1: every mapping (what ps calls VSZ)
 *   resident_bytes       pages in memory (what ps calls RSS); probe_resident_source()
 *   anonymous_bytes      those of them that no file stands behind: heap, stack, private
 *                        anonymous mappings, written pages of private file mappings
 *   heap_top_bytes       sbrk(0), relative to where the break was at probe_open()
 *   minor_fault_count    getrusage(2): ru_minflt, faults served without a read from disk
 *   major_fault_count    getrusage(2): ru_majflt, faults that waited for one
 * where the malloc in use is glibc's; mallinfo2(3)
 *   arena_bytes          .arena: bytes the arenas hold (break and mmapped heaps)
 *   in_use_bytes         .uordblks: bytes of those in chunks that malloc counts as given out
 *   free_bytes           .fordblks: bytes of those in free chunks, the top included
 *   mmapped_bytes        .hblkhd: bytes of blocks that have a mapping of their own
 *   mmapped_count        .hblks: how many such blocks there are
 * with PROBE_MAPPINGS
 *   mapping_count        lines of /proc/self/maps
 * with PROBE_SMAPS; /proc/self/smaps_rollup
 *   proportional_bytes   Pss: a page shared by n processes counts 1/n in each
 *   private_dirty_bytes  Private_Dirty: written pages that no other process shares
 *   huge_bytes           AnonHugePages: anonymous memory in huge pages
 *   swap_bytes           Swap: pages that were moved out
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
	COLUMN(swap_bytes)

struct snapshot {
#define COLUMN(name) int64_t name;
	SNAPSHOT_COLUMNS(COLUMN)
#undef COLUMN
};

/* What an experiment may ask for beyond the cheap columns; each costs from
 * tens of microseconds to milliseconds a snapshot, more as the process grows. */
enum probe_extras {
	PROBE_MAPPINGS = 1, /* mapping_count */
	PROBE_SMAPS = 2,    /* the smaps_rollup columns */
};

/* Opens the descriptors, finds an exact source of resident memory by touching
 * pages one at a time, warms everything up and sets the zero of elapsed_ns and
 * heap_top_bytes.  Call it again in a forked child: /proc descriptors go on
 * showing the process that opened them.  False with errno when a /proc file
 * that is needed cannot be read, ENOTSUP when no source counts exactly. */
bool probe_open(unsigned extras);

/* Fills *now. */
void probe_snapshot(struct snapshot *now);

/* Returns a snapshot, for whoever needs a column or two: snapshot_now().resident_bytes. */
struct snapshot snapshot_now(void);

/* "statm" where that moves by exactly one page per page touched, otherwise
 * "smaps_rollup", which is exact everywhere and walks the page tables. */
const char *probe_resident_source(void);

/* "mallinfo2"; "mallinfo" before glibc 2.33, whose int fields are wrong from
 * 2 GiB on; or "none" under musl or a preloaded malloc, which neither describes. */
const char *probe_malloc_source(void);

/* Nanoseconds of CLOCK_MONOTONIC. */
int64_t probe_clock_ns(void);

#endif
