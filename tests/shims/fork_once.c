/* SPDX-License-Identifier: MIT */
/* A fork(2) that works once in a process and then fails, as at the limit on processes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/types.h>

pid_t fork(void)
{
	static int calls;
	pid_t (*next)(void);

	if (calls++ > 0) {
		errno = EAGAIN;
		return -1;
	}
	*(void **)&next = dlsym(RTLD_NEXT, "fork");
	return next();
}
