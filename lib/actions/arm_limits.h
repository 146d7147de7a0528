/* SPDX-License-Identifier: MIT */
/* Conditions that an arm sets for its address space.  An arm requests them before exec(), in
 * .before_exec, and checks them when it runs, because not every shell and container grants
 * them.  A must_...() ends the experiment as unsupported where its condition does not hold. */
#ifndef TOUCHSTONE_ARM_LIMITS_H
#define TOUCHSTONE_ARM_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

/* For .before_exec: requests the layout of old kernels, in which mmap(2) searches upward from
 * a point below a position-independent program (personality(2), ADDR_COMPAT_LAYOUT).  The
 * kernel chooses a program's layout at exec(). */
void ask_for_old_layout(void);

/* Returns whether this process has the layout of old kernels. */
bool has_old_layout(void);

/* Requires that this process has the layout of old kernels. */
void must_have_old_layout(void);

/* Requires the layout that the kernel gives to processes by default: nobody may have asked for
 * another one (setarch -L or -3, vm.legacy_va_layout). */
void must_have_usual_layout(void);

/* For a function that is given to .before_exec: limits the stack to so many bytes (RLIMIT_STACK).
 * The hard limit may forbid it, so the arm has to check. */
void ask_for_stack_limit(int64_t bytes);

/* For .before_exec: requests a stack without limit.  mmap(2) starts its search below the
 * addresses that the stack may need, so only the lowest sixth of all addresses is left for
 * mappings (mmap_base() in arch/x86/mm/mmap.c).  On other processors the process gets the old
 * layout (mmap_is_legacy() in mm/util.c). */
void ask_for_unlimited_stack(void);

/* Requires a stack without limit: a hard limit may have forbidden it. */
void must_have_unlimited_stack(void);

/* Requires a stack with a limit: the shell may have lifted it. */
void must_have_limited_stack(void);

/* Requires that this program was built for 64 bits, since the claim names numbers that other programs
 * do not have. */
void must_have_64_bits(void);

/* Requires that so many bytes fit on the stack: the shell may have a small limit (ulimit -s). */
void must_have_stack(int64_t bytes);

/* Requires that neither RLIMIT_AS (ulimit -v) nor RLIMIT_DATA (ulimit -d) of the shell keeps the process from using all of its addresses. */
void must_have_all_addresses(void);

#endif
