/* SPDX-License-Identifier: MIT */
/* Does measuring a program change what is measured?  And if so, how often?
 *
 * Here a *look* is one measurement of the memory use.  A program that looks at itself
 * works in the same memory that it measures.  stdio, libraries and popen(3) allocate: the
 * first look creates the heap and touches pages for the first time, and the numbers that
 * it reads contain all of that.  Later looks use the same memory again.
 *
 * fork(2) is worse.  To share the pages with the child, the kernel write-protects all of
 * them (copy_present_ptes() in mm/memory.c; until Linux 6.8 copy_present_pte()).  Each
 * page that the program writes afterwards causes one more fault, and this happens at
 * every look.  posix_spawn(3) avoids that: it shares the address space with the child until
 * the exec (CLONE_VM | CLONE_VFORK, since glibc 2.24; popen(3) and system(3) start their shell
 * in this way since 2.29).  For each child it maps a small stack and unmaps it afterwards.
 * Where it calls clone(2), as it does up to glibc 2.33 and where clone3(2) is refused, the
 * caller itself writes to that stack (__clone() in sysdeps/unix/sysv/linux/x86_64/clone.S):
 * one fault each time, of which no memory remains.
 *
 * A tool that looks from outside reads /proc, and the process is not changed.  Nor is it
 * changed by a method that works inside but only in memory touched beforehand: the probe.
 *
 * Each arm does its work, which is to write the same pages again and again, and in between
 * somebody looks at it.  There is a row before the first look, one after it, and one after
 * the last.
 *
 * Control: the work alone, without any look, must change nothing.
 * Try: replace fork() by vfork() in fork_and_run().
 */
#define _GNU_SOURCE /* environ */
#include <spawn.h>
#include <string.h>
#include <unistd.h>

#include "experiment.h"
#include "memory.h"
#include "readings.h"

static int64_t pages = 1024, looks = 4;

/* Looks once, does the work, and returns how many faults the two caused. */
static int64_t faults_of(int64_t (*look)(int64_t times), char *work, int64_t bytes)
{
	int64_t before = faults_so_far();

	if (look(1) == NOT_MEASURED)
		leave_out("its tool is not installed");
	write_pages(work, bytes);
	return faults_so_far() - before;
}

static void look_and_work(int64_t (*look)(int64_t times))
{
	int64_t bytes = pages * page_bytes();
	must_have_memory(bytes);
	char *work = must_map(bytes);

	write_pages(work, bytes);
	record("before", 0);
	int64_t faults = faults_of(look, work, bytes);
	record_y("first look", 1, faults);
	for (int64_t i = 2; i <= looks; i++) {
		faults = faults_of(look, work, bytes);
		record_y("each later look", i, faults);
	}
}

static int64_t do_not_look(int64_t times)
{
	return times;
}

/* Looks as every experiment here does: takes a snapshot and keeps it as a row. */
static int64_t by_record(int64_t times)
{
	record("looking", 0);
	return times;
}

static int64_t fork_and_run(int64_t times)
{
	pid_t child = fork();

	if (child == 0) {
		execl("/bin/sh", "sh", "-c", ":", (char *)NULL);
		_exit(1);
	}
	wait_for(child);
	return times;
}

static int64_t spawn_and_run(int64_t times)
{
	char *command[] = { "sh", "-c", ":", NULL };
	pid_t child;

	if (posix_spawn(&child, "/bin/sh", NULL, NULL, command, environ) != 0)
		broken("posix_spawn cannot start /bin/sh");
	wait_for(child);
	return times;
}

/* Forks without work first: the pages of the stack and of the C library's data that fault then
 * are the same ones at each look. */
static void fork_and_exec(void)
{
	char *work = must_map(page_bytes());

	faults_of(fork_and_run, work, 0); /* what fork() itself needs for the first time */
	record_y("without work", 0, faults_of(fork_and_run, work, 0));
	look_and_work(fork_and_run);
}

/* Whether the memory that a look allocates is there already, and whether it stays for the next look,
 * is malloc's decision: musl's, for one, maps and unmaps it at each look. */
static void look_and_allocate(int64_t (*look)(int64_t times))
{
	if (strcmp(probe_malloc_source(), "none") == 0)
		leave_out("it allocates, and another malloc than glibc's decides what stays");
	look_and_work(look);
}

#define ARM_THAT_ALLOCATES(name, look)   \
	static void name(void)           \
	{                                \
		look_and_allocate(look); \
	}
#define ARM(name, look)              \
	static void name(void)       \
	{                            \
		look_and_work(look); \
	}
ARM(nobody, do_not_look)
ARM(probe, read_by_probe)
ARM(record_a_row, by_record)
ARM(bare_calls, read_by_bare_calls)
ARM(open_read_close, read_by_open)
ARM_THAT_ALLOCATES(stdio, read_by_stdio)
ARM_THAT_ALLOCATES(libproc2, read_by_libproc2)
ARM(smaps_rollup, read_by_smaps_rollup)
ARM_THAT_ALLOCATES(popen_ps, read_by_ps)
ARM_THAT_ALLOCATES(popen_pmap, read_by_pmap)
ARM_THAT_ALLOCATES(popen_ps_aux_grep, read_by_ps_aux_grep)
ARM(posix_spawn_and_exec, spawn_and_run)
ARM(ps_outside, read_outside_by_ps)
ARM(pmap_outside, read_outside_by_pmap)
ARM(psutil_outside, read_outside_by_psutil)

/* Returns the sum of faults, changed resident bytes and changed heap bytes.  Only
 * whether it is 0 has a meaning. */
static int64_t changed(const char *arm, const char *from, const char *to)
{
	struct snapshot grown = growth(arm, from, to);

	return grown.minor_fault_count + grown.major_fault_count + llabs(grown.resident_bytes) +
	       llabs(grown.heap_top_bytes);
}

static void expect_unchanged(const char *arm)
{
	if (arm_ran(arm))
		expect_equal(about(arm, "the looks cause no fault and leave resident memory and the "
					"heap unchanged"),
			     "faults and bytes", 0, changed(arm, "before", "each later look"));
}

/* later_faults: what a later look may cost without leaving memory behind.  later_pages: how many pages
 * the later looks may add, all together. */
static void expect_changed_once(const char *arm, int64_t later_faults, int64_t later_pages)
{
	if (!arm_ran(arm))
		return;
	expect_between(about(arm, "the first look makes at least one page resident"), "bytes",
		       page_bytes(), growth(arm, "before", "first look").resident_bytes, INT64_MAX);
	struct snapshot later = growth(arm, "first look", "each later look");
	expect_between(about(arm, "the later looks leave resident memory and the heap unchanged"),
		       "bytes", 0, llabs(later.resident_bytes) + llabs(later.heap_top_bytes),
		       later_pages * page_bytes());
	expect_between(about(arm, "later looks that cause no fault but those of posix_spawn()"),
		       "looks", looks - 1 - later_pages,
		       rows_with_y(arm, "each later look", later_faults), looks - 1);
}

static void judge(void)
{
	expect_unchanged("probe");
	expect_unchanged("record()");
	expect_unchanged("bare calls");
	expect_unchanged("open read close");
	expect_unchanged("smaps_rollup");
	expect_unchanged("ps outside");
	expect_unchanged("pmap outside");
	expect_unchanged("psutil outside");
	expect_changed_once("stdio", 0, 0);
	/* It allocates by calloc(), which does not take what the thread's cache has (in glibc 2.36:
	 * __libc_calloc() in malloc/malloc.c).  So a few blocks of 192 bytes are freed into the cache, one
	 * at each look, until it is full.  Together they may begin one more page. */
	expect_changed_once("libproc2", 0, 1);
	int64_t spawn_faults = y_of("posix_spawn", "each later look");
	expect_between("posix_spawn: a look causes at most one fault, in the stack of the child",
		       "faults", 0, spawn_faults, 1);
	expect_changed_once("popen ps", spawn_faults, 0);
	expect_changed_once("popen pmap", spawn_faults, 0);
	expect_changed_once("popen ps aux + grep", spawn_faults, 0);
	int64_t without_work = y_of("fork and exec", "without work");
	expect_equal("fork and exec: the first look causes one fault for each page of the work",
		     "faults", pages, y_of("fork and exec", "first look") - without_work);
	expect_equal("fork and exec: later looks that cause one fault for each page of the work",
		     "looks", looks - 1,
		     rows_with_y("fork and exec", "each later look", pages + without_work));
	control_equal("nobody: without a look the work changes nothing", "faults and bytes", 0,
		      changed("nobody", "before", "each later look"));
}

const struct experiment experiment = {
	.claim = "measuring from inside disturbs the process once, forking disturbs it every time, "
		 "measuring from outside never does",
	.asked = "Does measuring a program change what is measured?",
	.x_axis = "looks",
	.y_axis = "page faults that a look causes",
	.charted = "y",
	.chart = CHART_VALUES,
	.log_y = true,
	.knobs = { { "pages", &pages, "", "pages that the program writes between looks", 16, 1 << 18 },
		   { "looks", &looks, "", "number of looks", 2, 100 } },
	.arms = { { "probe", probe },
		  { "record()", record_a_row },
		  { "bare calls", bare_calls },
		  { "open read close", open_read_close },
		  { "smaps_rollup", smaps_rollup },
		  { "ps outside", ps_outside },
		  { "pmap outside", pmap_outside },
		  { "psutil outside", psutil_outside },
		  { "stdio", stdio },
		  { "libproc2", libproc2 },
		  { "popen ps", popen_ps },
		  { "popen pmap", popen_pmap },
		  { "popen ps aux + grep", popen_ps_aux_grep },
		  { "posix_spawn", posix_spawn_and_exec },
		  { "fork and exec", fork_and_exec },
		  { "nobody", nobody, .control = true } },
	.predict = { "A program forks and runs a command. How many page faults does each "
		     "later look cost it?",
		     "y", "fork and exec", .to = "each later look",
		     .because = "fork() write-protects all pages, to share them with the child. "
				"Each page that the program writes afterwards causes one more "
				"fault, at every look." },
	.judge = judge,
};
