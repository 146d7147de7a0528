/* SPDX-License-Identifier: MIT */
/* Sets the conditions that all arms share, and tells what became of them: a shell, a container or
 * an administrator may forbid some.  They are inherited over fork() and exec(). */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "harness.h"

/* File descriptors that the harness and the tools of ask() need; valgrind takes the most. */
enum { ENOUGH_FILES = 256, QUERY = -1 };

static bool thp_was_refused;

/* The flags of personality(2) that change a process's memory. */
static const struct {
	int flag;
	const char *name;
} flags[] = {
	{ MMAP_PAGE_ZERO, "MMAP_PAGE_ZERO" },       { ADDR_COMPAT_LAYOUT, "ADDR_COMPAT_LAYOUT" },
	{ READ_IMPLIES_EXEC, "READ_IMPLIES_EXEC" }, { ADDR_LIMIT_32BIT, "ADDR_LIMIT_32BIT" },
	{ ADDR_LIMIT_3GB, "ADDR_LIMIT_3GB" },
};

int personality_flags(void)
{
	int persona = personality((unsigned long)QUERY);
	return persona == -1 ? 0 : persona & ~PER_MASK;
}

/* Clears the flags that the shell's personality has (setarch(8)), and switches ASLR off.  A
 * container's filter may grant the first and refuse the second. */
static void pin_personality(void)
{
	int persona = personality((unsigned long)QUERY);

	if (persona == -1)
		return;
	int cleared = persona & PER_MASK;
	if (options.aslr || personality((unsigned long)(cleared | ADDR_NO_RANDOMIZE)) == -1)
		personality((unsigned long)cleared);
}

/* Raises a limit on this process to so much, or as far as the hard limit allows. */
static void raise_limit(int resource, rlim_t enough)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) != 0 || limit.rlim_cur >= enough)
		return;
	limit.rlim_cur = limit.rlim_max < enough ? limit.rlim_max : enough;
	setrlimit(resource, &limit);
}

void conditions_pin(void)
{
	pin_personality();
	thp_was_refused = prctl(PR_SET_THP_DISABLE, options.huge_pages ? 0 : 1, 0, 0, 0) != 0;
	raise_limit(RLIMIT_NOFILE, ENOUGH_FILES);
	raise_limit(RLIMIT_FSIZE, RLIM_INFINITY);
	/* A write beyond the limit on a file's size then fails with EFBIG. */
	signal(SIGXFSZ, SIG_IGN);
}

const char *aslr_condition(void)
{
	bool off = (personality_flags() & ADDR_NO_RANDOMIZE) != 0;

	if (options.aslr)
		return off ? "off: personality(2) did not clear ADDR_NO_RANDOMIZE" :
			     "as the machine has it";
	return off ? "off" : "on: personality(ADDR_NO_RANDOMIZE) was refused";
}

const char *personality_condition(void)
{
	static char text[160];
	size_t length = 0;

	if (personality((unsigned long)QUERY) == -1)
		return "unknown: personality(2) was refused";
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (personality_flags() & flags[i].flag)
			length += (size_t)snprintf(text + length, sizeof(text) - length, "%s ",
						   flags[i].name);
	if (length == 0)
		return "none";
	snprintf(text + length, sizeof(text) - length, "(inherited, and not to be cleared)");
	return text;
}

const char *huge_pages_condition(void)
{
	if (options.huge_pages)
		return prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1 ?
			       "off: PR_SET_THP_DISABLE is inherited, and was not cleared" :
			       "as the machine has them";
	if (thp_was_refused)
		return "not switched off: prctl(PR_SET_THP_DISABLE) was refused";
	return MALLOC_KNOWS_HUGE_PAGES ? "off: prctl(PR_SET_THP_DISABLE), glibc.malloc.hugetlb=0" :
					 "off: prctl(PR_SET_THP_DISABLE)";
}

/* ---- the limits of the shell ---------------------------------------------- */

pid_t limits_of;

int64_t reader_limit(int resource)
{
	struct rlimit limit;

	if (prlimit(limits_of, resource, NULL, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return INT64_MAX;
	return (int64_t)limit.rlim_cur;
}

void file_was_refused(const char *file, int64_t bytes)
{
	if (errno == EFBIG && reader_limit(RLIMIT_FSIZE) < bytes)
		unsupported("%s takes %lld bytes: the shell's `ulimit -f %lld` does not allow that; "
			    "run it in a shell without this limit",
			    file, (long long)bytes, (long long)reader_limit(RLIMIT_FSIZE) / 1024);
	broken("cannot make %s of %lld bytes: %s", file, (long long)bytes, strerror(errno));
}
