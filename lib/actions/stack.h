/* SPDX-License-Identifier: MIT */
/* How far the stack of this process can grow. */
#ifndef TOUCHSTONE_STACK_H
#define TOUCHSTONE_STACK_H

#include <stdint.h>

/* How the growth of a stack ended.  Bytes are counted from the stack's upper end downwards. */
struct stack_end {
	int64_t reach;   /* bytes down to the lowest page that could be written */
	int64_t refused; /* bytes down to the address whose write got SIGSEGV; 0: none did */
	int signal;      /* the signal that ended the process */
};

/* Grows the stack of a copy of this process (fork(2)) until a signal ends it.  The copy has the
 * same signal handlers.  Broken where no signal ends it. */
struct stack_end must_overflow_the_stack(void);

#endif
