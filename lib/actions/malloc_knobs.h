/* SPDX-License-Identifier: MIT */
/* Settings of glibc's malloc, and what brings its heap into a known state.
 *
 * What only glibc has (mallopt(), malloc_trim()) ends the experiment as unsupported with
 * another C library.  All sizes are bytes.
 */
#ifndef TOUCHSTONE_MALLOC_KNOBS_H
#define TOUCHSTONE_MALLOC_KNOBS_H

#include <stdint.h>

/* Fixes malloc's two thresholds (mallopt(3): M_MMAP_THRESHOLD, M_TRIM_THRESHOLD),
 * which also stops glibc from moving them by itself. */
void must_pin_thresholds(int64_t mmap_threshold, int64_t trim_threshold);

/* glibc's defaults, 128 KiB each: DEFAULT_MMAP_THRESHOLD_MIN and
 * DEFAULT_TRIM_THRESHOLD in malloc/malloc.c, and DEFAULT_TOP_PAD, which
 * sysdeps/generic/malloc-machine.h sets before malloc.c would. */
#define DEFAULT_THRESHOLD (INT64_C(128) * 1024)

/* Sets how many bytes more than it needs malloc requests from the kernel when the top chunk
 * is used up: M_TOP_PAD, mallopt(3).  Also stops the thresholds from moving by themselves. */
void must_set_top_pad(int64_t bytes);

/* Gives every whole free page of the heap back to the kernel: malloc_trim(3) with no padding. */
void must_trim_heap(void);

#endif
