/* SPDX-License-Identifier: MIT */
#include "heap_walk.h"

#include <stddef.h>

enum { PREV_INUSE = 1, IS_MMAPPED = 2, NON_MAIN_ARENA = 4, FLAGS = 7 };

/* MALLOC_ALIGNMENT (16 bytes on i386, too, since glibc 2.26) and MINSIZE. */
#define WORD sizeof(size_t)
#define ALIGNMENT (2 * WORD > _Alignof(max_align_t) ? 2 * WORD : _Alignof(max_align_t))
#define SMALLEST ((4 * WORD + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT)

static uintptr_t word_at(uintptr_t address)
{
	return *(const volatile uintptr_t *)address;
}

int64_t heap_chunk_bytes(int64_t request)
{
	int64_t bytes = (request + (int64_t)(WORD + ALIGNMENT - 1)) / (int64_t)ALIGNMENT *
			(int64_t)ALIGNMENT;

	return bytes > (int64_t)SMALLEST ? bytes : (int64_t)SMALLEST;
}

int64_t heap_smallest_request(int64_t chunk_bytes)
{
	int64_t request = chunk_bytes;

	while (request > 0 && heap_chunk_bytes(request - 1) >= chunk_bytes)
		request--;
	return request;
}

uintptr_t heap_first_chunk(uintptr_t start)
{
	uintptr_t block = start + 2 * WORD;

	return (block + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT - 2 * WORD;
}

/* Fills *trouble; returns false, for the caller to return. */
static bool stop(struct heap_trouble *trouble, enum heap_fault fault, const struct heap *heap,
		 uintptr_t at, uintptr_t value)
{
	*trouble = (struct heap_trouble){ fault, (int64_t)(at - heap->start), (int64_t)value };
	return false;
}

/* Reads the size word of the chunk at an address, and checks it as far as one word can be
 * checked. */
static bool read_size(const struct heap *heap, uintptr_t chunk, uintptr_t *size,
		      struct heap_trouble *trouble)
{
	if (heap->end - chunk < SMALLEST)
		return stop(trouble, HEAP_SIZE_WRONG, heap, chunk, 0);
	if (!heap->readable(chunk + WORD))
		return stop(trouble, HEAP_PAGE_ABSENT, heap, chunk, 0);
	*size = word_at(chunk + WORD);
	uintptr_t bytes = *size & ~(uintptr_t)FLAGS;
	/* The top ends at a page boundary, so its size need not be a multiple of ALIGNMENT. */
	uintptr_t aligned = bytes == heap->end - chunk ? 2 * WORD : ALIGNMENT;
	if ((*size & (IS_MMAPPED | NON_MAIN_ARENA)) != 0 || bytes < SMALLEST ||
	    bytes % aligned != 0 || bytes > heap->end - chunk)
		return stop(trouble, HEAP_SIZE_WRONG, heap, chunk, *size);
	return true;
}

static bool is_cached(const struct heap *heap, uintptr_t chunk)
{
	uintptr_t key = chunk + 3 * WORD;

	return heap->cache_key != 0 && heap->readable(key) && word_at(key) == heap->cache_key;
}

/* Reads the state of a chunk that is not the top from the next chunk's header. */
static bool read_state(const struct heap *heap, uintptr_t chunk, uintptr_t bytes,
		       enum chunk_state *state, struct heap_trouble *trouble)
{
	uintptr_t next = chunk + bytes, next_size;

	if (!read_size(heap, next, &next_size, trouble))
		return false;
	if (next_size & PREV_INUSE) {
		*state = is_cached(heap, chunk) ? CHUNK_CACHED : CHUNK_IN_USE;
		return true;
	}
	*state = CHUNK_FREE;
	if (!heap->readable(next))
		return stop(trouble, HEAP_PAGE_ABSENT, heap, next, 0);
	if (word_at(next) != bytes)
		return stop(trouble, HEAP_PREV_WRONG, heap, next, word_at(next));
	return true;
}

static void add(struct heap_totals *totals, int64_t bytes, enum chunk_state state)
{
	totals->chunks++;
	totals->free_chunks += state == CHUNK_FREE;
	totals->free_bytes += state == CHUNK_FREE ? bytes : 0;
	totals->cached_bytes += state == CHUNK_CACHED ? bytes : 0;
	totals->top_bytes = state == CHUNK_TOP ? bytes : 0;
}

bool heap_walk(const struct heap *heap, heap_visit *visit, struct heap_totals *totals,
	       struct heap_trouble *trouble)
{
	uintptr_t chunk = heap_first_chunk(heap->start), size;

	*totals = (struct heap_totals){ 0 };
	*trouble = (struct heap_trouble){ HEAP_IS_SOUND, 0, 0 };
	while (chunk < heap->end) {
		enum chunk_state state = CHUNK_TOP;

		if (!read_size(heap, chunk, &size, trouble))
			return false;
		uintptr_t bytes = size & ~(uintptr_t)FLAGS;
		if (bytes < heap->end - chunk && !read_state(heap, chunk, bytes, &state, trouble))
			return false;
		add(totals, (int64_t)bytes, state);
		if (visit != NULL)
			visit(chunk, (int64_t)bytes, state);
		chunk += bytes;
	}
	return true;
}

/* Returns the key of the entries that the words of a chunk point to, 0 where it cannot be the
 * cache.  The cache's chunk holds the heads of its lists: words that point into the heap, to
 * entries { next, key }, all with the same key. */
static uintptr_t key_of_heads(const struct heap *heap, uintptr_t chunk, uintptr_t bytes)
{
	uintptr_t key = 0;

	for (uintptr_t at = chunk + 2 * WORD; at < chunk + bytes; at += WORD) {
		uintptr_t entry = heap->readable(at) ? word_at(at) : 0;
		if (entry <= heap->start || entry > heap->end - 2 * WORD || entry % ALIGNMENT != 0)
			continue;
		uintptr_t its_key = heap->readable(entry + WORD) ? word_at(entry + WORD) : 0;
		if (its_key == 0 || (key != 0 && its_key != key))
			return 0;
		key = its_key;
	}
	return key;
}

/* Bytes of tcache_perthread_struct since glibc 2.42: 76 lists, each with a head and a number of
 * 16 bits. */
#define CACHE_BYTES (76 * (WORD + sizeof(uint16_t)))

uintptr_t heap_cache_key(const struct heap *heap)
{
	uintptr_t first = heap_first_chunk(heap->start), bytes, size, key = 0;
	uintptr_t cache_bytes = (uintptr_t)heap_chunk_bytes(CACHE_BYTES);
	struct heap_trouble trouble;

	for (uintptr_t chunk = first; chunk < heap->end && key == 0; chunk += bytes) {
		if (!read_size(heap, chunk, &size, &trouble))
			return 0;
		bytes = size & ~(uintptr_t)FLAGS;
		if (chunk == first || bytes == cache_bytes)
			key = key_of_heads(heap, chunk, bytes);
	}
	return key;
}

int64_t heap_mapped_chunk(uintptr_t start, uintptr_t end, int64_t page_bytes)
{
	/* Bytes that were skipped to align the block.  sysmalloc_mmap() notes them in the
	 * chunk's prev_size. */
	uintptr_t skipped = heap_first_chunk(start) - start;
	uintptr_t size = word_at(start + skipped + WORD);
	uintptr_t bytes = (size & ~(uintptr_t)FLAGS) + skipped;

	/* Since glibc 2.43 the size does not include the header: mmap_set_chunk(). */
	if (bytes % (uintptr_t)page_bytes == (uintptr_t)page_bytes - 2 * WORD)
		bytes += 2 * WORD;
	if ((size & FLAGS) != IS_MMAPPED || word_at(start + skipped) != skipped || bytes == 0 ||
	    bytes % (uintptr_t)page_bytes != 0 || bytes > end - start)
		return 0;
	return (int64_t)bytes;
}

/* NFASTBINS: the number of fastbins, for requests of up to 20 words (MAX_FAST_SIZE). */
enum { FASTBINS = sizeof(size_t) == 8 ? 10 : 11 };

struct fast_chunks {
	int64_t count, bytes; /* of the chunks that are not found yet */
	heap_visit *visit;
};

static bool walk_fastbin(const struct heap *heap, uintptr_t chunk, uintptr_t bytes,
			 struct fast_chunks *left)
{
	while (chunk != 0) {
		uintptr_t link = chunk + 2 * WORD;
		if (chunk < heap->start || chunk > heap->end - SMALLEST || chunk % WORD != 0 ||
		    !heap->readable(chunk + WORD) || !heap->readable(link) ||
		    (word_at(chunk + WORD) & ~(uintptr_t)FLAGS) != bytes || left->count-- == 0)
			return false;
		left->bytes -= (int64_t)bytes;
		if (left->visit != NULL)
			left->visit(chunk, (int64_t)bytes, CHUNK_FAST);
		chunk = word_at(link) ^ (heap->links_are_masked ? link >> 12 : 0);
	}
	return true;
}

static bool walk_fastbins(const struct heap *heap, uintptr_t top_word, struct fast_chunks left)
{
	for (uintptr_t i = 0; i < FASTBINS; i++) {
		uintptr_t head = word_at(top_word - (FASTBINS - i) * WORD);
		if (!walk_fastbin(heap, head, (i + 2) * 2 * WORD, &left))
			return false;
	}
	return left.count == 0 && left.bytes == 0;
}

bool heap_fastbins(const struct heap *heap, uintptr_t top, int64_t count, int64_t bytes,
		   heap_visit *visit)
{
	uintptr_t at = heap->data_start + FASTBINS * WORD;

	for (; at < heap->data_end; at += WORD) {
		if (!heap->readable(at) || word_at(at) != top)
			continue;
		if (!walk_fastbins(heap, at, (struct fast_chunks){ count, bytes, NULL }))
			continue;
		walk_fastbins(heap, at, (struct fast_chunks){ count, bytes, visit });
		return true;
	}
	return false;
}
