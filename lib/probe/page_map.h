/* SPDX-License-Identifier: MIT */
/* Which pages of this process are in memory: /proc/self/pagemap, whose two highest bits
 * everybody may read (Documentation/admin-guide/mm/pagemap.rst).
 *
 * Asking touches no page.  What is read at a time is the caller's to choose: many pages
 * where addresses rise, one where they jump.
 */
#ifndef TOUCHSTONE_PAGE_MAP_H
#define TOUCHSTONE_PAGE_MAP_H

#include <stdbool.h>
#include <stdint.h>

enum page_state { PAGE_ABSENT, PAGE_RESIDENT, PAGE_SWAPPED };

/* What was read last, one word a page.  It lies in the caller's memory, so that the caller
 * decides whether a page of it may fault: after fork(2), say. */
enum { PAGE_MAP_WORDS = 8192 };
struct page_map {
	uintptr_t first, count; /* pages */
	uintptr_t most;         /* pages to read at a time */
	uint64_t words[PAGE_MAP_WORDS];
};

/* Opens the file; what is read goes to *memory from now on.  False with errno. */
bool page_map_open(struct page_map *memory);

/* Forgets what was read.  From now on reads up to what [start, end) takes at a time, or
 * page by page. */
void page_map_ahead(uintptr_t start, uintptr_t end);
void page_map_singly(void);

/* The state of the page that an address lies on. */
enum page_state page_map_state(uintptr_t address);
bool page_map_is_resident(uintptr_t address);

#endif
