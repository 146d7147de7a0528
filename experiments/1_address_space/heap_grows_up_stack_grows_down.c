/* SPDX-License-Identifier: MIT */
/* Heap and stack grow towards each other.
 *
 * The heap ends at the break, and brk(2) moves the break to higher addresses; malloc cuts
 * new blocks from the end of the heap.  The direction of the stack comes with the
 * processor (its calling convention).  On all processors that Linux runs on, except
 * PA-RISC, a call lowers the stack pointer, so the locals of a called function lie below
 * those of its caller.
 *
 * The usual picture leaves out a third region that grows: the mappings.  mmap(2) looks for
 * room from the top down (arch_get_unmapped_area_topdown()) and takes the highest gap that is
 * large enough.  So each new mapping lies below the one before, until munmap(2) leaves a gap
 * higher up.  What the heap grows towards is therefore not the stack but the mappings.
 *
 * Controls: the blocks must lie in the heap, since glibc's malloc gets large ones from mmap(2).  And in
 * the layout of old kernels, which personality(2) still offers
 * (ADDR_COMPAT_LAYOUT), the same mappings must be found to grow upward.  So the
 * measurement can see both directions.
 * Try: step=200K.  The heap's curve turns round: what did malloc do?  And unmap the second of
 * seven mappings before the last is made: where does the last one lie?
 */
#include <string.h>

#include "experiment.h"
#include "arm_limits.h"
#include "memory.h"

enum { STEPS = 16 };

static int64_t step_bytes = 100 * KiB;

/* Records how far an address lies above the first one. */
static void show(int64_t step, const volatile char *address)
{
	static const volatile char *first;

	if (step == 0)
		first = address;
	record_y("grown", step, (int64_t)((intptr_t)address - (intptr_t)first));
}

/* Other mallocs than glibc's use mappings alone, or for all but the smallest blocks.  There the
 * blocks are what the break was moved by. */
static char *next_block_of_the_heap(void)
{
	bool of_malloc = strcmp(probe_malloc_source(), "none") != 0;

	return of_malloc ? must_malloc(step_bytes) : must_move_the_break(step_bytes);
}

static void heap(void)
{
	int64_t in_the_heap = 0;

	wake_malloc();
	for (int64_t i = 0; i < STEPS; i++) {
		char *block = next_block_of_the_heap();
		in_the_heap += is_below_the_break(block);
		show(i, block);
	}
	record("blocks in the heap", in_the_heap);
}

/* Records an address in its own frame and calls itself.  No frame is merged with
 * another's, and all stay in use until the last call returns. */
static void __attribute__((noinline)) call(int64_t step)
{
	volatile char local[step_bytes];

	local[0] = 1;
	show(step, local);
	if (step + 1 < STEPS)
		call(step + 1);
	local[step_bytes - 1] = local[0];
}

static void stack(void)
{
	must_have_stack(STEPS * step_bytes);
	call(0);
}

static void map_steps(void)
{
	for (int64_t i = 0; i < STEPS; i++)
		show(i, must_map(step_bytes));
}

static void mappings(void)
{
	must_have_usual_layout();
	map_steps();
}

static void mappings_in_old_layout(void)
{
	must_have_old_layout();
	map_steps();
}

/* Returns how many of the STEPS - 1 steps went up (direction 1) or down (-1) by at
 * least their own size. */
static int64_t steps_towards(int direction, const char *arm)
{
	int64_t count = 0;

	for (int n = 1; n < STEPS; n++) {
		int64_t before = nth_row(arm, "grown", n - 1)->y;
		count += direction * (nth_row(arm, "grown", n)->y - before) >= step_bytes;
	}
	return count;
}

static void judge(void)
{
	expect_equal("heap blocks that lie above the block before", "blocks", STEPS - 1,
		     steps_towards(1, "heap"));
	expect_equal("stack frames that lie below the frame of their caller", "frames", STEPS - 1,
		     steps_towards(-1, "stack"));
	expect_equal("mappings that lie below the mapping before", "mappings", STEPS - 1,
		     steps_towards(-1, "mappings"));
	control_equal("blocks that lie in the heap, below the break", "blocks", STEPS,
		      nth_row("heap", "blocks in the heap", 0)->x);
	control_equal("in the old layout, mappings that lie above the mapping before", "mappings",
		      STEPS - 1, steps_towards(1, "mappings in the old layout"));
}

const struct experiment experiment = {
	.claim = "the heap grows up; the stack grows down, and so do the mappings",
	.asked = "In which direction do the heap and the stack grow?",
	.x_axis = "blocks, calls or mappings so far",
	.y_axis = "address, bytes above the first",
	.y_unit = "bytes",
	.charted = "y",
	/* STEPS frames of the largest size fit into a stack of 8 MiB. */
	.knobs = { { "step", &step_bytes, "bytes", "size of a block, frame or mapping", 1 * KiB,
		     256 * KiB } },
	.arms = { { "heap", heap },
		  { "stack", stack },
		  { "mappings", mappings },
		  { "mappings in the old layout", mappings_in_old_layout, .control = true,
		    .before_exec = ask_for_old_layout } },
	.predict = { "Sixteen blocks are mapped one after the other. How far above the first does "
		     "the last one lie?",
		     "y", "mappings", "grown", "grown",
		     .because = "mmap() looks for room from the top down, so each mapping lies "
				"right below the one before, and the distance is negative." },
	.judge = judge,
};
