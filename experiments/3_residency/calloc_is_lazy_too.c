/* SPDX-License-Identifier: MIT */
/* calloc() clears, unless it knows that the kernel did.
 *
 * calloc(3) promises zeros.  A large block comes from mmap(2), and fresh pages
 * are zero by themselves, so __libc_calloc() in malloc/malloc.c leaves them
 * alone (chunk_is_mmapped()): a calloc of any size that is mapped costs as
 * little as malloc, and the kernel does the clearing page by page, at the first
 * write.  malloc() and memset() would do it at once, to all of it.
 *
 * A block from the heap may be recycled and hold what the last owner left, so
 * that calloc() has to write it.  Even where it is in truth zero: here the pages
 * of the free block are first given to the kernel by malloc_trim(3), and they
 * come back, every one, because malloc keeps no account of what is clean.
 *
 * Control: malloc() and memset() of a mapped block must make all of it resident
 * at once, and malloc() of the recycled block must find the old bytes in it and
 * bring in no page.
 * Try: calloc 100 KiB as the first block of the process, from a top that nobody
 * has ever used.  Is it lazy?
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
	int64_t dirt = bytes_that_are_not_zero(block);
	record_y("read", block_bytes, dirt);
}

static void mapped_calloc(void)
{
	mapped_block(must_calloc);
}

static void mapped_malloc_and_memset(void)
{
	mapped_block(malloc_and_clear);
}

/* A block of the heap, below a live one, is used, freed and allocated again; then
 * freed again, and once more allocated when the kernel has taken its pages. */
static void recycled_block(void *(*allocate)(int64_t bytes))
{
	must_pin_thresholds(32 * MiB, 32 * MiB); /* nothing is mapped or trimmed */
	wake_malloc();
	char *first = must_malloc(block_bytes);
	must_malloc(block_bytes);
	write_bytes(first, block_bytes);
	free(first);
	char *block = allocate(block_bytes);
	int64_t dirt = block == first ? bytes_that_are_not_zero(block) : -1;
	free(block);
	must_trim_heap();
	record_y("before", 0, absent_pages_of(first, block_bytes));
	allocate(block_bytes);
	record("allocated", block_bytes);
	record_y("recycled", block_bytes, dirt);
}

static void recycled_calloc(void)
{
	recycled_block(must_calloc);
}

static void recycled_malloc(void)
{
	recycled_block(must_malloc);
}

static int64_t made_resident(const char *arm, const char *by)
{
	return growth(arm, "before", by).resident_bytes;
}

static void judge(void)
{
	int64_t absent = y_of("recycled calloc", "before");

	/* The page of the block's header. */
	expect_between("mapped: bytes that calloc makes resident", 0,
		       made_resident("mapped calloc", "allocated"), page_bytes());
	expect_equal("mapped: bytes that are not zero", 0, y_of("mapped calloc", "read"));
	expect_between("mapped: bytes resident after all of it was read", 0,
		       made_resident("mapped calloc", "read"), page_bytes());
	expect_equal("recycled: bytes that are not zero", 0, y_of("recycled calloc", "recycled"));
	expect_between("recycled, trimmed: pages that malloc_trim() takes from it",
		       block_bytes / page_bytes() - 1, absent, pages_for(block_bytes));
	expect_equal("recycled, trimmed: bytes that calloc makes resident, all of those pages",
		     absent * page_bytes(), made_resident("recycled calloc", "allocated"));
	control_between("mapped: bytes that malloc and memset make resident", block_bytes,
			made_resident("mapped malloc and memset", "allocated"),
			block_bytes + 2 * page_bytes());
	/* free() leaves its list pointers in the block: two words, or four. */
	control_between("recycled: bytes from malloc that are not zero",
			block_bytes - 4 * (int64_t)sizeof(size_t),
			y_of("recycled malloc", "recycled"), block_bytes);
	control_equal("recycled, trimmed: bytes that malloc makes resident", 0,
		      made_resident("recycled malloc", "allocated"));
}

const struct experiment experiment = {
	.claim = "a large calloc touches nothing, and still reads as zeros; a recycled block has to "
		 "be cleared",
	.asked = "calloc() must zero the memory. So is it not lazy?",
	.y_axis = "bytes that are not zero; pages absent",
	.charted = "resident_bytes",
	.chart = CHART_BARS,
	/* A block of the heap must stay below the 32 MiB that its arms are pinned to. */
	.knobs = { { "block", &block_bytes, "bytes", "size of the block", 1 * MiB, 31 * MiB } },
	.arms = { { "mapped calloc", mapped_calloc },
		  { "recycled calloc", recycled_calloc },
		  { "mapped malloc and memset", mapped_malloc_and_memset, .control = true },
		  { "recycled malloc", recycled_malloc, .control = true } },
	.predict = { "The block is allocated with calloc(), which has to zero it. How much "
		     "becomes resident?",
		     "resident_bytes", "mapped calloc", "before", "allocated",
		     .because = "A fresh mapping reads as zeros, and calloc() knows it, so it "
				"clears nothing. What is resident is the page of the block's "
				"header." },
	.judge = judge,
};
