/* SPDX-License-Identifier: MIT */
#include "arm_limits.h"

#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>

#include "harness.h"
#include "small_file.h"

/* What a process has on its stack besides: arguments, environment, and what functions of the
 * library use. */
#define STACK_IN_USE (128 * KiB)

void ask_for_old_layout(void)
{
	int persona = personality(0xffffffff); /* reads it, changes nothing */

	if (persona != -1)
		personality((unsigned long)(persona | ADDR_COMPAT_LAYOUT));
}

bool has_old_layout(void)
{
	return (personality_flags() & ADDR_COMPAT_LAYOUT) != 0;
}

void must_have_old_layout(void)
{
	if (!has_old_layout())
		unsupported("personality(2) does not grant ADDR_COMPAT_LAYOUT, as in a container with "
			    "a seccomp filter: run it outside");
}

void must_have_usual_layout(void)
{
	char setting[16];

	if (personality_flags() & (ADDR_COMPAT_LAYOUT | ADDR_LIMIT_32BIT | ADDR_LIMIT_3GB))
		unsupported("this shell has the personality %s, with which the kernel uses another "
			    "layout for processes: run it without setarch",
			    personality_condition());
	read_first_line("/proc/sys/vm/legacy_va_layout", setting, sizeof(setting));
	if (strcmp(setting, "1") == 0)
		unsupported("vm.legacy_va_layout=1 gives all processes the layout of old kernels: "
			    "sudo sysctl vm.legacy_va_layout=0");
#if !defined(__x86_64__) && !defined(__i386__)
	must_have_limited_stack(); /* mmap_is_legacy() in mm/util.c */
#endif
}

static struct rlimit stack_limit(void)
{
	struct rlimit limit = { 0 };

	getrlimit(RLIMIT_STACK, &limit);
	return limit;
}

static void ask_for(rlim_t stack)
{
	struct rlimit limit = stack_limit();

	limit.rlim_cur = stack;
	setrlimit(RLIMIT_STACK, &limit); /* the arm checks whether this worked */
}

void ask_for_stack_limit(int64_t bytes)
{
	ask_for((rlim_t)bytes);
}

void ask_for_unlimited_stack(void)
{
	ask_for(RLIM_INFINITY);
}

void must_have_unlimited_stack(void)
{
	if (stack_limit().rlim_cur != RLIM_INFINITY)
		unsupported("the hard limit of the stack (ulimit -Hs) does not let this shell lift "
			    "the limit: run it in a shell without that hard limit");
}

void must_have_limited_stack(void)
{
	if (stack_limit().rlim_cur == RLIM_INFINITY)
		unsupported("without a limit on the stack (`ulimit -s unlimited`) the kernel uses "
			    "another layout for processes: run it after `ulimit -s 8192`");
}

void must_have_64_bits(void)
{
	if (sizeof(long) < 8)
		unsupported("this asks about 64 bits, and this program was built for 32");
}

void must_have_stack(int64_t bytes)
{
	struct rlimit limit = stack_limit();

	if (limit.rlim_cur < (rlim_t)(bytes + STACK_IN_USE))
		unsupported("the stack must hold %lld KiB, and this shell's `ulimit -s %lld` does not "
			    "allow that: run it after `ulimit -s 8192`, or lower a knob",
			    (long long)(bytes + STACK_IN_USE) / KiB, (long long)limit.rlim_cur / KiB);
}

void must_have_all_addresses(void)
{
	if (reader_limit(RLIMIT_AS) != INT64_MAX)
		unsupported("ulimit -v limits the addresses of this shell: run it in a shell without "
			    "that limit (`ulimit -v unlimited`)");
	if (reader_limit(RLIMIT_DATA) != INT64_MAX)
		unsupported("ulimit -d limits the memory of this shell: run it in a shell without that "
			    "limit (`ulimit -d unlimited`)");
}
