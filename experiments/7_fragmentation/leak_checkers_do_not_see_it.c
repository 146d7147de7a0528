/* SPDX-License-Identifier: MIT */
/* "valgrind finds no leak, so the memory must be somebody else's."
 *
 * For each block, a leak checker asks whether the program still has its address.
 * A hole between two blocks is no longer a block: it was freed, correctly, and
 * malloc keeps it.  So a heap that consists almost only of holes has lost no byte.
 * (valgrind could not see the holes anyway: memcheck replaces the program's malloc
 * with its own, and so the heap as well.  LeakSanitizer does the same.  So the program
 * also adds up the chunks of the blocks that it still has: glibc counts no byte more as
 * in use.)
 *
 * That does not mean that fragmentation cannot be detected.  malloc knows its
 * holes: mallinfo2(3) counts them as .fordblks, the column free_bytes here, and
 * malloc_info(3) lists them by size, with the same sum.  From outside, massif, another
 * tool of valgrind, shows them as a difference: with --pages-as-heap=yes it counts what
 * the process has from the kernel, without that option what is in blocks.  The symptom
 * is that the first number is large and the second small.
 *
 * Control: in a process that loses the addresses of its blocks, the same command must
 * report all of these blocks as lost, except perhaps the last.
 * Try: malloc_info(0, stderr) after the frees.  Which sizes do the holes have?
 */
#include <malloc.h>

#include "dice.h"
#include "experiment.h"
#include "enough_memory.h"
#include "heap_report.h"
#include "memory.h"

/* These are small because valgrind is slow.  They are not knobs because valgrind starts a
 * run of its own (--bare), which would not get the knobs of this one. */
enum { BLOCKS = 2000, KEEP_EVERY = 16 };

/* What memcheck itself takes is 58 MiB for these blocks (ru_maxrss, valgrind 3.19). */
#define VALGRIND_BYTES (64 * MiB)

/* The command that runs an arm once more, under memcheck, and prints how many bytes were
 * lost.  It fails when the last lines of the report are missing. */
#define BYTES_LOST(arm)                                                               \
	"valgrind --leak-check=full \"$PROGRAM\" --bare='" arm "' 2>&1 | awk '"       \
	"/LEAK SUMMARY|no leaks are possible/ { complete = 1 } "                      \
	"/(definitely|indirectly|possibly) lost:/ { gsub(\",\", \"\"); lost += $4 } " \
	"END { if (!complete) exit 1; print lost + 0 }'"

/* The command that runs an arm once more, under massif, and prints how many bytes there
 * were at the end. */
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
	must_have_memory(VALGRIND_BYTES);
	if (ask("valgrind \"$PROGRAM\" --list >/dev/null 2>&1; echo $?") != 0)
		unsupported("valgrind does not run this program: see what `valgrind PROGRAM --list` says. "
			    "A newer libc, another word size and `ulimit -n` are usual causes");
}

/* Returns the bytes of the chunks of all blocks that the program still has: a chunk has a field for its
 * size beside what the program may use. */
static int64_t bytes_of_chunks(void)
{
	int64_t bytes = 0;

	for (int i = 0; i < BLOCKS; i++)
		if (blocks[i] != NULL)
			bytes += (int64_t)(malloc_usable_size(blocks[i]) + sizeof(size_t));
	return bytes;
}

static void fragmented(void)
{
	must_have_valgrind();
	malloc_info_free_bytes(); /* allocates its stream now, before the first record */
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
	record_y("blocks (program)", 0, bytes_of_chunks());
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

	expect_between("bytes in use: a small part of the resident bytes", "bytes", 0,
		       freed.in_use_bytes, freed.resident_bytes / 8);
	expect_equal("bytes in use that belong to no block of the program", "bytes", 0,
		     measured(freed.in_use_bytes, "in_use_bytes") -
			     y_of("fragmented", "blocks (program)"));
	expect_equal("bytes lost, according to valgrind", "bytes", 0,
		     y_of("fragmented", "lost (valgrind)"));
	expect_between("bytes in holes, according to malloc itself (mallinfo2)", "bytes",
		       freed.resident_bytes / 4 * 3, freed.free_bytes, INT64_MAX);
	/* malloc_info() adds up the size fields together with their flags (chunksize_nomask()).
	 * The flag PREV_INUSE adds 1 for each chunk, and each hole is one chunk. */
	int64_t holes = BLOCKS / KEEP_EVERY,
		free_bytes = nth_row("fragmented", "freed", 0)->is.free_bytes;
	expect_between("bytes of free chunks, according to malloc_info(): as in mallinfo2()",
		       "bytes", free_bytes, y_of("fragmented", "freed"), free_bytes + holes);
	expect_between("bytes in blocks, according to massif: a small part of those in pages",
		       "bytes", 1, y_of("fragmented", "blocks (massif)"),
		       y_of("fragmented", "pages (massif)") / 8);
	/* The address of the last block may still lie in a register or on the stack. */
	control_between("a real leak: bytes lost, according to valgrind", "bytes",
			2 * KiB * (BLOCKS - 1), y_of("leaking", "lost (valgrind)"), 2 * KiB * BLOCKS);
}

const struct experiment experiment = {
	.claim = "a leak checker does not see fragmentation: no byte is lost, yet most memory is unused",
	.asked = "valgrind says there is no leak. Why does the process keep so much memory?",
	.y_axis = "bytes reported by what the stage names (freed: bytes of free chunks, by malloc_info)",
	.y_unit = "bytes",
	.annotate = { { "{bytes lost, according to valgrind} lost, according to valgrind",
			"fragmented", "lost (valgrind)" } },
	.charted = "resident_bytes in_use_bytes",
	.chart = CHART_STAGES,
	.arms = { { "fragmented", fragmented }, { "leaking", leaking, .control = true } },
	.predict = { "Most of a heap consists of holes. How many bytes does valgrind report as lost?",
		     "y", "fragmented", .to = "lost (valgrind)",
		     .because = "Every block was freed correctly, and a hole is not a block: nothing "
				"is lost, it is only unused." },
	.judge = judge,
	.about_glibc = true,
};
