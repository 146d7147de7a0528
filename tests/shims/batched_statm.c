/* SPDX-License-Identifier: MIT */
/* Makes /proc/self/statm count resident pages in batches of 64, as Linux 6.1 does: pread() rounds
 * the second and the third number down to a multiple of 64. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BATCH = 64 };

static int is_statm(int fd)
{
	struct stat statm, this_one;

	return stat("/proc/self/statm", &statm) == 0 && fstat(fd, &this_one) == 0 &&
	       statm.st_dev == this_one.st_dev && statm.st_ino == this_one.st_ino;
}

ssize_t pread(int fd, void *buffer, size_t size, off_t offset)
{
	ssize_t length = syscall(SYS_pread64, fd, buffer, size, offset);
	long total, resident, shared;
	int rest;
	char text[256] = "";

	if (length <= 0 || length >= (ssize_t)sizeof(text) || !is_statm(fd))
		return length;
	memcpy(text, buffer, (size_t)length);
	if (sscanf(text, "%ld %ld %ld%n", &total, &resident, &shared, &rest) != 3)
		return length;
	return snprintf(buffer, size, "%ld %ld %ld%s", total, resident / BATCH * BATCH,
			shared / BATCH * BATCH, text + rest);
}
