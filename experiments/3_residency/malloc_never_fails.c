/* SPDX-License-Identifier: MIT */
/* "malloc() never fails on Linux: it promises more memory than there is."
 *
 * Programs reserve much memory that they never touch, so the kernel lets them
 * reserve more than it has (overcommit).  But not everything.  With
 * vm.overcommit_memory=0, which is the default, it refuses a request that it could not
 * meet even if every other process ended, that is, a request for more than all RAM and
 * swap (__vm_enough_memory() in mm/util.c, since Linux 5.2).  It checks each
 * request by itself and never their sum: it grants two halves where it refuses
 * the whole.
 *
 * The kernel has to keep its promise when the pages are written.  If no memory is
 * left then, no function returns NULL: the OOM killer ends a process.  So nothing
 * is written here, and a program that must not be killed has to write its memory
 * early.
 *
 * Control: with MAP_NORESERVE the kernel does not check (mmap(2)), and it must
 * grant the same size in one piece.  So there are enough addresses.
 * Try: LD_PRELOAD=libjemalloc.so.2.  What does jemalloc pass to mmap(2) that glibc
 * does not?  And sudo sysctl vm.overcommit_memory=1, and then 2 (and 0 again).
 */
#include <sys/mman.h>
#include <sys/sysinfo.h>

#include "arm_limits.h"
#include "experiment.h"
#include "memory.h"

enum { BLOCKS = 8 };

static int64_t ram_and_swap_pages(void)
{
	struct sysinfo info;

	sysinfo(&info);
	return (int64_t)(info.totalram + info.totalswap) * info.mem_unit / page_bytes();
}

static void record_granted(int64_t pages)
{
	int64_t all = ram_and_swap_pages();

	record_y("granted", pages, (pages * 100 + all / 2) / all);
}

/* Ends the experiment where malloc writes into its blocks, which would fill all memory. */
static void must_leave_blocks_alone(void)
{
	void *block = must_malloc(1 * MiB);

	if (absent_pages_of(block, 1 * MiB) == 0)
		unsupported("malloc writes into the blocks that it returns here, and would fill all "
			    "memory (is the tunable glibc.malloc.perturb set?)");
}

static void check_limits(void)
{
	must_have_64_bits(); /* otherwise addresses run out first */
	must_have_all_addresses();
	if (overcommit_setting() == 2)
		unsupported("this kernel promises no more memory than it has: "
			    "sudo sysctl vm.overcommit_memory=0");
	must_leave_blocks_alone();
}

/* Whether malloc refuses a block that fills so many pages, with its 16 bytes of header and
 * up to 8 for rounding. */
static int is_refused(int64_t pages)
{
	void *block = malloc((size_t)(pages * page_bytes() - 24));
	return block == NULL;
}

/* Where mmap(2) refuses, malloc tries to move the break instead, by what the free memory
 * at the top does not cover.  With the top used up, that is the whole request too. */
static void one_block(void)
{
	check_limits();
	use_up_top();
	record_granted(first_value_where(1, 2 * ram_and_swap_pages(), is_refused) - 1);
}

static void eight_blocks(void)
{
	int64_t pages = ram_and_swap_pages() * 2 / BLOCKS, granted = 0;

	check_limits();
	for (int i = 0; i < BLOCKS; i++)
		granted += is_refused(pages) ? 0 : pages;
	record_granted(granted);
}

static void one_mapping(void)
{
	int64_t pages = 2 * ram_and_swap_pages();
	void *mapping = mmap(NULL, (size_t)(pages * page_bytes()), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	record_granted(mapping == MAP_FAILED ? 0 : pages);
}

static int64_t pages_granted(const char *arm)
{
	return nth_row(arm, "granted", 0)->x;
}

static void judge(void)
{
	int64_t pages = ram_and_swap_pages();

	expect_equal("malloc grants one block twice as large as RAM and swap together", "pages",
		     2 * pages, pages_granted("one block"));
	expect_equal("malloc grants eight blocks, each a quarter of RAM and swap together", "pages",
		     2 * pages / BLOCKS * BLOCKS, pages_granted("eight blocks"));
	control_between("malloc grants one block as large as RAM and swap together", "pages", pages,
			pages_granted("one block"), 2 * pages);
	control_equal("mmap with MAP_NORESERVE grants twice RAM and swap in one piece", "pages",
		      2 * pages, pages_granted("MAP_NORESERVE"));
	instead_equal("malloc grants one block as large as RAM and swap together, and no page more",
		      "pages", pages, pages_granted("one block"));
}

const struct experiment experiment = {
	.claim = "malloc never fails on Linux: it promises more memory than there is",
	.asked = "Can I malloc more memory than the machine has?",
	.instead = "In pieces it promises more, since the kernel checks each request by itself. But a "
		   "single request for more than all RAM and swap fails, even by one page, unless "
		   "vm.overcommit_memory is 1.",
	.x_axis = "pages granted",
	.y_axis = "granted, percent of RAM and swap",
	.charted = "y",
	.chart = CHART_BARS,
	.marks = { { 'y', 100, "RAM and swap" } },
	.arms = { { "one block", one_block },
		  { "eight blocks", eight_blocks },
		  { "MAP_NORESERVE", one_mapping, .control = true } },
	.predict = { "How large can a single block be, in percent of RAM and swap?", "y",
		     "one block", .to = "granted",
		     .because = "The kernel checks each request by itself and refuses one that is "
				"larger than all RAM and swap, even by one page. It does not ask "
				"how much of them is in use." },
	.judge = judge,
};
