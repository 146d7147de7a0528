/* SPDX-License-Identifier: MIT */
/* A process memory pool: many small blocks, given back all at once.
 *
 * A pool (region, arena) takes memory from the kernel in large chunks and cuts
 * blocks from them by moving a pointer.  There is no free() of one block:
 * pool_reset() drops all of them and keeps the chunks for the next round,
 * pool_destroy() gives everything back to the kernel.  This fits work whose data
 * is no longer needed all at the same time: a request, a frame, a file that is parsed.
 *
 *     struct pool *pool = pool_create(0);
 *     if (pool == NULL)
 *             err(1, "pool");
 *     while (read_request(pool, &request)) {
 *             answer(pool, &request);
 *             pool_reset(pool);
 *     }
 *     pool_destroy(pool);
 *
 * Memory.  All sizes are bytes.  Chunks come from mmap(2), never from malloc, so
 * a pool and the heap leave no holes in each other.  A fresh chunk costs
 * addresses; its pages become resident when they are first written.  A request
 * of more than a quarter of a chunk that the chunk in use cannot serve gets a
 * mapping of its own.  Blocks with a small alignment are cut from the end of a chunk,
 * the others from its start, so that the start stays aligned.  What is lost: between
 * blocks only what alignment takes (there are no headers), at the end of a chunk at
 * most a quarter of it, which costs addresses rather than memory as long as it has
 * never been written.  A reset keeps what the largest round took; to give it back, call
 * pool_destroy() and create a new pool.
 *
 * Content.  Blocks are not cleared.  Memory that has never been handed out
 * happens to be zero; after a reset it is not.
 *
 * Errors.  A function that allocates returns NULL and sets errno: ENOMEM when the
 * kernel gives no memory (RLIMIT_AS, vm.max_map_count, overcommit) or no address range
 * can hold the request, EINVAL for an alignment that is not a power of two.  The
 * pool is then as it was: its blocks are whole, and smaller requests may still
 * succeed.  Nothing is printed and nothing aborts.
 *
 * Threads.  A pool belongs to one thread at a time; there is no lock and no
 * global state, so different pools never disturb each other.
 *
 * Costs.  pool_alloc() is a handful of inlined instructions, and one mmap(2) for each
 * chunk in the first round.  A reset takes one munmap(2) for each block that has its own
 * mapping, and its other work does not depend on the number of blocks.  pool_destroy()
 * takes one munmap(2) for each chunk and for each block that has its own mapping.  Where
 * munmap(2) fails, because it would split a mapping and vm.max_map_count is reached, the
 * pages go back and the addresses are lost.
 *
 * Checking.  Built with -fsanitize=address (pool.c and its users alike) the pool
 * poisons what is not handed out: reading past a block, into alignment padding
 * or into a block that was dropped by a reset is reported as use-after-poison.
 * Blocks are then kept apart by a gap.  A block of malloc to which only memory of a
 * pool points is not reported as a leak.
 */
#ifndef TOUCHSTONE_POOL_H
#define TOUCHSTONE_POOL_H

#include <stddef.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__)
#define POOL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_ASAN 1
#endif
#endif
#ifdef POOL_ASAN
#include <sanitizer/asan_interface.h>
#endif

enum {
	POOL_ALIGNMENT = _Alignof(max_align_t), /* of pool_alloc(): fit for any C type */
	POOL_CHUNK = 1 << 20,                   /* bytes of a chunk where none are asked for */
#ifdef POOL_ASAN
	POOL_GAP = 16,            /* poisoned bytes around each block */
	POOL_LEAST_ALIGNMENT = 8, /* AddressSanitizer's memory of what is poisoned is that coarse */
#else
	POOL_GAP = 0,
	POOL_LEAST_ALIGNMENT = 1,
#endif
};

/* Only pool.c and the inline functions below use the fields. */
struct pool {
	char *next, *end; /* the free part of the chunk in use: next is aligned, and may lie
			   * past the end where nothing is free */
	struct pool_chunk *current; /* the chunk in use; those after it in the list are free */
	struct pool_chunk *first; /* all chunks, in order of use; the pool itself lies in this one */
	struct pool_chunk *large; /* mappings that hold one block each */
	size_t chunk_bytes, mapped_bytes;
};

/* Creates a pool that grows by chunks of chunk_bytes, rounded up to whole pages; 0
 * stands for POOL_CHUNK.  The first chunk is mapped at once and holds the pool
 * itself. */
struct pool *pool_create(size_t chunk_bytes) __attribute__((warn_unused_result));

/* Gives every mapping of the pool back to the kernel, and all its blocks with
 * them.  NULL is allowed. */
void pool_destroy(struct pool *pool);

/* Drops all blocks.  The chunks are kept, resident as they are, and are filled
 * again in the same order; mappings of single large blocks go back. */
void pool_reset(struct pool *pool);

/* Returns the bytes of addresses that the pool has from the kernel now: its virtual size. */
size_t pool_mapped_bytes(const struct pool *pool);

/* Does what pool_alloc_aligned() does, where the chunk in use has no room for the block. */
void *pool_alloc_elsewhere(struct pool *pool, size_t bytes, size_t alignment)
	__attribute__((malloc, alloc_size(2), cold, warn_unused_result));

/* Cuts a block from the start of the chunk in use, for the two functions below.  block is a multiple
 * of POOL_ALIGNMENT; bytes may be anything.  The size is rounded up rather than the sum: that leaves one
 * addition between the next of one block and the next of the block after it.  An address is below
 * SIZE_MAX / 2 where it has 64 bits, so the sum overflows only where it has 32. */
static inline void *pool_cut(struct pool *pool, char *block, size_t bytes, size_t alignment)
{
	uintptr_t size = (bytes + POOL_ALIGNMENT - 1) & -(uintptr_t)POOL_ALIGNMENT;
	uintptr_t after = (uintptr_t)block + size;

	if (bytes > SIZE_MAX / 2 || (sizeof(after) < 8 && after < (uintptr_t)block) ||
	    after > (uintptr_t)pool->end)
		return pool_alloc_elsewhere(pool, bytes, alignment);
	pool->next = (char *)after + POOL_GAP;
	/* The start of the next block will soon be written.  A store waits for its cache line, and
	 * stores wait in order.  A prefetch does not wait, and one of an invalid address does
	 * nothing.  (For x86-64 in general it is prefetcht0, which fetches the line for reading.) */
	__builtin_prefetch(pool->next, 1);
#ifdef POOL_ASAN
	ASAN_UNPOISON_MEMORY_REGION(block, bytes);
#endif
	if (block == NULL) /* so that the compiler drops the caller's test for NULL on this path */
		__builtin_unreachable();
	return block;
}

/* Returns a block that is aligned for any C type.  A block of 0 bytes has a valid address,
 * which it may share with another block. */
static inline __attribute__((malloc, alloc_size(2), assume_aligned(_Alignof(max_align_t)),
			     warn_unused_result)) void *
pool_alloc(struct pool *pool, size_t bytes)
{
	return pool_cut(pool, pool->next, bytes, POOL_ALIGNMENT);
}

/* Returns a block whose address is a multiple of alignment, any power of two (1 packs strings
 * without gaps).  Otherwise as pool_alloc(). */
static inline __attribute__((malloc, alloc_size(2), warn_unused_result)) void *
pool_alloc_aligned(struct pool *pool, size_t bytes, size_t alignment)
{
	if (alignment == 0 || (alignment & (alignment - 1)) != 0)
		return pool_alloc_elsewhere(pool, bytes, alignment);
	if (alignment < POOL_LEAST_ALIGNMENT)
		alignment = POOL_LEAST_ALIGNMENT;
	if (alignment >= POOL_ALIGNMENT) {
		uintptr_t next = (uintptr_t)pool->next, block = (next + alignment - 1) & -alignment;
		if (block < next)
			return pool_alloc_elsewhere(pool, bytes, alignment);
		return pool_cut(pool, (char *)block, bytes, alignment);
	}

	uintptr_t end = (uintptr_t)pool->end, block = (end - bytes) & -alignment;
	if (bytes > end || block < (uintptr_t)pool->next)
		return pool_alloc_elsewhere(pool, bytes, alignment);
	pool->end = (char *)block - POOL_GAP;
#ifdef POOL_ASAN
	ASAN_UNPOISON_MEMORY_REGION((char *)block, bytes);
#endif
	return (char *)block;
}

#endif
