/* SPDX-License-Identifier: MIT */
/* Conditions that an arm puts on its address space: asked for before exec, and
 * checked by the arm, since not every shell and container grants them. */
#ifndef TOUCHSTONE_LAYOUT_H
#define TOUCHSTONE_LAYOUT_H

/* For .before_exec: the layout of old kernels, in which mmap(2) searches upward from
 * a point below a position-independent program (personality(2), ADDR_COMPAT_LAYOUT).
 * A program's layout is chosen when it starts. */
void ask_for_old_layout(void);

/* Ends the experiment as unsupported where that was refused. */
void must_have_old_layout(void);

/* Ends the experiment as unsupported where RLIMIT_AS (ulimit -v) keeps the process
 * from using all of its addresses. */
void must_have_all_addresses(void);

#endif
