/* SPDX-License-Identifier: MIT */
/* Random numbers that are the same in every process, so that an experiment with the irregular
 * sizes and lifetimes of a real program repeats exactly, run after run. */
#ifndef TOUCHSTONE_DICE_H
#define TOUCHSTONE_DICE_H

#include <stdint.h>

/* Returns the next number of the sequence, each of [least, most] equally likely.  Ends the
 * experiment as unsupported where least is above most, which two knobs can bring about. */
int64_t dice_between(int64_t least, int64_t most);

/* Returns a random size of at least `smallest` and about `largest` bytes at most: picks one of the
 * powers of two, times `smallest`, each equally likely, and then a size between it and the next one. */
int64_t dice_mixed_size(int64_t smallest, int64_t largest);

#endif
