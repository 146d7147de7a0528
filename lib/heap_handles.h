/* SPDX-License-Identifier: MIT */
/* Handles on the heap that only glibc's malloc has.  Elsewhere (musl) each ends
 * the experiment as unsupported. */
#ifndef TOUCHSTONE_HEAP_HANDLES_H
#define TOUCHSTONE_HEAP_HANDLES_H

#include <stdint.h>

/* How much more than it lacks malloc asks for when the top is used up: M_TOP_PAD,
 * mallopt(3).  Stops the thresholds from moving by themselves, as a pin does. */
void must_set_top_pad(int64_t bytes);

/* Gives every whole free page of the heap to the kernel: malloc_trim(3) with no
 * padding. */
void must_trim_heap(void);

#endif
