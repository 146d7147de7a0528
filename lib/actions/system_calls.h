/* SPDX-License-Identifier: MIT */
/* Counts the system calls that a function makes, exactly.
 *
 * The function runs in a copy of the arm's process (fork) that is traced with ptrace(2), as
 * strace(1) does it, but only from the function's first instruction to its return.  So the
 * calls that start and end the copy are not counted, and the arm itself runs at full speed.
 * Under --bare the function runs in this process and is not traced, so that `strace -c` can
 * count by itself.
 */
#ifndef TOUCHSTONE_SYSTEM_CALLS_H
#define TOUCHSTONE_SYSTEM_CALLS_H

#include <stdint.h>

struct system_calls {
	int64_t mmap, munmap, brk;
	int64_t other; /* all other calls together */
};

/* Returns how many system calls action(times) makes; zeros under --bare.  Ends the experiment as
 * unsupported where a process may not be traced. */
struct system_calls count_system_calls(void (*action)(int64_t times), int64_t times);

#endif
