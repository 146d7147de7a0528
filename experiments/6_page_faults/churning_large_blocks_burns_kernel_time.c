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
 * Controls: the blocks of the first arm must have mappings of their own.  And both
 * cures: after the first turn, neither may cause a single fault.
 * Try: block=16M.  Which turns fault now, and why does a control fail?
 */
#include "experiment.h"
#include "heap_shape.h"
#include "memory.h"
#include "pool.h"

static int64_t block_bytes = 33 * MiB, turns = 4;

#if __SIZEOF_LONG__ == 8
#define NEVER_TRIM "1099511627776"
#else
#define NEVER_TRIM "2147483647"
#endif

static struct pool *pool;
static int64_t mapped; /* blocks that do not lie in the heap */

static void by_malloc(void)
{
	char *block = must_malloc(block_bytes);

	mapped += !is_below_the_break(block);
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
	mapped = 0;
	record_y("first half", 0, 0);
	for (int64_t i = 1; i <= turns; i++) {
		turn();
		record_y(i <= turns / 2 ? "first half" : "second half", i, mapped);
	}
}

static void malloc_and_free(void)
{
	churn(by_malloc);
}

static void never_mapped(void)
{
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

static struct samples faults(const char *arm)
{
	return growth_samples(arm, "first half", "second half", minor_fault_count);
}

/* Returns the system time for each fault of the second half, divided by that of the first. */
static struct samples price_of_second_half(const char *arm)
{
	struct samples time = system_time(arm, "first half");
	struct samples all_time = system_time(arm, "second half");
	struct samples count = growth_samples(arm, "first half", "first half", minor_fault_count);
	struct samples all_count = faults(arm);

	for (int i = 0; i < time.count; i++) {
		all_time.value[i] -= time.value[i];
		all_count.value[i] -= count.value[i];
		/* Where malloc maps no block, there are no faults to divide by. */
		count.value[i] = count.value[i] > 0 ? count.value[i] : 1;
		all_count.value[i] = all_count.value[i] > 0 ? all_count.value[i] : 1;
		all_time.value[i] = all_time.value[i] > 0 ? all_time.value[i] : 1;
	}
	return ratio(ratio(all_time, all_count), ratio(time, count));
}

/* Returns how many faults x turns must cause: one for each page that is written.  malloc writes the
 * header of the block, 16 bytes, at the start of the mapping. */
static int64_t faults_of_turns(int64_t x)
{
	return x * pages_written_for(block_bytes);
}

static void judge(void)
{
	const char *churned = "malloc and free";

	expect_equal("minor faults: one for every page of every turn", "rows", turns + 1,
		     rows_that_follow(churned, "first half", "first half", minor_fault_count,
				      faults_of_turns, 0) +
			     rows_that_follow(churned, "first half", "second half",
					      minor_fault_count, faults_of_turns, 0));
	/* The same work for each fault.  The kernel estimates system time, and a neighbour of the
	 * virtual machine makes the faults of some seconds up to half as expensive again. */
	expect_at_least("system time for a fault, second half over first half, at least", 0.6,
			price_of_second_half(churned));
	expect_at_most("system time for a fault, second half over first half, at most", 1.7,
		       price_of_second_half(churned));
	expect_at_least("system time, as a multiple of that with the heap", 20,
			ratio(system_time(churned, "second half"),
			      system_time("never mapped", "second half")));
	expect_at_least("system time, as a multiple of that with the pool", 20,
			ratio(system_time(churned, "second half"),
			      system_time("from a pool", "second half")));
	expect_at_least("elapsed time, as a multiple of that with the heap", 5,
			ratio(time_of(churned), time_of("never mapped")));
	control_equal("blocks with mappings of their own", "blocks", turns,
		      nth_row(churned, "second half", (int)rows_under(churned, "second half") - 1)->y);
	control_each_equal("never mapped: minor faults", "faults", 0, faults("never mapped"));
	control_each_equal("from a pool: minor faults", "faults", 0, faults("from a pool"));
}

const struct experiment experiment = {
	.claim = "allocating, writing and freeing large blocks over and over burns time in the kernel: "
		 "page faults and system time grow together",
	.asked = "Why does my program spend its time in the kernel?",
	.x_axis = "blocks allocated, written and freed after the first one",
	.y_axis = "blocks with mappings of their own",
	.charted = "system_ns minor_fault_count",
	.chart = CHART_VALUES,
	.knobs = { { "block", &block_bytes, "bytes", "size of a block", 1 * MiB, 256 * MiB },
		   { "turns", &turns, "", "how often a block is allocated, written and freed", 2,
		     100 } },
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
	.about_glibc = true,
	.trials = 8,
	.warm_up = true,
	.deep = "turns=50 trials=9",
};
