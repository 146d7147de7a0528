/* SPDX-License-Identifier: MIT */
/* Changes settings of glibc's malloc, and trims its heap.
 *
 * mallopt() and malloc_trim() are glibc's.  With another C library, or another malloc in the
 * process, the functions end the experiment as unsupported.  Where mallopt() refuses a value,
 * they end it as broken.  All sizes are bytes.
 */
#ifndef TOUCHSTONE_MALLOC_KNOBS_H
#define TOUCHSTONE_MALLOC_KNOBS_H

#include <stdint.h>

/* Sets malloc's two thresholds (mallopt(3): M_MMAP_THRESHOLD, M_TRIM_THRESHOLD).  Setting them
 * also stops glibc from moving them by itself. */
void must_pin_thresholds(int64_t mmap_threshold, int64_t trim_threshold);

/* The default of the mmap threshold, of the trim threshold and of the top pad, in bytes: 128 KiB
 * each.  The sources are DEFAULT_MMAP_THRESHOLD_MIN and DEFAULT_TRIM_THRESHOLD in glibc's
 * malloc/malloc.c, and DEFAULT_TOP_PAD in its sysdeps/generic/malloc-machine.h. */
#define DEFAULT_THRESHOLD (INT64_C(128) * 1024)

/* The largest mmap threshold that malloc sets by itself: DEFAULT_MMAP_THRESHOLD_MAX in malloc/malloc.c. */
#define MOST_THRESHOLD ((sizeof(long) == 8 ? INT64_C(32) * 1024 : INT64_C(512)) * 1024)

/* Sets how many bytes malloc requests from the kernel beyond what it needs, when the top chunk
 * is used up: M_TOP_PAD, mallopt(3).  Also stops the thresholds from moving by themselves. */
void must_set_top_pad(int64_t bytes);

/* Gives every whole free page of the heap back to the kernel: malloc_trim(3) with no padding. */
void must_trim_heap(void);

#endif
