/* SPDX-License-Identifier: MIT */
/* If every block had its own mapping, 16 bytes would cost a page.
 *
 * The kernel hands out memory in whole pages, so a mapping cannot be smaller than
 * one page.  A heap block of 16 bytes takes 32 (8 of header, rounded up to a
 * multiple of 16 that also has room for the links of a free chunk), so 128 of them
 * share a page of 4 KiB.  A large mapped block loses no more than a page either,
 * on average half of one, and that is a small part of it: 2 % of 100 KiB.
 *
 * All blocks are written, so their pages count as resident memory too.  And malloc
 * itself writes the header of each mapped block.
 *
 * Controls: the blocks of the first arm, and only those, must have mappings of their
 * own.  And the same requests from the heap must take no more than their chunks.
 * Try: blocks=4096.  Is the heap's line still where it was?
 */
#include "experiment.h"
#include "heap_shape.h"
#include "heap_walk.h"
#include "malloc_knobs.h"
#include "memory.h"

static int64_t blocks = 256;

static const int64_t sizes[] = { 16, 64, 256, 1024, 4096, 16384, 65536 };
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static void allocate_all_sizes(void)
{
	record("before", 0);
	for (int i = 0; i < SIZES; i++) {
		int64_t before = snapshot_now().resident_bytes;
		for (int64_t n = 0; n < blocks; n++)
			write_bytes(must_malloc(sizes[i]), sizes[i]);
		record_y("written", sizes[i], (snapshot_now().resident_bytes - before) / blocks);
	}
}

/* Maps every block.  must_malloc(1) first takes the one block in the thread's cache. */
static void mapped(void)
{
	use_up_top();
	must_malloc(1);
	must_pin_thresholds(0, DEFAULT_THRESHOLD);
	allocate_all_sizes();
}

static void heap(void)
{
	wake_malloc();
	must_pin_thresholds(2 * sizes[SIZES - 1], DEFAULT_THRESHOLD);
	allocate_all_sizes();
}

/* Return by how much resident memory has grown once the blocks of this size, and of all smaller
 * ones, were written. */
static int64_t growth_in_pages(int64_t size)
{
	int64_t pages = 0;

	for (int i = 0; i < SIZES && sizes[i] <= size; i++)
		pages += blocks * pages_written_for(sizes[i]);
	return pages * page_bytes();
}

static int64_t growth_in_chunks(int64_t size)
{
	int64_t bytes = 0;

	for (int i = 0; i < SIZES && sizes[i] <= size; i++)
		bytes += blocks * heap_chunk_bytes(sizes[i]);
	return bytes;
}

static void judge(void)
{
	expect_equal("mapped: a block of 16 bytes takes one page", "bytes", page_bytes(),
		     nth_row("mapped", "written", 0)->y);
	expect_equal("mapped: at every size, a block takes whole pages", "sizes", SIZES,
		     rows_that_follow("mapped", "before", "written", resident_bytes,
				      growth_in_pages, 0));
	control_equal("mapped: all blocks have mappings of their own", "blocks", SIZES * blocks,
		      growth("mapped", "before", "written").mmapped_count);
	control_equal("heap: no block has a mapping of its own", "blocks", 0,
		      growth("heap", "before", "written").mmapped_count);
	/* All blocks together lie side by side: only the first and the last page of them may be
	 * shared with other memory. */
	control_equal("heap: at every size, a block takes only its chunk", "sizes", SIZES,
		      rows_that_follow("heap", "before", "written", resident_bytes,
				       growth_in_chunks, page_bytes()));
}

const struct experiment experiment = {
	.claim = "a block with its own mapping takes whole pages, even if it has only 16 bytes",
	.asked = "What would a 16-byte block cost if malloc mapped it?",
	.x_axis = "size of the blocks, bytes",
	.x_unit = "bytes",
	.y_axis = "resident memory for each block, bytes",
	.y_unit = "bytes",
	.annotate = { { "16 bytes take {mapped: a block of 16 bytes takes one page}", .x = 16 } },
	.charted = "y",
	.log_x = true,
	.log_y = true,
	/* malloc has at most 65,536 mapped blocks at a time: M_MMAP_MAX, mallopt(3). */
	.knobs = { { "blocks", &blocks, "", "number of blocks of each size", 16, 65536 / SIZES } },
	.arms = { { "mapped", mapped }, { "heap", heap, .control = true } },
	.predict = { "How much memory does a block of 64 KiB, the largest one tried, take when it "
		     "has its own mapping?",
		     "y", "mapped", .to = "written",
		     .because = "The header has to fit in as well, and a mapping consists of whole "
				"pages. So it takes one page more than the block alone would." },
	.judge = judge,
	.about_glibc = true,
};
