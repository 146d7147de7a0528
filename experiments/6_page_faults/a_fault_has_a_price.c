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
 *   file on disk   a major fault: the page is read, and the process sleeps meanwhile
 *   huge page      one fault fills 2 MiB: dear for a fault, cheap for its bytes
 *
 * A straight line is fitted to the points of each kind (least squares).
 *
 * Prices are CPU time, but by the clock for the major fault, which is all waiting.
 *
 * A program that knows nothing of this one (helper/plain_loop.c) is asked for each
 * price too: the stage "plain loop".  It is shown and not judged.  For both to agree
 * the touches must be the same bare loop.  A processor runs ahead of a store that will
 * fault, into the next turns of the loop, whose pages are as absent; what it did there
 * is thrown away when the fault is taken.  On the processor where that was found, an
 * Intel Xeon, a few instructions between two touches, or a fence (lfence), made a fault
 * three to five per cent cheaper; on an AMD EPYC it is less than one.
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
#include "file.h"
#include "statistics.h"
#include "huge_pages.h"
#include "memory.h"

enum { STEPS = 16, FEW_STEPS = 4 };

static int64_t pages = 4096, huge_pages = STEPS, disk_pages = 256;
static char *all;                                  /* the whole block, for what is not linear */
static clockid_t timer = CLOCK_PROCESS_CPUTIME_ID; /* others' use of the CPU is not in it */

static int64_t faults_so_far(void)
{
	struct snapshot now;

	probe_snapshot(&now);
	return now.minor_fault_count + now.major_fault_count;
}

static int64_t time_ns(void)
{
	struct timespec now;

	clock_gettime(timer, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* In 16 equal steps: the first quarter are the few faults, the rest the many.  Gives
 * the number of faults. */
static int64_t fault_in(char *block, int64_t bytes, void (*touch)(char *start, int64_t bytes))
{
	int64_t before = faults_so_far(), ns = 0;

	all = block;
	record_y("few", 0, 0);
	for (int i = 0; i < STEPS; i++) {
		if (i == FEW_STEPS)
			record_y("many", faults_so_far() - before, ns);
		int64_t begun = time_ns();
		touch(block + bytes / STEPS * i, bytes / STEPS);
		ns += time_ns() - begun;
		record_y(i < FEW_STEPS ? "few" : "many", faults_so_far() - before, ns);
	}
	return faults_so_far() - before;
}

/* Where only this file was built there is no helper, and in some places no such fault. */
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

/* Not write_pages() and read_pages(), which do a little between two touches. */
static void write_all(char *start, int64_t bytes)
{
	int64_t page = page_bytes();

	for (int64_t at = 0; at < bytes; at += page)
		((volatile char *)start)[at] = 1;
}

static void read_all(char *start, int64_t bytes)
{
	int64_t page = page_bytes();

	for (int64_t at = 0; at < bytes; at += page)
		((volatile char *)start)[at];
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

/* Fresh memory that was in use a moment ago, like the plain loop's: it is in the
 * processor's caches, and no host has to give it to this machine. */
static char *warm_map(int64_t bytes)
{
	char *used = must_map(2 * bytes);

	write_pages(used, 2 * bytes);
	must_unmap(used, 2 * bytes);
	return must_map(bytes);
}

static void must_drop(char *block, int64_t bytes)
{
	if (madvise(block, (size_t)bytes, MADV_DONTNEED) != 0)
		broken("MADV_DONTNEED failed: %s", strerror(errno));
}

static void first_touch(void)
{
	char *block = warm_map(pages * page_bytes());

	ask_plain_loop("first touch", pages, fault_in(block, pages * page_bytes(), write_all));
}

static void zero_page(void)
{
	char *block = warm_map(pages * page_bytes());

	ask_plain_loop("zero page", pages, fault_in(block, pages * page_bytes(), read_all));
}

static void refault(void)
{
	char *block = warm_map(pages * page_bytes());

	write_pages(block, pages * page_bytes());
	must_drop(block, pages * page_bytes());
	ask_plain_loop("refault", pages, fault_in(block, pages * page_bytes(), write_all));
}

static void copy_on_write(void)
{
	char *block = warm_map(pages * page_bytes());

	write_pages(block, pages * page_bytes());
	if (fork_arm() == 0)
		for (;;)
			pause(); /* keeps its share of the pages; dies with its parent */
	record("forked", 0);     /* copies the pages that recording writes to */
	ask_plain_loop("copy-on-write", pages, fault_in(block, pages * page_bytes(), write_all));
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
	ask_plain_loop("cached file", pages, fault_in(reading, (int64_t)bytes, read_all));
}

static void file_on_disk(void)
{
	int64_t bytes = disk_pages / STEPS * STEPS * page_bytes();
	int file = make_file(bytes);

	if (file < 0 || !evict_file(file)) {
		record("left out: no folder here is on a disk (TMPDIR)", 0);
		return;
	}
	char *block = (char *)(uintptr_t)must_map_file(file);
	/* One page, one fault: without it the kernel reads ahead. */
	if (madvise(block, (size_t)bytes, MADV_RANDOM) != 0)
		broken("MADV_RANDOM failed: %s", strerror(errno));
	timer = CLOCK_MONOTONIC;
	ask_plain_loop("file on disk", bytes / page_bytes(), fault_in(block, bytes, read_all));
}

/* One slice holds so many of them. */
static void write_huge(char *start, int64_t bytes)
{
	int64_t huge = bytes / (huge_pages / STEPS);

	for (int64_t at = 0; at < bytes; at += huge)
		((volatile char *)start)[at] = 1;
}

static void huge_page(void)
{
	if (!huge_pages_are_on()) {
		record("left out: huge pages are switched off", 0);
		return;
	}
	/* In use a moment ago, as in warm_map(): a virtual machine may tell its host which huge
	 * pages lie idle (free page reporting), and gets them back one small page at a time, 5 ms
	 * for a huge one in place of 0.1.  And half of them kept: they take what lies in the
	 * processor's own list of free pages, where the first few would be cheaper than the rest. */
	int64_t huge = huge_pages / STEPS * STEPS, bytes = huge * huge_page_bytes();
	char *block = must_map_huge(2 * huge, true);
	write_pages(block, 2 * bytes);
	must_drop(block, 2 * bytes);
	int64_t before = faults_so_far();
	write_pages(block, bytes);
	if (faults_so_far() - before > huge) {
		record("left out: the memory is too fragmented for huge pages", 0);
		return;
	}
	ask_plain_loop("huge page", huge, fault_in(block + bytes, bytes, write_huge));
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

static struct samples many_to_few(const char *arm)
{
	return ratio(cpu_time(arm, "many", "many"), cpu_time(arm, "few", "few"));
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
	/* As a rule the 64 KiB around it at a fault (do_fault_around() in mm/memory.c). */
	expect_linear("cached file", pages * page_bytes() / (64 * KiB), pages);
	/* Counted exactly and drawn, its time not judged: how long the kernel looks for a free
	 * huge page hangs on what else has been in memory. */
	if (nth_row("huge page", "many", 0) != NULL)
		expect_equal("huge page: faults", huge_pages / STEPS * STEPS,
			     growth("huge page", "few", "many").minor_fault_count);
	/* Neither is a disk's time: it has its own caches, and other users. */
	if (nth_row("file on disk", "many", 0) != NULL)
		expect_equal("file on disk: major faults", disk_pages / STEPS * STEPS,
			     growth("file on disk", "few", "many").major_fault_count);
	control_at_least("time of first touches, times that of the same writes without faults", 5,
			 ratio(cpu_time("first touch", "few", "many"),
			       cpu_time("no fault", "few", "many")));
	control_equal("no fault: faults", 0, growth("no fault", "few", "many").minor_fault_count);
	control_at_least("not linear: three times the faults, times the time", 5,
			 many_to_few("not linear"));
}

const struct experiment experiment = {
	.claim = "time in page faults is proportional to their number: each kind of fault has its price",
	.asked = "What does a page fault cost?",
	.x_axis = "page faults",
	.y_axis = "time of the touches that cause them, ns",
	.charted = "y",
	.chart_options = "log-x log-y",
	.knobs = { { "pages", &pages, "", "that are faulted in, step by step", INT64_C(64) * STEPS,
		     1 << 20 },
		   { "huge_pages", &huge_pages, "", "that are faulted in, rounded down to 16",
		     STEPS, 1 << 10 },
		   { "disk_pages", &disk_pages, "", "that are read from a disk, likewise", STEPS,
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
	.predict = { "How long do these pages take to be touched for the first time, all of "
		     "them?",
		     "y", "first touch", .to = "many",
		     .because = "Each page takes a trap, a free page to be found, filled with "
				"zeros and mapped: the price of one, times their number." },
	.judge = judge,
	.trials = 7,
	.warm_up = true,
	.observe_with = "pages=1024 disk_pages=16",
	.deep = "pages=32768 huge_pages=64 disk_pages=1024 trials=15",
};
