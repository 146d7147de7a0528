/* SPDX-License-Identifier: MIT */
/* How a process of the suite ends before its time: with a verdict and a reason for the reader.
 *
 * Whoever starts a process says once, with end_by(), what becomes of the two: main() writes the
 * result, an arm hands them to its parent, a program of its own (a unit test, a helper) prints the
 * reason.  Everybody else only calls unsupported() or broken(), and needs to know nothing of that.
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

/* What is done with a verdict and its reason (NULL: none is needed); it does not return. */
typedef void end_way(enum verdict verdict, const char *reason);

/* Sets how this process ends from now on.  Until then: the reason on stderr, the verdict as
 * exit status. */
void end_by(end_way *way);

/* Ends this process, in the way that end_by() set. */
void end_with(enum verdict verdict, const char *reason) __attribute__((noreturn));

/* End the experiment from an arm, from judge(), or from anywhere in the library.
 * unsupported: it cannot be asked on this machine; broken: it went wrong. */
void unsupported(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void broken(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
