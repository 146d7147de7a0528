/* SPDX-License-Identifier: MIT */
/* fork() copies the page table, not the pages.
 *
 * After fork(2), parent and child see the same pages, which the kernel has made
 * read-only for both.  The first of the two that writes to a page takes a minor
 * fault, and the kernel gives it a copy of its own (copy-on-write: do_wp_page() in
 * mm/memory.c).  A process that only reads never pays.
 *
 * The resident size shows nothing of this: it counts a shared page in full in each
 * process, both before and after the copy.  Two columns of /proc/PID/smaps_rollup
 * do show it: Private_Dirty counts the pages that a process has for itself, and
 * Pss gives each process its share of the common ones.
 *
 * The parent writes a block and forks.  In one arm the child then writes the
 * block.  In another arm the parent writes it, while the child still holds it.
 *
 * Control: a child that only reads must cause no fault and get no page of its own.
 * Try: a database forks in order to save itself to disk.  Why may it need twice
 * the memory meanwhile, and why does it only sometimes?
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
	must_have_memory(2 * block_bytes);
	char *block = must_map(block_bytes);
	record("nothing written", -block_bytes);
	write_pages(block, block_bytes);
	record("before fork", 0);
	return block;
}

/* Uses the block in steps, with a record after each.  All of it is read first, because
 * fork() marks the child's pages as not yet used, and a processor that cannot mark them
 * as used by itself (ARMv8.0) takes a fault at the first access to each. */
static void use_step_by_step(char *block, void (*use)(void *start, int64_t bytes))
{
	read_pages(block, block_bytes);
	record("fork", 0); /* from here on, the pages that record() writes are copied */
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

/* The child is stopped meanwhile.  If it copied a page, the original would become the
 * parent's own although the parent did nothing. */
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

static int64_t bytes_of_pages(int64_t bytes)
{
	return pages_for(bytes) * page_bytes();
}

static int64_t nothing(int64_t bytes)
{
	(void)bytes;
	return 0;
}

/* What the writer pays for each part of the block, as soon as that part is written. */
static void judge_each_look(const char *writer)
{
	expect_equal("looks that find one minor fault of the writer for each page written so far",
		     "looks", STEPS,
		     rows_that_follow(writer, "forked", "used", minor_fault_count, pages_for, 0));
	expect_equal("looks that find a private copy of each page written so far, and of no other",
		     "looks", STEPS,
		     rows_that_follow(writer, "forked", "used", private_dirty_bytes, bytes_of_pages,
				      0));
	expect_equal("looks at which the resident size of the writer does not show the copies",
		     "looks", STEPS,
		     rows_that_follow(writer, "forked", "used", resident_bytes, nothing, 0));
}

static void judge(void)
{
	static const char *const writers[] = { "child writes", "parent writes" };
	int64_t bytes = bytes_of_pages(block_bytes);

	for (int i = 0; i < 2; i++) {
		struct snapshot forked = growth(writers[i], "before fork", "forked");
		int64_t own = nth_row(writers[i], "before fork", 0)->is.private_dirty_bytes;

		control_equal(
			"before fork, the whole block is private to the parent", "bytes", bytes,
			growth(writers[i], "nothing written", "before fork").private_dirty_bytes);
		expect_between("after fork, the whole block is no longer private to the writer",
			       "bytes", bytes, -forked.private_dirty_bytes, own);
		judge_each_look(writers[i]);
	}
	struct snapshot read = growth("child reads", "forked", "used");
	control_equal("a child that only reads takes no minor fault", "faults", 0,
		      read.minor_fault_count);
	control_equal("a child that only reads gets no private copy", "bytes", 0,
		      read.private_dirty_bytes);
	control_between("the resident size of a child that only reads contains the whole block",
			"bytes", bytes, nth_row("child reads", "forked", 0)->is.resident_bytes,
			INT64_MAX);
}

const struct experiment experiment = {
	.claim = "after fork() parent and child share their memory; a page is copied only when one "
		 "of them writes to it",
	.asked = "Does fork() double the memory?",
	.x_axis = "bytes written before fork (left of 0), used after it",
	.x_unit = "bytes",
	.charted = "private_dirty_bytes",
	.marks = { { 'x', 0, "fork" } },
	.probe = PROBE_SMAPS,
	.knobs = { { "block", &block_bytes, "bytes", "size of the shared block", 1 * MiB, 1 * GiB } },
	.arms = { { "child writes", child_writes },
		  { "parent writes", parent_writes },
		  { "child reads", child_reads, .control = true } },
	.predict = { "The parent wrote the block and called fork(). Now the child writes all of "
		     "it. How many page faults does the child take?",
		     "minor_fault_count", "child writes", "forked", "used",
		     .because = "The kernel copies each page that the child writes, with one "
				"page fault for each." },
	.judge = judge,
	.film = true,
};
