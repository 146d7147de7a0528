/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "readings.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "experiment.h"
#include "memory.h"
#include "procfs.h"

#if defined(__has_include)
#if __has_include(<libproc2/pids.h>)
#include <libproc2/pids.h>
#define HAVE_LIBPROC2
#endif
#endif

static char text[1 << 14];

static int must_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		broken("cannot open %s: %s", path, strerror(errno));
	return fd;
}

static int64_t resident_in_statm(ssize_t length)
{
	struct procfs_statm pages;

	if (length <= 0 || !procfs_statm(text, (size_t)length, &pages))
		broken("cannot read /proc/self/statm");
	return pages.resident * page_bytes();
}

static int64_t resident_in_rollup(ssize_t length)
{
	int64_t bytes;

	if (length <= 0 || !procfs_kib(text, (size_t)length, "Rss", &bytes))
		broken("cannot read /proc/self/smaps_rollup");
	return bytes;
}

/* Reads both files where statm is not exact, as the probe does. */
int64_t read_by_bare_calls(int64_t times)
{
	static int statm = -1, rollup = -1;
	struct rusage usage;
	ssize_t length = 0;

	if (statm < 0) {
		statm = must_open("/proc/self/statm");
		if (strcmp(probe_resident_source(), "statm") != 0)
			rollup = must_open("/proc/self/smaps_rollup");
	}
	for (; times > 0; times--) {
		getrusage(RUSAGE_SELF, &usage);
		length = pread(statm, text, sizeof(text), 0);
		if (rollup >= 0)
			length = pread(rollup, text, sizeof(text), 0);
		sbrk(0);
#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 33)
		mallinfo2();
#else
		mallinfo();
#endif
#endif
	}
	return rollup >= 0 ? resident_in_rollup(length) : resident_in_statm(length);
}

int64_t read_by_probe(int64_t times)
{
	struct snapshot now = { .resident_bytes = NOT_MEASURED };

	for (; times > 0; times--)
		probe_snapshot(&now);
	return now.resident_bytes;
}

int64_t read_by_open(int64_t times)
{
	ssize_t length = 0;

	for (; times > 0; times--) {
		int fd = must_open("/proc/self/statm");
		length = read(fd, text, sizeof(text));
		close(fd);
	}
	return resident_in_statm(length);
}

int64_t read_by_stdio(int64_t times)
{
	long size, resident = 0;

	for (; times > 0; times--) {
		FILE *file = fopen("/proc/self/statm", "r");
		if (file == NULL || fscanf(file, "%ld %ld", &size, &resident) != 2)
			broken("cannot read /proc/self/statm with stdio");
		fclose(file);
	}
	return resident * page_bytes();
}

int64_t read_by_smaps_rollup(int64_t times)
{
	static int fd = -1;
	ssize_t length = 0;

	if (fd < 0)
		fd = must_open("/proc/self/smaps_rollup");
	for (; times > 0; times--)
		length = pread(fd, text, sizeof(text), 0);
	return resident_in_rollup(length);
}

/* ---- libraries ------------------------------------------------------------- */

#ifdef HAVE_LIBPROC2
static int (*pids_new)(struct pids_info **, enum pids_item *, int);
static struct pids_fetch *(*pids_select)(struct pids_info *, unsigned *, int, enum pids_select_type);

/* Loads the library by dlopen(3), so that no other experiment is linked with it.  The name
 * libproc2.so is that of the package which has the header, so both are of the same version. */
static bool load_libproc2(void)
{
	void *library = dlopen("libproc2.so", RTLD_NOW);

	if (library == NULL)
		return false;
	*(void **)&pids_new = dlsym(library, "procps_pids_new");
	*(void **)&pids_select = dlsym(library, "procps_pids_select");
	return pids_new != NULL && pids_select != NULL;
}

int64_t read_by_libproc2(int64_t times)
{
	static struct pids_info *info;
	enum pids_item item = PIDS_VM_RSS;
	unsigned pid = (unsigned)getpid();
	struct pids_fetch *fetched = NULL;

	if (info == NULL && (!load_libproc2() || pids_new(&info, &item, 1) < 0))
		return NOT_MEASURED;
	for (; times > 0; times--)
		fetched = pids_select(info, &pid, 1, PIDS_SELECT_PID);
	if (fetched == NULL || fetched->counts->total != 1)
		broken("libproc2 does not find this process");
	return (int64_t)fetched->stacks[0]->head[0].result.ul_int * KiB;
}
#else
int64_t read_by_libproc2(int64_t times)
{
	(void)times;
	return NOT_MEASURED;
}
#endif

/* A Python program.  For each line of its input, a number, it reads the process so many times,
 * and prints the last reading and the nanoseconds that one reading took on average. */
static const char psutil_server[] =
	"import sys, time\n"
	"try:\n"
	"	import psutil\n"
	"except ImportError:\n"
	"	sys.exit(1)\n"
	"process = psutil.Process(int(sys.argv[1]))\n"
	"for line in iter(sys.stdin.readline, ''):\n"
	"	times = int(line)\n"
	"	begun = time.perf_counter_ns()\n"
	"	for _ in range(times):\n"
	"		resident = process.memory_info().rss\n"
	"	print(resident, (time.perf_counter_ns() - begun) // times, flush=True)\n";

static int server = -1;   /* a socket: the server's input and output */
static int64_t server_ns; /* what psutil_ns() returns */

/* Starts the server by posix_spawn(3): fork(2) would make this process's pages copy-on-write.
 * The server ends at the end of its input, when this process ends. */
static void start_server(void)
{
	char pid[16], code[sizeof(psutil_server)];
	char *arguments[] = { "python3", "-c", code, pid, NULL };
	posix_spawn_file_actions_t actions;
	int ends[2];
	pid_t child;

	memcpy(code, psutil_server, sizeof(code));
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		broken("cannot make a socket pair: %s", strerror(errno));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	/* Where Python or psutil is missing, the other end of the socket is closed. */
	posix_spawn(&child, "/usr/bin/python3", &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	server = ends[0];
}

int64_t read_by_psutil(int64_t times)
{
	long long resident, ns;

	if (server < 0)
		start_server();
	int length = snprintf(text, sizeof(text), "%lld\n", (long long)times);
	if (send(server, text, (size_t)length, MSG_NOSIGNAL) != length)
		return NOT_MEASURED;
	ssize_t got;
	for (length = 0; length == 0 || text[length - 1] != '\n'; length += (int)got)
		if ((got = read(server, text + length, sizeof(text) - 1 - (size_t)length)) <= 0)
			return NOT_MEASURED;
	text[length] = '\0';
	if (sscanf(text, "%lld %lld", &resident, &ns) != 2)
		broken("psutil answered \"%s\"", text);
	server_ns = ns;
	return resident;
}

int64_t psutil_ns(void)
{
	return server_ns;
}

/* ---- commands --------------------------------------------------------------- */

/* Runs a command, and returns the bytes that it prints as KiB, in the first line that matches
 * the format.  A %d in the command or the format stands for this process's ID. */
static int64_t read_by_command(int64_t times, const char *format, const char *command)
{
	char line[256], line_format[64];
	long kib = -1;

	snprintf(text, sizeof(text), command, (int)getpid());
	snprintf(line_format, sizeof(line_format), format, (int)getpid());
	for (; times > 0; times--) {
		FILE *output = popen(text, "re");
		if (output == NULL)
			broken("cannot run `%s`: %s", text, strerror(errno));
		kib = -1;
		while (fgets(line, sizeof(line), output) != NULL)
			if (kib < 0 && sscanf(line, line_format, &kib) != 1)
				kib = -1;
		pclose(output);
	}
	return kib < 0 ? NOT_MEASURED : kib * KiB;
}

int64_t read_by_ps(int64_t times)
{
	return read_by_command(times, "%%ld", "ps -o rss= -p %d 2>/dev/null");
}

int64_t read_by_pmap(int64_t times)
{
	return read_by_command(times, "total kB %%*d %%ld", "pmap -x %d 2>/dev/null");
}

/* The columns are USER PID %CPU %MEM VSZ RSS ... */
int64_t read_by_ps_aux_grep(int64_t times)
{
	return read_by_command(times, "%%*s %d %%*f %%*f %%*d %%ld",
			       "ps aux 2>/dev/null | grep -w %d");
}

/* ---- from outside ----------------------------------------------------------- */

/* The command prints a number of units, each of so many bytes, or 0 when its tool is missing. */
static int64_t read_outside(int64_t unit, const char *command)
{
	int64_t resident = ask(command);

	return resident == 0 ? NOT_MEASURED : resident * unit;
}

int64_t read_outside_by_ps(int64_t times)
{
	(void)times;
	return read_outside(KiB, "ps -o rss= -p $PID || echo 0");
}

int64_t read_outside_by_pmap(int64_t times)
{
	(void)times;
	return read_outside(KiB, "{ pmap -x $PID || echo total - - 0; } | "
				 "awk '$1 == \"total\" { print $4 }'");
}

int64_t read_outside_by_psutil(int64_t times)
{
	(void)times;
	return read_outside(1,
			    "/usr/bin/python3 -c 'import psutil; "
			    "print(psutil.Process('$PID').memory_info().rss)' 2>/dev/null || echo 0");
}
