/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "allocators.h"

#include <dlfcn.h>
#include <stdio.h>

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

const char *sentence_about(const char *arm, const char *sentence)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s: %s", arm, sentence);
	return text;
}

/* ---- the race -------------------------------------------------------------------- */

static const double ahead = 1.1;

struct pool *must_create_pool(size_t chunk_bytes)
{
	struct pool *pool = pool_create(chunk_bytes);

	if (pool == NULL)
		broken("out of memory for the pool");
	return pool;
}

void *must_find(const char *function)
{
	void *address = dlsym(RTLD_DEFAULT, function);

	if (address == NULL)
		broken("the library is here and has no %s()", function);
	return address;
}

void *must_create_apr_pool(void)
{
	int (*initialize)(void) = must_find("apr_initialize");
	int (*create)(void **pool, void *parent, void *on_abort, void *allocator) =
		must_find("apr_pool_create_ex");
	void *pool;

	if (initialize() != 0 || create(&pool, NULL, NULL, NULL) != 0)
		broken("libapr-1.so.0 is here and does not work as APR 1");
	return pool;
}

void *must_create_talloc_pool(int64_t blocks, int64_t largest)
{
	void *(*create)(const void *parent, size_t bytes) = must_find("talloc_pool");
	const int64_t most = 255 * MiB; /* below MAX_TALLOC_SIZE in talloc.c */
	int64_t bytes = blocks * (largest + 128);
	void *pool = create(NULL, (size_t)(bytes < most ? bytes : most));

	if (pool == NULL)
		broken("out of memory for the talloc pool");
	return pool;
}

void find_pool_ahead_of(int line, const char *arm, const char *sentence,
			struct samples (*time_of)(const char *arm))
{
	find_beyond(false, line, sentence_about(arm, sentence), 1, ahead,
		    ratio(time_of(arm), time_of("pool")));
}

void find_pool_ahead_of_others(int line, const char *sentence,
			       struct samples (*time_of)(const char *arm))
{
	for (int i = 0; i < OTHERS; i++)
		if (arm_ran(others[i].name))
			find_pool_ahead_of(line, others[i].name, sentence, time_of);
}
