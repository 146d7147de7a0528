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
 * Control: when the kernel fills the block at once (MADV_POPULATE_WRITE), the
 * same probe must see the memory arrive before anything is written.
 * Try: read the pages instead of writing them (read_pages).  Which columns
 * still move?
 */
#include "experiment.h"
#include "memory.h"

static int64_t block_bytes = 64 * MiB;

static void lazy(void)
{
	wake_malloc();
	record("before malloc", 0);
	char *block = must_malloc(block_bytes);
	record("after malloc", 0);
	for (int i = 0; i < 16; i++) {
		write_pages(block + block_bytes / 16 * i, block_bytes / 16);
		record("writing", block_bytes / 16 * (i + 1));
	}
}

static void populated(void)
{
	wake_malloc();
	record("before malloc", 0);
	char *block = must_malloc(block_bytes);
	must_populate(block, block_bytes);
	record("after malloc", 0);
	for (int i = 0; i < 16; i++) {
		write_pages(block + block_bytes / 16 * i, block_bytes / 16);
		record("writing", block_bytes / 16 * (i + 1));
	}
}

static void judge(void)
{
	struct snapshot malloced = growth("lazy", "before malloc", "after malloc");
	int64_t whole = pages_for(block_bytes) * page_bytes();

	/* One page holds the header; musl's malloc keeps records in another page as well. */
	expect_between("malloc makes at most two pages resident, for its own records", "bytes", 0,
		       malloced.resident_bytes, 2 * page_bytes());
	expect_between("malloc adds the whole block to the virtual size", "bytes", block_bytes,
		       malloced.virtual_bytes, whole + page_bytes());
	expect_between("after the writes the whole block is resident", "bytes", block_bytes,
		       growth("lazy", "before malloc", "writing").resident_bytes,
		       whole + page_bytes());
	control_between("a block filled by the kernel is resident before any write", "bytes",
			block_bytes,
			growth("populated", "before malloc", "after malloc").resident_bytes,
			whole + page_bytes());
}

const struct experiment experiment = {
	.claim = "malloc reserves addresses; a page becomes resident when it is first written",
	.asked = "Does malloc(n) take n bytes of RAM?",
	.x_axis = "bytes written",
	.x_unit = "bytes",
	.charted = "resident_bytes virtual_bytes",
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
