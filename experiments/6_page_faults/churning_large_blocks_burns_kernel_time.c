/* SPDX-License-Identifier: MIT */
/* "The program spends half of its time in the kernel, and strace shows nothing."
 *
 * The usual suspect: a large block that is allocated, written and freed again and
 * again.  Each free() unmaps it, so each turn brings all of its pages in anew:
 * one minor fault a page, in which the kernel finds a free page, fills it with
 * zeros and maps it.  No system call is to be seen, only %sys in top and min_flt
 * in ps, growing hand in hand.
 *
 * glibc learns from freed blocks and serves the next one from the heap, but only
 * up to 32 MiB (DEFAULT_MMAP_THRESHOLD_MAX in malloc/malloc.c); a block above
 * that is mapped anew every time.  The cures keep the pages: forbid malloc to map
 * (M_MMAP_MAX, and a trim threshold above the block), or take the block from a
 * pool that keeps its chunk (lib/pool/pool.h).
 *
 * Controls: both cures; after the first turn neither may fault once.
 * Try: block=16M.  Which turns fault now, and why?
 */
#include "experiment.h"
#include "memory.h"
#include "pool.h"

static int64_t block_bytes = 33 * MiB, turns = 4;

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
		broken("no memory for a pool of %lld bytes", (long long)block_bytes);
	write_pages(block, block_bytes);
	pool_reset(pool);
}

/* The first turn is everybody's; what it costs is not counted. */
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
	unsupported("mmap_max is a setting of glibc's malloc, and this is another libc");
#endif
	churn(by_malloc);
}

static void from_a_pool(void)
{
	churn(by_pool);
}

/* getrusage(2) counts in microseconds: what took less than one stands there as 0. */
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
	/* Of a mapped block: 16 bytes of header, itself, 8 for rounding, from a page boundary on;
	 * the page of the rounding, if it takes one, is not written. */
	int64_t most = pages_for(block_bytes + 24), least = pages_for(block_bytes);
	const char *churned = "malloc and free";

	expect_between("minor faults, every page of every turn", turns * least,
		       faults(churned, "second half"), turns * most);
	expect_at_least("system time grows with the turns: all, times the first half", 1.5,
			ratio(system_time(churned, "second half"),
			      system_time(churned, "first half")));
	expect_at_most("and no faster than the turns: all, times the first half", 2.7,
		       ratio(system_time(churned, "second half"), system_time(churned, "first half")));
	expect_at_least("system time, times that of the heap", 20,
			ratio(system_time(churned, "second half"),
			      system_time("never mapped", "second half")));
	expect_at_least("system time, times that of the pool", 20,
			ratio(system_time(churned, "second half"),
			      system_time("from a pool", "second half")));
	expect_at_least("all time, times that of the heap", 5,
			ratio(time_of(churned), time_of("never mapped")));
	control_equal("never mapped: minor faults", 0, faults("never mapped", "second half"));
	control_equal("from a pool: minor faults", 0, faults("from a pool", "second half"));
}

const struct experiment experiment = {
	.claim = "allocating, writing and freeing large blocks over and over burns time in the kernel: "
		 "page faults and system time grow together",
	.asked = "Why does my program spend its time in the kernel?",
	.x_axis = "blocks allocated, written and freed after the first one",
	.charted = "system_ns minor_fault_count",
	.chart = CHART_BARS,
	.knobs = { { "block", &block_bytes, "bytes", "size of a block", 1 * MiB },
		   { "turns", &turns, "", "how often", 2, 1000 } },
	.arms = { { "malloc and free", malloc_and_free },
		  { "never mapped", never_mapped, .control = true,
		    .environment = "GLIBC_TUNABLES=glibc.malloc.mmap_max=0:"
				   "glibc.malloc.trim_threshold=1099511627776" },
		  { "from a pool", from_a_pool, .control = true } },
	.predict = { "How many page faults do all these turns of malloc(), write and free() "
		     "take?",
		     "minor_fault_count", "malloc and free", "first half", "second half",
		     .because = "The block is above 32 MiB, so glibc maps it anew each time, and "
				"all of its pages fault in again at every turn." },
	.judge = judge,
	.trials = 5,
	.warm_up = true,
	.deep = "turns=50 trials=9",
};
