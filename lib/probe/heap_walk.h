/* SPDX-License-Identifier: MIT */
/* Walks the chunks of a heap of glibc's malloc, one after the other, as they lie
 * in memory, and trusts nothing that it reads.
 *
 * A chunk (struct malloc_chunk in malloc/malloc.c) begins with two words:
 *
 *     prev_size   bytes of the chunk before it, valid only while that one is free
 *     size        its own bytes; the lowest three bits are flags:
 *                 1 PREV_INUSE, 2 IS_MMAPPED, 4 NON_MAIN_ARENA
 *
 * and the next one begins where it ends.  Whether a chunk is in use stands in the
 * next one's PREV_INUSE; the last one, which ends where the heap ends, is the top.
 * A chunk that a thread's cache (tcache) or a fastbin keeps still looks in use.
 *
 * Reads nothing but the heap, and of that no page that readable() has not allowed;
 * allocates nothing; pure otherwise, and tested on heaps made by hand.
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
	/* for heap_fastbins() */
	uintptr_t data_start, data_end; /* the writable data of the object that malloc lies in */
	bool links_are_masked;          /* PROTECT_PTR() in malloc/malloc.c, since glibc 2.32 */
};

typedef void heap_visit(uintptr_t start, int64_t bytes, enum chunk_state state);

struct heap_totals {
	int64_t chunks;       /* all of them, the top included */
	int64_t free_chunks;  /* those in CHUNK_FREE */
	int64_t free_bytes;   /* bytes of those */
	int64_t top_bytes;    /* bytes of the top */
	int64_t cached_bytes; /* bytes in CHUNK_CACHED */
};

/* Why a walk stopped, and where. */
enum heap_fault {
	HEAP_IS_SOUND,
	HEAP_PAGE_ABSENT, /* a header lies on a page that may not be read */
	HEAP_SIZE_WRONG,  /* a size that no chunk can have there */
	HEAP_PREV_WRONG,  /* a free chunk whose size the next one states otherwise */
};
struct heap_trouble {
	enum heap_fault fault;
	int64_t at;    /* bytes from the heap's start */
	int64_t value; /* the word that was found there */
};

/* Calls visit, where there is one, for each chunk in rising order.  False with
 * *trouble at the first thing that is not as it must be. */
bool heap_walk(const struct heap *heap, heap_visit *visit, struct heap_totals *totals,
	       struct heap_trouble *trouble);

/* What the chunks in this thread's cache carry as their second word (tcache_entry.key),
 * by which a chunk tells that it lies there: learnt from the cache's own heads, in the
 * first chunk of the heap, or since glibc 2.43, where the first free() allocates the cache,
 * in one of its size.  0 when the cache is empty or not where it is expected. */
uintptr_t heap_cache_key(const struct heap *heap);

/* Calls visit for each chunk that lies in a fastbin, given how many there are and their
 * bytes, by mallinfo2(3).  False, with no call, when they are not found just so.
 *
 * main_arena has no symbol, but it is known by its content: the word that holds the
 * top's address, with the heads of the fastbins right in front of it (struct malloc_state
 * in malloc/malloc.c: fastbinsY, top). */
bool heap_fastbins(const struct heap *heap, uintptr_t top, int64_t count, int64_t bytes,
		   heap_visit *visit);

/* Bytes of the chunk that a request of so many gets in a heap: the request and a size
 * word, rounded up to malloc's alignment, and no less than the smallest chunk
 * (request2size() in malloc/malloc.c). */
int64_t heap_chunk_bytes(int64_t request);

/* Where malloc puts the first chunk of a heap that begins at an address. */
uintptr_t heap_first_chunk(uintptr_t start);

/* Bytes of a block with a mapping of its own whose chunk begins at an address, or 0
 * when no such chunk can begin there. */
int64_t heap_mapped_chunk(uintptr_t start, uintptr_t end, int64_t page_bytes);

#endif
