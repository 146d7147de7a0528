/* SPDX-License-Identifier: MIT */
/* Walks through the chunks of a heap of glibc's malloc, one after the other, as they lie
 * in memory, and checks everything that it reads.
 *
 * A chunk (struct malloc_chunk in malloc/malloc.c) begins with two words:
 *
 *     prev_size   bytes of the chunk before it, valid only while that one is free
 *     size        its own bytes; the lowest three bits are flags:
 *                 1 PREV_INUSE, 2 IS_MMAPPED, 4 NON_MAIN_ARENA
 *
 * and the next chunk begins where it ends.  Whether a chunk is in use is written in the
 * next chunk's flag PREV_INUSE.  The last chunk, which ends where the heap ends, is the
 * top.  A chunk that a thread's cache (tcache) or a fastbin keeps still looks in use.
 *
 * These functions read only the heap, and only pages that readable() allows.  They allocate
 * nothing and change nothing.  tests/unit/heap_walk_test.c tries them on heaps made by hand.
 * All sizes are bytes.
 */
#ifndef TOUCHSTONE_HEAP_WALK_H
#define TOUCHSTONE_HEAP_WALK_H

#include <stdbool.h>
#include <stdint.h>

enum chunk_state {
	CHUNK_IN_USE, /* given out */
	CHUNK_FREE,   /* in a bin: a hole */
	CHUNK_TOP,    /* free, at the end of the heap */
	CHUNK_CACHED, /* in the tcache: freed, but not merged and counted as in use */
	CHUNK_FAST,   /* in a fastbin: freed, but not merged */
};

struct heap {
	uintptr_t start, end;                /* as the break was at first, and is now */
	bool (*readable)(uintptr_t address); /* whether the word there may be read */
	uintptr_t cache_key;                 /* heap_cache_key(), 0: no chunk counts as cached */
	/* for heap_fastbins() only */
	uintptr_t data_start, data_end; /* the writable data of the library that malloc lies in */
	bool links_are_masked;          /* PROTECT_PTR() in malloc/malloc.c, since glibc 2.32 */
};

typedef void heap_visit(uintptr_t start, int64_t bytes, enum chunk_state state);

struct heap_totals {
	int64_t chunks;       /* all of them, the top included */
	int64_t free_chunks;  /* number of chunks that are CHUNK_FREE */
	int64_t free_bytes;   /* bytes of the chunks that are CHUNK_FREE */
	int64_t top_bytes;    /* bytes of the top */
	int64_t cached_bytes; /* bytes of the chunks that are CHUNK_CACHED */
};

/* Why a walk stopped. */
enum heap_fault {
	HEAP_IS_SOUND,
	HEAP_PAGE_ABSENT, /* a header lies on a page that may not be read */
	HEAP_SIZE_WRONG,  /* a size that no chunk can have there */
	HEAP_PREV_WRONG,  /* the next chunk gives another size for a free chunk */
};

/* Where a walk stopped. */
struct heap_trouble {
	enum heap_fault fault;
	int64_t at;    /* bytes from the heap's start */
	int64_t value; /* the word that was read there */
};

/* Calls visit(), unless it is NULL, for each chunk in rising order, and fills *totals.  Stops at
 * the first header that cannot be right: returns false and fills *trouble. */
bool heap_walk(const struct heap *heap, heap_visit *visit, struct heap_totals *totals,
	       struct heap_trouble *trouble);

/* Returns the word by which malloc recognises a chunk that lies in this thread's cache: the
 * chunk's second word (tcache_entry.key in malloc/malloc.c).  Returns 0 where the cache is empty
 * or not in the expected place.
 *
 * The key is found by following the lists of the cache.  Their heads lie in the first chunk of
 * the heap, or, since glibc 2.43, where the first free() allocates the cache, in a chunk that
 * has the cache's size. */
uintptr_t heap_cache_key(const struct heap *heap);

/* Calls visit() for each chunk that lies in a fastbin.  count and bytes are what mallinfo2(3)
 * reports of these chunks.  Returns false, without any call, where the chunks that are found do
 * not have exactly this number and these bytes.
 *
 * The fastbins are part of main_arena, which has no symbol but can be recognised by its content:
 * a word that holds the address of the top, with the heads of the fastbins right before it
 * (struct malloc_state in malloc/malloc.c: fastbinsY, top). */
bool heap_fastbins(const struct heap *heap, uintptr_t top, int64_t count, int64_t bytes,
		   heap_visit *visit);

/* Returns the bytes of the chunk that a request gets in a heap: the request and a size word,
 * rounded up to malloc's alignment, and not less than the smallest chunk (request2size() in
 * malloc/malloc.c). */
int64_t heap_chunk_bytes(int64_t request);

/* Returns the smallest request whose chunk has at least so many bytes. */
int64_t heap_smallest_request(int64_t chunk_bytes);

/* Returns the address where malloc puts the first chunk of a heap that begins at start. */
uintptr_t heap_first_chunk(uintptr_t start);

/* Returns the bytes of the chunk of a block with a mapping of its own, if such a chunk can begin
 * at start, else 0.  end is where the mapping ends; the kernel may have merged it with the
 * mappings after it. */
int64_t heap_mapped_chunk(uintptr_t start, uintptr_t end, int64_t page_bytes);

#endif
