/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "pool.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* LeakSanitizer, a part of AddressSanitizer, looks for pointers only in memory that it knows.  It
 * does not know memory from mmap(2), so chunks are registered with it. */
#ifdef POOL_ASAN
#include <sanitizer/lsan_interface.h>
#define LSAN_REGISTER __lsan_register_root_region
#define LSAN_UNREGISTER __lsan_unregister_root_region
#else
#define ASAN_POISON_MEMORY_REGION(start, bytes) ((void)(start), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(start, bytes) ((void)(start), (void)(bytes))
#define LSAN_REGISTER(start, bytes) ((void)(start), (void)(bytes))
#define LSAN_UNREGISTER(start, bytes) ((void)(start), (void)(bytes))
#endif

/* The header at the start of each mapping. */
struct pool_chunk {
	struct pool_chunk *next;
	size_t bytes; /* of the mapping, this header included */
	char *start;  /* blocks are cut from [start, end_of(chunk)) */
};

enum {
	HEADER = (sizeof(struct pool_chunk) + POOL_ALIGNMENT - 1) / POOL_ALIGNMENT * POOL_ALIGNMENT
};

static size_t round_up(size_t bytes, size_t unit)
{
	return (bytes + unit - 1) / unit * unit;
}

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Maps a chunk of whole pages, whose first reserved bytes are not for blocks. */
static struct pool_chunk *map(size_t bytes, size_t reserved)
{
	struct pool_chunk *chunk =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (chunk == MAP_FAILED) {
		errno = ENOMEM;
		return NULL;
	}
	chunk->next = NULL;
	chunk->bytes = bytes;
	chunk->start = (char *)chunk + round_up(reserved + POOL_GAP, POOL_ALIGNMENT);
	LSAN_REGISTER(chunk, bytes);
	ASAN_POISON_MEMORY_REGION((char *)chunk + reserved, bytes - reserved);
	return chunk;
}

/* Unmaps a chunk.  The kernel merges neighbouring mappings, so a chunk may lie inside a larger
 * one.  munmap(2) fails when it would split that one in two and vm.max_map_count is reached.
 * The pages can be given back even then. */
static void unmap(struct pool_chunk *chunk)
{
	size_t bytes = chunk->bytes;

	ASAN_UNPOISON_MEMORY_REGION(chunk, bytes);
	LSAN_UNREGISTER(chunk, bytes);
	if (munmap(chunk, bytes) != 0)
		madvise(chunk, bytes, MADV_DONTNEED);
}

static void unmap_list(struct pool_chunk *chunk)
{
	while (chunk != NULL) {
		struct pool_chunk *next = chunk->next;
		unmap(chunk);
		chunk = next;
	}
}

static char *end_of(struct pool_chunk *chunk)
{
	return (char *)chunk + chunk->bytes - POOL_GAP;
}

static void use(struct pool *pool, struct pool_chunk *chunk)
{
	pool->current = chunk;
	pool->next = chunk->start;
	pool->end = end_of(chunk);
}

struct pool *pool_create(size_t chunk_bytes)
{
	if (chunk_bytes == 0)
		chunk_bytes = POOL_CHUNK;
	if (chunk_bytes > SIZE_MAX - page_size()) {
		errno = ENOMEM;
		return NULL;
	}
	chunk_bytes = round_up(chunk_bytes, page_size());
	struct pool_chunk *first = map(chunk_bytes, HEADER + sizeof(struct pool));
	if (first == NULL)
		return NULL;

	struct pool *pool = (struct pool *)((char *)first + HEADER);
	*pool = (struct pool){ .first = first,
			       .chunk_bytes = chunk_bytes,
			       .mapped_bytes = chunk_bytes };
	use(pool, first);
	return pool;
}

void pool_destroy(struct pool *pool)
{
	if (pool == NULL)
		return;
	unmap_list(pool->large);
	unmap_list(pool->first); /* the pool itself lies there */
}

void pool_reset(struct pool *pool)
{
	for (struct pool_chunk *large = pool->large; large != NULL; large = large->next)
		pool->mapped_bytes -= large->bytes;
	unmap_list(pool->large);
	pool->large = NULL;
#ifdef POOL_ASAN
	for (struct pool_chunk *chunk = pool->first; chunk != NULL; chunk = chunk->next)
		ASAN_POISON_MEMORY_REGION(chunk->start, (size_t)(end_of(chunk) - chunk->start));
#endif
	use(pool, pool->first);
}

size_t pool_mapped_bytes(const struct pool *pool)
{
	return pool->mapped_bytes;
}

/* Maps memory for one block.  most is the largest number of bytes that the block can take with
 * its alignment. */
static void *alloc_large(struct pool *pool, size_t bytes, size_t alignment, size_t most)
{
	size_t needed;

	if (__builtin_add_overflow(most, HEADER + 2 * POOL_GAP + page_size() - 1, &needed)) {
		errno = ENOMEM;
		return NULL;
	}
	struct pool_chunk *chunk = map(needed / page_size() * page_size(), HEADER);
	if (chunk == NULL)
		return NULL;
	chunk->next = pool->large;
	pool->large = chunk;
	pool->mapped_bytes += chunk->bytes;

	char *block = chunk->start + (-(uintptr_t)chunk->start & (alignment - 1));
	ASAN_UNPOISON_MEMORY_REGION(block, bytes);
	return block;
}

void *pool_alloc_elsewhere(struct pool *pool, size_t bytes, size_t alignment)
{
	size_t most; /* bytes that the block can take, wherever in a chunk it lies */

	if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
		errno = EINVAL;
		return NULL;
	}
	if (__builtin_add_overflow(bytes, alignment - 1, &most)) {
		errno = ENOMEM;
		return NULL;
	}
	if (most > pool->chunk_bytes / 4)
		return alloc_large(pool, bytes, alignment, most);

	struct pool_chunk *chunk = pool->current->next;
	if (chunk == NULL) {
		chunk = map(pool->chunk_bytes, HEADER);
		if (chunk == NULL)
			return NULL;
		pool->current->next = chunk;
		pool->mapped_bytes += chunk->bytes;
	}
	use(pool, chunk);
	return pool_alloc_aligned(pool, bytes, alignment);
}
