/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "enough_memory.h"
#include "experiment.h"
#include "film.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* asm-generic/mman-common.h, since Linux 5.14 */
#endif

int64_t page_bytes(void)
{
	return sysconf(_SC_PAGESIZE);
}

int64_t pages_for(int64_t bytes)
{
	return (bytes + page_bytes() - 1) / page_bytes();
}

static uintptr_t page_number(const volatile void *address)
{
	return (uintptr_t)address / (uintptr_t)page_bytes();
}

int64_t pages_of(const void *start, int64_t bytes)
{
	if (bytes <= 0)
		return 0;
	return (int64_t)(page_number((const char *)start + bytes - 1) - page_number(start) + 1);
}

int64_t absent_pages_of(const void *start, int64_t bytes)
{
	unsigned char present[256];
	int64_t absent = 0, pages = pages_of(start, bytes);
	char *first = (char *)(page_number(start) * (uintptr_t)page_bytes());

	for (int64_t at = 0; at < pages; at += (int64_t)sizeof(present)) {
		int64_t some = pages - at < (int64_t)sizeof(present) ? pages - at :
								       (int64_t)sizeof(present);
		if (mincore(first + at * page_bytes(), (size_t)(some * page_bytes()), present) != 0)
			broken("mincore failed: %s", strerror(errno));
		for (int64_t i = 0; i < some; i++)
			absent += !(present[i] & 1);
	}
	return absent;
}

bool is_below_the_break(const void *address)
{
	extern char end; /* of the program's own data: end(3) */
	return (const char *)address >= &end && (char *)address < (char *)sbrk(0);
}

/* musl's sbrk(3) refuses every increment but 0, so the system call is made there.  glibc has to know
 * where the break is, since its malloc continues from there. */
static bool moves_the_break(char *from, int64_t bytes)
{
#ifdef __GLIBC__
	return sbrk(bytes) == from;
#else
	return (char *)syscall(SYS_brk, from + bytes) == from + bytes;
#endif
}

void *must_move_the_break(int64_t bytes)
{
	char *from = sbrk(0);

	if (!moves_the_break(from, bytes))
		memory_was_refused("brk", bytes);
	return from;
}

/* Returns the block that a function allocated.  Ends the experiment where it failed. */
static void *must_succeed(void *block, const char *function, int64_t bytes)
{
	if (block == NULL || block == MAP_FAILED)
		memory_was_refused(function, bytes);
	return block;
}

void *must_malloc(int64_t bytes)
{
	return must_succeed(malloc((size_t)bytes), "malloc", bytes);
}

void *must_calloc(int64_t bytes)
{
	return must_succeed(calloc(1, (size_t)bytes), "calloc", bytes);
}

void *must_realloc(void *block, int64_t bytes)
{
	return must_succeed(realloc(block, (size_t)bytes), "realloc", bytes);
}

void *must_map(int64_t bytes)
{
	return must_succeed(mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
			    "mmap", bytes);
}

void *must_map_notes(int64_t bytes)
{
	void *notes = must_map(bytes);

	film_these_are_notes(notes, bytes);
	return notes;
}

void *allocated_at(int line, void *block)
{
	film_allocated(line, block);
	return block;
}

void must_unmap(void *start, int64_t bytes)
{
	if (munmap(start, (size_t)bytes) != 0)
		broken("munmap of %lld bytes failed: %s", (long long)bytes, strerror(errno));
}

/* Returns the next page boundary above an address. */
static char *next_page(const volatile char *at)
{
	return (char *)((page_number(at) + 1) * (uintptr_t)page_bytes());
}

void write_pages(void *start, int64_t bytes)
{
	for (volatile char *at = start; at < (char *)start + bytes; at = next_page(at))
		*at = 1;
}

void read_pages(const void *start, int64_t bytes)
{
	for (const volatile char *at = start; at < (const char *)start + bytes; at = next_page(at))
		(void)*at;
}

void write_bytes(void *start, int64_t bytes)
{
	memset(start, 1, (size_t)bytes);
}

static void fill_with_zeros(char *start, int64_t bytes)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	for (int64_t done = 0; done < bytes;) {
		ssize_t got = read(fd, start + done, (size_t)(bytes - done));
		if (got <= 0)
			broken("cannot read /dev/zero: %s", strerror(errno));
		done += got;
	}
	close(fd);
}

void must_populate(void *start, int64_t bytes)
{
	uintptr_t page = (uintptr_t)page_bytes();
	uintptr_t first = (uintptr_t)start / page * page;

	if (madvise((void *)first, (uintptr_t)start + (uintptr_t)bytes - first,
		    MADV_POPULATE_WRITE) == 0)
		return;
	if (errno != EINVAL)
		memory_was_refused("MADV_POPULATE_WRITE", bytes);
	fill_with_zeros(start, bytes);
}

void must_drop_pages(void *start, int64_t bytes)
{
	if (madvise(start, (size_t)bytes, MADV_DONTNEED) != 0)
		broken("MADV_DONTNEED of %lld bytes failed: %s", (long long)bytes, strerror(errno));
}

int64_t faults_so_far(void)
{
	struct snapshot now = snapshot_now();

	return now.minor_fault_count + now.major_fault_count;
}

void wake_malloc(void)
{
	free(must_malloc(1));
}

static int needs_more_than_the_top(int64_t bytes)
{
	void *before = sbrk(0);
	void *block = must_malloc(bytes);
	return sbrk(0) != before || !is_below_the_break(block);
}

void use_up_top(void)
{
	wake_malloc();
	int64_t too_much = first_value_where(1, 64 * MiB, needs_more_than_the_top);
	if (too_much > 1)
		must_malloc(too_much - 1);
}

/* Returns whether question() returns non-zero in a copy of this process.  Ends the experiment
 * where the copy did not end by itself. */
static int answer_in_a_copy(int64_t value, int (*question)(int64_t value))
{
	int status;
	pid_t copy = fork();

	if (copy < 0)
		broken("cannot create a process: %s", strerror(errno));
	if (copy == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(question(value) ? 1 : 0);
	}
	if (waitpid(copy, &status, 0) != copy || !WIFEXITED(status) || WEXITSTATUS(status) > 1)
		broken("the copy of the process that was to try %lld bytes did not end normally",
		       (long long)value);
	return WEXITSTATUS(status);
}

int64_t first_value_where(int64_t least, int64_t most, int (*question)(int64_t value))
{
	while (least <= most) {
		int64_t middle = least + (most - least) / 2;
		if (answer_in_a_copy(middle, question))
			most = middle - 1;
		else
			least = middle + 1;
	}
	return least;
}

/* Never frees the block: it is asked in a copy of the process. */
static int is_mapped(int64_t bytes)
{
	return !is_below_the_break(must_malloc(bytes));
}

int64_t first_size_that_is_mapped(int64_t most)
{
	int64_t first = first_value_where(1, most, is_mapped);

	if (first > most)
		unsupported("malloc gives no request of up to %lld MiB a mapping of its own here "
			    "(is the tunable glibc.malloc.mmap_max set?)",
			    (long long)(most / MiB));
	return first;
}
