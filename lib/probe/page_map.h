/* SPDX-License-Identifier: MIT */
/* Which pages of this process are in memory.
 *
 * The source is /proc/self/pagemap, which has one 64-bit word per page; everybody may read its
 * two highest bits (Documentation/admin-guide/mm/pagemap.rst).  Reading it touches none of the
 * pages.  The caller chooses how much is read at a time: many words where the addresses rise,
 * one where they jump.
 */
#ifndef TOUCHSTONE_PAGE_MAP_H
#define TOUCHSTONE_PAGE_MAP_H

#include <stdbool.h>
#include <stdint.h>

enum page_state { PAGE_ABSENT, PAGE_RESIDENT, PAGE_SWAPPED };

/* The words that were read last, one for each page.  They lie in the caller's memory, so that
 * the caller can see to it that writing them causes no page fault (after fork(2), for example). */
enum { PAGE_MAP_WORDS = 8192 };
struct page_map {
	uintptr_t first, count; /* number of the first page that was read; how many were read */
	uintptr_t most;         /* number of pages to read at a time */
	uint64_t words[PAGE_MAP_WORDS];
};

/* Opens the file.  From now on, words are read into *memory.  Returns false with errno where
 * the file cannot be opened. */
bool page_map_open(struct page_map *memory);

/* Forgets the words that were read.  From now on, reads as many at a time as [start, end) has
 * pages, up to PAGE_MAP_WORDS. */
void page_map_ahead(uintptr_t start, uintptr_t end);

/* Forgets the words that were read.  From now on, reads one at a time. */
void page_map_singly(void);

/* Returns the state of the page that an address lies on; PAGE_ABSENT where it cannot be read. */
enum page_state page_map_state(uintptr_t address);

/* Returns whether the page that an address lies on is PAGE_RESIDENT. */
bool page_map_is_resident(uintptr_t address);

#endif
