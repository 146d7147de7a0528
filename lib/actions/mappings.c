/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "mappings.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "end.h"
#include "file.h"
#include "memory.h"
#include "probe.h"

char *must_map_apart(int64_t bytes, int flags)
{
	size_t page = (size_t)page_bytes();
	char *room =
		mmap(NULL, (size_t)bytes + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int file = flags & MAP_ANONYMOUS ? -1 : must_make_file_in_memory(bytes);

	if (room == MAP_FAILED || mmap(room + page, (size_t)bytes, PROT_READ | PROT_WRITE,
				       flags | MAP_FIXED, file, 0) == MAP_FAILED)
		memory_was_refused("mmap", bytes);
	if (file >= 0)
		close(file);
	return room + page;
}

char *must_map_warm(int64_t bytes)
{
	must_have_memory(2 * bytes);
	char *used = must_map(2 * bytes);

	write_pages(used, 2 * bytes);
	must_unmap(used, 2 * bytes);
	return must_map(bytes);
}

void must_grow_to(int64_t resident_bytes)
{
	int64_t more = resident_bytes - snapshot_now().resident_bytes;
	if (more <= 0)
		return;
	int64_t part = pages_for(more / 8 + 1) * page_bytes();
	must_have_memory(part);
	int file = must_make_file_in_memory(part);

	for (; more > 0; more -= part)
		if (mmap(NULL, (size_t)part, PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0) ==
		    MAP_FAILED)
			memory_was_refused("mmap", part);
	close(file);
}

/* ---- very many --------------------------------------------------------------------- */

static char *region;
static int64_t used_pages; /* of the region, from its first one: every second of them is readable */

static bool protect(int64_t page, int64_t pages, int protection)
{
	return mprotect(region + page * page_bytes(), (size_t)(pages * page_bytes()), protection) ==
	       0;
}

/* Making a page readable between two that are not adds two mappings. */
bool use_up_mappings(int64_t region_pages)
{
	region = mmap(NULL, (size_t)(region_pages * page_bytes()), PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (region == MAP_FAILED)
		memory_was_refused("mmap", region_pages * page_bytes());
	used_pages = 1;
	while (used_pages < region_pages - 1 && protect(used_pages, 1, PROT_READ))
		used_pages += 2;
	return used_pages < region_pages - 1;
}

int64_t must_give_mappings_back(int64_t mappings)
{
	if (mappings > used_pages)
		mappings = used_pages;
	if (!protect(used_pages - mappings, mappings, PROT_NONE))
		broken("cannot give %lld mappings back: %s", (long long)mappings, strerror(errno));
	return mappings;
}
