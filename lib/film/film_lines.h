/* SPDX-License-Identifier: MIT */
/* Which line of the source allocated the block at an address, as an arm has told the film. */
#ifndef TOUCHSTONE_FILM_LINES_H
#define TOUCHSTONE_FILM_LINES_H

#include <stdint.h>

/* Forgets all lines: another arm begins. */
void film_lines_clear(void);
/* Notes that a line allocated the block at this address.  The last one counts. */
void film_lines_add(int64_t block, int line);
/* Returns the line that allocated the block at this address, 0 where it is not known. */
int film_lines_find(int64_t block);

#endif
