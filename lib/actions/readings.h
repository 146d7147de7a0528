/* SPDX-License-Identifier: MIT */
/* The ways in which people read the resident size of a process: the probe, and its peers.
 *
 * Each function reads this process so many times, and returns the bytes of the last reading,
 * or NOT_MEASURED where the tool that it needs is not installed.  A way that sets something up
 * once (a library, a helper process) does so in the first call.  Where a reading fails, the
 * experiment ends as broken.
 */
#ifndef TOUCHSTONE_READINGS_H
#define TOUCHSTONE_READINGS_H

#include <stdint.h>

/* Makes only the system calls and library calls of a snapshot: getrusage(2), pread(2) of the
 * file that the probe reads, sbrk(0), mallinfo2(3).  A snapshot cannot do with less. */
int64_t read_by_bare_calls(int64_t times);

/* Takes snapshots with the probe. */
int64_t read_by_probe(int64_t times);

/* Reads /proc/self/statm, and opens and closes it each time. */
int64_t read_by_open(int64_t times);

/* Reads /proc/self/statm with fopen(3) and fscanf(3). */
int64_t read_by_stdio(int64_t times);

/* Reads /proc/self/smaps_rollup, for which the kernel walks all page tables. */
int64_t read_by_smaps_rollup(int64_t times);

/* Calls procps_pids_select() of libproc2, the library that ps uses (packages libproc2-0 and,
 * when this library is built, libproc2-dev). */
int64_t read_by_libproc2(int64_t times);

/* Reads psutil.Process(pid).memory_info().rss in a Python process that runs beside this one
 * (package python3-psutil). */
int64_t read_by_psutil(int64_t times);

/* Returns the nanoseconds that one reading took in the Python process: the mean of the last call
 * of read_by_psutil(). */
int64_t psutil_ns(void);

/* Run `ps -o rss=`, `pmap -x` or `ps aux | grep` by popen(3), as a program would. */
int64_t read_by_ps(int64_t times);
int64_t read_by_pmap(int64_t times);
int64_t read_by_ps_aux_grep(int64_t times);

/* From outside: the parent reads, once, while this process stands still (ask()). */
int64_t read_outside_by_ps(int64_t times);
int64_t read_outside_by_pmap(int64_t times);
int64_t read_outside_by_psutil(int64_t times);

#endif
