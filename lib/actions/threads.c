/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "threads.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "end.h"
#include "enough_memory.h"

static int64_t stack_of_a_thread(void)
{
	pthread_attr_t attributes;
	size_t bytes = 0;

	pthread_attr_init(&attributes);
	pthread_attr_getstacksize(&attributes, &bytes);
	return (int64_t)bytes;
}

pthread_t must_start_thread(void *(*run)(void *number), int64_t number)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, run, (void *)(intptr_t)number);

	if (error != 0) {
		unsupported_if_limited("a thread's stack takes", stack_of_a_thread());
		broken("cannot start thread %lld: %s (see ulimit -u)", (long long)number + 1,
		       strerror(error));
	}
	return thread;
}

/* The CPUs that the process may use, as they were at the first call: a thread that is bound to one
 * of them sees only that one. */
static const cpu_set_t *usable(void)
{
	static cpu_set_t set;

	if (CPU_COUNT(&set) == 0)
		sched_getaffinity(0, sizeof(set), &set);
	return &set;
}

int64_t usable_cpus(void)
{
	return CPU_COUNT(usable());
}

static int bind_to(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one);
}

void run_on_cpu(int64_t nth)
{
	int cpu = -1;

	for (int64_t n = -1; n < nth % usable_cpus(); n++)
		do
			cpu++;
		while (!CPU_ISSET(cpu, usable()));
	if (bind_to(cpu) != 0)
		broken("sched_setaffinity failed for CPU %d: %s", cpu, strerror(errno));
}

void stay_on_this_cpu(void)
{
	usable();
	bind_to(sched_getcpu());
}
