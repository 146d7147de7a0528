/* SPDX-License-Identifier: MIT */
#include "arm_limits.h"

#include <sys/personality.h>
#include <sys/resource.h>

#include "experiment.h"

static unsigned long persona(void)
{
	return (unsigned long)personality(0xffffffff); /* reads it, changes nothing */
}

void ask_for_old_layout(void)
{
	personality(persona() | ADDR_COMPAT_LAYOUT);
}

bool has_old_layout(void)
{
	return (persona() & ADDR_COMPAT_LAYOUT) != 0;
}

void must_have_old_layout(void)
{
	if (!has_old_layout())
		unsupported("personality(2) does not grant ADDR_COMPAT_LAYOUT, as in a container with "
			    "a seccomp filter: run it outside");
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

void must_have_all_addresses(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		unsupported("ulimit -v limits the addresses of this shell: run it in a shell without "
			    "that limit (`ulimit -v unlimited`)");
}
