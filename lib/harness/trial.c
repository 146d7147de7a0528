/* SPDX-License-Identifier: MIT */
/* The parent's side of one trial of one arm: starts a fresh process, and watches it until it
 * ends, stops itself, or takes too long. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "film.h"
#include "harness.h"
#include "memory_limit.h"
#include "procfs.h"
#include "small_file.h"

enum { DEFAULT_ROWS = 1024 };

struct run *runs;
int run_count;
char resident_source[16], malloc_source[16];

struct trial {
	const struct arm *arm;
	int number;
	enum trial_use use;
	pid_t pid;
	int64_t oom_kills; /* of the machine, before the arm began */
	int shared_fd;
	struct shared *shared;
	size_t shared_size;
};

static void prepare_turns(pthread_mutex_t *turn)
{
	pthread_mutexattr_t kind;

	pthread_mutexattr_init(&kind);
	pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
	if (pthread_mutex_init(turn, &kind) != 0)
		broken("cannot create the lock with which records take turns");
	pthread_mutexattr_destroy(&kind);
}

/* Creates the memory through which the rows reach the parent. */
static void share_memory(struct trial *trial)
{
	int rows = experiment.rows > 0 ? experiment.rows : DEFAULT_ROWS;

	trial->shared_size = sizeof(struct shared) + (size_t)rows * sizeof(struct row);
	trial->shared_fd = memfd_create("touchstone rows", 0);
	if (trial->shared_fd < 0 || ftruncate(trial->shared_fd, (off_t)trial->shared_size) != 0)
		file_was_refused("the memory that rows travel through", (int64_t)trial->shared_size);
	trial->shared = mmap(NULL, trial->shared_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			     trial->shared_fd, 0);
	if (trial->shared == MAP_FAILED)
		broken("cannot map the memory that rows travel through: %s", strerror(errno));
	prepare_turns(&trial->shared->turn);
	trial->shared->harness = getpid();
	trial->shared->capacity = rows;
	trial->shared->pause_at_records = trial->use != FILMED &&
					  (options.step || getenv("OBSERVER") != NULL);
	trial->shared->film_fd = trial->use == FILMED ? film_memory() : -1;
}

/* Called in the new process: sets the arm's conditions, and starts this program again as the
 * arm. */
static void become_the_arm(const struct trial *trial, pid_t parent)
{
	static char self[PATH_MAX];
	sigset_t none;

	/* The arm must end when the experiment is interrupted. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(BROKEN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(STDERR_FILENO, STDOUT_FILENO); /* stdout is the result's alone */
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) > 0) {
		char **arguments = options_for_arm(self, trial->arm, trial->shared_fd);
		char **environment = environment_for_arm(trial->arm, self, arguments);
		if (trial->arm->before_exec != NULL)
			trial->arm->before_exec();
		execve(self, arguments, environment);
	}
	snprintf(trial->shared->reason, REASON_SIZE, "cannot start the program again: %s",
		 strerror(errno));
	trial->shared->ended = BROKEN;
	_exit(BROKEN);
}

static void clean_up(struct trial *trial)
{
	if (trial->shared->film_fd >= 0)
		close(trial->shared->film_fd);
	munmap(trial->shared, trial->shared_size);
	close(trial->shared_fd);
}

/* Returns memory for rows that fork(2) leaves out of the child.  With many trials there are so
 * many rows that copying their page tables for each new trial would take longer than the
 * trial. */
static struct row *row_memory(int count)
{
	size_t size = ((size_t)count + 1) * sizeof(struct row);
	void *rows = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (rows == MAP_FAILED)
		return NULL;
	madvise(rows, size, MADV_DONTFORK);
	return rows;
}

/* Ends the experiment as broken where a stage was recorded that is not listed.  So --list prints
 * every stage, and a misspelt one in .predict is refused before anything is measured. */
static void stages_must_be_listed(const struct shared *shared)
{
	for (const struct row *row = shared->rows; row < shared->rows + shared->count; row++)
		if (!is_a_stage(row->stage))
			broken("the stage \"%s\" reached record() in a variable: it must be listed in "
			       ".stages of the declaration",
			       row->stage);
}

/* Adds the rows of a trial to runs.  Called also for a trial that broke: its rows show how far it
 * came. */
static void keep_rows(const struct trial *trial)
{
	int count = trial->shared->started ? trial->shared->count : 0;
	struct row *rows = row_memory(count);

	runs = realloc(runs, ((size_t)run_count + 1) * sizeof(*runs));
	if (rows == NULL || runs == NULL)
		broken("out of memory for the rows");
	memcpy(rows, trial->shared->rows, (size_t)count * sizeof(*rows));
	runs[run_count++] = (struct run){
		.arm = trial->arm, .trial = trial->number, .count = count, .rows = rows
	};
}

static void __attribute__((format(printf, 2, 3), noreturn))
trial_is_broken(struct trial *trial, const char *format, ...)
{
	const struct shared *shared = trial->shared;
	char event[REASON_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(event, sizeof(event), format, arguments);
	va_end(arguments);
	if (trial->pid > 0) {
		kill(trial->pid, SIGKILL);
		waitpid(trial->pid, NULL, 0);
	}
	keep_rows(trial);
	if (shared->count > 0 && shared->started)
		broken("arm %s, trial %d: %s after stage \"%s\"", trial->arm->name, trial->number,
		       event, shared->rows[shared->count - 1].stage);
	broken("arm %s, trial %d: %s before its first record()", trial->arm->name, trial->number,
	       event);
}

/* Returns whether a library can be preloaded.  Tries it in a process of its own, so that no
 * allocator is loaded into this one.  The error "static TLS" is none here: jemalloc has more
 * thread-local data than dlopen() has room for, but a preloaded library gets the room that it
 * needs. */
static bool library_loads(const char *library)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(dlopen(library, RTLD_LAZY) != NULL || strstr(dlerror(), "static TLS") != NULL ?
			      0 :
			      1);
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static char *left_out[MAX_ARMS]; /* for each arm of the declaration, why it was left out */

const char *why_left_out(const struct arm *arm)
{
	return left_out[arm - experiment.arms];
}

/* Notes why an arm is left out, and drops what earlier trials of it recorded. */
static void leave_out_arm(const struct arm *arm, const char *reason)
{
	int kept = 0;

	for (int i = 0; i < run_count; i++)
		if (runs[i].arm != arm)
			runs[kept++] = runs[i];
	run_count = kept;
	left_out[arm - experiment.arms] = strdup(reason);
}

void trial_leave_out_missing(void)
{
	char library[PATH_MAX], reason[PATH_MAX + 32];

	FOR_EACH_ARM(arm) {
		const char *preload = arm->environment ? strstr(arm->environment, "LD_PRELOAD=") :
							 NULL;
		if (preload == NULL || sscanf(preload, "LD_PRELOAD=%4095[^ ]", library) != 1 ||
		    library_loads(library))
			continue;
		snprintf(reason, sizeof(reason), "%s is not installed", library);
		leave_out_arm(arm, reason);
	}
}

/* Waits for SIGCHLD, which is blocked, but not longer than this. */
static void await_child(int64_t longest_ns)
{
	struct timespec timeout = { longest_ns / 1000000000, longest_ns % 1000000000 };
	sigset_t child_changed;

	sigemptyset(&child_changed);
	sigaddset(&child_changed, SIGCHLD);
	sigtimedwait(&child_changed, NULL, &timeout);
}

/* Waits until a tool ends.  Returns false where it has not done so before the deadline. */
static bool ends_before(int64_t deadline, pid_t tool, int *status)
{
	while (waitpid(tool, status, WNOHANG) != tool) {
		int64_t left = deadline - probe_clock_ns();
		if (left <= 0)
			return false;
		await_child(left);
	}
	return true;
}

static int64_t deadline_from_now(void)
{
	return probe_clock_ns() + options.time_limit * 1000000000;
}

/* Waits until a tool ends, and returns its wait status. */
static int wait_for_tool(struct trial *trial, pid_t tool, const char *name)
{
	int status;

	if (!ends_before(deadline_from_now(), tool, &status)) {
		kill(-tool, SIGKILL);
		trial_is_broken(trial, "`%s` has not ended within %lld s (time_limit)", name,
				(long long)options.time_limit);
	}
	return status;
}

/* Prepares a new process to run a tool that looks at the arm.  The tool must not itself use the
 * malloc under test.  It leads a process group, so that what it starts can be ended with it. */
static void become_a_tool(const struct trial *trial)
{
	char pid[16], program[PATH_MAX] = "";
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(pid, sizeof(pid), "%d", (int)trial->shared->subject);
	setenv("PID", pid, 1);
	if (readlink("/proc/self/exe", program, sizeof(program) - 1) > 0)
		setenv("PROGRAM", program, 1);
	unsetenv("OBSERVER");
	setenv("LC_ALL", "C", 1);
	unsetenv("LD_PRELOAD");
	unsetenv("GLIBC_TUNABLES");
}

/* Runs the command of ask(), and gives the arm the number that it prints. */
static void answer(struct trial *trial)
{
	char output[4096];
	int ends[2];
	const char *command = trial->shared->command;

	if (pipe(ends) != 0)
		trial_is_broken(trial, "cannot make a pipe: %s", strerror(errno));
	pid_t shell = fork();
	if (shell < 0)
		trial_is_broken(trial, "cannot create a process: %s", strerror(errno));
	if (shell == 0) {
		become_a_tool(trial);
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	int status = wait_for_tool(trial, shell, command); /* a number fits into the pipe */
	size_t length = 0;
	ssize_t got;
	while (length < sizeof(output) - 1 &&
	       (got = read(ends[0], output + length, sizeof(output) - 1 - length)) > 0)
		length += (size_t)got;
	output[length] = '\0';
	close(ends[0]);

	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		unsupported("`%s` ended with 127: it needs a tool that is not installed, or not on "
			    "PATH (scripts/setup installs what is missing), or that failed with this "
			    "status itself",
			    command);
	char *digits = output + strcspn(output, "0123456789"), *end;
	trial->shared->answer = strtoll(digits, &end, 10);
	if (status != 0 || end == digits)
		trial_is_broken(trial, "`%s` gave no number (wait status %d)", command, status);
}

/* Runs the program that OBSERVER names, for the record at which the arm has stopped. */
static void observe(struct trial *trial, const char *observer)
{
	const struct row *row = &trial->shared->rows[trial->shared->count - 1];
	char pid[16], number[16], x[24];

	snprintf(pid, sizeof(pid), "%d", (int)trial->shared->subject);
	snprintf(number, sizeof(number), "%d", trial->number);
	snprintf(x, sizeof(x), "%lld", (long long)row->x);
	pid_t child = fork();
	if (child < 0)
		trial_is_broken(trial, "cannot create a process: %s", strerror(errno));
	if (child == 0) {
		become_a_tool(trial);
		dup2(STDERR_FILENO, STDOUT_FILENO); /* stdout is the result's alone */
		execl(observer, observer, pid, trial->arm->name, row->stage, number, x, (char *)NULL);
		fprintf(stderr, "cannot run the observer %s: %s\n", observer, strerror(errno));
		_exit(127);
	}
	int status = wait_for_tool(trial, child, observer);
	if (status != 0)
		trial_is_broken(trial, "the observer %s failed (wait status %d)", observer, status);
}

/* Waits for Enter: --step. */
static void step(const struct trial *trial)
{
	const struct row *row = &trial->shared->rows[trial->shared->count - 1];
	int c;

	fprintf(stderr,
		"PID %d stands still: arm %s, stage \"%s\", x = %lld"
		" (look with: ps -o vsz,rss,min_flt -p %d). Enter to go on ",
		(int)trial->shared->subject, trial->arm->name, row->stage, (long long)row->x,
		(int)trial->shared->subject);
	while ((c = getchar()) != '\n' && c != EOF)
		;
	if (c == EOF)
		fputc('\n', stderr);
}

/* Does what the arm or its child has stopped for, and continues it. */
static void serve(struct trial *trial)
{
	const char *observer = getenv("OBSERVER");

	if (trial->shared->command[0] != '\0') {
		answer(trial);
	} else {
		if (observer != NULL)
			observe(trial, observer);
		if (options.step)
			step(trial);
	}
	trial->shared->waiting = false;
	kill(trial->shared->subject, SIGCONT);
}

static bool stands_still(pid_t process)
{
	char path[32], status[4096], state[16];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)process);
	return procfs_text(status, read_small_file(path, status, sizeof(status)), "State", state,
			   sizeof(state)) &&
	       state[0] == 'T';
}

/* Waits until the arm ends, and returns its wait status.  The time limit starts again after each
 * pause.  Whoever wants to be continued says so just before it stops: a signal that continues it
 * too early would be lost, so it is looked at again after a millisecond. */
static int wait_for_end(struct trial *trial)
{
	enum { MILLISECOND_NS = 1000000 };
	int64_t deadline = deadline_from_now(), left;
	int status;

	while (waitpid(trial->pid, &status, WNOHANG) != trial->pid) {
		bool waiting = __atomic_load_n(&trial->shared->waiting, __ATOMIC_ACQUIRE);
		if (waiting && stands_still(trial->shared->subject)) {
			serve(trial);
			deadline = deadline_from_now();
		} else if ((left = deadline - probe_clock_ns()) > 0) {
			await_child(waiting && left > MILLISECOND_NS ? MILLISECOND_NS : left);
		} else {
			trial_is_broken(trial, "not finished within %lld s (time_limit)",
					(long long)options.time_limit);
		}
	}
	return status;
}

/* Ends the experiment where the kernel killed the arm, or a child of it, for want of memory. */
static void check_memory(const struct trial *trial)
{
	struct memory_limit limit = memory_limit("");

	if (machine_oom_kills() == trial->oom_kills)
		return;
	if (limit.bytes != INT64_MAX)
		unsupported("arm %s takes more memory than the control group allows: %lld bytes (%s); "
			    "raise the limit, or lower a knob",
			    trial->arm->name, (long long)limit.bytes, limit.path);
	unsupported("arm %s takes more memory than this machine has, %lld MiB: lower a knob",
		    trial->arm->name, (long long)(machine_ram_bytes() / MiB));
}

/* Ends the experiment where the arm did not end as it should. */
static void check_end(struct trial *trial, int status)
{
	const struct shared *shared = trial->shared;
	char reason[REASON_SIZE];

	trial->pid = 0;
	if (shared->left_out)
		return;
	if (shared->ended == BROKEN || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
		check_memory(trial);
	if (shared->ended != REPRODUCED) {
		memcpy(reason, shared->reason, sizeof(reason));
		if (shared->ended == UNSUPPORTED)
			end_with(UNSUPPORTED, reason);
		trial_is_broken(trial, "%s", reason);
	}
	if (WIFSIGNALED(status))
		trial_is_broken(trial, "killed by signal %d (%s)", WTERMSIG(status),
				strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status) != 0)
		trial_is_broken(trial, "exited with status %d", WEXITSTATUS(status));
	if (shared->begun != shared->count)
		trial_is_broken(trial,
				"%d of %d calls of record() were not finished, because a thread or "
				"a child of the arm ended in them,",
				shared->begun - shared->count, shared->begun);
}

void trial_run(const struct arm *arm, int number, enum trial_use use)
{
	struct trial trial = {
		.arm = arm, .number = number, .use = use, .oom_kills = machine_oom_kills()
	};
	sigset_t child_changed;
	pid_t parent = getpid();

	share_memory(&trial);
	sigemptyset(&child_changed);
	sigaddset(&child_changed, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child_changed, NULL); /* for sigtimedwait() */
	trial.pid = fork();
	if (trial.pid < 0)
		broken("cannot create a process: %s", strerror(errno));
	if (trial.pid == 0)
		become_the_arm(&trial, parent);

	check_end(&trial, wait_for_end(&trial));
	if (trial.shared->left_out)
		leave_out_arm(arm, trial.shared->reason);
	else if (use == MEASURED)
		keep_rows(&trial);
	else if (use == FILMED)
		film_keep(arm->name, number, trial.shared->film_fd, trial.shared->rows,
			  trial.shared->count);
	stages_must_be_listed(trial.shared);
	memcpy(resident_source, trial.shared->resident_source, sizeof(resident_source));
	memcpy(malloc_source, trial.shared->malloc_source, sizeof(malloc_source));
	clean_up(&trial);
}
