/* SPDX-License-Identifier: MIT */
#include "enough_memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "end.h"
#include "harness.h"
#include "memory_limit.h"
#include "procfs.h"
#include "small_file.h"

/* A malloc may ask the kernel for more than it was asked for: glibc for 128 MiB, to find an aligned
 * arena (new_heap() in malloc/arena.c), other mallocs for 64 MiB and more. */
#define MOST_EXTRA (128 * MiB)

/* Returns a line of a file of /proc in bytes, 0 where it cannot be read. */
static int64_t bytes_in(const char *path, const char *name)
{
	static char text[8192];
	int64_t bytes = 0;

	procfs_kib(text, read_small_file(path, text, sizeof(text)), name, &bytes);
	return bytes;
}

int64_t overcommit_setting(void)
{
	char text[16];

	read_first_line("/proc/sys/vm/overcommit_memory", text, sizeof(text));
	return strtoll(text, NULL, 10);
}

/* Ends the experiment as unsupported where a limit of the shell leaves fewer bytes than that: the
 * line `name` of /proc/self/status counts what the limit is on. */
static void shell_must_allow(const char *request, int64_t bytes, int64_t extra, int resource,
			     const char *name, char option)
{
	int64_t limit = reader_limit(resource);

	if (limit != INT64_MAX && bytes_in("/proc/self/status", name) + bytes + extra > limit)
		unsupported("%s %lld bytes: the shell's `ulimit -%c %lld` does not allow that; run it "
			    "in a shell without this limit, or lower a knob",
			    request, (long long)bytes, option, (long long)limit / 1024);
}

/* Where extra bytes would not be allowed, the request may have failed for want of them. */
static void limits_must_allow(const char *request, int64_t bytes, int64_t extra)
{
	shell_must_allow(request, bytes, extra, RLIMIT_AS, "VmSize", 'v');
	shell_must_allow(request, bytes, extra, RLIMIT_DATA, "VmData", 'd');
	int64_t promised = bytes_in("/proc/meminfo", "Committed_AS");
	int64_t most = bytes_in("/proc/meminfo", "CommitLimit");
	if (overcommit_setting() == 2 && promised + bytes + extra > most)
		unsupported("%s %lld bytes: vm.overcommit_memory=2 allows all processes together "
			    "%lld MiB (CommitLimit), and %lld MiB are taken: "
			    "sudo sysctl vm.overcommit_memory=0, or lower a knob",
			    request, (long long)bytes, (long long)(most / MiB),
			    (long long)(promised / MiB));
}

static void memory_must_be_available(const char *request, int64_t bytes)
{
	struct memory_limit limit = memory_limit("");
	int64_t available = available_bytes();

	if (bytes > limit.available)
		unsupported("%s %lld bytes: the control group allows %lld bytes (%s), and %lld are "
			    "left; raise the limit, or lower a knob",
			    request, (long long)bytes, (long long)limit.bytes, limit.path,
			    (long long)limit.available);
	if (bytes > available)
		unsupported("%s %lld bytes: this machine has %lld MiB of memory available; lower a knob",
			    request, (long long)bytes, (long long)(available / MiB));
}

void must_have_memory(int64_t bytes)
{
	limits_must_allow("this takes", bytes, 0);
	memory_must_be_available("this takes", bytes);
}

void unsupported_if_limited(const char *request, int64_t bytes)
{
	limits_must_allow(request, bytes, MOST_EXTRA);
	memory_must_be_available(request, bytes);
}

void memory_was_refused(const char *request, int64_t bytes)
{
	int error = errno;
	char refused[64];

	snprintf(refused, sizeof(refused), "%.32s was refused", request);
	unsupported_if_limited(refused, bytes);
	broken("%s of %lld bytes failed: %s", request, (long long)bytes, strerror(error));
}
