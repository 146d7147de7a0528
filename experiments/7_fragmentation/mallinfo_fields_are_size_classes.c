/* SPDX-License-Identifier: MIT */
/* "mallinfo sorts the free blocks by size: fsmblks counts those of up to 80
 * bytes, smblks those of 80 to 512, ordblks those of 512 bytes to 128 KiB."
 *
 * None of the three fields counts a size class (int_mallinfo() in malloc/malloc.c):
 *
 *   smblks    the number of freed chunks in the fastbins
 *   fsmblks   the bytes of the same chunks
 *   ordblks   the number of all other free chunks, the top among them
 *
 * The fastbins took chunks of up to 128 bytes; glibc 2.43 removed them, and since
 * then smblks and fsmblks stay 0.  And no field shows what the thread cache
 * (tcache) keeps: a freed block goes there first, as long as there is room for its
 * size, and still counts as in use.
 *
 * The blocks are freed one size after the other.  Each lies between two blocks that
 * stay, so that freed blocks cannot merge.
 *
 * Control: without a thread cache, every freed block must add one to smblks or to
 * ordblks, whatever its size.
 * Try: --tunables=glibc.malloc.mxfast=0 switches the fastbins off, as glibc 2.43
 * did for good.  Where do the blocks of 40 bytes show now?
 */
#include "experiment.h"
#include "heap_report.h"
#include "memory.h"

enum { BLOCKS = 20, SIZES = 3 };

static const int64_t sizes[SIZES] = { 40, 200, 2000 };

static void record_growth(int size, struct heap_report before)
{
	struct heap_report now = mallinfo_report();

	record_y("fsmblks", sizes[size], now.fsmblks - before.fsmblks);
	record_y("smblks", sizes[size], now.smblks - before.smblks);
	record_y("ordblks", sizes[size], now.ordblks - before.ordblks);
}

static void free_size_by_size(void)
{
	void *blocks[SIZES][BLOCKS];

	wake_malloc(); /* with glibc 2.43 the first free() takes a block for the thread cache itself */
	for (int size = 0; size < SIZES; size++)
		for (int i = 0; i < BLOCKS; i++) {
			blocks[size][i] = must_malloc(sizes[size]);
			must_malloc(sizes[size]);
		}
	record("before", 0);
	for (int size = 0; size < SIZES; size++) {
		struct heap_report before = mallinfo_report();
		for (int i = 0; i < BLOCKS; i++)
			free(blocks[size][i]);
		record_growth(size, before);
	}
	record("after", 0);
}

static int64_t grown(const char *arm, const char *field, int size)
{
	return nth_row(arm, field, size)->y;
}

/* Returns how many of the freed blocks of a size neither smblks nor ordblks counts. */
static int64_t missing(int size)
{
	return BLOCKS - grown("as it is", "smblks", size) - grown("as it is", "ordblks", size);
}

/* malloc adds the field for the size and rounds up to a multiple of its alignment. */
static int64_t chunk_bytes(int size)
{
	return (sizes[size] + (int64_t)sizeof(size_t) + 15) / 16 * 16;
}

static void measure_what_is_true_instead(void)
{
	const char *arm = "no thread cache";
	int64_t in_cache = 0;

	instead_equal("no thread cache: growth of fsmblks: the bytes of the chunks that smblks counts",
		      "bytes", chunk_bytes(0) * grown(arm, "smblks", 0), grown(arm, "fsmblks", 0));
	instead_equal("no thread cache: 20 blocks of 200 bytes and of 2,000: growth of ordblks",
		      "chunks", INT64_C(2) * BLOCKS,
		      grown(arm, "ordblks", 1) + grown(arm, "ordblks", 2));
	for (int size = 0; size < SIZES; size++)
		in_cache += missing(size) * chunk_bytes(size);
	/* The cache takes blocks of up to 1,032 bytes. */
	instead_between("20 blocks of 40 bytes are freed: how many are in no field", "blocks", 1,
			missing(0), BLOCKS);
	instead_equal("bytes of freed blocks that still count as in use: of those that are in no field",
		      "bytes", in_cache,
		      growth("as it is", "before", "after").in_use_bytes -
			      growth(arm, "before", "after").in_use_bytes);
}

static void judge(void)
{
	struct snapshot freed = growth("no thread cache", "before", "after");
	int64_t freed_blocks = 0, seen = 0, bytes = 0;

	for (int size = 0; size < SIZES; size++) {
		seen += grown("no thread cache", "smblks", size);
		seen += grown("no thread cache", "ordblks", size);
		freed_blocks += BLOCKS;
		bytes += BLOCKS * sizes[size];
	}
	control_equal("no thread cache: growth of smblks and ordblks together, all sizes", "chunks",
		      freed_blocks, seen);
	/* Each chunk is 8 bytes larger than its block, rounded up to 16. */
	control_between("no thread cache: bytes that become free", "bytes", bytes, freed.free_bytes,
			bytes + 24 * freed_blocks);
	expect_equal("20 blocks of 40 bytes are freed: growth of fsmblks", "bytes", BLOCKS,
		     grown("as it is", "fsmblks", 0));
	expect_equal("20 blocks of 200 bytes are freed: growth of smblks", "chunks", BLOCKS,
		     grown("as it is", "smblks", 1));
	expect_equal("20 blocks of 2,000 bytes are freed: growth of ordblks", "chunks", BLOCKS,
		     grown("as it is", "ordblks", 2));
	measure_what_is_true_instead();
}

const struct experiment experiment = {
	.claim = "mallinfo's fsmblks, smblks, ordblks count free blocks of 0-80, 80-512, 512-128K bytes",
	.asked = "What do the fields of mallinfo say about the holes in my heap?",
	.instead = "smblks counts the chunks in fastbins, fsmblks their bytes (0 since glibc 2.43), "
		   "ordblks all other free chunks. What the thread cache keeps is in none of them.",
	.x_axis = "size of the 20 blocks that are freed, bytes",
	.x_unit = "bytes",
	.y_axis = "growth of the field",
	.charted = "y",
	.chart = CHART_BARS,
	.arms = { { "as it is", free_size_by_size },
		  { "no thread cache", free_size_by_size, .control = true,
		    .environment = "GLIBC_TUNABLES=glibc.malloc.tcache_count=0" } },
	.predict = { "20 blocks of 2,000 bytes are freed, and no two of them can merge. By how "
		     "much does ordblks grow?",
		     "y", "as it is", .to = "ordblks",
		     .because = "ordblks counts the free chunks that are in no fastbin, whatever "
				"their size. Each of these blocks becomes such a chunk." },
	.judge = judge,
	.about_glibc = true,
};
