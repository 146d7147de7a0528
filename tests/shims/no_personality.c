/* SPDX-License-Identifier: MIT */
/* A personality(2) that fails, whether it is to show or to change anything. */
#include <errno.h>
#include <sys/personality.h>

int personality(unsigned long persona)
{
	(void)persona;
	errno = EPERM;
	return -1;
}
