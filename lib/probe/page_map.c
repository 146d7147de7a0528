/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "page_map.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "page_scan.h"
#include "procfs.h"

/* Bits of a word (Documentation/admin-guide/mm/pagemap.rst).  The kernel leaves bits 59 and 60
 * zero: here they hold what page_scan() found. */
#define BIT_PRESENT (1ULL << 63)
#define BIT_SWAPPED (1ULL << 62)
#define BIT_EXCLUSIVE (1ULL << 56) /* one process has this page, since Linux 4.2 */
#define BIT_WATCHED (1ULL << 57)   /* write-protected for userfaultfd(2), since Linux 5.13 */
#define BIT_ZERO (1ULL << 60)
#define BIT_WRITTEN (1ULL << 59)

static int own_fd = -1, other_fd = -1, fd = -1;
static uintptr_t page_size, watched_start, watched_end;

static struct page_map *map;
static bool swap_is_used;

bool page_map_open(struct page_map *memory)
{
	page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
	map = memory;
	own_fd = fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	page_scan_open();
	return fd >= 0;
}

void page_map_open_other(int pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	other_fd = open(path, O_RDONLY | O_CLOEXEC);
}

bool page_map_look_at_other(bool other)
{
	uint64_t word;

	fd = other ? other_fd : own_fd;
	map->count = 0;
	/* Of a process that has ended, nothing can be read. */
	off_t anywhere = (off_t)((uintptr_t)&own_fd / page_size * sizeof(word));
	if (pread(fd, &word, sizeof(word), anywhere) == sizeof(word))
		return true;
	fd = own_fd;
	return false;
}

/* Returns whether pages of this process are swapped out. */
static bool uses_swap(void)
{
	char text[4096];
	int64_t bytes = 0;
	int status_fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t length = read(status_fd, text, sizeof(text));

	close(status_fd);
	return length > 0 && procfs_kib(text, (size_t)length, "VmSwap", &bytes) && bytes > 0;
}

void page_map_watch(uintptr_t start, uintptr_t end)
{
	swap_is_used = uses_swap();
	watched_start = start;
	watched_end = page_scan_watch(start, end) ? end : start;
}

void page_map_forget_writes(void)
{
	if (watched_end > watched_start)
		page_scan_forget_writes(own_fd, watched_start, watched_end);
	watched_start = watched_end = 0;
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

/* Adds to the words what page_scan() found of a run of pages. */
static void mark(uintptr_t start, uintptr_t end, bool zero, bool written)
{
	for (uintptr_t at = start; at < end; at += page_size) {
		bool watched = fd == own_fd && at >= watched_start && at < watched_end;
		map->words[at / page_size - map->first] |= (zero ? BIT_ZERO : 0) |
							   (written && watched ? BIT_WRITTEN : 0);
	}
}

static void read_words(uintptr_t page)
{
	off_t from = (off_t)(page * sizeof(*map->words));
	ssize_t length = pread(fd, map->words, map->most * sizeof(*map->words), from);

	map->first = page;
	map->count = length > 0 ? (uintptr_t)length / sizeof(*map->words) : 0;
	if (map->most > 1 && map->count > 0)
		page_scan(fd, page * page_size, (page + map->count) * page_size, mark);
}

enum page_state page_map_state(uintptr_t address)
{
	uintptr_t page = address / page_size;

	if (page - map->first >= map->count)
		read_words(page);
	if (map->count == 0)
		return PAGE_ABSENT;
	uint64_t word = map->words[page - map->first];
	/* Where a watched page was given back, the kernel leaves a mark that looks like swap:
	 * pte_install_uffd_wp_if_needed() in mm/memory.c. */
	if ((word & BIT_SWAPPED) != 0 && ((word & BIT_WATCHED) == 0 || swap_is_used))
		return PAGE_SWAPPED;
	if ((word & BIT_PRESENT) == 0)
		return PAGE_ABSENT;
	if ((word & BIT_ZERO) != 0)
		return PAGE_ZERO;
	if (other_fd >= 0 && (word & BIT_EXCLUSIVE) == 0)
		return PAGE_SHARED;
	return (word & BIT_WRITTEN) != 0 ? PAGE_WRITTEN : PAGE_RESIDENT;
}

bool page_map_is_resident(uintptr_t address)
{
	enum page_state state = page_map_state(address);

	return state != PAGE_ABSENT && state != PAGE_SWAPPED;
}
