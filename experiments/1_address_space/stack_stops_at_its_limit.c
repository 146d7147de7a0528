/* SPDX-License-Identifier: MIT */
/* The stack needs no allocation: it grows as it is used, up to a limit.
 *
 * A new process has a stack mapping of some 132 KiB (setup_arg_pages() in fs/exec.c), of
 * which a few pages are in memory.  A write below the mapping causes a fault.  The kernel
 * then makes the mapping longer instead of sending a signal, as long as it gets no longer
 * than RLIMIT_STACK (acct_stack_growth() in mm/mmap.c, since Linux 6.14 in mm/vma.c;
 * getrlimit(2); `ulimit -s`), which is 8 MiB unless someone changed it.  One page beyond
 * that it sends SIGSEGV: no return value, no exception, no message but "Segmentation
 * fault".
 *
 * Up to the limit the stack is as lazy as malloc.  Entering a function with a large local
 * array only moves the stack pointer.  The first write far below lengthens the mapping,
 * and only the pages that are written become resident.  (An exception is code that the
 * compiler protects against a stack clash: it touches each page on the way down,
 * -fstack-clash-protection, which is on by default in Ubuntu's gcc.)
 *
 * Each arm writes a large frame page by page.  Then a forked child grows the stack until
 * a signal ends it.  How far it got is known then, and so are the signal and the address
 * that the kernel gave with it (si_addr, sigaction(2)).
 *
 * Control: with half the limit and with twice the limit, set before the program starts,
 * the stack must end at half and at twice the size.
 * Try: limit=64M, and then the same after `ulimit -Hs 65536` in the shell.  And where does
 * a thread's stack end (pthread_attr_setstacksize(3))?
 */
#include <alloca.h>
#include <signal.h>
#include <sys/resource.h>

#include "arm_limits.h"
#include "experiment.h"
#include "memory.h"
#include "stack.h"

enum { STEPS = 16 };

static int64_t limit_bytes = 8 * MiB;

static void at_half(void)
{
	ask_for_stack_limit(limit_bytes / 2);
}

static void at_limit(void)
{
	ask_for_stack_limit(limit_bytes);
}

static void at_twice(void)
{
	ask_for_stack_limit(limit_bytes * 2);
}

/* Enters a large frame and writes it from the top down.  x counts the bytes in pages that
 * were absent before they were written. */
#if __has_attribute(optimize) /* gcc; see "stack clash" above */
__attribute__((optimize("no-stack-clash-protection")))
#endif
static void __attribute__((noinline)) use_a_large_frame(int64_t bytes)
{
	char *frame = alloca((size_t)bytes);
	int64_t part = bytes / STEPS, fresh = 0;

	record("frame entered", 0);
	record("frame written", 0); /* the first record() used its part of the stack */
	for (char *at = frame + (STEPS - 1) * part; at >= frame; at -= part) {
		fresh += absent_pages_of(at, part) * page_bytes();
		write_pages(at, part);
		record("frame written", fresh);
	}
}

static void grow(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_STACK, &limit);
	if (limit.rlim_max < (rlim_t)limit_bytes * 2)
		unsupported("the hard limit of the stack (ulimit -Hs) is below twice the knob \"limit\": "
			    "lower the knob or raise the hard limit");
	record("before", 0);
	use_a_large_frame((int64_t)limit.rlim_cur / 2);
	record_y("limit", 0, (int64_t)limit.rlim_cur);
	struct stack_end end = must_overflow_the_stack();
	record_y("reach", 0, end.reach);
	record("address of SIGSEGV", end.refused);
	record("ended by signal", end.signal);
}

/* Returns a limit in whole pages, rounded down: the stack is made of whole pages. */
static int64_t whole_pages(int64_t bytes)
{
	return bytes / page_bytes() * page_bytes();
}

static void judge(void)
{
	struct snapshot entered = growth("limit", "before", "frame entered");
	int64_t fresh = nth_row("limit", "frame written", STEPS)->x;

	expect_equal("the stack ends at its limit", "bytes", whole_pages(limit_bytes),
		     y_of("limit", "reach"));
	expect_equal("the process is ended by SIGSEGV", "", SIGSEGV,
		     nth_row("limit", "ended by signal", 0)->x);
	/* The steps are half a page, so the first address beyond the limit is in the next page. */
	expect_between("SIGSEGV is sent for an address in the first page beyond the limit", "bytes",
		       whole_pages(limit_bytes) + 1, nth_row("limit", "address of SIGSEGV", 0)->x,
		       whole_pages(limit_bytes) + page_bytes());
	/* What record() itself uses lies below the frame. */
	expect_between("entering a large frame makes resident only what called functions use",
		       "bytes", 0, entered.resident_bytes, 2 * page_bytes());
	expect_equal(
		"records at which the absent pages written so far are resident and no other pages",
		"records", STEPS + 1,
		rows_that_follow("limit", "frame written", "frame written", resident_bytes, NULL, 0));
	/* record() writes below the frame.  The mapping has 132 KiB from the start
	 * (setup_arg_pages()), and a page that is begun counts as a whole one. */
	expect_between("a write below the frame makes the stack's mapping longer by the frame",
		       "bytes", limit_bytes / 2 - 132 * KiB - page_bytes(), entered.virtual_bytes,
		       limit_bytes / 2 + 2 * page_bytes());
	/* The program's start and the harness's warm-up (64 KiB) have used the rest before. */
	expect_between("nearly all pages of the frame were absent before they were written",
		       "bytes", limit_bytes / 2 - 64 * KiB - 4 * page_bytes(), fresh,
		       limit_bytes / 2 + page_bytes());
	control_equal("with half the limit the stack ends at half the size", "bytes",
		      whole_pages(limit_bytes / 2), y_of("half the limit", "reach"));
	control_equal("with twice the limit the stack ends at twice the size", "bytes",
		      whole_pages(limit_bytes * 2), y_of("twice the limit", "reach"));
}

const struct experiment experiment = {
	.claim = "the stack grows as it is touched, up to RLIMIT_STACK; beyond that the process gets "
		 "SIGSEGV",
	.asked = "How large can the stack become, and what happens then?",
	.x_axis = "bytes of a large frame written for the first time, or bytes down to the address",
	.x_unit = "bytes",
	.y_axis = "size of the stack, bytes",
	.y_unit = "bytes",
	.charted = "y",
	.chart = CHART_BARS,
	.knobs = { { "limit", &limit_bytes, "bytes", "stack limit of the arm \"limit\"", 1 * MiB,
		     256 * MiB } },
	.arms = { { "half the limit", grow, .control = true, .before_exec = at_half },
		  { "limit", grow, .before_exec = at_limit },
		  { "twice the limit", grow, .control = true, .before_exec = at_twice } },
	.predict = { "How large does the stack become with the limit above, before SIGSEGV?", "y",
		     "limit", .to = "reach",
		     .because = "Each write below the stack makes it longer, up to RLIMIT_STACK in "
				"whole pages. Everything on the stack counts, the arguments and the "
				"environment too." },
	.judge = judge,
};
