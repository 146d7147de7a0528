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

/* On 32-bit processors, libc calls mmap2 instead of mmap: ARM has no mmap, and that of i386 is an
 * older call. */
#ifdef SYS_mmap2
#undef SYS_mmap
#define SYS_mmap SYS_mmap2
#endif

/* What ptrace(2) tells about a stop for a system call: PTRACE_GET_SYSCALL_INFO.  Linux has it since
 * 5.3, and the headers of glibc 2.28 do not know it yet. */
#define GET_CALL_INFO 0x420e
enum { AT_ENTRY = 1 };
struct call_info {
	uint8_t op; /* AT_ENTRY, or another number at the exit */
	uint32_t architecture;
	uint64_t instruction_pointer, stack_pointer;
	uint64_t number, arguments[6]; /* at the entry */
};

/* How a stop for a system call looks: PTRACE_O_TRACESYSGOOD sets the bit 0x80. */
enum { SYSTEM_CALL_STOP = SIGTRAP | 0x80 };

static void __attribute__((noreturn)) become_traced(void (*action)(int64_t), int64_t times)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		unsupported("ptrace(2) is not permitted here, so no system call can be counted: %s",
			    strerror(errno));
	kill(getpid(), SIGSTOP); /* the tracer counts from here */
	action(times);
	_exit(0);
}

/* Counts a system call.  The tracee stops twice, at entry and at exit; only the entry counts. */
static void count_stop(pid_t child, struct system_calls *calls)
{
	struct call_info info;

	if (ptrace(GET_CALL_INFO, child, sizeof(info), &info) <= 0)
		unsupported("counting system calls needs PTRACE_GET_SYSCALL_INFO, Linux 5.3: %s",
			    strerror(errno));
	if (info.op != AT_ENTRY)
		return;
	switch (info.number) {
	case SYS_mmap: calls->mmap++; break;
	case SYS_munmap: calls->munmap++; break;
	case SYS_brk: calls->brk++; break;
	case SYS_exit_group: break; /* the action is done */
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

struct system_calls count_system_calls(void (*action)(int64_t), int64_t times)
{
	struct system_calls calls = { 0 };

	if (!in_an_arm()) {
		action(times);
		return calls;
	}
	pid_t child = fork_arm();
	if (child == 0)
		become_traced(action, times);
	int status = wait_for_stop(child);
	if (!WIFSTOPPED(status)) /* the child has already reported why */
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
