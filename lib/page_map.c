/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "page_map.h"

#include <fcntl.h>
#include <unistd.h>

static int fd = -1;
static uintptr_t page_size;

/* The part that was read last: a word a page. */
static struct {
	uint64_t *words;
	uintptr_t room;         /* words that fit */
	uintptr_t first, count; /* pages */
	uintptr_t most;         /* pages to read at a time */
} window;

bool page_map_open(uint64_t *words, uintptr_t count)
{
	page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
	window.words = words;
	window.room = count;
	fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	return fd >= 0;
}

void page_map_ahead(uintptr_t start, uintptr_t end)
{
	uintptr_t pages = (end - start + page_size - 1) / page_size + 1;

	window.count = 0;
	window.most = pages < window.room ? pages : window.room;
}

void page_map_singly(void)
{
	window.count = 0;
	window.most = 1;
}

enum page_state page_map_state(uintptr_t address)
{
	uintptr_t page = address / page_size;

	if (page - window.first >= window.count) {
		size_t bytes = window.most * sizeof(*window.words);
		off_t from = (off_t)(page * sizeof(*window.words));
		ssize_t length = pread(fd, window.words, bytes, from);
		window.first = page;
		window.count = length > 0 ? (uintptr_t)length / sizeof(*window.words) : 0;
		if (window.count == 0)
			return PAGE_ABSENT;
	}
	uint64_t bits = window.words[page - window.first];
	return bits >> 63 & 1 ? PAGE_RESIDENT : bits >> 62 & 1 ? PAGE_SWAPPED : PAGE_ABSENT;
}

bool page_map_is_resident(uintptr_t address)
{
	return page_map_state(address) == PAGE_RESIDENT;
}
