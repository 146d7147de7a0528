/* SPDX-License-Identifier: MIT */
/* Pools and mallocs to compare: each kind under the same four functions.
 *
 *     struct KIND pool;
 *     KIND_create(&pool, needs);                        -- takes what it needs to begin
 *     void *block = KIND_alloc(&pool, bytes);           -- NULL, or broken(): out of memory
 *     KIND_clear(&pool, first_block, number_of_next);   -- releases all blocks at once
 *     KIND_destroy(&pool);                              -- gives back what is left
 *
 * FOR_EACH_KIND_OF_POOL lists the kinds.  The functions are part of their caller, also without
 * optimisation, so that a kind pays only for the calls of its own library, which the arm preloads
 * (ARMS_OF_OTHER_POOLS).  The blocks are linked to each other, in the order in which they were
 * allocated.  All sizes are bytes.
 */
#ifndef TOUCHSTONE_POOLS_H
#define TOUCHSTONE_POOLS_H

#include <sys/mman.h>
#include <sys/types.h>
#ifdef __GLIBC__
#include <obstack.h>
#endif

#include "experiment.h"
#include "memory.h"
#include "pool.h"

/* Applies ARM, a macro of the experiment that defines an arm, to each KIND. */
#define FOR_EACH_KIND_OF_POOL(ARM) \
	ARM(bump)                  \
	ARM(bump_in_memory)        \
	ARM(kept_pool)             \
	ARM(renewed_pool)          \
	ARM(obstacks)              \
	ARM(apr)                   \
	ARM(talloc)                \
	ARM(string_chunk)          \
	ARM(slices)                \
	ARM(heap)

/* For .arms: the pools of Apache, of Samba and of GLib, where the function of an arm has the name of its KIND. */
/* clang-format off */
#define ARMS_OF_OTHER_POOLS                                                        \
	{ "APR pool", apr, .environment = "LD_PRELOAD=libapr-1.so.0" },            \
	{ "talloc pool", talloc, .environment = "LD_PRELOAD=libtalloc.so.2" },     \
	{ "GStringChunk", string_chunk, .environment = "LD_PRELOAD=libglib-2.0.so.0" }, \
	{ "GSlice", slices, .environment = "LD_PRELOAD=libglib-2.0.so.0" }
/* clang-format on */

struct block {
	struct block *next;
};

/* What a pool is created for.  The nth block has size[n & mask] bytes. */
struct pool_needs {
	int64_t blocks;     /* how many there are before they are released */
	int64_t largest;    /* bytes of the largest block */
	size_t chunk_bytes; /* how much a pool takes from malloc or the kernel; 0: its default */
	const uint16_t *size;
	int64_t mask;
};

/* No call, not even at -O0. */
#define INLINE static inline __attribute__((always_inline, unused))

/* Returns a function of a library that the arm preloads; ends the experiment as broken where the
 * library has no such function. */
void *must_find(const char *function);

/* Returns a pool of pool.h; ends the experiment as broken where there is no memory for it. */
struct pool *must_create_pool(size_t chunk_bytes);

/* Returns a pool of APR, which is initialised first. */
void *must_create_apr_pool(void);

/* Returns a pool for so many blocks of up to so many bytes.  Each has a header (what it is a child
 * of).  What does not fit talloc takes from malloc, block by block: its pools end at 256 MiB. */
void *must_create_talloc_pool(int64_t blocks, int64_t largest);

/* ---- a bare pointer -------------------------------------------------------------- */

INLINE size_t aligned(size_t bytes)
{
	return (bytes + 15) & ~(size_t)15;
}

struct bump {
	char *region, *at;
	size_t bytes;
};

INLINE void bump_create(struct bump *pool, struct pool_needs needs)
{
	pool->bytes = (size_t)(needs.blocks * needs.largest);
	pool->region = pool->at = must_map((int64_t)pool->bytes);
}

INLINE void *bump_alloc(struct bump *pool, size_t bytes)
{
	char *block = pool->at;

	pool->at = block + aligned(bytes);
	return block;
}

INLINE void bump_clear(struct bump *pool, struct block *first, int64_t number_of_next)
{
	(void)first, (void)number_of_next;
	pool->at = pool->region;
}

INLINE void bump_destroy(struct bump *pool)
{
	munmap(pool->region, pool->bytes);
}

/* Reads the pointer and writes it back for each block (volatile), as must be done with a pointer that
 * is used after the loop. */
struct bump_in_memory {
	struct bump bump;
};

INLINE void bump_in_memory_create(struct bump_in_memory *pool, struct pool_needs needs)
{
	bump_create(&pool->bump, needs);
}

INLINE void *bump_in_memory_alloc(struct bump_in_memory *pool, size_t bytes)
{
	char *volatile *at = &pool->bump.at, *block = *at;

	*at = block + aligned(bytes);
	return block;
}

INLINE void bump_in_memory_clear(struct bump_in_memory *pool, struct block *first,
				 int64_t number_of_next)
{
	bump_clear(&pool->bump, first, number_of_next);
}

INLINE void bump_in_memory_destroy(struct bump_in_memory *pool)
{
	bump_destroy(&pool->bump);
}

/* ---- pool.h, which keeps its memory, or is made anew each time ----------------- */

struct kept_pool {
	struct pool *pool;
};

INLINE void kept_pool_create(struct kept_pool *pool, struct pool_needs needs)
{
	pool->pool = must_create_pool(needs.chunk_bytes);
}

INLINE void *kept_pool_alloc(struct kept_pool *pool, size_t bytes)
{
	return pool_alloc(pool->pool, bytes);
}

INLINE void kept_pool_clear(struct kept_pool *pool, struct block *first, int64_t number_of_next)
{
	(void)first, (void)number_of_next;
	pool_reset(pool->pool);
}

INLINE void kept_pool_destroy(struct kept_pool *pool)
{
	pool_destroy(pool->pool);
}

struct renewed_pool {
	struct kept_pool now;
	struct pool_needs needs;
};

INLINE void renewed_pool_create(struct renewed_pool *pool, struct pool_needs needs)
{
	pool->needs = needs;
	kept_pool_create(&pool->now, needs);
}

INLINE void *renewed_pool_alloc(struct renewed_pool *pool, size_t bytes)
{
	return kept_pool_alloc(&pool->now, bytes);
}

INLINE void renewed_pool_clear(struct renewed_pool *pool, struct block *first, int64_t number_of_next)
{
	(void)first, (void)number_of_next;
	kept_pool_destroy(&pool->now);
	kept_pool_create(&pool->now, pool->needs);
}

INLINE void renewed_pool_destroy(struct renewed_pool *pool)
{
	kept_pool_destroy(&pool->now);
}

/* ---- GNU obstacks ---------------------------------------------------------------- */

#ifdef __GLIBC__
#define obstack_chunk_alloc must_malloc
#define obstack_chunk_free free

struct obstacks {
	struct obstack stack;
	void *bottom;
};

INLINE void obstacks_create(struct obstacks *pool, struct pool_needs needs)
{
	obstack_begin(&pool->stack, needs.chunk_bytes);
	pool->bottom = obstack_alloc(&pool->stack, 0);
}

INLINE void *obstacks_alloc(struct obstacks *pool, size_t bytes)
{
	return obstack_alloc(&pool->stack, bytes);
}

INLINE void obstacks_clear(struct obstacks *pool, struct block *first, int64_t number_of_next)
{
	(void)first, (void)number_of_next;
	obstack_free(&pool->stack, pool->bottom);
}

INLINE void obstacks_destroy(struct obstacks *pool)
{
	obstack_free(&pool->stack, NULL);
}
#else
struct obstacks {
	char none;
};

INLINE void obstacks_create(struct obstacks *pool, struct pool_needs needs)
{
	(void)pool, (void)needs;
	leave_out("this C library has no obstacks");
}

INLINE void *obstacks_alloc(struct obstacks *pool, size_t bytes)
{
	(void)pool, (void)bytes;
	return NULL;
}

INLINE void obstacks_clear(struct obstacks *pool, struct block *first, int64_t number_of_next)
{
	(void)pool, (void)first, (void)number_of_next;
}

INLINE void obstacks_destroy(struct obstacks *pool)
{
	(void)pool;
}
#endif

/* ---- Apache's pools -------------------------------------------------------------- */

struct apr {
	void *pool;
	void *(*alloc)(void *pool, size_t bytes);
	void (*clear)(void *pool);
	void (*destroy)(void *pool);
};

INLINE void apr_create(struct apr *pool, struct pool_needs needs)
{
	(void)needs;
	pool->alloc = must_find("apr_palloc");
	pool->clear = must_find("apr_pool_clear");
	pool->destroy = must_find("apr_pool_destroy");
	pool->pool = must_create_apr_pool();
}

INLINE void *apr_alloc(struct apr *pool, size_t bytes)
{
	return pool->alloc(pool->pool, bytes);
}

INLINE void apr_clear(struct apr *pool, struct block *first, int64_t number_of_next)
{
	(void)first, (void)number_of_next;
	pool->clear(pool->pool);
}

INLINE void apr_destroy(struct apr *pool)
{
	pool->destroy(pool->pool);
}

/* ---- Samba's talloc -------------------------------------------------------------- */

struct talloc {
	void *pool;
	void *(*alloc)(const void *parent, size_t bytes, const char *name);
	void (*clear)(void *parent);
	int (*destroy)(void *pool, const char *where);
};

INLINE void talloc_create(struct talloc *pool, struct pool_needs needs)
{
	pool->alloc = must_find("talloc_named_const");
	pool->clear = must_find("talloc_free_children");
	pool->destroy = must_find("_talloc_free");
	pool->pool = must_create_talloc_pool(needs.blocks, needs.largest);
}

INLINE void *talloc_alloc(struct talloc *pool, size_t bytes)
{
	return pool->alloc(pool->pool, bytes, "block");
}

INLINE void talloc_clear(struct talloc *pool, struct block *first, int64_t number_of_next)
{
	(void)first, (void)number_of_next;
	pool->clear(pool->pool);
}

INLINE void talloc_destroy(struct talloc *pool)
{
	pool->destroy(pool->pool, "");
}

/* ---- GLib ------------------------------------------------------------------------ */

/* GLib's pool for strings.  It copies the strings in, which the other pools need not do.  It adds a
 * closing NUL, so with (bytes | 15) each block is a multiple of 16 long, and the next one is aligned
 * for any type. */
struct string_chunk {
	void *chunk;
	const char *text;
	void *(*insert)(void *chunk, const char *text, ssize_t length);
	void (*clear)(void *chunk);
	void (*destroy)(void *chunk);
};

INLINE void string_chunk_create(struct string_chunk *pool, struct pool_needs needs)
{
	void *(*create)(size_t bytes) = must_find("g_string_chunk_new");

	pool->insert = must_find("g_string_chunk_insert_len");
	pool->clear = must_find("g_string_chunk_clear");
	pool->destroy = must_find("g_string_chunk_free");
	pool->text = must_map(needs.largest + 16);
	pool->chunk = create(needs.chunk_bytes > 0 ? needs.chunk_bytes : 64 * KiB);
}

INLINE void *string_chunk_alloc(struct string_chunk *pool, size_t bytes)
{
	return pool->insert(pool->chunk, pool->text, (ssize_t)(bytes | 15));
}

INLINE void string_chunk_clear(struct string_chunk *pool, struct block *first, int64_t number_of_next)
{
	(void)first, (void)number_of_next;
	pool->clear(pool->chunk);
}

INLINE void string_chunk_destroy(struct string_chunk *pool)
{
	pool->destroy(pool->chunk);
}

/* GLib's slabs, one for each size.  Blocks are freed one by one, and the caller has to know their
 * size.  From GLib 2.76 on this is malloc() under another name. */
struct slices {
	const uint16_t *size;
	int64_t mask, number; /* number: of the first block */
	void *(*alloc)(size_t bytes);
	void (*give)(size_t bytes, void *block);
};

INLINE void slices_create(struct slices *pool, struct pool_needs needs)
{
	pool->size = needs.size;
	pool->mask = needs.mask;
	pool->number = 0;
	pool->alloc = must_find("g_slice_alloc");
	pool->give = must_find("g_slice_free1");
}

INLINE void *slices_alloc(struct slices *pool, size_t bytes)
{
	return pool->alloc(bytes);
}

INLINE void slices_clear(struct slices *pool, struct block *first, int64_t number_of_next)
{
	for (int64_t n = pool->number; first != NULL; n++) {
		struct block *next = first->next;
		pool->give(pool->size[n & pool->mask], first);
		first = next;
	}
	pool->number = number_of_next;
}

INLINE void slices_destroy(struct slices *pool)
{
	(void)pool;
}

/* ---- malloc, whichever one is preloaded ------------------------------------------ */

struct heap {
	char none;
};

INLINE void heap_create(struct heap *pool, struct pool_needs needs)
{
	(void)pool, (void)needs;
}

INLINE void *heap_alloc(struct heap *pool, size_t bytes)
{
	(void)pool;
	return malloc(bytes);
}

INLINE void heap_clear(struct heap *pool, struct block *first, int64_t number_of_next)
{
	(void)pool, (void)number_of_next;
	while (first != NULL) {
		struct block *next = first->next;
		free(first);
		first = next;
	}
}

INLINE void heap_destroy(struct heap *pool)
{
	(void)pool;
}

/* ---- the race with the arm "pool" ------------------------------------------------- */

/* For judge(): the pool must be ahead of that arm, or of each other allocator that ran,
 * by a tenth at least: less would not be worth a change of the program. */
#define expect_pool_ahead_of(arm, sentence, time_of) \
	find_pool_ahead_of(__LINE__, arm, sentence, time_of)
#define expect_pool_ahead_of_others(sentence, time_of) \
	find_pool_ahead_of_others(__LINE__, sentence, time_of)
void find_pool_ahead_of(int line, const char *arm, const char *sentence,
			struct samples (*time_of)(const char *arm));
void find_pool_ahead_of_others(int line, const char *sentence,
			       struct samples (*time_of)(const char *arm));

#endif
