/* SPDX-License-Identifier: MIT */
/* fork() copies the page table, not the pages.
 *
 * After fork(2) parent and child see the same pages, which the kernel has made
 * read-only for both.  The first to write one takes a minor fault, and the kernel
 * gives the writer a copy of its own (copy-on-write: do_wp_page() in mm/memory.c).
 * Whoever only reads never pays.
 *
 * The resident size is blind to all this: it counts a shared page in full in
 * each process, before the copy and after it.  Two columns of
 * /proc/PID/smaps_rollup do see it: Private_Dirty counts the pages that a
 * process has for itself, Pss gives each process its part of the shared ones.
 *
 * The parent writes a block and forks.  In one arm the child writes the block,
 * in another the parent does, while the child still holds it.
 *
 * Control: a child that only reads must cause no fault and get no page.
 * Try: why may a database that forks in order to save itself need twice the
 * memory, and why does it only sometimes?
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "experiment.h"
#include "memory.h"

enum { STEPS = 8 };

static int64_t block_bytes = 16 * MiB;

static char *written_block(void)
{
	char *block = must_map(block_bytes);
	record("nothing written", -block_bytes);
	write_pages(block, block_bytes);
	record("before fork", 0);
	return block;
}

/* The first read is not looked at: fork() marks the child's pages as not yet used, and a
 * processor that cannot mark them as used by itself (ARMv8.0) faults for that. */
static void use_step_by_step(char *block, void (*use)(void *start, int64_t bytes))
{
	read_pages(block, block_bytes);
	record("fork", 0); /* copies the few pages that record() itself writes */
	record("forked", 0);
	for (int i = 0; i < STEPS; i++) {
		int64_t from = block_bytes * i / STEPS, to = block_bytes * (i + 1) / STEPS;
		use(block + from, to - from);
		record("used", to);
	}
}

static void read_all(void *start, int64_t bytes)
{
	read_pages(start, bytes);
}

static void in_a_child(void (*use)(void *start, int64_t bytes))
{
	char *block = written_block();
	pid_t child = fork_arm();

	if (child == 0) {
		use_step_by_step(block, use);
		_exit(0);
	}
	wait_for(child);
}

static void child_writes(void)
{
	in_a_child(write_pages);
}

static void child_reads(void)
{
	in_a_child(read_all);
}

/* The child stands still: a page that it copied would become the parent's own
 * without the parent's doing. */
static void parent_writes(void)
{
	char *block = written_block();
	pid_t child = fork_arm();
	int status;

	if (child == 0) {
		raise(SIGSTOP);
		_exit(0);
	}
	if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status))
		broken("the child did not stop");
	use_step_by_step(block, write_pages);
	kill(child, SIGCONT);
	wait_for(child);
}

static void judge(void)
{
	static const char *const writers[] = { "child writes", "parent writes" };
	int64_t pages = pages_for(block_bytes), bytes = pages * page_bytes();

	for (int i = 0; i < 2; i++) {
		struct snapshot forked = growth(writers[i], "before fork", "forked");
		int64_t own = nth_row(writers[i], "before fork", 0)->is.private_dirty_bytes;
		struct snapshot written = growth(writers[i], "forked", "used");

		expect_between("fork takes from the pages that the writer has to itself, bytes",
			       bytes, -forked.private_dirty_bytes, own);
		expect_equal("minor faults of the writer, one for each page", pages,
			     written.minor_fault_count);
		expect_equal("bytes that the writer gets for itself", bytes,
			     written.private_dirty_bytes);
		expect_equal("bytes by which resident memory shows it", 0, written.resident_bytes);
	}
	struct snapshot read = growth("child reads", "forked", "used");
	control_equal("minor faults of a child that only reads", 0, read.minor_fault_count);
	control_equal("bytes that a child that only reads gets for itself", 0,
		      read.private_dirty_bytes);
	control_between("bytes resident in a child that only reads: ps counts them there too",
			bytes, nth_row("child reads", "forked", 0)->is.resident_bytes, INT64_MAX);
}

const struct experiment experiment = {
	.claim = "after fork neither side pays for memory until one of them writes it, page by page",
	.asked = "Does fork() double the memory?",
	.x_axis = "bytes written before fork (left of 0), used after it",
	.charted = "private_dirty_bytes",
	.chart_options = "mark-x=0:fork",
	.probe = PROBE_SMAPS,
	.knobs = { { "block", &block_bytes, "bytes", "size of the block that is shared", 1 * MiB,
		     1 * GiB } },
	.arms = { { "child writes", child_writes },
		  { "parent writes", parent_writes },
		  { "child reads", child_reads, .control = true } },
	.predict = { "After fork() the child writes the whole block, which its parent had "
		     "written. How many page faults?",
		     "minor_fault_count", "child writes", "forked", "used",
		     .because = "Each page of the block that the child writes is copied for it, "
				"with one fault each." },
	.judge = judge,
};
