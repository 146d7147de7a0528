/* SPDX-License-Identifier: MIT */
/* Which system calls a deed makes, counted to the last one.
 *
 * The deed runs in a copy of the arm's process (fork) that is traced with
 * ptrace(2), as strace(1) does it, but only from its first instruction to its
 * return: what starts and ends the copy is not counted, and the arm itself
 * runs at full speed.  Under --bare the deed runs untraced, and in this process:
 * there `strace -c` can count for itself.
 */
#ifndef TOUCHSTONE_SYSTEM_CALLS_H
#define TOUCHSTONE_SYSTEM_CALLS_H

#include <stdint.h>

struct system_calls {
	int64_t mmap, munmap, brk;
	int64_t other; /* all the rest */
};

/* Ends the experiment as unsupported where a process may not be traced. */
struct system_calls count_system_calls(void (*deed)(int64_t times), int64_t times);

#endif
