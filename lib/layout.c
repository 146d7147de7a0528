/* SPDX-License-Identifier: MIT */
#include "layout.h"

#include <sys/personality.h>
#include <sys/resource.h>

#include "experiment.h"

static unsigned long persona(void)
{
	return (unsigned long)personality(0xffffffff); /* asks, changes nothing */
}

void ask_for_old_layout(void)
{
	personality(persona() | ADDR_COMPAT_LAYOUT);
}

void must_have_old_layout(void)
{
	if (!(persona() & ADDR_COMPAT_LAYOUT))
		unsupported("personality(2) does not grant ADDR_COMPAT_LAYOUT, as in a container with "
			    "a seccomp filter: run it outside");
}

void must_have_all_addresses(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		unsupported("ulimit -v limits the addresses of this shell: run it in one without "
			    "(`ulimit -v unlimited`)");
}
