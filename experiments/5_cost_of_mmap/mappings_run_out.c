/* SPDX-License-Identifier: MIT */
/* free() can fail, and nobody is told.
 *
 * A process may have vm.max_map_count mappings (65,530 unless the administrator
 * says otherwise; some distributions say 1,048,576).  Blocks that are mapped one
 * after the other lie side by side, and the kernel keeps them as one mapping, so
 * allocating many does not reach the limit.  Freeing every other block does: each
 * hole splits a mapping in two.  At the limit munmap(2) itself fails with ENOMEM
 * ("when unmapping a region in the middle of an existing mapping"), and free() has
 * no way to say so: munmap_chunk() in malloc/malloc.c first counts the block as
 * gone and then ignores the error.  The block's memory stays resident, belongs to
 * nobody, and malloc reports it nowhere.  Before glibc 2.33, errno at least was
 * ENOMEM after such a free(); since then, free() leaves errno as it was (free(3)).
 *
 * To keep the experiment small, a region first uses up all mappings: its pages
 * alternate between two protections, and take no memory.  Then the region gives
 * `room` mappings back for the blocks.
 *
 * Control: when the same number of blocks are freed in a row, they leave one hole,
 * and all of them must go back.  And when blocks come from the heap, free() must
 * not ask the kernel for anything.
 * Try: room=65530.  Nothing is used up beforehand, and only malloc and free are at
 * work (1 GiB with pages of 4 KiB).  That takes 262,000 blocks.  With its default
 * settings, glibc maps no more than 65,536 at a time (M_MMAP_MAX), too few to run
 * out of mappings, so the arms' environment raises that.
 */
#include <errno.h>

#include "experiment.h"
#include "heap_walk.h"
#include "malloc_knobs.h"
#include "mappings.h"
#include "memory.h"

#define UNLIMITED "GLIBC_TUNABLES=glibc.malloc.mmap_max=2147483647"

/* Since glibc 2.33 free() leaves errno as it was: NEWS, and free(3). */
#ifdef __GLIBC_PREREQ
#define FREE_KEEPS_ERRNO __GLIBC_PREREQ(2, 33)
#else
#define FREE_KEEPS_ERRNO true
#endif

/* Pages of the region: enough for every usual limit.  With fewer, the mappings do not
 * run out.  The observer uses fewer, since pmap takes seconds for so many mappings. */
enum { MOST_PAGES = sizeof(long) == 8 ? 1 << 21 : 1 << 18 }; /* 1 GiB of 3 with 32 bits */

/* A block that gets a mapping of one page: malloc adds a header and rounds up, by at most 16 bytes with
 * 64 bits, and by 31 with 32 (sysmalloc_mmap() in malloc/malloc.c). */
#define BLOCK_BYTES (page_bytes() - 40)

static int64_t room = 4096, region_pages = MOST_PAGES;

/* Uses up all mappings and gives `room` of them back. */
static void leave_room(void)
{
	bool refused = use_up_mappings(region_pages);

	if (!refused && region_pages == MOST_PAGES)
		unsupported("more than %lld mappings are allowed: sudo sysctl vm.max_map_count=65530",
			    (long long)region_pages);
	record_y("no mapping left", 0, refused);
	room = must_give_mappings_back(room);
}

/* How many blocks are freed, half of all: twice as many as there is room for holes. */
static int64_t blocks_to_free(void)
{
	return 2 * room;
}

/* Allocates blocks and frees half of them: the first, and then every `step`-th. */
static void free_half(int step)
{
	must_have_memory(3 * blocks_to_free() * page_bytes());
	leave_room();
	char **blocks = must_map(2 * blocks_to_free() * (int64_t)sizeof(*blocks));
	record("room left", 0);
	for (int64_t i = 0; i < 2 * blocks_to_free(); i++)
		blocks[i] = must_malloc(BLOCK_BYTES);
	record("allocated", 0);
	int64_t errors = 0;
	for (int64_t i = 0; i < blocks_to_free(); i++) {
		errno = 0;
		free(blocks[i * step]);
		errors += errno != 0;
	}
	record_y("freed", blocks_to_free(), errors);
}

static void every_other_block(void)
{
	use_up_top();
	must_pin_thresholds(0, DEFAULT_THRESHOLD);
	free_half(2);
}

static void in_a_row(void)
{
	use_up_top();
	must_pin_thresholds(0, DEFAULT_THRESHOLD);
	free_half(1);
}

static void heap(void)
{
	must_pin_thresholds(page_bytes() + DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	free_half(2);
}

static void judge(void)
{
	struct snapshot freed = growth("every other block", "allocated", "freed");
	int64_t frees = nth_row("every other block", "freed", 0)->x;
	int64_t allowed = nth_row("every other block", "no mapping left", 0)->is.mapping_count;
	int64_t made = growth("every other block", "room left", "allocated").mapping_count;
	int64_t left = allowed - nth_row("every other block", "allocated", 0)->is.mapping_count;
	int64_t given_back = -freed.virtual_bytes / page_bytes();

	expect_equal("in the end, the process has all mappings that the kernel allows", "mappings",
		     allowed, nth_row("every other block", "freed", 0)->is.mapping_count);
	/* A hole at either end of a mapping, which the blocks made or joined, splits nothing. */
	expect_between("one block is unmapped for each mapping that was left", "blocks", left,
		       given_back, left + 2 * (made + 1));
	expect_between("freed blocks for which no mapping was left stay in memory", "blocks", 1,
		       frees - given_back, frees - left);
	expect_equal("resident memory falls by the blocks that were unmapped, and by no more",
		     "bytes", given_back * page_bytes(), -freed.resident_bytes);
	expect_equal("calls of free() that set errno, where glibc keeps it (since 2.33)", "frees",
		     FREE_KEEPS_ERRNO ? 0 : frees - given_back, y_of("every other block", "freed"));
	expect_equal("malloc's own report counts all freed blocks as given back", "blocks", frees,
		     -freed.mmapped_count);
	control_equal("the kernel refused one more mapping", "refusals", 1,
		      y_of("every other block", "no mapping left"));
	control_equal("freed in a row: every block is unmapped", "blocks", frees,
		      -growth("in a row", "allocated", "freed").virtual_bytes / page_bytes());
	struct snapshot of_heap = growth("heap", "allocated", "freed");
	control_equal("from the heap: free() adds no mapping", "mappings", 0, of_heap.mapping_count);
	control_equal("from the heap: malloc counts every freed block as free", "bytes",
		      frees * heap_chunk_bytes(BLOCK_BYTES), of_heap.free_bytes);
}

const struct experiment experiment = {
	.claim = "when a process has no mapping left, free() fails silently and the memory is lost",
	.asked = "Can free() fail?",
	.x_axis = "blocks freed",
	.y_axis = "1 where the kernel refused one more mapping; frees that set errno",
	.charted = "resident_bytes",
	.chart = CHART_STAGES,
	.annotate = { { "only {resident memory falls by the blocks that were unmapped} went back",
			.stage = "freed" } },
	.knobs = { { "room", &room, "", "mappings left for the blocks", 64, 1 * MiB },
		   { "region", &region_pages, "", "pages of the region that uses up mappings", 1000,
		     MOST_PAGES } },
	.arms = { { "every other block", every_other_block, .environment = UNLIMITED },
		  { "in a row", in_a_row, .control = true, .environment = UNLIMITED },
		  { "heap", heap, .control = true } },
	.predict = { "Every other block is freed. By how much does that change resident memory?",
		     "resident_bytes", "every other block", "allocated", "freed",
		     .because = "Each free() in the middle of a mapping splits it in two. When no "
				"more mappings are allowed, munmap() fails, free() says nothing, "
				"and the memory of the other blocks stays." },
	.judge = judge,
	.about_glibc = true,
	.probe = PROBE_MAPPINGS,
	.observe_with = "room=256 region=1000",
	.deep = "room=65530",
};
