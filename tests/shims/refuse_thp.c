/* SPDX-License-Identifier: MIT */
/* A prctl(2) that does not switch off huge pages, as under some filters of containers. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int prctl(int option, ...)
{
	va_list arguments;
	unsigned long argument;

	va_start(arguments, option);
	argument = va_arg(arguments, unsigned long);
	va_end(arguments);
	if (option == PR_SET_THP_DISABLE) {
		errno = EPERM;
		return -1;
	}
	return (int)syscall(SYS_prctl, option, argument, 0, 0, 0);
}
