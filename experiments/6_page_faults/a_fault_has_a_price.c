/* SPDX-License-Identifier: MIT */
/* What does a page fault cost?
 *
 * Every fault of a kind is the same piece of work: a trap, a walk down the page
 * table, a page found, filled and mapped, and the way back.  So time is proportional
 * to the number of faults, and the slope is a price.  There are several, because
 * what has to be done in the middle differs:
 *
 *   first touch    a fresh page is filled with zeros
 *   zero page      a read: the one shared page of zeros is mapped, none is filled
 *   refault        a first touch once more, after madvise(2), MADV_DONTNEED
 *   copy-on-write  a page shared with a child of fork(2) is copied
 *   cached file    one fault maps the pages around it too ("fault-around")
 *   huge page      one fault fills 2 MiB: dear for a fault, cheap for its bytes
 *
 * A straight line is fitted to the points of each kind (least squares).
 *
 * The arm "plain loop" asks a program that knows nothing of this one
 * (helper/plain_loop.c) for its price of a first touch.  It is shown and not judged.
 *
 * Controls: writing pages that are there must cost next to nothing; work that grows
 * with what was touched before must not pass for a line; and the points must
 * scatter little about theirs.
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
#include "fit.h"
#include "huge_pages.h"
#include "memory.h"

enum { STEPS = 16, FEW_STEPS = 4, HUGE_PAGES = STEPS };

static int64_t pages = 4096;
static char *all; /* the whole block, for what is not linear */

static int64_t faults_so_far(void)
{
	struct snapshot now;

	probe_snapshot(&now);
	return now.minor_fault_count;
}

/* What the scheduler gives to others meanwhile is not in it. */
static int64_t cpu_time_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return used.tv_sec * INT64_C(1000000000) + used.tv_nsec;
}

/* In 16 equal steps: the first quarter are the few faults, the rest the many. */
static void fault_in(char *block, int64_t bytes, void (*touch)(char *start, int64_t bytes))
{
	int64_t before = faults_so_far(), ns = 0;

	all = block;
	record_y("few", 0, 0);
	for (int i = 0; i < STEPS; i++) {
		if (i == FEW_STEPS)
			record_y("many", faults_so_far() - before, ns);
		int64_t begun = cpu_time_ns();
		touch(block + bytes / STEPS * i, bytes / STEPS);
		ns += cpu_time_ns() - begun;
		record_y(i < FEW_STEPS ? "few" : "many", faults_so_far() - before, ns);
	}
}

static void write_all(char *start, int64_t bytes)
{
	write_pages(start, bytes);
}

static void read_all(char *start, int64_t bytes)
{
	read_pages(start, bytes);
}

/* With every 1,024th part of the block all those before it. */
static void write_with_all_before(char *start, int64_t bytes)
{
	int64_t part = pages_for(pages * page_bytes() / 1024) * page_bytes();

	for (char *at = start; at < start + bytes; at += part) {
		write_pages(at, part);
		write_pages(all, at - all);
	}
}

static void must_drop(char *block, int64_t bytes)
{
	if (madvise(block, (size_t)bytes, MADV_DONTNEED) != 0)
		broken("MADV_DONTNEED failed: %s", strerror(errno));
}

static void first_touch(void)
{
	fault_in(must_map(pages * page_bytes()), pages * page_bytes(), write_all);
}

/* Asked for the whole price in ns.  Where only this file was built there is no helper. */
static void plain_loop(void)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "test ! -x $PROGRAM.plain_loop && echo 0 || $PROGRAM.plain_loop %lld",
		 (long long)pages);
	int64_t ns = ask(command);
	if (ns == 0)
		record("left out: its helper program is not built", 0);
	else
		record_y("asked", pages, ns);
}

static void zero_page(void)
{
	fault_in(must_map(pages * page_bytes()), pages * page_bytes(), read_all);
}

static void refault(void)
{
	char *block = must_map(pages * page_bytes());

	write_pages(block, pages * page_bytes());
	must_drop(block, pages * page_bytes());
	fault_in(block, pages * page_bytes(), write_all);
}

static void copy_on_write(void)
{
	char *block = must_map(pages * page_bytes());

	write_pages(block, pages * page_bytes());
	if (fork_arm() == 0)
		for (;;)
			pause(); /* keeps its share of the pages; dies with its parent */
	record("forked", 0);     /* copies the pages that recording writes to */
	fault_in(block, pages * page_bytes(), write_all);
}

static void cached_file(void)
{
	size_t bytes = (size_t)(pages * page_bytes());
	int file = memfd_create("cached file", MFD_CLOEXEC);

	if (file < 0 || ftruncate(file, (off_t)bytes) != 0)
		broken("cannot make a file of %zu bytes in memory", bytes);
	char *writing = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (writing == MAP_FAILED)
		broken("cannot map a file of %zu bytes", bytes);
	write_pages(writing, (int64_t)bytes);
	munmap(writing, bytes);
	char *reading = mmap(NULL, bytes, PROT_READ, MAP_SHARED, file, 0);
	if (reading == MAP_FAILED)
		broken("cannot map a file of %zu bytes", bytes);
	fault_in(reading, (int64_t)bytes, read_all);
}

static bool huge_pages_are_on(void)
{
	char text[64] = "";
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");

	if (file != NULL) {
		if (fgets(text, sizeof(text), file) == NULL)
			text[0] = '\0';
		fclose(file);
	}
	return text[0] != '\0' && strstr(text, "[never]") == NULL;
}

static void huge_page(void)
{
	if (!huge_pages_are_on()) {
		record("left out: huge pages are switched off", 0);
		return;
	}
	/* As many more beforehand, kept: they take what lies in a cache from the last trial,
	 * where the first few would be cheaper than the rest. */
	int64_t bytes = HUGE_PAGES * huge_page_bytes();
	char *block = must_map_huge(INT64_C(2) * HUGE_PAGES, true);
	int64_t before = faults_so_far();
	write_pages(block, bytes);
	if (faults_so_far() - before > HUGE_PAGES) {
		record("left out: the memory is too fragmented for huge pages", 0);
		return;
	}
	fault_in(block + bytes, bytes, write_all);
}

static void no_fault(void)
{
	char *block = must_map(pages * page_bytes());

	write_pages(block, pages * page_bytes());
	fault_in(block, pages * page_bytes(), write_all);
}

static void not_linear(void)
{
	fault_in(must_map(pages * page_bytes()), pages * page_bytes(), write_with_all_before);
}

/* CPU time; the sum is exact, only its two parts are estimated by the kernel. */
static struct samples time_of(const char *arm, const char *from, const char *to)
{
	struct samples user = growth_samples(arm, from, to, user_ns);
	struct samples system = growth_samples(arm, from, to, system_ns);

	for (int i = 0; i < system.count; i++)
		system.value[i] += user.value[i];
	return system;
}

static struct samples many_to_few(const char *arm)
{
	return ratio(time_of(arm, "many", "many"), time_of(arm, "few", "few"));
}

/* Through all points of an arm: ns over faults. */
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
	char what[128];

	if (nth_row(arm, "many", 0) == NULL)
		return; /* left out */
	snprintf(what, sizeof(what), "%s: faults", arm);
	expect_between(what, least_faults, growth(arm, "few", "many").minor_fault_count, most_faults);
	snprintf(what, sizeof(what), "%s: three times the faults, times the time, at least", arm);
	expect_at_least(what, 2, many_to_few(arm));
	snprintf(what, sizeof(what), "%s: three times the faults, times the time, at most", arm);
	expect_at_most(what, 4.5, many_to_few(arm));
	struct line line = line_of(arm);
	snprintf(what, sizeof(what), "%s: fitted price of a fault, ns (any above 0)", arm);
	expect_between(what, 1, (int64_t)line.slope, INT64_MAX);
	/* More than that is the machine's unrest: a parabola leaves only 1/16 over. */
	snprintf(what, sizeof(what), "%s: variance that the line leaves over, thousandths", arm);
	control_between(what, 0, (int64_t)(1000 * line.left_over), 100);
}

static void judge(void)
{
	expect_linear("first touch", pages, pages);
	expect_linear("zero page", pages, pages);
	expect_linear("refault", pages, pages);
	/* One more where the scheduler moves the thread: the kernel then writes its rseq area
	 * (rseq(2), in the same page as the thread's control block), which fork() shared too. */
	expect_linear("copy-on-write", pages, pages + 1);
	/* As a rule the 64 KiB around it at a fault (fault_around_bytes in mm/memory.c). */
	expect_linear("cached file", pages * page_bytes() / (64 * KiB), pages);
	/* Counted exactly and drawn, its time not judged: in a virtual machine, huge pages that
	 * the host took back cost 10 to 50 times as much, and some trials meet many of them. */
	if (nth_row("huge page", "many", 0) != NULL)
		expect_equal("huge page: faults", HUGE_PAGES,
			     growth("huge page", "few", "many").minor_fault_count);
	control_at_least("time of first touches, times that of the same writes without faults", 5,
			 ratio(time_of("first touch", "few", "many"),
			       time_of("no fault", "few", "many")));
	control_equal("no fault: faults", 0, growth("no fault", "few", "many").minor_fault_count);
	control_at_least("not linear: three times the faults, times the time", 5,
			 many_to_few("not linear"));
}

const struct experiment experiment = {
	.claim = "time in page faults is proportional to their number: each kind of fault has its price",
	.asked = "What does a page fault cost?",
	.x_axis = "page faults",
	.y_axis = "CPU time of the touches that cause them, ns",
	.charted = "y",
	.chart_options = "log-x log-y",
	.knobs = { { "pages", &pages, "", "that are faulted in, step by step", INT64_C(64) * STEPS,
		     1 << 20 } },
	.arms = { { "first touch", first_touch },
		  { "plain loop", plain_loop },
		  { "zero page", zero_page },
		  { "refault", refault },
		  { "copy-on-write", copy_on_write },
		  { "cached file", cached_file },
		  { "huge page", huge_page },
		  { "no fault", no_fault, .control = true },
		  { "not linear", not_linear, .control = true } },
	.predict = { "How long do these pages take to be touched for the first time, all of "
		     "them?",
		     "y", "first touch", .to = "many",
		     .because = "Each page takes a trap, a free page to be found, filled with "
				"zeros and mapped: the price of one, times their number." },
	.judge = judge,
	.trials = 7,
	.warm_up = true,
	.observe_with = "pages=1024",
	.deep = "pages=32768 trials=15",
};
