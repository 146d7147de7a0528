/* SPDX-License-Identifier: MIT */
/* Touches pages for timing their faults: one byte of each page, in a bare loop.
 *
 * On some processors the place of so short a loop in the program decides about the time of a fault.
 * On an AMD EPYC of the family 25 (Zen 4), a loop whose instructions lie in two lines of the cache,
 * of 64 bytes each, takes its faults in 80 to 90 % of the time.  Why is not known: the processor runs
 * ahead of a store that will fault, and that work is thrown away.  Each build puts the loop somewhere
 * else, and then every run of it has the same place, so more trials do not help.
 *
 * Here the loop exists eight times, at eight places of such a line.  Who calls each of them for an
 * equal part of the pages gets the mean over the places, which is the same in another build and in
 * another program.
 */
#ifndef TOUCHSTONE_TOUCH_H
#define TOUCHSTONE_TOUCH_H

#include <stdint.h>

enum { TOUCH_PLACES = 8 };

/* Write (read) one byte of each page of a range of whole pages.  place: which of the loops, from 0 and
 * around. */
void write_whole_pages(int place, char *start, int64_t bytes);
void read_whole_pages(int place, char *start, int64_t bytes);

#endif
