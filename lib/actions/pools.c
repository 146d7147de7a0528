/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "pools.h"

#include <dlfcn.h>

#include "allocators.h"

struct pool *must_create_pool(size_t chunk_bytes)
{
	struct pool *pool = pool_create(chunk_bytes);

	if (pool == NULL)
		memory_was_refused("pool_create", (int64_t)chunk_bytes);
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
		memory_was_refused("talloc_pool", bytes);
	return pool;
}

/* ---- the race ------------------------------------------------------------------- */

static const double ahead = 1.1;

void find_pool_ahead_of(int line, const char *arm, const char *sentence,
			struct samples (*time_of)(const char *arm))
{
	find_beyond(EXPECT, line, 1, about(arm, sentence), ahead,
		    ratio(time_of(arm), time_of("pool")));
}

/* What for_each_other_allocator() cannot hand to the function that it calls. */
static struct {
	int line;
	const char *sentence;
	struct samples (*time_of)(const char *arm);
} race;

static void find_pool_ahead_of_one(const char *arm)
{
	find_pool_ahead_of(race.line, arm, race.sentence, race.time_of);
}

void find_pool_ahead_of_others(int line, const char *sentence,
			       struct samples (*time_of)(const char *arm))
{
	race.line = line;
	race.sentence = sentence;
	race.time_of = time_of;
	for_each_other_allocator(find_pool_ahead_of_one);
}
