/* SPDX-License-Identifier: MIT */
/* RSS counts what a program has touched once, not what it uses.
 *
 * The resident size (RSS) is what the process has in memory.  A page stays there until the
 * program gives it back or the kernel needs the memory for something else, whether or not
 * the program ever uses it again.  What a program uses over some time is called its working
 * set (Denning, 1968).  A machine that is a little smaller than the RSS may run it well; one
 * that is smaller than the working set spends its time on page faults.
 *
 * Linux can show it.  Writing 1 to /proc/PID/clear_refs makes the kernel forget which pages
 * were used (clear_refs_write() in fs/proc/task_mmu.c).  The processor marks a page again in
 * the page table when the program uses it, and Referenced in /proc/PID/smaps counts the
 * marked pages of each mapping (proc_pid_smaps(5)).
 *
 * The program writes a block once, lets the kernel forget, and then uses a part of
 * the block, step by step.  The block has a mapping of its own, so the pages that the
 * program needs for reading the file are not counted with it.
 *
 * Control: a program that uses the whole block again, so that both sizes agree.
 * Try: used=1M.  Then think of a cache that keeps all of its entries: which of its
 * two sizes would you give to the person who buys the memory?
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "experiment.h"
#include "mappings.h"
#include "memory.h"
#include "procfs.h"
#include "small_file.h"

enum { STEPS = 4 };

static int64_t block_bytes = 16 * MiB;
static int64_t used_bytes = 4 * MiB;

/* The kernel clears the marks in the page table, but not the processor's copies of its entries in
 * the TLB, and a page whose entry is there is not marked again.  mprotect(2) removes the copies. */
static void must_forget_what_was_used(void *block)
{
	int file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

	if (file < 0)
		unsupported("/proc/self/clear_refs cannot be opened: the kernel was built without "
			    "CONFIG_PROC_PAGE_MONITOR, or /proc is read-only");
	if (write(file, "1", 1) != 1)
		broken("the kernel refuses 1 in /proc/self/clear_refs");
	close(file);
	if (mprotect(block, (size_t)block_bytes, PROT_READ) != 0)
		broken("mprotect: %m");
}

/* Returns the bytes of a mapping that were used since, in steps of a page. */
static int64_t referenced_bytes(const void *mapping)
{
	static char text[256 * 1024];
	char first_line[32];
	size_t length = read_small_file("/proc/self/smaps", text, sizeof text);
	int64_t bytes;

	snprintf(first_line, sizeof first_line, "\n%" PRIxPTR "-", (uintptr_t)mapping);
	const char *entry = strstr(text, first_line);
	if (entry == NULL ||
	    !procfs_kib(entry + 1, length - (size_t)(entry + 1 - text), "Referenced", &bytes))
		unsupported("/proc/self/smaps shows no line Referenced for the block");
	return bytes;
}

static void use_again(int64_t bytes)
{
	record("begin", 0);
	char *block = must_map_apart(block_bytes, MAP_PRIVATE | MAP_ANONYMOUS);
	write_pages(block, block_bytes);
	record("written", 0);
	must_forget_what_was_used(block);
	record_y("forgotten", 0, referenced_bytes(block));
	for (int64_t i = 0; i < STEPS; i++) {
		int64_t from = bytes * i / STEPS / page_bytes() * page_bytes();
		int64_t to = bytes * (i + 1) / STEPS / page_bytes() * page_bytes();

		read_pages(block + from, to - from);
		record_y("used", to, referenced_bytes(block));
	}
}

static void uses_a_part(void)
{
	use_again(used_bytes < block_bytes / 2 ? used_bytes : block_bytes / 2);
}

static void uses_all(void)
{
	use_again(block_bytes);
}

/* Returns at how many steps Referenced counts what was used so far, to the byte. */
static int64_t steps_that_are_seen(const char *arm)
{
	int64_t seen = 0;

	for (int i = 0; i < STEPS; i++) {
		const struct row *row = nth_row(arm, "used", i);
		seen += row != NULL && row->y == row->x;
	}
	return seen;
}

static int64_t resident(const char *arm)
{
	return growth(arm, "begin", "used").resident_bytes;
}

static void judge(void)
{
	static const char *const part = "uses a part", *const all = "uses all";
	int64_t block = pages_for(block_bytes) * page_bytes();

	control_equal("the whole block was written once", "bytes", block,
		      growth(part, "begin", "written").resident_bytes);
	control_equal("the kernel has forgotten what was used", "bytes", 0, y_of(part, "forgotten"));
	expect_equal("what is resident of the block is what was used since", "bytes",
		     nth_row(part, "used", STEPS - 1)->y, resident(part));
	instead_equal("the whole block stays resident, used or not", "bytes", block, resident(part));
	instead_equal("steps at which Referenced counts what was used so far", "steps", STEPS,
		      steps_that_are_seen(part));
	control_equal("a block that is used again as a whole is counted as a whole", "bytes",
		      resident(all), nth_row(all, "used", STEPS - 1)->y);
}

const struct experiment experiment = {
	.claim = "what is resident is what the program uses",
	.asked = "Does RSS tell how much memory a program needs?",
	.instead = "RSS tells what the program has touched and not given back. How much of it the "
		   "program uses is counted by Referenced, after a 1 in clear_refs.",
	.x_axis = "bytes used again",
	.x_unit = "bytes",
	.y_axis = "Referenced",
	.y_unit = "bytes",
	.charted = "resident_bytes y",
	.annotate = { { "resident: {the whole block stays}", "uses a part", "used" } },
	.knobs = { { "block", &block_bytes, "bytes", "size of the block", 1 * MiB, 1 * GiB },
		   { "used", &used_bytes, "bytes", "how much of it is used again, at most half",
		     16 * KiB, 1 * GiB } },
	.arms = { { "uses a part", uses_a_part }, { "uses all", uses_all, .control = true } },
	.predict = { "A program writes 16 MiB once, and then uses only 4 MiB of them. How much "
		     "of the block is resident at the end?",
		     "resident_bytes", "uses a part", "begin", "used",
		     .because = "A page that was written once stays in memory until the program "
				"gives it back or the kernel needs the memory." },
	.judge = judge,
};
