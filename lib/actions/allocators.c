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

static int line_of_finding; /* what for_each_other_allocator() cannot hand to the next function */

static void find_other_malloc(const char *arm)
{
	bool is_glibc = nth_row(arm, NULL, 0)->is.in_use_bytes != NOT_MEASURED;

	find_equal(CONTROL, line_of_finding, about(arm, "its malloc is not glibc's"), "", 1,
		   !is_glibc);
}

void find_other_mallocs(int line)
{
	line_of_finding = line;
	for_each_other_allocator(find_other_malloc);
}

void must_have_another_allocator(void)
{
	for (int i = 0; i < OTHERS; i++)
		if (arm_ran(others[i].name))
			return;
	unsupported("there is no other allocator here that this program can load: scripts/setup installs "
		    "jemalloc, tcmalloc and mimalloc");
}
