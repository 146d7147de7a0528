/* SPDX-License-Identifier: MIT */
/* The ways in which people read the resident size of a process: ours, and its peers.
 *
 * Each reads this process so many times and gives the bytes of the last reading, or
 * NOT_MEASURED where the tool it needs is not installed.  What a way sets up once
 * (its library, its helper process) it sets up at the first reading.
 */
#ifndef TOUCHSTONE_READINGS_H
#define TOUCHSTONE_READINGS_H

#include <stdint.h>

/* The system calls and library calls of a snapshot, and nothing around them:
 * getrusage(2), pread(2) of the file that the probe reads, sbrk(0), mallinfo2(3).
 * Nobody can do with less. */
int64_t read_by_bare_calls(int64_t times);

int64_t read_by_probe(int64_t times);

/* /proc/self/statm, opened and closed each time; with stdio; and smaps_rollup, for
 * which the kernel walks all page tables. */
int64_t read_by_open(int64_t times);
int64_t read_by_stdio(int64_t times);
int64_t read_by_smaps_rollup(int64_t times);

/* procps_pids_select() of libproc2, which ps is made of (packages libproc2-0 and,
 * when this library is built, libproc2-dev). */
int64_t read_by_libproc2(int64_t times);

/* psutil.Process(pid).memory_info().rss in a Python process beside this one (package
 * python3-psutil).  psutil_ns() is what one of the last readings took in there. */
int64_t read_by_psutil(int64_t times);
int64_t psutil_ns(void);

/* Commands, run as a program runs them, by popen(3). */
int64_t read_by_ps(int64_t times);
int64_t read_by_pmap(int64_t times);
int64_t read_by_ps_aux_grep(int64_t times);

/* From outside: the parent reads, once, while this process stands still (ask()). */
int64_t read_outside_by_ps(int64_t times);
int64_t read_outside_by_pmap(int64_t times);
int64_t read_outside_by_psutil(int64_t times);

#endif
