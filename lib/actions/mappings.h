/* SPDX-License-Identifier: MIT */
/* Mappings for a purpose: apart from all others, warm, large, very many.
 *
 * A must_...() does what its name says, or ends the experiment, as those of memory.h do.  All sizes
 * are bytes.
 */
#ifndef TOUCHSTONE_MAPPINGS_H
#define TOUCHSTONE_MAPPINGS_H

#include <stdbool.h>
#include <stdint.h>

/* Maps memory that may be read and written, and that /proc and pmap show on a line of its own: the
 * page on either side of it may not be accessed, so the kernel does not merge it with a neighbour.
 * flags: MAP_PRIVATE or MAP_SHARED; with MAP_ANONYMOUS, or else of a file in memory. */
char *must_map_apart(int64_t bytes, int flags);

/* Maps fresh memory that was in use a moment ago: it is in the processor's caches, and no host has
 * to give it to this virtual machine first.  For timing faults. */
char *must_map_warm(int64_t bytes);

/* Maps more memory until this process has that many resident bytes: pages of a file in memory of one
 * eighth of what is missing, eight times, which takes little memory, since each mapping counts. */
void must_grow_to(int64_t resident_bytes);

/* Uses up all mappings that the kernel allows a process (vm.max_map_count), with the pages of one
 * region: they alternate between two protections, and take no memory.  Returns whether the kernel
 * refused one more; false: the region is not large enough. */
bool use_up_mappings(int64_t region_pages);

/* Gives so many of them back, or all of them where it took fewer.  Returns how many. */
int64_t must_give_mappings_back(int64_t mappings);

#endif
