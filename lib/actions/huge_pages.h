/* SPDX-License-Identifier: MIT */
/* Transparent huge pages, for the experiments that are about them: the harness switches them
 * off for every arm.  The kernel describes them in Documentation/admin-guide/mm/transhuge.rst. */
#ifndef TOUCHSTONE_HUGE_PAGES_H
#define TOUCHSTONE_HUGE_PAGES_H

#include <stdbool.h>
#include <stdint.h>

/* Returns whether the kernel has huge pages and they are not switched off for the machine. */
bool huge_pages_are_on(void);

/* Returns the bytes of one huge page, from hpage_pmd_size in /sys/kernel/mm/transparent_hugepage.
 * It is what one entry in the second-lowest level of the page table maps: 2 MiB with pages of
 * 4 KiB.  Unsupported where the kernel has no huge pages, or has them switched off. */
int64_t huge_page_bytes(void);

/* Maps memory for so many huge pages, aligned to their size, and advises the kernel to use huge
 * pages for it (use: MADV_HUGEPAGE) or not to (MADV_NOHUGEPAGE).  Nothing is resident yet.
 * Unsupported where it would be more than half of the available memory. */
char *must_map_huge(int64_t huge_pages, bool use);

/* Maps so many huge pages, none of them present, that were in use a moment ago; for timing their
 * faults.  Returns NULL where the memory is too fragmented for them. */
char *map_warm_huge(int64_t huge_pages);

/* Returns how many times, since the machine was booted, the kernel wanted to give a huge page at
 * a fault and had none: thp_fault_fallback in /proc/vmstat. */
int64_t huge_page_fallbacks(void);

#endif
