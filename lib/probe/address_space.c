/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "address_space.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "small_file.h"

/* Asks for smaller and smaller powers of two.  A hole of any size is a sum of such powers, so
 * each hole is filled to its last page. */
int64_t reserve_all_addresses(void *hint)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct procfs_statm pages;
	char text[256];

	for (size_t size = SIZE_MAX / 4 + 1; size >= page; size /= 2)
		while (mmap(hint, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			    0) != MAP_FAILED)
			;
	size_t length = read_small_file("/proc/self/statm", text, sizeof(text));
	if (!procfs_statm(text, length, &pages))
		return -1;
	return pages.size * (int64_t)page;
}

int64_t addresses_left_out(void)
{
	return INT64_C(64) * 1024 + (256 + 2) * (int64_t)sysconf(_SC_PAGESIZE);
}

bool for_each_mapping(int fd, char *text, size_t size, visit_mapping *visit, void *context)
{
	struct procfs_mapping mapping;
	ssize_t length;

	if (lseek(fd, 0, SEEK_SET) != 0)
		return false;
	while ((length = read(fd, text, size)) > 0)
		for (size_t position = 0; procfs_mapping(text, (size_t)length, &position, &mapping);)
			visit(&mapping, context);
	return length == 0;
}

struct search {
	uintptr_t address;
	bool found;
	struct procfs_mapping *mapping;
};

static void keep_if_it_holds_the_address(const struct procfs_mapping *mapping, void *context)
{
	struct search *search = context;

	if (mapping->start <= search->address && search->address < mapping->end) {
		search->found = true;
		*search->mapping = *mapping;
		search->mapping->name_length = 0;
	}
}

bool mapping_of(const void *address, struct procfs_mapping *mapping)
{
	static char text[MAPS_TEXT];
	struct search search = { (uintptr_t)address, false, mapping };
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	for_each_mapping(fd, text, sizeof(text), keep_if_it_holds_the_address, &search);
	close(fd);
	return search.found;
}
