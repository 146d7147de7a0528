/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "page_map.h"

#include <fcntl.h>
#include <unistd.h>

static int fd = -1;
static uintptr_t page_size;

static struct page_map *map;

bool page_map_open(struct page_map *memory)
{
	page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
	map = memory;
	fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	return fd >= 0;
}

void page_map_ahead(uintptr_t start, uintptr_t end)
{
	uintptr_t pages = (end - start + page_size - 1) / page_size + 1;

	map->count = 0;
	map->most = pages < PAGE_MAP_WORDS ? pages : PAGE_MAP_WORDS;
}

void page_map_singly(void)
{
	map->count = 0;
	map->most = 1;
}

enum page_state page_map_state(uintptr_t address)
{
	uintptr_t page = address / page_size;

	if (page - map->first >= map->count) {
		size_t bytes = map->most * sizeof(*map->words);
		off_t from = (off_t)(page * sizeof(*map->words));
		ssize_t length = pread(fd, map->words, bytes, from);
		map->first = page;
		map->count = length > 0 ? (uintptr_t)length / sizeof(*map->words) : 0;
		if (map->count == 0)
			return PAGE_ABSENT;
	}
	uint64_t bits = map->words[page - map->first];
	return bits >> 63 & 1 ? PAGE_RESIDENT : bits >> 62 & 1 ? PAGE_SWAPPED : PAGE_ABSENT;
}

bool page_map_is_resident(uintptr_t address)
{
	return page_map_state(address) == PAGE_RESIDENT;
}
