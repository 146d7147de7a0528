/* SPDX-License-Identifier: MIT */
/* A malloc that writes every block before it returns it, so that no memory is lazy. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>

void *malloc(size_t size)
{
	static void *(*next)(size_t);

	if (next == NULL)
		next = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
	void *block = next(size);
	return block != NULL ? memset(block, 1, size) : NULL;
}
