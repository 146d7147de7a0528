/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "address_space.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "small_file.h"

/* Returns 0 where the kernel refuses. */
static uintptr_t reserve(uintptr_t hint, size_t size)
{
	void *start = mmap((void *)hint, size, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return start == MAP_FAILED ? 0 : (uintptr_t)start;
}

/* Reserves a hole from its lowest address on, in smaller and smaller powers of two.  Names the
 * addresses as hints, with which the kernel does not search.  It moves a hint below
 * vm.mmap_min_addr up to there. */
static void fill_hole(uint64_t start, uint64_t end)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t got;

	for (size_t size = SIZE_MAX / 4 + 1; size >= page; size /= 2)
		while (size <= end - start && (got = reserve((uintptr_t)start, size)) != 0)
			if (start <= got && got < end)
				start = got + size;
}

/* Fills the hole below a mapping.  The page [vsyscall], in the kernel's half, ends the search. */
static void fill_hole_below(const struct procfs_mapping *mapping, void *context)
{
	uint64_t *end_of_the_last = context;

	if (mapping->start > INT64_MAX)
		return;
	if (*end_of_the_last < mapping->start)
		fill_hole(*end_of_the_last, mapping->start);
	*end_of_the_last = mapping->end;
}

static void fill_holes(void)
{
	static char text[MAPS_TEXT];
	uint64_t end = (uint64_t)sysconf(_SC_PAGESIZE); /* a hint of 0 is none */
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	for_each_mapping(fd, text, sizeof(text), fill_hole_below, &end);
	fill_hole(end, UINTPTR_MAX);
	close(fd);
}

/* First asks for smaller and smaller powers of two, wherever they are.  A hole of any size is a sum
 * of such powers, so each hole is filled to its last page, if the kernel finds it.  Up to Linux 6.1
 * at least, it does not find all for a process without privileges: it searches downward, ends at
 * the hole below vm.mmap_min_addr, which it may not give (EPERM), and does not go on to the holes
 * above the point where it began.  In the layout of old kernels, it does not search below
 * TASK_UNMAPPED_BASE.  So the holes are then looked for in /proc/self/maps. */
int64_t reserve_all_addresses(void *hint)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct procfs_statm pages;
	char text[256];

	for (size_t size = SIZE_MAX / 4 + 1; size >= page; size /= 2)
		while (reserve((uintptr_t)hint, size) != 0)
			;
	fill_holes();
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
