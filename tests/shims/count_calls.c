/* SPDX-License-Identifier: MIT */
/* Counts the calls of malloc's functions and prints them when the process exits. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>

static struct {
	long malloc, calloc, realloc, free;
} calls;

#define NEXT(name) \
	if (next == NULL) \
	next = (__typeof__(next))dlsym(RTLD_NEXT, name)

void *malloc(size_t size)
{
	static void *(*next)(size_t);
	NEXT("malloc");
	calls.malloc++;
	return next(size);
}

void *calloc(size_t count, size_t size)
{
	static void *(*next)(size_t, size_t);
	NEXT("calloc");
	calls.calloc++;
	return next(count, size);
}

void *realloc(void *block, size_t size)
{
	static void *(*next)(void *, size_t);
	NEXT("realloc");
	calls.realloc++;
	return next(block, size);
}

void free(void *block)
{
	static void (*next)(void *);
	NEXT("free");
	calls.free++;
	next(block);
}

__attribute__((destructor)) static void print_calls(void)
{
	struct { long malloc, calloc, realloc, free; } seen;

	__builtin_memcpy(&seen, &calls, sizeof(seen));
	fprintf(stderr, "malloc %ld calloc %ld realloc %ld free %ld\n", seen.malloc, seen.calloc,
		seen.realloc, seen.free);
}
