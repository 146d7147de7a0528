/* SPDX-License-Identifier: MIT */
/* With 32-bit pointers there are 2^32 addresses and no more.
 *
 * A small helper program (helper/address_space.c) is built twice from the same source, for
 * 64 and for 32 bits, and each of the two counts the addresses that it can have.  On a
 * 64-bit kernel the 32-bit program has nearly all of its 4 GiB to itself: the kernel lives
 * at addresses that such a program cannot even name (IA32_PAGE_OFFSET in
 * arch/x86/include/asm/page_64_types.h leaves out only the last two pages).  A 32-bit
 * kernel has to live within the same 4 GiB.  It keeps the uppermost part for itself,
 * usually 1 GiB (CONFIG_VMSPLIT_3G), so there a program has 3 GiB.
 *
 * The regions come in the same order, only closer together: text and stack are tens of
 * TiB apart in the 64-bit program and less than 4 GiB apart in the 32-bit program.  So
 * with 32 bits, randomisation (ASLR) has only few places to choose from.
 *
 * Controls: with the address split of a 32-bit kernel, which personality(2) still offers
 * (ADDR_LIMIT_3GB), the same program must count 3 GiB; and the 64-bit build must count far
 * more.
 * Try: `readelf -h` on the two programs, which lie beside this one.
 */
#include <stdio.h>

#include "address_space.h"
#include "experiment.h"
#include "arm_limits.h"
#include "memory.h"

/* Returns the number that a helper prints for one of its words.  The command prints 0
 * where the helper is missing or the kernel cannot run it. */
static int64_t answer(const char *helper, const char *word)
{
	char command[128];

	snprintf(command, sizeof(command), "%s %s || echo 0", helper, word);
	int64_t number = ask(command);
	if (number == 0)
		unsupported("`%s` does not run.  Either the compiler of this build makes no 32-bit "
			    "programs (gcc on x86-64 does after `apt install gcc-multilib`; musl-gcc "
			    "does not), or this kernel runs none, or this container forbids "
			    "personality(2), or setarch is not on PATH",
			    helper);
	return number;
}

/* Keeps the helper's map for scripts/observe, which otherwise sees only this arm: writes
 * it to the folder in which the observer keeps its maps. */
static void keep_map(const char *arm, const char *helper)
{
	char command[192];

	snprintf(command, sizeof(command),
		 "[ -z \"$OBSERVED\" ] || %s smaps >\"$OBSERVED/%s.smaps.txt\"; echo 0", helper, arm);
	ask(command);
}

static void run_helper(const char *arm, const char *helper)
{
	must_have_64_bits(); /* otherwise the helper for 64 bits has 32 as well */
	must_have_all_addresses();
	must_have_limited_stack(); /* an unlimited one would take 5/6 of the addresses */
	record_y("pointer", 0, answer(helper, "pointer"));
	record_y("from text to stack", 0, answer(helper, "spread"));
	record_y("all addresses", 0, answer(helper, "all"));
	keep_map(arm, helper);
}

static void bits_64(void)
{
	run_helper("64-bit", "\"$PROGRAM.m64\"");
}

static void bits_32(void)
{
	run_helper("32-bit", "\"$PROGRAM.m32\"");
}

static void bits_32_limit_3_gib(void)
{
	run_helper("32-bit with 3 GiB", "setarch i686 --3gb \"$PROGRAM.m32\"");
}

static void judge(void)
{
	int64_t left_out = addresses_left_out();

	expect_equal("a pointer of the 32-bit program has 4 bytes", "bytes", 4,
		     y_of("32-bit", "pointer"));
	expect_between("a 32-bit program can have nearly 4 GiB of addresses", "bytes",
		       4 * GiB - left_out, y_of("32-bit", "all addresses"), 4 * GiB);
	/* The distance is less than 4 GiB in the 32-bit program and a third of 128 TiB in the
	 * 64-bit program. */
	expect_between("distance from text to stack: 64-bit program divided by 32-bit program",
		       "times", 1000,
		       y_of("64-bit", "from text to stack") / y_of("32-bit", "from text to stack"),
		       INT64_MAX);
	control_between("with a 32-bit kernel's split the program can have nearly 3 GiB of addresses",
			"bytes", 3 * GiB - left_out, y_of("32-bit with 3 GiB", "all addresses"),
			3 * GiB);
	control_between("the 64-bit program can have more than 1 TiB of addresses", "bytes",
			1024 * GiB, y_of("64-bit", "all addresses"), INT64_MAX);
	control_equal("a pointer of the 64-bit program has 8 bytes", "bytes", 8,
		      y_of("64-bit", "pointer"));
}

const struct experiment experiment = {
	.address_map = true,
	.claim = "a 32-bit process has 4 GiB of addresses, and everything lies closer together",
	.asked = "What changes in a 32-bit process?",
	.y_axis = "bytes",
	.y_unit = "bytes",
	.charted = "y",
	.chart = CHART_VALUES,
	.log_y = true,
	.arms = { { "64-bit", bits_64, .control = true },
		  { "32-bit", bits_32 },
		  { "32-bit with 3 GiB", bits_32_limit_3_gib, .control = true } },
	.predict = { "How many addresses can a 32-bit process have on this kernel?", "y", "32-bit",
		     .to = "all addresses",
		     .because = "A 64-bit kernel lives at addresses that a 32-bit program cannot "
				"name. So only the lowest pages (vm.mmap_min_addr), the gap below "
				"the stack, and the last two pages are missing from 4 GiB." },
	.judge = judge,
};
