/* SPDX-License-Identifier: MIT */
/* The picture on the first page of every chapter about processes: from low to high
 * addresses a program has its text, its read-only data, its initialised data, its
 * zero-filled data (bss), the heap, mappings, the stack, and on top the arguments and the
 * environment.
 *
 * Two programs arrange it.  The linker arranges the program file: text, read-only data,
 * data, bss.  The kernel does the rest.  It loads that file (load_elf_binary() in
 * fs/binfmt_elf.c) and starts the heap behind the bss.  execve(2) copies the arguments to
 * the very top and puts the stack below them.  mmap(2) searches for room downward from a
 * point some way below the stack (mmap_base() in arch/x86/mm/mmap.c), so that the heap
 * has all of the wide gap in the middle to grow into.
 *
 * Control: with a stack that has no limit (`ulimit -s unlimited`) mmap(2) starts its
 * search so low that the mappings come below the program, which lies at two thirds of the
 * address space if it is position-independent.  The same test must find them out of order.
 * Where personality(2) allows it (ADDR_COMPAT_LAYOUT), another arm shows the layout of old
 * kernels, whose mappings begin at a third (arm64: a quarter) and grow upward.
 * Try: `make build BUILD=/tmp/lld LINK='-pie -pthread -Wl,-z,now -fuse-ld=lld'`: which two
 * regions change places?  With LINK='-static-pie -pthread' the kernel starts the heap far below
 * the program, and the claim is refuted: by which of its relations?  And run it with --aslr, twice:
 * what moves, and what does not?
 */
#define _GNU_SOURCE /* program_invocation_name */
#include <errno.h>

#include "experiment.h"
#include "arm_limits.h"
#include "memory.h"

static const char read_only_data[] = "never written";
static int data = 1;
static int bss;

static int64_t number_of(const volatile void *address)
{
	return (int64_t)(uintptr_t)address;
}

/* Records each region: x is its place in the picture, y an address in it.  The heap is what the break
 * was moved by, because some mallocs use mappings alone. */
static void record_all_regions(void)
{
	int stack;

	record_y("text", 1, number_of((void *)record_all_regions));
	record_y("read-only data", 2, number_of(read_only_data));
	record_y("data", 3, number_of(&data));
	record_y("bss", 4, number_of(&bss));
	record_y("heap", 5, number_of(must_move_the_break(page_bytes())));
	record_y("anonymous mapping", 6, number_of(must_map(1 * MiB)));
	record_y("library", 7, number_of((void *)malloc));
	record_y("stack", 8, number_of(&stack));
	record_y("arguments", 9, number_of(program_invocation_name));
}

static void as_it_is(void)
{
	must_have_limited_stack();
	must_have_usual_layout();
	record_all_regions();
}

static void unlimited_stack(void)
{
	must_have_unlimited_stack();
	record_all_regions();
}

/* For the picture only: it is not judged, because a container may refuse it. */
static void old_layout(void)
{
	if (has_old_layout())
		record_all_regions();
}

static int64_t above(const char *arm, const char *lower, const char *upper)
{
	return y_of(arm, upper) - y_of(arm, lower);
}

static void judge(void)
{
	const char *arm = "as it is";

	expect_between("read-only data lies above the text", "bytes", 1,
		       above(arm, "text", "read-only data"), INT64_MAX);
	expect_between("data lies above the read-only data", "bytes", 1,
		       above(arm, "read-only data", "data"), INT64_MAX);
	expect_between("bss lies above the data", "bytes", 1, above(arm, "data", "bss"), INT64_MAX);
	expect_between("the heap lies above the bss", "bytes", 1, above(arm, "bss", "heap"),
		       INT64_MAX);
	/* The picture does not say whether libraries lie above or below other mappings. */
	expect_between("an anonymous mapping lies above the heap", "bytes", 1,
		       above(arm, "heap", "anonymous mapping"), INT64_MAX);
	expect_between("a library lies above the heap", "bytes", 1, above(arm, "heap", "library"),
		       INT64_MAX);
	expect_between("the stack lies above the mapping", "bytes", 1,
		       above(arm, "anonymous mapping", "stack"), INT64_MAX);
	expect_between("the stack lies above the library", "bytes", 1,
		       above(arm, "library", "stack"), INT64_MAX);
	expect_between("the arguments lie above the stack", "bytes", 1,
		       above(arm, "stack", "arguments"), INT64_MAX);
	control_between("with an unlimited stack a mapping lies below the heap", "bytes", INT64_MIN,
			above("unlimited stack", "heap", "anonymous mapping"), -1);
	control_between("with an unlimited stack a library lies below the heap", "bytes", INT64_MIN,
			above("unlimited stack", "heap", "library"), -1);
}

const struct experiment experiment = {
	.address_map = true,
	.claim = "from low to high addresses lie text, read-only data, data, bss, heap, mappings, "
		 "stack, arguments",
	.asked = "How is a process laid out in memory?",
	.x_axis = "place in the textbook's picture, from the bottom",
	.y_axis = "address, bytes",
	.y_unit = "bytes",
	.charted = "y",
	.chart = CHART_STAGES,
	.arms = { { "as it is", as_it_is },
		  { "old layout", old_layout, .before_exec = ask_for_old_layout },
		  { "unlimited stack", unlimited_stack, .control = true,
		    .before_exec = ask_for_unlimited_stack } },
	.predict = { "How far above a mapping does the stack lie?", "y", "as it is",
		     "anonymous mapping", "stack",
		     .because = "The kernel keeps room for the stack to grow: its limit, but at "
				"least 128 MiB (mmap_base()). The mappings begin below that room, "
				"the libraries first." },
	.judge = judge,
};
