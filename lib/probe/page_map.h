/* SPDX-License-Identifier: MIT */
/* Which pages of this process are in memory, and which of a process related by fork(2).
 *
 * The source is /proc/PID/pagemap, which has one 64-bit word per page; everybody may read its
 * highest bits (Documentation/admin-guide/mm/pagemap.rst).  Reading it touches none of the
 * pages.  The caller chooses how much is read at a time: many words where the addresses rise,
 * one where they jump.  What the words do not say comes from page_scan.h, where the kernel
 * knows it.
 */
#ifndef TOUCHSTONE_PAGE_MAP_H
#define TOUCHSTONE_PAGE_MAP_H

#include <stdbool.h>
#include <stdint.h>

enum page_state {
	PAGE_ABSENT,
	PAGE_RESIDENT,
	PAGE_SWAPPED,
	PAGE_ZERO,    /* the page of zeros, which all processes share */
	PAGE_WRITTEN, /* resident, and written since page_map_forget_writes() */
	PAGE_SHARED,  /* resident, and another process has the same page */
};

/* The words that were read last, one for each page.  They lie in the caller's memory, so that
 * the caller can see to it that writing them causes no page fault (after fork(2), for example). */
enum { PAGE_MAP_WORDS = 8192 };
struct page_map {
	uintptr_t first, count; /* number of the first page that was read; how many were read */
	uintptr_t most;         /* number of pages to read at a time */
	uint64_t words[PAGE_MAP_WORDS];
};

/* Opens the file.  From now on, words are read into *memory.  Returns false with errno where
 * the file cannot be opened.  Call it again in a child. */
bool page_map_open(struct page_map *memory);

/* Opens the file of another process, a parent or a child, for page_map_look_at_other().  From now
 * on, pages that several processes share are PAGE_SHARED. */
void page_map_open_other(int pid);

/* Turns to the pages of the other process, or back to one's own.  Returns false where there is no
 * other process, or it has ended. */
bool page_map_look_at_other(bool other);

/* Begins to tell which pages of [start, end), whole pages, are written; page_scan.h says at which
 * price.  All pages in memory count as written until page_map_forget_writes(). */
void page_map_watch(uintptr_t start, uintptr_t end);
void page_map_forget_writes(void);

/* Forgets the words that were read.  From now on, reads as many at a time as [start, end) has
 * pages, up to PAGE_MAP_WORDS. */
void page_map_ahead(uintptr_t start, uintptr_t end);

/* Forgets the words that were read.  From now on, reads one at a time, and tells nothing that needs
 * page_scan.h. */
void page_map_singly(void);

/* Returns the state of the page that an address lies on; PAGE_ABSENT where it cannot be read. */
enum page_state page_map_state(uintptr_t address);

/* Returns whether the page that an address lies on can be read without a page fault. */
bool page_map_is_resident(uintptr_t address);

#endif
