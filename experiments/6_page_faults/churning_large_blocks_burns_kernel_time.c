/* SPDX-License-Identifier: MIT */
/* "The program spends half of its time in the kernel, and strace shows nothing."
 *
 * The usual cause is a large block that is allocated, written and freed again and
 * again.  Each free() unmaps it, so in each turn all of its pages fault in anew:
 * one minor fault for each page, in which the kernel finds a free page, fills it with
 * zeros and maps it.  A page fault is not a system call, so strace does not show it;
 * only %sys in top and min_flt in ps show it, and they grow together.
 *
 * glibc learns from freed blocks and serves the next one from the heap, but only
 * up to 32 MiB (DEFAULT_MMAP_THRESHOLD_MAX in malloc/malloc.c); a block above
 * that is mapped anew every time.  There are two cures, and both keep the pages:
 * do not let malloc use mmap (M_MMAP_MAX, and a trim threshold above the size of the
 * block), or take the block from a pool that keeps its chunk (pool.h).
 *
 * Controls: both cures.  After the first turn, neither may cause a single fault.
 * Try: block=16M.  Which turns fault now, and why?
 */
#include "experiment.h"
#include "memory.h"
#include "pool.h"

static int64_t block_bytes = 33 * MiB, turns = 4;

#if __SIZEOF_LONG__ == 8
#define NEVER_TRIM "1099511627776"
#else
#define NEVER_TRIM "2147483647"
#endif

static struct pool *pool;

static void by_malloc(void)
{
	char *block = must_malloc(block_bytes);

	write_pages(block, block_bytes);
	free(block);
}

static void by_pool(void)
{
	if (pool == NULL)
		pool = pool_create((size_t)block_bytes + POOL_CHUNK);
	char *block = pool == NULL ? NULL : pool_alloc(pool, (size_t)block_bytes);
	if (block == NULL)
		memory_was_refused("a pool", block_bytes);
	write_pages(block, block_bytes);
	pool_reset(pool);
}

/* Does one turn that is not counted, because every arm has to bring its pages in once, and
 * then records the turns that are. */
static void churn(void (*turn)(void))
{
	turn();
	record("first half", 0);
	for (int64_t i = 1; i <= turns; i++) {
		turn();
		record(i <= turns / 2 ? "first half" : "second half", i);
	}
}

static void malloc_and_free(void)
{
	churn(by_malloc);
}

static void never_mapped(void)
{
#ifndef __GLIBC__
	unsupported("mmap_max is a setting of glibc's malloc, and this program uses another libc");
#endif
	churn(by_malloc);
}

static void from_a_pool(void)
{
	churn(by_pool);
}

/* Returns the system time of an arm, and 1 microsecond where it is shorter: getrusage(2) counts
 * in microseconds, and a 0 would make the ratios infinite. */
static struct samples system_time(const char *arm, const char *to)
{
	struct samples time = growth_samples(arm, "first half", to, system_ns);

	for (int i = 0; i < time.count; i++)
		if (time.value[i] < 1000)
			time.value[i] = 1000;
	return time;
}

static struct samples time_of(const char *arm)
{
	return growth_samples(arm, "first half", "second half", elapsed_ns);
}

static int64_t faults(const char *arm, const char *to)
{
	return growth(arm, "first half", to).minor_fault_count;
}

static void judge(void)
{
	/* A mapping begins at a page boundary and holds 16 bytes of header, the block, and 8
	 * bytes for rounding.  If the rounding takes a page of its own, that page is not
	 * written. */
	int64_t most = pages_for(block_bytes + 24), least = pages_for(block_bytes);
	const char *churned = "malloc and free";

	expect_between("minor faults: one for every page of every turn", "faults", turns * least,
		       faults(churned, "second half"), turns * most);
	expect_at_least("system time grows with the turns: all turns over the first half", 1.5,
			ratio(system_time(churned, "second half"),
			      system_time(churned, "first half")));
	expect_at_most("system time grows no faster than the turns: all over the first half", 2.7,
		       ratio(system_time(churned, "second half"), system_time(churned, "first half")));
	expect_at_least("system time, as a multiple of that with the heap", 20,
			ratio(system_time(churned, "second half"),
			      system_time("never mapped", "second half")));
	expect_at_least("system time, as a multiple of that with the pool", 20,
			ratio(system_time(churned, "second half"),
			      system_time("from a pool", "second half")));
	expect_at_least("elapsed time, as a multiple of that with the heap", 5,
			ratio(time_of(churned), time_of("never mapped")));
	control_equal("never mapped: minor faults", "faults", 0,
		      faults("never mapped", "second half"));
	control_equal("from a pool: minor faults", "faults", 0, faults("from a pool", "second half"));
}

const struct experiment experiment = {
	.claim = "allocating, writing and freeing large blocks over and over burns time in the kernel: "
		 "page faults and system time grow together",
	.asked = "Why does my program spend its time in the kernel?",
	.x_axis = "blocks allocated, written and freed after the first one",
	.charted = "system_ns minor_fault_count",
	.chart = CHART_BARS,
	.knobs = { { "block", &block_bytes, "bytes", "size of a block", 1 * MiB },
		   { "turns", &turns, "", "how often a block is allocated, written and freed", 2,
		     1000 } },
	.arms = { { "malloc and free", malloc_and_free },
		  { "never mapped", never_mapped, .control = true,
		    .environment = "GLIBC_TUNABLES=glibc.malloc.mmap_max=0:"
				   "glibc.malloc.trim_threshold=" NEVER_TRIM },
		  { "from a pool", from_a_pool, .control = true } },
	.predict = { "How many page faults do all these turns of malloc(), writing and free() "
		     "cause?",
		     "minor_fault_count", "malloc and free", "first half", "second half",
		     .because = "The block is larger than 32 MiB, so glibc maps it anew each time, "
				"and all of its pages fault in again in every turn." },
	.stages = { "second half" },
	.judge = judge,
	.trials = 8,
	.warm_up = true,
	.deep = "turns=50 trials=9",
};
