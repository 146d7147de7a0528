/* SPDX-License-Identifier: MIT */
/* Transparent huge pages, which the harness switches off for every arm: for the
 * experiments that are about them.  The kernel's documentation on them is
 * admin-guide/mm/transhuge.rst. */
#ifndef TOUCHSTONE_HUGE_PAGES_H
#define TOUCHSTONE_HUGE_PAGES_H

#include <stdbool.h>
#include <stdint.h>

/* Returns whether the kernel has huge pages and they are not switched off for the machine. */
bool huge_pages_are_on(void);

/* Bytes of one huge page: what one entry of the page table's last level but one
 * maps; 2 MiB with pages of 4 KiB.  Unsupported where the kernel has no huge
 * pages, or has them switched off. */
int64_t huge_page_bytes(void);

/* mmap(2) of so many huge pages, aligned to their size, of which madvise(2) asks
 * the kernel to use them (MADV_HUGEPAGE) or not to (MADV_NOHUGEPAGE).  Unsupported
 * where they would take more than half of the free memory. */
char *must_map_huge(int64_t huge_pages, bool wanted);

/* Maps so many huge pages, none of them present, that were in use a moment ago; for timing their
 * faults.  Returns NULL where the memory is too fragmented for them. */
char *map_warm_huge(int64_t huge_pages);

/* Huge pages that the kernel wanted to give at a fault and did not have, since it
 * was booted: thp_fault_fallback in /proc/vmstat. */
int64_t huge_page_fallbacks(void);

#endif
