/* SPDX-License-Identifier: MIT */
/* The arm's side of the harness: everything here runs in the process that is
 * measured.  Once the arm's own function runs, nothing here allocates, and no page
 * is touched for the first time. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h> /* glibc 2.35 */
#endif

#include "address_space.h"
#include "film.h"
#include "harness.h"
#include "procfs.h"

static struct shared *shared;
static int64_t began_ns; /* when the arm's own clock began: enter() */

bool in_an_arm(void)
{
	return shared != NULL;
}

/* Ends the process: hands the verdict and the reason to the parent, which writes the result.  The
 * first reason counts: where a child ends, wait_for() ends the arm with a reason that says less. */
static void report_to_parent(enum verdict verdict, const char *reason)
{
	if (shared->ended == REPRODUCED) {
		shared->ended = verdict;
		snprintf(shared->reason, sizeof(shared->reason), "%s", reason);
	}
	_exit((int)verdict);
}

/* Waits for this thread's turn, and stops the arm's clock.  The clock does not count the time in
 * which the probe, the film or an observer works for any thread or child of the arm.  Returns when
 * it stopped. */
static int64_t enter(void)
{
	int64_t now_ns = probe_clock_ns();

	if (pthread_mutex_lock(&shared->turn) == EOWNERDEAD)
		pthread_mutex_consistent(&shared->turn);
	/* Where this thread had to wait, the clock stood still already. */
	return now_ns > shared->left_ns ? now_ns : shared->left_ns;
}

/* Lets the arm's clock go on, and ends this thread's turn. */
static void leave(int64_t stopped_ns)
{
	shared->left_ns = probe_clock_ns();
	shared->still_ns += shared->left_ns - stopped_ns;
	pthread_mutex_unlock(&shared->turn);
}

/* Stops this process until the harness has looked at it and continues it.  The kernel tells the
 * harness about the arm, but not about the arm's children: so it is sent a signal, which its wait
 * for the arm takes. */
static void pause_for_parent(void)
{
	shared->subject = getpid();
	__atomic_store_n(&shared->waiting, true, __ATOMIC_RELEASE);
	kill(shared->harness, SIGCHLD);
	raise(SIGSTOP);
}

static void set_stage(struct row *row, const char *stage)
{
	size_t length = 0;

	for (; length < STAGE_SIZE - 1 && stage[length] != '\0'; length++) {
		row->stage[length] = stage[length];
		if (stage[length] == ',' || stage[length] == '"' || stage[length] == '\n')
			broken("a stage's name is a cell of a CSV file: no comma, quote or "
			       "newline in it, please");
	}
	row->stage[length] = '\0';
	if (length == 0)
		broken("line %d records a stage without a name", row->line);
}

void record_at(int line, const char *stage, int64_t x, int64_t y)
{
	if (options.bare != NULL)
		return;
	int64_t stopped_ns = enter();
	if (shared->count == shared->capacity)
		broken("arm %s records more than %d rows: raise .rows in the declaration",
		       options.arm, shared->capacity);
	__atomic_store_n(&shared->begun, shared->begun + 1, __ATOMIC_SEQ_CST);
	struct row *row = &shared->rows[shared->count];
	probe_snapshot(&row->is);
	/* The snapshot's own reading of the clock comes a little later, and how much later varies. */
	row->is.elapsed_ns = stopped_ns - began_ns - shared->still_ns;
	film_record(shared->count + 1);
	row->line = line;
	row->x = x;
	row->y = y;
	set_stage(row, stage);
	__atomic_store_n(&shared->count, shared->count + 1, __ATOMIC_SEQ_CST);
	if (shared->pause_at_records)
		pause_for_parent();
	leave(stopped_ns);
}

void leave_out(const char *format, ...)
{
	char reason[REASON_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	if (shared != NULL)
		shared->left_out = true;
	end_with(UNSUPPORTED, reason);
}

int64_t ask(const char *command)
{
	if (options.bare != NULL)
		return 0;
	int64_t stopped_ns = enter();
	snprintf(shared->command, sizeof(shared->command), "%s", command);
	pause_for_parent();
	shared->command[0] = '\0';
	int64_t answer = shared->answer;
	leave(stopped_ns);
	return answer;
}

/* Brings all pages of a mapping into memory.  Code and data that a program has not used
 * yet come in by page faults of their own, 64 KiB or more at a time (fault-around).  The
 * result would show them as if the experiment had caused them.  So every page of every
 * mapped file is brought in before the arm starts, and so is the zero-filled memory (.bss)
 * that follows a file's writable pages.  A writable page is written back to itself, so that
 * its private copy exists too.  AddressSanitizer must let it read the bytes between variables. */
static void __attribute__((no_sanitize("address")))
touch_mapping(const struct procfs_mapping *mapping)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	bool writable = mapping->permissions[1] == 'w' && mapping->permissions[3] == 'p';

	if (mapping->permissions[0] != 'r')
		return;
	for (uint64_t at = mapping->start; at < mapping->end; at += page) {
		volatile char *byte = (volatile char *)(uintptr_t)at;
		char value = *byte;
		if (writable)
			*byte = value;
	}
}

static void touch_file_and_bss(const struct procfs_mapping *mapping, void *context)
{
	struct procfs_mapping *file = context; /* the last mapping of a file */
	bool bss = mapping->inode == 0 && mapping->name_length == 0 &&
		   mapping->start == file->end && file->permissions[1] == 'w';

	if (mapping->inode != 0)
		*file = *mapping;
	if (mapping->inode != 0 || bss)
		touch_mapping(mapping);
}

static void touch_program_and_libraries(void)
{
	static char text[MAPS_TEXT];
	struct procfs_mapping file = { 0 };
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || !for_each_mapping(fd, text, sizeof(text), touch_file_and_bss, &file))
		broken("cannot read /proc/self/maps: %s", strerror(errno));
	close(fd);
}

/* Touches the part of the stack that record() and small helpers of an arm will use. */
static void touch_stack(void)
{
	volatile char below[64 * 1024];

	for (size_t i = 0; i < sizeof(below); i += 1024)
		below[i] = 0;
}

static void map_shared(void)
{
	struct stat file;

	if (fstat(options.shared_fd, &file) != 0) {
		fprintf(stderr, "--arm is for the harness alone: use --bare=%s\n", options.arm);
		exit(BROKEN);
	}
	struct shared *memory = mmap(NULL, (size_t)file.st_size, PROT_READ | PROT_WRITE, MAP_SHARED,
				     options.shared_fd, 0);
	if (memory == MAP_FAILED)
		_exit(BROKEN);
	memset(memory->rows, 0, (size_t)memory->capacity * sizeof(struct row));
	shared = memory;
	end_by(report_to_parent);
}

static void warm_up(const struct arm *arm)
{
	bool pause = shared->pause_at_records;

	touch_program_and_libraries();
	touch_stack();
	if (arm->before_probe != NULL)
		arm->before_probe();
	if (!probe_open(experiment.probe)) {
		if (errno == ENOTSUP)
			unsupported("this kernel shows resident memory exactly in neither "
				    "/proc/self/statm nor /proc/self/smaps_rollup");
		broken("cannot read the files of /proc/self that the probe needs: %s",
		       strerror(errno));
	}
	snprintf(shared->resident_source, sizeof(shared->resident_source), "%s",
		 probe_resident_source());
	snprintf(shared->malloc_source, sizeof(shared->malloc_source), "%s", probe_malloc_source());
	if (shared->film_fd >= 0)
		film_open(shared->film_fd);

	shared->pause_at_records = false;
	record_at(0, "warming up", 0, NOT_MEASURED);
	shared->pause_at_records = pause;
	shared->begun = shared->count = 0;
	film_rewind();
	shared->still_ns = 0;
	began_ns = probe_clock_ns();
	shared->started = true;
}

static const struct arm *must_find_arm(const char *name)
{
	const struct arm *arm = find_arm(name);

	if (arm == NULL) {
		fprintf(stderr, "there is no arm \"%s\"; --list names them\n", name);
		exit(BROKEN);
	}
	return arm;
}

void arm_run(void)
{
	const struct arm *arm = must_find_arm(options.arm);

	limits_of = getppid();
	map_shared();
	/* An arm ends by _exit(), which does not flush buffers: so print each line at once. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	warm_up(arm);
	arm->run();
	_exit(REPRODUCED);
}

/* Ends by exit(), not by _exit(): a leak checker reports in exit(). */
void arm_run_bare(void)
{
	must_find_arm(options.bare)->run();
	exit(REPRODUCED);
}

/* Writes to the two places of the thread's own data that are written to later without the arm's
 * doing: its rseq area (rseq(2)), where the kernel writes when it moves the thread to another CPU,
 * and its list of robust mutexes, where record() writes.  After fork() a page is copied at the next
 * write, and that fault would otherwise come at an unpredictable time. */
static void touch_thread_data(void)
{
#ifdef RSEQ_SIG
	volatile char *area = (char *)__builtin_thread_pointer() + __rseq_offset;
	*area = *area;
#endif
	if (shared != NULL && pthread_mutex_trylock(&shared->turn) == 0)
		pthread_mutex_unlock(&shared->turn);
}

pid_t fork_arm(void)
{
	pid_t arm = getpid(), child = fork();

	if (child < 0)
		broken("cannot create a process: %s", strerror(errno));
	touch_thread_data();
	film_after_fork(child);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != arm) /* it ended before the line above */
			_exit(BROKEN);
		if (shared != NULL && !probe_open(experiment.probe))
			broken("cannot read the files of /proc/self: %s", strerror(errno));
	}
	return child;
}

void wait_for(pid_t child)
{
	int status = 0;

	if (waitpid(child, &status, 0) != child || status != 0)
		broken("a child of the arm failed (wait status %d)", status);
}
