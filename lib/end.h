/* SPDX-License-Identifier: MIT */
/* How a process of the suite ends early: with a verdict, and a reason for the reader.
 *
 * Whoever starts a process calls end_by() once, to say what is to be done with the verdict
 * and the reason: main() writes the result, an arm hands both to its parent, any other
 * program (a unit test, a helper) prints the reason.  Every other function only calls
 * unsupported() or broken(), and need not know which process it runs in.
 */
#ifndef TOUCHSTONE_END_H
#define TOUCHSTONE_END_H

/* The values are the exit status of an experiment's program. */
enum verdict {
	REPRODUCED = 0,
	REFUTED = 1,
	BROKEN = 2,
	INCONCLUSIVE = 3,
	UNSUPPORTED = 77,
};

enum { REASON_SIZE = 512 }; /* bytes of a reason, closing NUL included; a longer one is cut */

/* A function that ends the process with a verdict and a reason (NULL where the verdict needs
 * none).  It does not return. */
typedef void end_way(enum verdict verdict, const char *reason);

/* Sets the function that ends this process from now on.  Before the first call, the reason is
 * printed on stderr and the verdict is the exit status. */
void end_by(end_way *way);

/* Ends this process, by the function that end_by() set. */
void end_with(enum verdict verdict, const char *reason) __attribute__((noreturn));

/* Ends the experiment, from an arm, from judge() or from anywhere in the library, because the
 * question cannot be asked on this machine.  The arguments are those of printf(3). */
void unsupported(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Ends the experiment because something went wrong. */
void broken(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
