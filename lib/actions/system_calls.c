/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "system_calls.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

/* What libc calls on 32-bit processors: ARM has no other, i386 another that is older. */
#ifdef SYS_mmap2
#undef SYS_mmap
#define SYS_mmap SYS_mmap2
#endif

/* PTRACE_O_TRACESYSGOOD marks the stops that are system calls. */
enum { SYSTEM_CALL_STOP = SIGTRAP | 0x80 };

static void __attribute__((noreturn)) become_traced(void (*deed)(int64_t), int64_t times)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		unsupported("ptrace(2) is not permitted here, so no system call can be counted: %s",
			    strerror(errno));
	kill(getpid(), SIGSTOP); /* the tracer counts from here */
	deed(times);
	_exit(0);
}

/* A system call stops its caller twice; the way in is the one that counts. */
static void count_stop(pid_t child, struct system_calls *calls)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info) <= 0)
		unsupported("counting system calls needs PTRACE_GET_SYSCALL_INFO, Linux 5.3: %s",
			    strerror(errno));
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return;
	switch (info.entry.nr) {
	case SYS_mmap: calls->mmap++; break;
	case SYS_munmap: calls->munmap++; break;
	case SYS_brk: calls->brk++; break;
	case SYS_exit_group: break; /* the deed is done */
	default: calls->other++;
	}
}

static void go_on(pid_t child, int signal)
{
	if (ptrace(PTRACE_SYSCALL, child, NULL, (void *)(intptr_t)signal) != 0)
		broken("cannot continue the traced process: %s", strerror(errno));
}

static int wait_for_stop(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		broken("lost the traced process: %s", strerror(errno));
	return status;
}

struct system_calls count_system_calls(void (*deed)(int64_t), int64_t times)
{
	struct system_calls calls = { 0 };

	if (!in_an_arm()) {
		deed(times);
		return calls;
	}
	pid_t child = fork_arm();
	if (child == 0)
		become_traced(deed, times);
	int status = wait_for_stop(child);
	if (!WIFSTOPPED(status)) /* it has already said why */
		_exit(WEXITSTATUS(status));
	if (ptrace(PTRACE_SETOPTIONS, child, NULL,
		   (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) != 0)
		unsupported("ptrace(2) takes no options here, so no system call can be counted: %s",
			    strerror(errno));
	for (go_on(child, 0); WIFSTOPPED(status = wait_for_stop(child));) {
		int signal = WSTOPSIG(status);
		if (signal == SYSTEM_CALL_STOP)
			count_stop(child, &calls);
		go_on(child, signal == SYSTEM_CALL_STOP || signal == SIGTRAP ? 0 : signal);
	}
	if (status != 0)
		broken("the traced copy of the process failed (wait status %d)", status);
	return calls;
}
