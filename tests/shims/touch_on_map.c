/* SPDX-License-Identifier: MIT */
/* An mmap() that makes the pages of every anonymous mapping resident at once. */
#define _GNU_SOURCE
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	if ((flags & MAP_ANONYMOUS) && (protection & PROT_WRITE))
		flags |= MAP_POPULATE;
	return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
}
