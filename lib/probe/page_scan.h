/* SPDX-License-Identifier: MIT */
/* What the words of pagemap do not say: which pages are the page of zeros, and which were
 * written since somebody last asked.
 *
 * The source is the ioctl PAGEMAP_SCAN of /proc/PID/pagemap, since Linux 6.7
 * (Documentation/admin-guide/mm/pagemap.rst, PAGEMAP_SCAN(2const)).  For writes, it needs
 * userfaultfd(2) with asynchronous write protection: the kernel write-protects the pages, and
 * resolves the fault of the first write to each by itself.  That fault counts, and a watched
 * mapping does not merge with others: so nothing is to be measured in a process that watches.
 * No privilege is needed.
 */
#ifndef TOUCHSTONE_PAGE_SCAN_H
#define TOUCHSTONE_PAGE_SCAN_H

#include <stdbool.h>
#include <stdint.h>

/* Called with each run of pages [start, end) that are the page of zeros, or were written. */
typedef void page_scan_visit(uintptr_t start, uintptr_t end, bool zero, bool written);

/* Prepares to watch writes of this process, also after fork(2).  Where the kernel cannot do that,
 * page_scan_watch() returns false. */
void page_scan_open(void);

/* Watches the writes to [start, end) from now on; does nothing where it does so already.  Returns
 * false where they cannot be watched. */
bool page_scan_watch(uintptr_t start, uintptr_t end);

/* Calls visit() for the runs in [start, end).  fd is an open pagemap.  "Written" means: written
 * since page_scan_forget_writes(), and says something in watched ranges only.  Visits none where
 * the kernel has no PAGEMAP_SCAN. */
void page_scan(int fd, uintptr_t start, uintptr_t end, page_scan_visit *visit);

/* From now on, no page of the watched range [start, end) counts as written, until it is written
 * again. */
void page_scan_forget_writes(int fd, uintptr_t start, uintptr_t end);

#endif
