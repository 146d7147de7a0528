/* SPDX-License-Identifier: MIT */
/* An mmap() that searches for addresses as Linux 5.10 and 6.1 do for a process without privileges:
 * where it is asked for less than 64 KiB, and no hint names free addresses, it ends at the hole
 * below vm.mmap_min_addr, with EPERM. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SEARCHED = 64 * 1024 };

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	void *got = (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);

	/* The kernel moves a hint below vm.mmap_min_addr up to there. */
	bool hinted = got == address || (address != NULL && address < got && got <= (void *)SEARCHED);

	if (got == MAP_FAILED || hinted || protection != PROT_NONE || length >= SEARCHED)
		return got;
	munmap(got, length);
	errno = EPERM;
	return MAP_FAILED;
}
