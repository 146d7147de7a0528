/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "stack.h"

#include <alloca.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "address_space.h"
#include "experiment.h"
#include "memory.h"

/* Lowers the stack pointer again and again, and writes there each time.  A step is half a
 * page and what alloca() adds for alignment, so that no page is left out. */
static void __attribute__((noreturn)) grow_until_the_end(char *volatile *lowest)
{
	size_t step = (size_t)page_bytes() / 2;

	for (;;) {
		volatile char *frame = alloca(step);
		*frame = 1;
		*lowest = (char *)frame;
	}
}

int64_t reach_of_the_stack(void)
{
	struct procfs_mapping stack = { 0 };
	char *volatile *lowest = mmap(NULL, (size_t)page_bytes(), PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	if (lowest == MAP_FAILED || !mapping_of(&stack, &stack))
		broken("cannot find the stack in /proc/self/maps");
	pid_t child = fork_arm();
	if (child == 0) {
		prctl(PR_SET_DUMPABLE, 0); /* so that it leaves no core file */
		grow_until_the_end(lowest);
	}
	if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV)
		broken("growing the stack did not end in SIGSEGV");
	return (int64_t)(stack.end -
			 (uintptr_t)*lowest / (uintptr_t)page_bytes() * (uintptr_t)page_bytes());
}
