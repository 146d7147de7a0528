/* SPDX-License-Identifier: MIT */
/* Threads, and the CPUs that they run on.
 *
 * "The nth CPU" counts, from 0 and around, those that this process may use (sched_getaffinity(2)),
 * whatever their numbers are: a container or taskset(1) may leave CPUs 2 and 5.
 */
#ifndef TOUCHSTONE_THREADS_H
#define TOUCHSTONE_THREADS_H

#include <pthread.h>
#include <stdint.h>

/* Starts a thread that gets a number as its argument: (void *)(intptr_t)number.  It can be joined.
 * Ends the experiment as broken where it cannot be started. */
pthread_t must_start_thread(void *(*run)(void *number), int64_t number);

/* Returns how many CPUs this process may use. */
int64_t usable_cpus(void);

/* Binds the calling thread to the nth CPU, or ends the experiment as broken. */
void run_on_cpu(int64_t nth);

/* Binds the calling thread to the CPU on which it runs now, where that is permitted. */
void stay_on_this_cpu(void);

#endif
