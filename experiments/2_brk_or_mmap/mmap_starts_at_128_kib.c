/* SPDX-License-Identifier: MIT */
/* "From 128 KiB on, malloc uses mmap": the most repeated sentence about malloc.
 *
 * The program looks for the first size, to the byte, that does not come from the
 * heap, after three different histories of a process:
 *
 *   first request      Up to glibc 2.41 malloc() first creates the heap, for its
 *                      own bookkeeping (the thread cache).  So the top holds
 *                      nearly 132 KiB, and a request that fits is cut from it:
 *                      the threshold is asked only in sysmalloc(), when neither
 *                      a free chunk nor the top can serve.  Since glibc 2.42 a
 *                      large first request finds no heap, and the threshold
 *                      decides.
 *   top used up        Now the threshold decides: 128 KiB, less the 8 bytes of
 *                      the chunk's header and the rounding up to 16.
 *   after freeing a mapped block
 *                      free() set the threshold to the size of that block, 1 MiB
 *                      (mp_.mmap_threshold = chunksize(p)), because a program
 *                      that used it once will want it again.  mallopt(3) calls it
 *                      the dynamic threshold.
 *
 * Control: with M_MMAP_THRESHOLD pinned to 128 KiB and the top used up, the
 * sentence must come out as it is told, whatever was freed before.
 * Try: freed=8M, then freed=40M.  From where on does nothing happen?  And
 * make sweep CLAIM=mmap_starts_at_128_kib KNOB=block FROM=64K TO=4M STEP=x2 Y=heap_top_bytes
 */
#include "experiment.h"
#include "malloc_knobs.h"
#include "memory.h"

static int64_t freed_bytes = 1 * MiB, block_bytes = 128 * KiB;

static void find_first_mapped(void)
{
	record_y("first size that is mapped", 0, first_value_where(1, 64 * MiB, is_mapped));
}

static void first_request(void)
{
	find_first_mapped();
}

static void top_used_up(void)
{
	use_up_top();
	find_first_mapped();
}

static void after_freeing(void)
{
	use_up_top();
	free(must_malloc(freed_bytes));
	find_first_mapped();
}

static void pinned(void)
{
	must_pin_thresholds(DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	after_freeing();
}

/* Not judged: one size at a time, for `make sweep KNOB=block`.  Some minor faults more than
 * there are new pages: use_up_top() forks, and a fork write-protects what was written
 * before, malloc's own data among it. */
static void one_block(void)
{
	use_up_top();
	record("before", block_bytes);
	write_pages(must_malloc(block_bytes), block_bytes);
	record("one block", block_bytes);
}

static int64_t first_mapped(const char *arm)
{
	return y_of(arm, "first size that is mapped");
}

static void judge(void)
{
	/* A chunk is the request and 8 bytes, rounded up to 16: sizes down to 23
	 * bytes below the threshold make a chunk that reaches it. */
	int64_t told = DEFAULT_THRESHOLD, least = told - 23;

	expect_between("first request of a process: first size that is mapped", least,
		       first_mapped("first request"), told);
	expect_between("top used up: first size that is mapped", least, first_mapped("top used up"),
		       told);
	expect_between("after a mapped block was freed: first size that is mapped", least,
		       first_mapped("after freeing a mapped block"), told);
	control_between("threshold pinned, top used up: first size that is mapped", least,
			first_mapped("pinned"), told);
}

const struct experiment experiment = {
	.claim = "from 128 KiB on, a request gets a mapping of its own",
	.asked = "When does malloc use mmap instead of brk?",
	.instead = "128 KiB is where the threshold starts; it rises to the size of every mapped block "
		   "that is freed, and is asked only when the heap has nothing that fits.",
	.y_axis = "first size that is mapped, bytes",
	.charted = "y",
	.chart = CHART_BARS,
	.chart_options = "log-y mark=131072:128_KiB",
	.knobs = { { "freed", &freed_bytes, "bytes", "mapped block that is freed before", 256 * KiB },
		   { "block", &block_bytes, "bytes", "size that arm \"one block\" asks for" } },
	.arms = { { "first request", first_request },
		  { "top used up", top_used_up },
		  { "after freeing a mapped block", after_freeing },
		  { "one block", one_block },
		  { "pinned", pinned, .control = true } },
	.predict = { "The first malloc() of a process: from which size on is it mapped?", "y",
		     "first request", .to = "first size that is mapped",
		     .because = "Up to glibc 2.41 malloc's own bookkeeping comes first, and with "
				"it a heap of 132 KiB: what fits into its rest is cut from it, and "
				"the threshold is not asked at all. Since glibc 2.42 there is no "
				"heap yet, and the threshold decides: 128 KiB, less the header "
				"and the rounding up." },
	.judge = judge,
};
