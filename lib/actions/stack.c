/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "stack.h"

#include <alloca.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
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

/* What the child tells its parent, in memory that both share. */
struct told {
	char *volatile lowest;  /* where it wrote last */
	void *volatile refused; /* where a write got SIGSEGV */
};

static struct told *told;
static struct sigaction before;

/* Notes the address.  Then the same write fails again, and what was to happen at SIGSEGV happens. */
static void note_address(int number, siginfo_t *info, void *context)
{
	(void)context;
	told->refused = info->si_addr;
	sigaction(number, &before, NULL);
}

/* When the stack is full, a handler needs another one. */
static void handle_on_another_stack(void)
{
	enum { BYTES = 64 * 1024 };
	stack_t other = { .ss_sp = must_map(BYTES), .ss_size = BYTES };
	struct sigaction noting = { .sa_sigaction = note_address,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK };

	if (sigaltstack(&other, NULL) != 0 || sigaction(SIGSEGV, &noting, &before) != 0)
		broken("cannot handle SIGSEGV: %s", strerror(errno));
}

/* Returns the bytes from the stack's upper end down to an address. */
static int64_t down_to(uintptr_t address)
{
	struct procfs_mapping stack = { 0 };

	if (!mapping_of(&stack, &stack))
		broken("cannot find the stack in /proc/self/maps");
	return (int64_t)(stack.end - address);
}

struct stack_end must_overflow_the_stack(void)
{
	int status;

	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED)
		broken("mmap: %s", strerror(errno));
	pid_t child = fork_arm();
	if (child == 0) {
		prctl(PR_SET_DUMPABLE, 0); /* so that it leaves no core file */
		handle_on_another_stack();
		grow_until_the_end(&told->lowest);
	}
	if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
		broken("growing the stack did not end in a signal");
	uintptr_t page = (uintptr_t)page_bytes(), lowest = (uintptr_t)told->lowest;
	return (struct stack_end){
		.reach = down_to(lowest / page * page),
		.refused = told->refused == NULL ? 0 : down_to((uintptr_t)told->refused),
		.signal = WTERMSIG(status),
	};
}
