/* SPDX-License-Identifier: MIT */
/* Random numbers that are the same in every process, so that an experiment with the irregular
 * sizes and lifetimes of a real program repeats exactly, run after run. */
#ifndef TOUCHSTONE_DICE_H
#define TOUCHSTONE_DICE_H

#include <stdint.h>

/* Returns the next number of the sequence, each of [least, most] equally likely.  Ends the
 * experiment as broken where least is above most. */
int64_t dice_between(int64_t least, int64_t most);

#endif
