/* SPDX-License-Identifier: MIT */
/* Other allocators than glibc's, as arms.
 *
 * An allocator is an arm with its library in LD_PRELOAD, by its soname.  The harness
 * leaves out what is not installed, so ask arm_ran() before judging it.  mimalloc 2
 * and 3 are two arms: they differ in design, and a release of Debian packages one.
 */
#ifndef TOUCHSTONE_ALLOCATORS_H
#define TOUCHSTONE_ALLOCATORS_H

#include "experiment.h"

/* For .arms: each of them runs the same function. */
/* clang-format off */
#define ARMS_OF_OTHER_ALLOCATORS(run)                                              \
	{ "jemalloc", run, .environment = "LD_PRELOAD=libjemalloc.so.2" },         \
	{ "tcmalloc", run, .environment = "LD_PRELOAD=libtcmalloc_minimal.so.4" }, \
	{ "mimalloc 2", run, .environment = "LD_PRELOAD=libmimalloc.so.2" },       \
	{ "mimalloc 3", run, .environment = "LD_PRELOAD=libmimalloc.so.3" }
/* clang-format on */

/* For judge(): has the experiment end as unsupported where not one of them ran. */
void must_have_another_allocator(void);

/* For judge(): a control for each that ran, which says that malloc was not glibc's there.  A library
 * that is preloaded may still leave malloc alone.  The probe records in_use_bytes only where malloc
 * is glibc's, so the first row of the arm shows it. */
#define control_other_mallocs() find_other_mallocs(__LINE__)
void find_other_mallocs(int line);

/* For judge(): calls visit() with the name of each that ran. */
void for_each_other_allocator(void (*visit)(const char *arm));

#endif
