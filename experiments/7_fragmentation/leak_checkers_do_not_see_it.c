/* SPDX-License-Identifier: MIT */
/* "valgrind finds no leak, so the memory must be somebody else's."
 *
 * A leak checker asks of each block whether the program still knows its address.
 * A hole between two blocks is no block any more: it was freed, correctly, and
 * malloc keeps it.  So a heap that is nearly all holes has zero bytes lost.
 * (valgrind could not see it anyway: memcheck puts its own malloc in the place of
 * the program's, and with it another heap.  LeakSanitizer does the same.)
 *
 * That does not mean that fragmentation cannot be detected.  malloc knows its
 * holes: mallinfo2(3) counts them as .fordblks, the column free_bytes here, and
 * malloc_info(3) lists them by size, with the same sum.  From outside, massif, another
 * tool of valgrind, shows them by their absence: with --pages-as-heap=yes it counts what
 * the process has from the kernel, without it what is in blocks.  Much of the one and
 * little of the other is the symptom.
 *
 * Control: a process that loses the addresses of its blocks; the same command
 * must report them, all but perhaps the last.
 * Try: malloc_info(0, stderr) after the frees: of which sizes are the holes?
 */
#include "dice.h"
#include "experiment.h"
#include "heap_report.h"
#include "memory.h"

/* Small, for valgrind is slow; and no knobs, for it watches a run of its own. */
enum { BLOCKS = 2000, KEEP_EVERY = 16 };

/* Runs an arm once more, under memcheck, and prints how many bytes were lost; a
 * report without its last lines is no report. */
#define BYTES_LOST(arm)                                                               \
	"valgrind --leak-check=full \"$PROGRAM\" --bare='" arm "' 2>&1 | awk '"       \
	"/LEAK SUMMARY|no leaks are possible/ { complete = 1 } "                      \
	"/(definitely|indirectly|possibly) lost:/ { gsub(\",\", \"\"); lost += $4 } " \
	"END { if (!complete) exit 1; print lost + 0 }'"

/* The same under massif: how many bytes were there at the end. */
#define BYTES_AT_END(arm, options)                                                           \
	"valgrind --tool=massif --max-snapshots=1000 --massif-out-file=/dev/stdout " options \
	" \"$PROGRAM\" --bare='" arm "' 2>/dev/null | awk -F= '"                             \
	"/^mem_heap_B/ { bytes = $2 } END { if (!bytes) exit 1; print bytes }'"

static char *blocks[BLOCKS];

static void must_have_valgrind(void)
{
	if (ask("command -v valgrind >/dev/null; echo $?") != 0)
		unsupported("valgrind is not installed: scripts/setup installs it "
			    "(apt-get install valgrind)");
}

static void fragmented(void)
{
	must_have_valgrind();
	malloc_info_free_bytes(); /* has its stream now */
	record("before", 0);
	for (int i = 0; i < BLOCKS; i++) {
		int64_t bytes = dice_between(2 * KiB, 8 * KiB);
		blocks[i] = must_malloc(bytes);
		write_pages(blocks[i], bytes);
	}
	record("filled", 0);
	for (int i = 0; i < BLOCKS; i++) {
		if (i % KEEP_EVERY == KEEP_EVERY - 1)
			continue;
		free(blocks[i]);
		blocks[i] = NULL;
	}
	record_y("freed", 0, malloc_info_free_bytes());
	record_y("lost (valgrind)", 0, ask(BYTES_LOST("fragmented")));
	record_y("blocks (massif)", 0, ask(BYTES_AT_END("fragmented", "")));
	record_y("pages (massif)", 0, ask(BYTES_AT_END("fragmented", "--pages-as-heap=yes")));
}

static void leaking(void)
{
	must_have_valgrind();
	wake_malloc();
	record("before", 0);
	for (int i = 0; i < BLOCKS; i++)
		write_pages(must_malloc(2 * KiB), 2 * KiB);
	record("filled", 0);
	record_y("lost (valgrind)", 0, ask(BYTES_LOST("leaking")));
}

static void judge(void)
{
	struct snapshot freed = growth("fragmented", "before", "freed");

	expect_between("bytes in use are a small part of the resident ones", 0, freed.in_use_bytes,
		       freed.resident_bytes / 8);
	expect_equal("bytes lost, says valgrind", 0, y_of("fragmented", "lost (valgrind)"));
	expect_between("bytes in holes, says malloc itself (mallinfo2)",
		       freed.resident_bytes / 4 * 3, freed.free_bytes, INT64_MAX);
	/* malloc_info() adds up size fields with their flags (chunksize_nomask()), and the flag
	 * PREV_INUSE is worth 1; a hole is one chunk. */
	int64_t holes = BLOCKS / KEEP_EVERY,
		free_bytes = nth_row("fragmented", "freed", 0)->is.free_bytes;
	expect_between("bytes of free chunks, says malloc_info(): as mallinfo2() has it",
		       free_bytes, y_of("fragmented", "freed"), free_bytes + holes);
	expect_between("bytes in blocks are a small part of those in pages, says massif", 1,
		       y_of("fragmented", "blocks (massif)"),
		       y_of("fragmented", "pages (massif)") / 8);
	/* The address of the last block may still lie in a register or on the stack. */
	control_between("a real leak: bytes lost, says valgrind", 2 * KiB * (BLOCKS - 1),
			y_of("leaking", "lost (valgrind)"), 2 * KiB * BLOCKS);
}

const struct experiment experiment = {
	.claim = "a leak checker does not see fragmentation: no byte lost, resident many times in-use",
	.asked = "valgrind says there is no leak. Why does the process keep so much memory?",
	.y_axis = "bytes, says the tool that the stage names; freed: bytes of free chunks, says malloc_info",
	.charted = "resident_bytes in_use_bytes free_bytes",
	.chart = CHART_STAGES,
	.arms = { { "fragmented", fragmented }, { "leaking", leaking, .control = true } },
	.predict = { "Most of a heap lies idle in holes. How many bytes does valgrind call lost?",
		     "y", "fragmented", .to = "lost (valgrind)",
		     .because = "Every block was freed correctly, and a hole is no block: nothing "
				"is lost, it is only not used." },
	.judge = judge,
};
