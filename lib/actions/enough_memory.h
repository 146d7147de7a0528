/* SPDX-License-Identifier: MIT */
/* Whether there is enough memory, and which limit was in the way where there was not.  A limit that
 * somebody has set, or a machine that is too small, makes an experiment unsupported, and the reason
 * names the setting.
 */
#ifndef TOUCHSTONE_ENOUGH_MEMORY_H
#define TOUCHSTONE_ENOUGH_MEMORY_H

#include <stdint.h>

/* Requires that so many bytes can be allocated and written, in addition to what this process has.
 * An arm that takes more than 64 MiB calls it first: so it takes nothing where there is too
 * little, and is not killed halfway. */
void must_have_memory(int64_t bytes);

/* Ends the experiment because the kernel refused a request; errno says why.  Unsupported where a
 * limit explains it: of the shell (ulimit -v, ulimit -d), of vm.overcommit_memory=2, of a control
 * group, or of the machine's memory.  Broken where none of them does.  request: "malloc". */
void memory_was_refused(const char *request, int64_t bytes) __attribute__((noreturn));

/* Does what memory_was_refused() does where a limit explains the refusal, and returns where none
 * does. */
void unsupported_if_limited(const char *request, int64_t bytes);

/* Returns the setting vm.overcommit_memory: 0, 1 or 2 (proc_sys_vm(5)). */
int64_t overcommit_setting(void);

#endif
