/* SPDX-License-Identifier: MIT */
/* malloc() hands out addresses, not memory.
 *
 * A large block comes from mmap(2): the kernel notes that a range of addresses
 * now belongs to the process, and that is all.  The first write to a page finds
 * no page behind its address.  The processor traps into the kernel (a minor page
 * fault), which takes a page of memory, fills it with zeros, and lets the write
 * go on.  So the virtual size grows at once, and the resident size grows page by
 * page, as the block is written.
 *
 * One page does become resident at once: malloc writes the block's size into a
 * header just in front of it (struct malloc_chunk in glibc's malloc/malloc.c).
 *
 * mincore(2) tells which pages of the block are in memory, so what a malloc keeps
 * elsewhere for itself does not count.
 *
 * Control: when the kernel fills the block at once (MADV_POPULATE_WRITE), the
 * same probe must see the memory arrive before anything is written.
 * Try: read the pages instead of writing them (read_pages).  Which columns
 * still move?
 */
#include "experiment.h"
#include "memory.h"

enum { STEPS = 16 };

static int64_t block_bytes = 64 * MiB;

static void write_step_by_step(char *block)
{
	for (int i = 0; i < STEPS; i++) {
		int64_t from = block_bytes * i / STEPS, to = block_bytes * (i + 1) / STEPS;
		write_pages(block + from, to - from);
		record("writing", to);
	}
}

static void lazy(void)
{
	must_have_memory(block_bytes);
	wake_malloc();
	record("before malloc", 0);
	char *block = must_malloc(block_bytes);
	record_y("after malloc", 0, absent_pages_of(block, block_bytes));
	write_step_by_step(block);
}

static void populated(void)
{
	must_have_memory(block_bytes);
	wake_malloc();
	record("before malloc", 0);
	char *block = must_malloc(block_bytes);
	must_populate(block, block_bytes);
	record_y("after malloc", 0, absent_pages_of(block, block_bytes));
	write_step_by_step(block);
}

static void judge(void)
{
	int64_t absent = y_of("lazy", "after malloc"), pages = pages_for(block_bytes);
	struct snapshot given = growth("lazy", "before malloc", "after malloc");

	/* The page of the header is there.  A block that begins behind a header reaches into one
	 * page more than it could fill. */
	expect_between(
		"after malloc, every page of the block is absent but for the one with its header",
		"pages", pages - 1, absent, pages + 1);
	/* Other mallocs than glibc's, the only one that counts its mappings, may reserve 1 GiB at once. */
	if (given.mmapped_count == NOT_MEASURED && given.virtual_bytes < block_bytes)
		unsupported("the malloc in use had reserved the addresses before: set block higher");
	/* A malloc may reserve more than it is asked for. */
	expect_between("malloc adds the whole block to the virtual size", "bytes", block_bytes,
		       given.virtual_bytes, INT64_MAX);
	/* The first page of the block may hold its header, and the last page of a step may not be
	 * written to its end. */
	expect_equal("looks that find resident what was written so far, to a page", "looks", STEPS,
		     rows_that_follow("lazy", "after malloc", "writing", resident_bytes, NULL,
				      page_bytes()));
	control_equal("a block filled by the kernel has no absent page before any write", "pages",
		      0, y_of("populated", "after malloc"));
	control_equal("a block filled by the kernel grows no more while it is written", "bytes", 0,
		      growth("populated", "after malloc", "writing").resident_bytes);
	control_equal("what the kernel fills is resident in addition to what malloc made resident",
		      "bytes", absent * page_bytes(),
		      growth("populated", "before malloc", "after malloc").resident_bytes -
			      given.resident_bytes);
}

const struct experiment experiment = {
	.claim = "malloc reserves addresses; a page becomes resident when it is first written",
	.asked = "Does malloc(n) take n bytes of RAM?",
	.x_axis = "bytes written",
	.x_unit = "bytes",
	.y_axis = "pages of the block that are not in memory",
	.charted = "resident_bytes virtual_bytes",
	.annotate = { { "malloc: {malloc adds the whole block} of addresses, and no memory yet",
			.stage = "after malloc" } },
	.knobs = { { "block", &block_bytes, "bytes", "size of the block", 1 * MiB } },
	.arms = { { "lazy", lazy }, { "populated", populated, .control = true } },
	.predict = { "How much becomes resident when the block is allocated, before anything is "
		     "written?",
		     "resident_bytes", "lazy", "before malloc", "after malloc",
		     .because = "malloc hands out addresses. What becomes resident is the one page "
				"in which it writes the block's header." },
	.judge = judge,
	.film = true,
};
