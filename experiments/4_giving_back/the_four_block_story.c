/* SPDX-License-Identifier: MIT */
/* The textbook story of four blocks, told with A = 30, B = 40, C = 200 and
 * D = 100 KiB.
 *
 * A, B and D lie in the heap one after the other; C, larger than 128 KiB, is mapped.
 *   free(C)  takes its mapping away, at once.
 *   free(B)  leaves a hole between A and D: nothing can go back.
 *   free(D)  makes B and D merge with the top to more than 128 KiB of free memory
 *            at the end of the heap, so the break goes down.
 *
 * The last step no longer happens.  When free() unmapped C it also raised the
 * mmap threshold to the size of C and the trim threshold to twice that, about
 * 400 KiB (__libc_free() in malloc/malloc.c, _int_free_chunk() since glibc 2.42:
 * mp_.trim_threshold = 2 * mp_.mmap_threshold); B, D and the top together stay
 * below it.  The story is older than that: until 2006 both thresholds were fixed
 * ("Update in 2006" in malloc/malloc.c).
 *
 * Controls: C, and C alone, must have a mapping of its own.  And with both thresholds
 * pinned to 128 KiB by mallopt(3), the story must come out as it is told.  Even then only little leaves resident memory, because
 * malloc keeps M_TOP_PAD (128 KiB) of the top, and most of what goes was never
 * written.  (With pages of 64 KiB, less than a page lies above the pad, so not even
 * the control trims, and the run is inconclusive.)
 * Try: free D before C.
 */
#include "experiment.h"
#include "heap_shape.h"
#include "malloc_knobs.h"
#include "memory.h"

static int64_t a_bytes = 30 * KiB, b_bytes = 40 * KiB, c_bytes = 200 * KiB, d_bytes = 100 * KiB;

static char *written(char *block, int64_t bytes)
{
	write_pages(block, bytes);
	return block;
}

static void tell(void)
{
	wake_malloc();
	record("before", 0);
	written(must_malloc(a_bytes), a_bytes);
	record("malloc A", 0);
	char *b = written(must_malloc(b_bytes), b_bytes);
	record("malloc B", 0);
	char *c = written(must_malloc(c_bytes), c_bytes);
	record("malloc C", 0);
	char *d = written(must_malloc(d_bytes), d_bytes);
	record("malloc D", 0);
	free(c);
	record("free C", 0);
	free(b);
	record("free B", 0);
	free(d);
	record("free D", 0);
}

static void pinned(void)
{
	must_pin_thresholds(DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);
	tell();
}

static void judge(void)
{
	struct snapshot free_c = growth("as it is", "malloc D", "free C");
	struct snapshot free_b = growth("as it is", "free C", "free B");
	struct snapshot free_d = growth("as it is", "free B", "free D");

	expect_equal("free(C) takes the mapping away", "bytes",
		     pages_mapped_for(c_bytes) * page_bytes(), -free_c.virtual_bytes);
	expect_equal("free(B) leaves resident memory as it is", "bytes", 0, free_b.resident_bytes);
	expect_equal("free(B) leaves the break where it is", "bytes", 0, free_b.heap_top_bytes);
	expect_between("free(D) lowers the break", "bytes", page_bytes(), -free_d.heap_top_bytes,
		       INT64_MAX);
	/* B, D and the top are one free chunk now.  The old threshold would have trimmed it. */
	instead_equal("free(D) leaves the break where it is", "bytes", 0, free_d.heap_top_bytes);
	instead_between("free at the top: enough to trim at 128 KiB, and less than twice C",
			"bytes", top_that_stays() + page_bytes() + 1,
			nth_row("as it is", "free D", 0)->is.free_bytes,
			2 * pages_mapped_for(c_bytes) * page_bytes() - 1);
	control_equal("C, and C alone, has a mapping of its own", "blocks", 1,
		      growth("as it is", "before", "malloc D").mmapped_count);
	control_equal("free(C) unmaps that block", "blocks", -1, free_c.mmapped_count);
	control_between("with pinned thresholds, free(D) lowers the break", "bytes", page_bytes(),
			-growth("pinned", "free B", "free D").heap_top_bytes, INT64_MAX);
	control_equal("with pinned thresholds, free(B) leaves the break where it is", "bytes", 0,
		      growth("pinned", "free C", "free B").heap_top_bytes);
}

const struct experiment experiment = {
	.claim = "A, B, C, D: freeing C unmaps it, freeing B leaves a hole, freeing D trims the heap",
	.asked = "Four blocks are allocated and three freed. What goes back, and when?",
	.instead = "Freeing C raised the trim threshold to twice C's size, so freeing D no longer "
		   "trims the heap. With the thresholds pinned, all happens as told.",
	.charted = "heap_top_bytes resident_bytes",
	.chart = CHART_STAGES,
	.annotate = { { "free D: the break stays", .stage = "free D" },
		      { "free D: the break falls by {with pinned thresholds, free(D) lowers the break}",
			"pinned", "free D" } },
	/* A, B and D are smaller than the mmap threshold and too large for the thread's cache;
	 * C is larger, but not as large as the most that raises the threshold, 32 MiB. */
	.knobs = { { "A", &a_bytes, "bytes", "first block, stays", 2 * KiB, 64 * KiB },
		   { "B", &b_bytes, "bytes", "second block, becomes the hole", 2 * KiB, 64 * KiB },
		   { "C", &c_bytes, "bytes", "third block, mapped", 200 * KiB, 30 * MiB },
		   { "D", &d_bytes, "bytes", "fourth block, below the top", 2 * KiB, 100 * KiB } },
	.arms = { { "as it is", tell }, { "pinned", pinned, .control = true } },
	.predict = { "C and B are free. By how much does free(D) move the break?", "heap_top_bytes",
		     "as it is", "free B", "free D",
		     .because = "Freeing C, a mapped block, raised the trim threshold to twice its "
				"size. B, D and the top together stay below that." },
	.judge = judge,
	.about_glibc = true,
	.film = true,
};
