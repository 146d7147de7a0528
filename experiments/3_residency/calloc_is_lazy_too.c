/* SPDX-License-Identifier: MIT */
/* calloc() clears a block only where it has to.
 *
 * calloc(3) promises zeros.  A large block comes from mmap(2), and fresh pages
 * from the kernel already read as zeros.  So __libc_calloc() in malloc/malloc.c
 * does not clear a mapped block (chunk_is_mmapped()): calloc() costs as little as
 * malloc(), however large the block is, and the kernel clears each page when it is
 * first written.  malloc() followed by memset() would clear all of it at once.
 *
 * A block from the heap may be recycled: the bytes of its last owner may still be
 * in it, so calloc() has to write it.  It does so even where the block is zero
 * already.  Here malloc_trim(3) first gives the pages of the free block to the
 * kernel.  calloc() then brings back every one of them, because malloc does not
 * remember which memory is clean.
 *
 * Control: malloc() and memset() of a mapped block must make all of it resident
 * at once.  And malloc() of the recycled block must find the old bytes in it and
 * make no page resident.
 * Try: calloc 100 KiB as the first block of the process, from a part of the heap
 * that nobody has used yet.  Is it lazy?
 */
#include <string.h>

#include "experiment.h"
#include "malloc_knobs.h"
#include "memory.h"

static int64_t block_bytes = 16 * MiB;

static int64_t bytes_that_are_not_zero(const char *block)
{
	int64_t count = 0;
	for (int64_t i = 0; i < block_bytes; i++)
		count += block[i] != 0;
	return count;
}

static void *malloc_and_clear(int64_t bytes)
{
	return memset(must_malloc(bytes), 0, (size_t)bytes);
}

static void mapped_block(void *(*allocate)(int64_t bytes))
{
	wake_malloc();
	record("before", 0);
	char *block = allocate(block_bytes);
	record("allocated", block_bytes);
	int64_t nonzero = bytes_that_are_not_zero(block);
	record_y("read", block_bytes, nonzero);
}

static void mapped_calloc(void)
{
	mapped_block(must_calloc);
}

static void mapped_malloc_and_memset(void)
{
	mapped_block(malloc_and_clear);
}

/* Uses a heap block below a live one, frees it and allocates it again.  Then frees it
 * once more, gives its pages to the kernel, and allocates it for the third time. */
static void recycled_block(void *(*allocate)(int64_t bytes))
{
	must_pin_thresholds(32 * MiB, 32 * MiB); /* nothing is mapped or trimmed */
	wake_malloc();
	char *first = must_malloc(block_bytes);
	must_malloc(block_bytes);
	write_bytes(first, block_bytes);
	free(first);
	char *block = allocate(block_bytes);
	if (block != first)
		unsupported("malloc does not give the freed block again here");
	int64_t nonzero = bytes_that_are_not_zero(block);
	free(block);
	must_trim_heap();
	record_y("before", 0, absent_pages_of(first, block_bytes));
	allocate(block_bytes);
	record("allocated", block_bytes);
	record_y("recycled", block_bytes, nonzero);
}

static void recycled_calloc(void)
{
	recycled_block(must_calloc);
}

static void recycled_malloc(void)
{
	recycled_block(must_malloc);
}

static int64_t made_resident(const char *arm, const char *stage)
{
	return growth(arm, "before", stage).resident_bytes;
}

static void judge(void)
{
	control_equal("the block that is said to be mapped has a mapping of its own", "mappings", 1,
		      growth("mapped calloc", "before", "allocated").mmapped_count);
	expect_equal("calloc of a mapped block makes only the page of its header resident", "bytes",
		     page_bytes(), made_resident("mapped calloc", "allocated"));
	expect_equal("no byte of a mapped block from calloc differs from zero", "bytes", 0,
		     y_of("mapped calloc", "read"));
	expect_equal("reading all of a mapped block from calloc makes no other page resident",
		     "bytes", 0, growth("mapped calloc", "allocated", "read").resident_bytes);
	expect_equal("no byte of a recycled block from calloc differs from zero", "bytes", 0,
		     y_of("recycled calloc", "recycled"));
	int64_t absent = y_of("recycled calloc", "before");
	expect_between("malloc_trim() gives every whole page of the free block to the kernel",
		       "pages", block_bytes / page_bytes() - 1, absent, pages_for(block_bytes));
	expect_equal("calloc brings back every page that malloc_trim() gave away", "bytes",
		     absent * page_bytes(), made_resident("recycled calloc", "allocated"));
	/* The block begins behind two words: the header. */
	control_equal("malloc and memset make all of a mapped block resident", "bytes",
		      pages_for(block_bytes + 2 * (int64_t)sizeof(size_t)) * page_bytes(),
		      made_resident("mapped malloc and memset", "allocated"));
	/* free() wrote its list pointers into the block: two words, or four. */
	control_between("a recycled block from malloc still holds its old bytes, which are not zero",
			"bytes", block_bytes - 4 * (int64_t)sizeof(size_t),
			y_of("recycled malloc", "recycled"), block_bytes);
	control_equal("malloc brings back no page that malloc_trim() gave away", "bytes", 0,
		      made_resident("recycled malloc", "allocated"));
}

const struct experiment experiment = {
	.claim = "calloc() of a large block clears nothing and still gives zeros; calloc() of a "
		 "recycled block has to clear it",
	.asked = "calloc() must fill the block with zeros. So is it not lazy?",
	.y_axis = "bytes that are not zero; absent pages",
	.y_unit = "bytes",
	.charted = "resident_bytes",
	.chart = CHART_BARS,
	/* The recycled arms need a heap block: below their pinned threshold of 32 MiB. */
	.knobs = { { "block", &block_bytes, "bytes", "size of the block", 1 * MiB, 31 * MiB } },
	.arms = { { "mapped calloc", mapped_calloc },
		  { "recycled calloc", recycled_calloc },
		  { "mapped malloc and memset", mapped_malloc_and_memset, .control = true },
		  { "recycled malloc", recycled_malloc, .control = true } },
	.predict = { "calloc(), which promises zeros, allocates the block. How much becomes "
		     "resident?",
		     "resident_bytes", "mapped calloc", "before", "allocated",
		     .because = "A fresh mapping reads as zeros. calloc() knows that and clears "
				"nothing. Only the page with the block's header becomes "
				"resident." },
	.judge = judge,
	.film = true,
	.about_glibc = true,
};
