/* SPDX-License-Identifier: MIT */
/* What does a page fault cost?
 *
 * All faults of one kind do the same piece of work: the processor traps into the
 * kernel, the kernel walks down the page table, finds a page, fills it, maps it and
 * returns.  So the time is proportional to the number of faults, and the slope of
 * that line is the price of one fault.  There are several prices, because the work
 * in the middle differs:
 *
 *   first touch    a fresh page is filled with zeros
 *   zero page      a read: the one shared page of zeros is mapped, no page is filled
 *   refault        a first touch once more, after madvise(2), MADV_DONTNEED
 *   copy-on-write  a page shared with a child of fork(2) is copied
 *   cached file    one fault also maps the pages around it ("fault-around")
 *   file on disk   a major fault: the page is read while the process sleeps
 *   huge page      one fault fills 2 MiB: expensive for a fault, cheap for its bytes
 *
 * For each kind, a straight line is fitted to the points (least squares).
 *
 * The times are CPU time.  Only the major fault is timed by the clock, because all of
 * its time is waiting.
 *
 * The kinds differ in price by what the kernel does in the middle.  A zero page saves the
 * filling, so it is cheaper than a first touch; a huge page means filling 512 times as
 * much, so its fault is far more expensive.
 *
 * A second program (helper/plain_loop.c), which shares no code with this one, measures
 * each price too: the stage "plain loop".  Its time is shown and not judged.  Both touch
 * the pages with eight copies of one bare loop, because on some processors the place of
 * the loop's code moves the price by a fifth (touch.h).
 *
 * Controls: writing pages that are already there must cost next to nothing; work that
 * grows with the pages touched before must not look like a straight line; and the
 * points of each kind must lie close to their line.
 * Try: pages=262144.  Are the prices still the same?
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "experiment.h"
#include "file.h"
#include "huge_pages.h"
#include "mappings.h"
#include "memory.h"
#include "statistics.h"
#include "touch.h"

enum { STEPS = 16, FEW_STEPS = 4 };

static int64_t pages = 4096, huge_pages = STEPS, disk_pages = 256;
static char *whole_block;                          /* for write_with_all_before() */
static clockid_t timer = CLOCK_PROCESS_CPUTIME_ID; /* leaves out what other programs use */

static int64_t time_ns(void)
{
	struct timespec now;

	clock_gettime(timer, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Touches the block in 16 equal steps and returns the number of faults.  The first
 * quarter of them is the stage "few", the rest is "many". */
static int64_t fault_in(char *block, int64_t bytes,
			void (*touch)(int place, char *start, int64_t bytes))
{
	int64_t before = faults_so_far(), ns = 0;

	whole_block = block;
	record_y("few", 0, 0);
	for (int i = 0; i < STEPS; i++) {
		if (i == FEW_STEPS)
			record_y("many", faults_so_far() - before, ns);
		int64_t begun = time_ns();
		touch(i, block + bytes / STEPS * i, bytes / STEPS);
		ns += time_ns() - begun;
		record_y(i < FEW_STEPS ? "few" : "many", faults_so_far() - before, ns);
	}
	return faults_so_far() - before;
}

/* Runs the helper and records its time.  Records nothing where the helper was not built,
 * or where this machine has no fault of that kind (the helper then prints 0). */
static void ask_plain_loop(const char *kind, int64_t touches, int64_t faults)
{
	char command[192];

	snprintf(command, sizeof(command),
		 "test ! -x $PROGRAM.plain_loop && echo 0 || $PROGRAM.plain_loop '%s' %lld", kind,
		 (long long)touches);
	int64_t ns = ask(command);
	if (ns > 0)
		record_y("plain loop", faults, ns);
}

/* Writes the range in parts of 1/1,024 of the block; with each part, it writes all earlier
 * parts again.  So the work of a step grows with what was touched before. */
static void write_with_all_before(int place, char *start, int64_t bytes)
{
	(void)place;
	int64_t part = pages_for(pages * page_bytes() / 1024) * page_bytes();

	for (char *at = start; at < start + bytes; at += part) {
		write_pages(at, part);
		write_pages(whole_block, at - whole_block);
	}
}

static void first_touch(void)
{
	char *block = must_map_warm(pages * page_bytes());

	ask_plain_loop("first touch", pages,
		       fault_in(block, pages * page_bytes(), write_whole_pages));
}

static void zero_page(void)
{
	char *block = must_map_warm(pages * page_bytes());

	ask_plain_loop("zero page", pages, fault_in(block, pages * page_bytes(), read_whole_pages));
}

static void refault(void)
{
	char *block = must_map_warm(pages * page_bytes());

	write_pages(block, pages * page_bytes());
	must_drop_pages(block, pages * page_bytes());
	ask_plain_loop("refault", pages, fault_in(block, pages * page_bytes(), write_whole_pages));
}

static void copy_on_write(void)
{
	char *block = must_map_warm(pages * page_bytes());

	write_pages(block, pages * page_bytes());
	if (fork_arm() == 0)
		for (;;)
			pause(); /* keeps the pages shared; ends with its parent */
	record("forked", 0);     /* the pages that record() writes to are copied here */
	ask_plain_loop("copy-on-write", pages,
		       fault_in(block, pages * page_bytes(), write_whole_pages));
}

static void cached_file(void)
{
	char *block = must_map_cached_file(pages * page_bytes());

	ask_plain_loop("cached file", pages, fault_in(block, pages * page_bytes(), read_whole_pages));
}

static void file_on_disk(void)
{
	int64_t bytes = disk_pages / STEPS * STEPS * page_bytes();
	int file = make_file(bytes);

	if (file < 0 || !evict_file(file))
		leave_out("no folder here is on a disk (TMPDIR)");
	char *block = (char *)(uintptr_t)must_map_file(file);
	/* MADV_RANDOM: one fault for each page.  Without it the kernel reads ahead. */
	if (madvise(block, (size_t)bytes, MADV_RANDOM) != 0)
		broken("MADV_RANDOM failed: %s", strerror(errno));
	timer = CLOCK_MONOTONIC;
	ask_plain_loop("file on disk", bytes / page_bytes(),
		       fault_in(block, bytes, read_whole_pages));
}

/* Writes one byte of each huge page.  A step covers huge_pages / STEPS of them. */
static void write_huge(int place, char *start, int64_t bytes)
{
	(void)place;
	int64_t huge = bytes / (huge_pages / STEPS);

	for (int64_t at = 0; at < bytes; at += huge)
		((volatile char *)start)[at] = 1;
}

static void huge_page(void)
{
	if (!huge_pages_are_on())
		leave_out("huge pages are switched off");
	int64_t huge = huge_pages / STEPS * STEPS;
	char *block = map_warm_huge(huge);
	if (block == NULL)
		leave_out("the memory is too fragmented for huge pages");
	ask_plain_loop("huge page", huge, fault_in(block, huge * huge_page_bytes(), write_huge));
}

static void no_fault(void)
{
	char *block = must_map(pages * page_bytes());

	write_pages(block, pages * page_bytes());
	fault_in(block, pages * page_bytes(), write_whole_pages);
}

static void not_linear(void)
{
	fault_in(must_map(pages * page_bytes()), pages * page_bytes(), write_with_all_before);
}

static struct samples many_to_few(const char *arm)
{
	return ratio(cpu_time(arm, "many", "many"), cpu_time(arm, "few", "few"));
}

/* Returns the time of one fault on a huge page, divided by that of one first touch. */
static struct samples huge_page_to_first_touch(void)
{
	struct samples times =
		ratio(cpu_time("huge page", "few", "many"), cpu_time("first touch", "few", "many"));
	int64_t faults = huge_pages / STEPS * STEPS;

	for (int i = 0; i < times.count; i++)
		times.value[i] *= (double)pages / (double)faults;
	return times;
}

/* Fits a line to all points of an arm.  Its slope is ns for each fault. */
static struct line line_of(const char *arm)
{
	double x[STEPS + 2], y[STEPS + 2];
	const struct row *row;
	int count = 0;

	for (int stage = 0; stage < 2; stage++)
		for (int n = 0; (row = nth_row(arm, stage ? "many" : "few", n)) != NULL; n++) {
			x[count] = (double)row->x;
			y[count++] = (double)row->y;
		}
	return fit_line(x, y, count);
}

static void expect_linear(const char *arm, int64_t least_faults, int64_t most_faults)
{
	if (!arm_ran(arm))
		return; /* this arm was left out */
	expect_each_between(about(arm, "faults"), "faults", least_faults,
			    growth_samples(arm, "few", "many", minor_fault_count), most_faults);
	expect_at_least(about(arm, "time ratio for three times the faults, at least"), 2,
			many_to_few(arm));
	expect_at_most(about(arm, "time ratio for three times the faults, at most"), 4.5,
		       many_to_few(arm));
	struct line line = line_of(arm);
	expect_between(about(arm, "price of a fault, ns (slope of the fitted line, above 0)"), "ns",
		       1, (int64_t)line.slope, INT64_MAX);
	/* A larger share means that the machine was disturbed and not that the points lie on a
	 * curve: of a parabola, the fitted line leaves only 1/16 unexplained. */
	control_between(about(arm, "variance that the fitted line does not explain, thousandths"),
			"thousandths", 0, (int64_t)(1000 * line.left_over), 100);
}

static void judge(void)
{
	expect_linear("first touch", pages, pages);
	expect_linear("zero page", pages, pages);
	expect_linear("refault", pages, pages);
	/* There is one more fault where the scheduler moves the thread: the kernel then writes
	 * the thread's rseq area (rseq(2), in the same page as the thread's control block), and
	 * fork() has shared that page too. */
	expect_linear("copy-on-write", pages, pages + 1);
	/* Usually one fault maps the 64 KiB around it (do_fault_around() in mm/memory.c). */
	expect_linear("cached file", pages * page_bytes() / (64 * KiB), pages);
	/* The faults on huge pages are counted exactly.  Of their time, only the order of magnitude is
	 * judged: how long the kernel looks for a free huge page depends on what else was in memory. */
	if (arm_ran("huge page"))
		expect_each_equal("huge page: faults", "faults", huge_pages / STEPS * STEPS,
				  growth_samples("huge page", "few", "many", minor_fault_count));
	/* The time of a disk is not judged either: a disk has its own caches, and other users. */
	if (arm_ran("file on disk"))
		expect_each_equal("file on disk: major faults", "faults", disk_pages / STEPS * STEPS,
				  growth_samples("file on disk", "few", "many", major_fault_count));
	/* A read fills no page.  A huge page of 2 MiB is 512 pages to fill. */
	if (arm_ran("zero page"))
		expect_at_most("price of a zero page, as a multiple of a first touch", 0.8,
			       ratio(cpu_time("zero page", "few", "many"),
				     cpu_time("first touch", "few", "many")));
	if (arm_ran("huge page"))
		expect_at_least("price of a huge page, as a multiple of a first touch", 10,
				huge_page_to_first_touch());
	control_at_least(
		"time of first touches, as a multiple of the same writes without faults", 5,
		ratio(cpu_time("first touch", "few", "many"), cpu_time("no fault", "few", "many")));
	control_each_equal("no fault: faults", "faults", 0,
			   growth_samples("no fault", "few", "many", minor_fault_count));
	control_at_least("not linear: time ratio for three times the faults", 5,
			 many_to_few("not linear"));
}

const struct experiment experiment = {
	.claim = "time in page faults is proportional to their number: each kind of fault has its price",
	.asked = "What does a page fault cost?",
	.x_axis = "page faults",
	.y_axis = "time of the touches that cause them, ns",
	.y_unit = "ns",
	.charted = "y",
	.chart = CHART_SLOPES,
	.knobs = { { "pages", &pages, "", "number of pages that are faulted in",
		     INT64_C(64) * STEPS, 1 << 20 },
		   { "huge_pages", &huge_pages, "",
		     "huge pages that are faulted in, rounded down to a multiple of 16", STEPS,
		     1 << 10 },
		   { "disk_pages", &disk_pages, "",
		     "pages that are read from a disk, rounded down to a multiple of 16", STEPS,
		     1 << 16 } },
	.arms = { { "first touch", first_touch },
		  { "zero page", zero_page },
		  { "refault", refault },
		  { "copy-on-write", copy_on_write },
		  { "cached file", cached_file },
		  { "file on disk", file_on_disk },
		  { "huge page", huge_page },
		  { "no fault", no_fault, .control = true },
		  { "not linear", not_linear, .control = true } },
	.predict = { "How long does it take to touch all of these pages for the first time?", "y",
		     "first touch", .to = "many",
		     .because = "For each page there is a trap, and the kernel finds a free page, "
				"fills it with zeros and maps it: the price of one fault, times "
				"the number of pages." },
	.judge = judge,
	.trials = 8,
	.warm_up = true,
	.observe_with = "pages=1024 disk_pages=16",
	.deep = "pages=32768 huge_pages=64 disk_pages=1024 trials=15",
};
