/* SPDX-License-Identifier: MIT */
#include "allocators.h"

static const struct arm others[] = { ARMS_OF_OTHER_ALLOCATORS(NULL) };
enum { OTHERS = sizeof(others) / sizeof(others[0]) };

void for_each_other_allocator(void (*visit)(const char *arm))
{
	for (int i = 0; i < OTHERS; i++)
		if (arm_ran(others[i].name))
			visit(others[i].name);
}

void must_have_another_allocator(void)
{
	for (int i = 0; i < OTHERS; i++)
		if (arm_ran(others[i].name))
			return;
	unsupported("there is no other allocator here to compare with: scripts/setup installs "
		    "jemalloc, tcmalloc and mimalloc");
}
