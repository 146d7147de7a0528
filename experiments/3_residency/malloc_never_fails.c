/* SPDX-License-Identifier: MIT */
/* "malloc() never fails on Linux, it promises more memory than there is."
 *
 * Most of what programs reserve is never touched, so the kernel lets them reserve
 * more than it has (overcommit).  But not everything: unless it was told otherwise
 * (vm.overcommit_memory=0), it refuses what could not be had if every other process
 * ended, a request for more than all RAM and swap (__vm_enough_memory() in
 * mm/util.c, since Linux 5.2).  It looks at each request by itself and never at
 * their sum: two halves are granted where the whole is not.
 *
 * The promise falls due when the pages are written.  If there are none left then,
 * no function returns NULL: the OOM killer ends a process.  So nothing is written
 * here, and a program that must not be killed has to write its memory early.
 *
 * Control: with MAP_NORESERVE the kernel does not count (mmap(2)), and the same size
 * must be granted in one piece: it is not addresses that are short.
 * Try: LD_PRELOAD=libjemalloc.so.2.  What does jemalloc say to mmap(2) that glibc
 * does not?  And sudo sysctl vm.overcommit_memory=1, and then 2 (and 0 again).
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>

#include "experiment.h"
#include "memory.h"

enum { BLOCKS = 8 };

static int64_t ram_and_swap_pages(void)
{
	struct sysinfo of;

	sysinfo(&of);
	return (int64_t)(of.totalram + of.totalswap) * of.mem_unit / page_bytes();
}

static void record_granted(int64_t pages)
{
	int64_t all = ram_and_swap_pages();

	record_y("granted", pages, (pages * 100 + all / 2) / all);
}

static void check_limits(void)
{
	struct rlimit addresses;

	getrlimit(RLIMIT_AS, &addresses);
	if (addresses.rlim_cur != RLIM_INFINITY)
		unsupported("a limit on addresses refuses first: ulimit -v unlimited");
	if (ask("cat /proc/sys/vm/overcommit_memory") == 2)
		unsupported("this machine promises no more than it has: "
			    "sudo sysctl vm.overcommit_memory=0");
}

/* A mapped block has 16 bytes of header, and is rounded up to 8 more. */
static int is_refused(int64_t pages)
{
	void *block = malloc((size_t)(pages * page_bytes() - 24));
	return block == NULL;
}

/* What mmap(2) refuses malloc asks of the break, less what the top has free already. */
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

	expect_equal("one block: pages granted, at most twice RAM and swap being asked", 2 * pages,
		     pages_granted("one block"));
	expect_equal("eight blocks: pages granted, a quarter of RAM and swap being asked each time",
		     2 * pages / BLOCKS * BLOCKS, pages_granted("eight blocks"));
	control_between("one block: pages granted are at least those of RAM and swap", pages,
			pages_granted("one block"), 2 * pages);
	control_equal("MAP_NORESERVE: pages granted, twice RAM and swap being asked", 2 * pages,
		      pages_granted("MAP_NORESERVE"));
}

const struct experiment experiment = {
	.claim = "malloc never fails on Linux: it promises more memory than there is",
	.asked = "Can I malloc more memory than the machine has?",
	.instead = "In pieces, yes: each request is looked at by itself. One request for more than "
		   "all RAM and swap is refused, to the page, unless vm.overcommit_memory is 1.",
	.x_axis = "pages granted",
	.y_axis = "granted, percent of RAM and swap",
	.charted = "y",
	.chart = CHART_BARS,
	.chart_options = "mark=100:RAM_and_swap",
	.arms = { { "one block", one_block },
		  { "eight blocks", eight_blocks },
		  { "MAP_NORESERVE", one_mapping, .control = true } },
	.predict = { "How large can one block be, in percent of RAM and swap?", "y", "one block",
		     .to = "granted",
		     .because = "The kernel looks at each request by itself and refuses what is "
				"larger than all RAM and swap, to the page. Who else uses them it "
				"does not ask." },
	.judge = judge,
};
