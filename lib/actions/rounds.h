/* SPDX-License-Identifier: MIT */
/* Rounds of work in threads that run at the same time, and the time of the median round.
 *
 * Threads can only disturb each other while all of them run, and other programs, or the host of a
 * virtual machine, may need a CPU at any moment.  So the threads work in short rounds, each thread
 * on a CPU of its own, and meet before each round.  The last thread to arrive sets the start of the
 * round a fraction of a millisecond ahead.  A thread that sees this time too late was not running,
 * and the round is void.  A thread that loses its CPU in a round loses it for milliseconds, and
 * spoils one round of many.  So in the median round all threads ran at the same time, however busy
 * the machine is.
 *
 * Where there are more threads than CPUs, the threads take turns: then no round is void.
 */
#ifndef TOUCHSTONE_ROUNDS_H
#define TOUCHSTONE_ROUNDS_H

#include <stdint.h>

/* What the threads do.  Each function runs in every thread, on the CPU of that thread. */
struct team {
	int64_t threads;
	void (*begin)(int64_t number); /* before the first round; number: of the thread, from 0 */
	void (*work)(int64_t round);   /* one round; rounds count from 0 */
	void (*end)(void);             /* after the last round */
	int64_t rounds;                /* how many rounds must not be void */
	int64_t most_rounds;           /* after how many the team gives up, void ones included */
};

/* Returns the time of the median round that is not void, in ns; a round takes as long as its
 * slowest thread.  Ends the experiment as unsupported where the team gave up. */
int64_t median_round_ns(const struct team *team);

#endif
