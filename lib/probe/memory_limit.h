/* SPDX-License-Identifier: MIT */
/* How much memory this process may still take: what the machine has, and what its control
 * groups allow (cgroups(7)).  A container's limit is such a limit, and /proc/meminfo does not
 * show it.  Nothing here allocates memory.
 */
#ifndef TOUCHSTONE_MEMORY_LIMIT_H
#define TOUCHSTONE_MEMORY_LIMIT_H

#include <stdint.h>

/* The limit that leaves the least, of all groups that this process is in, from its own up to the
 * root: memory.max with version 2 of control groups, memory.limit_in_bytes with version 1. */
struct memory_limit {
	int64_t bytes;     /* the limit; INT64_MAX: there is none */
	int64_t available; /* what it leaves; cached pages of files count as free, since the
			    * kernel drops them first; INT64_MAX where there is no limit */
	char path[256];    /* of the file that holds the limit; empty where there is none */
};

/* Reads the limit.  root is put before each path: "" for the files of this machine. */
struct memory_limit memory_limit(const char *root);

/* Returns how many processes of this machine the kernel has killed for want of memory, its own or a
 * control group's: oom_kill in /proc/vmstat, since Linux 4.13; 0 before. */
int64_t machine_oom_kills(void);

/* Returns the bytes that can be taken without swapping: MemAvailable in /proc/meminfo, or less
 * where a control group leaves less.  INT64_MAX where /proc/meminfo cannot be read. */
int64_t available_bytes(void);

#endif
