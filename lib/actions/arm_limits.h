/* SPDX-License-Identifier: MIT */
/* Conditions that an arm puts on its address space: asked for before exec, and
 * checked by the arm, since not every shell and container grants them. */
#ifndef TOUCHSTONE_ARM_LIMITS_H
#define TOUCHSTONE_ARM_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

/* For .before_exec: the layout of old kernels, in which mmap(2) searches upward from
 * a point below a position-independent program (personality(2), ADDR_COMPAT_LAYOUT).
 * A program's layout is chosen when it starts. */
void ask_for_old_layout(void);

/* Whether it was granted; ends the experiment as unsupported where it was not. */
bool has_old_layout(void);
void must_have_old_layout(void);

/* For a function that is given to .before_exec: limits the stack to so many bytes (RLIMIT_STACK).
 * The hard limit may forbid it, so the arm has to check. */
void ask_for_stack_limit(int64_t bytes);

/* For .before_exec: a stack without limit.  mmap(2) starts its search below what the
 * stack may need, so this leaves to mappings the lowest sixth of the addresses
 * (mmap_base() in arch/x86/mm/mmap.c), or the old layout (mmap_is_legacy() in
 * mm/util.c, for other processors). */
void ask_for_unlimited_stack(void);

/* End the experiment as unsupported where a hard limit forbade that, or where the
 * shell had it already. */
void must_have_unlimited_stack(void);
void must_have_limited_stack(void);

/* Ends the experiment as unsupported where RLIMIT_AS (ulimit -v) keeps the process
 * from using all of its addresses. */
void must_have_all_addresses(void);

#endif
