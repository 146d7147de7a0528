/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "address_space.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

/* A hole of any size is a sum of powers of two, so going down through them fills
 * each one to the last page. */
int64_t reserve_all_addresses(void *hint)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct procfs_statm pages;
	char text[256];

	for (size_t size = SIZE_MAX / 4 + 1; size >= page; size /= 2)
		while (mmap(hint, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			    0) != MAP_FAILED)
			;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (fd >= 0)
		close(fd);
	if (length < 0 || !procfs_statm(text, (size_t)length, &pages))
		return -1;
	return pages.size * (int64_t)page;
}

int64_t addresses_left_out(void)
{
	return INT64_C(64) * 1024 + (256 + 2) * (int64_t)sysconf(_SC_PAGESIZE);
}

bool mapping_of(const void *address, struct procfs_mapping *mapping)
{
	static char text[1 << 16];
	size_t length = 0, position = 0;
	ssize_t got;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && length < sizeof(text) &&
	       (got = read(fd, text + length, sizeof(text) - length)) > 0)
		length += (size_t)got;
	if (fd >= 0)
		close(fd);
	while (procfs_mapping(text, length, &position, mapping)) {
		if (mapping->start <= (uintptr_t)address && (uintptr_t)address < mapping->end) {
			mapping->name_length = 0;
			return true;
		}
	}
	return false;
}
