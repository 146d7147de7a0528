/* SPDX-License-Identifier: MIT */
/* How far the stack of this process can grow. */
#ifndef TOUCHSTONE_STACK_H
#define TOUCHSTONE_STACK_H

#include <stdint.h>

/* Returns the bytes from the stack's upper end down to the lowest page that could be written.  A
 * forked child tries, until it gets SIGSEGV.  Broken where it ends in another way. */
int64_t reach_of_the_stack(void);

#endif
