/* SPDX-License-Identifier: MIT */
/* What experiments that compare allocators share: the others, as arms, and the race
 * of a pool with them.
 *
 * An allocator is an arm with its library in LD_PRELOAD, by its soname.  The harness
 * leaves out what is not installed, so ask arm_ran() before judging it.  mimalloc 2
 * and 3 are two arms: they differ in design, and a release of Debian packages one.
 */
#ifndef TOUCHSTONE_ALLOCATORS_H
#define TOUCHSTONE_ALLOCATORS_H

#include "experiment.h"
#include "pool.h"

/* For .arms: each of them runs the same function. */
/* clang-format off */
#define ARMS_OF_OTHER_ALLOCATORS(run)                                              \
	{ "jemalloc", run, .environment = "LD_PRELOAD=libjemalloc.so.2" },         \
	{ "tcmalloc", run, .environment = "LD_PRELOAD=libtcmalloc_minimal.so.4" }, \
	{ "mimalloc 2", run, .environment = "LD_PRELOAD=libmimalloc.so.2" },       \
	{ "mimalloc 3", run, .environment = "LD_PRELOAD=libmimalloc.so.3" }

/* The pools of Apache, of Samba and of GLib: each has functions of its own. */
#define ARMS_OF_OTHER_POOLS(apr, talloc, string_chunk, slices)                     \
	{ "APR pool", apr, .environment = "LD_PRELOAD=libapr-1.so.0" },            \
	{ "talloc pool", talloc, .environment = "LD_PRELOAD=libtalloc.so.2" },     \
	{ "GStringChunk", string_chunk, .environment = "LD_PRELOAD=libglib-2.0.so.0" }, \
	{ "GSlice", slices, .environment = "LD_PRELOAD=libglib-2.0.so.0" }
/* clang-format on */

/* For judge(): has the experiment end as unsupported where not one of them ran. */
void must_have_another_allocator(void);

/* For judge(): calls visit() with the name of each that ran. */
void for_each_other_allocator(void (*visit)(const char *arm));

/* Returns "jemalloc: time ...": a sentence about one of them.  Good until the next call. */
const char *sentence_about(const char *arm, const char *sentence);

/* ---- the race of the arm "pool" with malloc ------------------------------------ */

/* A chunk for each pool; broken() where there is no memory for it. */
struct pool *must_create_pool(size_t chunk_bytes);

/* A function of a library that the arm preloads. */
void *must_find(const char *function);

/* APR's, which wants to be initialised. */
void *must_create_apr_pool(void);

/* For so many blocks of up to so many bytes.  Each has a header (what it is a child of).
 * What does not fit talloc takes from malloc, block by block: its pools end at 256 MiB. */
void *must_create_talloc_pool(int64_t blocks, int64_t largest);

/* For judge(): the pool must be ahead of that arm, or of each other allocator that ran,
 * by a tenth at least: less would not be worth a change of the program. */
#define expect_pool_ahead_of(arm, sentence, time_of) \
	find_pool_ahead_of(__LINE__, arm, sentence, time_of)
#define expect_pool_ahead_of_others(sentence, time_of) \
	find_pool_ahead_of_others(__LINE__, sentence, time_of)
void find_pool_ahead_of(int line, const char *arm, const char *sentence,
			struct samples (*time_of)(const char *arm));
void find_pool_ahead_of_others(int line, const char *sentence,
			       struct samples (*time_of)(const char *arm));

#endif
