/* SPDX-License-Identifier: MIT */
/* What a page fault costs, without Touchstone: nothing of lib/ is in this program.
 *
 *     plain_loop "first touch" 4096
 *
 * touches so many pages in one loop, so that each touch is a fault of that kind, and
 * prints the nanoseconds that the loop took: CPU time, or for "file on disk" by the
 * clock.  All of it is done twice, and the second time counts: memory that was in use a
 * moment ago is in the processor's caches, and no host has to give it to this machine.
 * 0: it cannot be had here.  a_fault_has_a_price.c runs it beside its own arms and knows
 * the kinds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static size_t page, bytes;
static pid_t child;

static void __attribute__((noreturn)) give_up(void)
{
	puts("0");
	exit(0);
}

static char *map(size_t size, int protection, int flags, int file)
{
	char *block = mmap(NULL, size, protection, flags, file, 0);

	if (block == MAP_FAILED)
		give_up();
	return block;
}

static char *fresh(void)
{
	char *block = map(bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	madvise(block, bytes, MADV_NOHUGEPAGE);
	return block;
}

static char *filled(void)
{
	char *block = fresh();

	memset(block, 1, bytes);
	return block;
}

static char *dropped(void)
{
	char *block = filled();

	if (madvise(block, bytes, MADV_DONTNEED) != 0)
		give_up();
	return block;
}

static char *shared_with_a_child(void)
{
	char *block = filled();

	child = fork();
	if (child < 0)
		give_up();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return block;
}

/* One byte of each page is written: to copy all of them in would leave other things in
 * the processor's caches, and the first byte of a page is what is read in the end. */
static char *cached_file(void)
{
	int file = memfd_create("cached file", 0);

	if (file < 0 || ftruncate(file, (off_t)bytes) != 0)
		give_up();
	char *block = map(bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file);
	for (size_t at = 0; at < bytes; at += page)
		((volatile char *)block)[at] = 1;
	munmap(block, bytes);
	block = map(bytes, PROT_READ, MAP_SHARED, file);
	close(file);
	return block;
}

/* No page of it in memory, and no page read with another. */
static char *file_on_disk(void)
{
	char path[4096];
	const char *folder = getenv("TMPDIR");

	snprintf(path, sizeof(path), "%s/plain_loop.XXXXXX", folder ? folder : "/var/tmp");
	int file = mkstemp(path);
	unlink(path);
	char *data = filled();
	if (file < 0 || write(file, data, bytes) != (ssize_t)bytes)
		give_up();
	munmap(data, bytes);
	char *block = map(bytes, PROT_READ, MAP_SHARED, file);
	if (fsync(file) != 0 || posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) != 0 ||
	    madvise(block, bytes, MADV_RANDOM) != 0)
		give_up();
	close(file);
	return block;
}

/* pages are huge ones here. */
static char *huge(size_t pages)
{
	long long size = 0;
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", "r");

	if (file == NULL || fscanf(file, "%lld", &size) != 1)
		give_up();
	fclose(file);
	prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	page = (size_t)size;
	bytes = pages * page;
	char *block = map(bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	block += -(size_t)block & (page - 1);
	if (madvise(block, bytes, MADV_HUGEPAGE) != 0)
		give_up();
	return block;
}

static long long ns_of(volatile char *block, int write_it, clockid_t clock)
{
	struct timespec begun, ended;

	clock_gettime(clock, &begun);
	if (write_it)
		for (size_t at = 0; at < bytes; at += page)
			block[at] = 1;
	else
		for (size_t at = 0; at < bytes; at += page)
			block[at];
	clock_gettime(clock, &ended);
	return (ended.tv_sec - begun.tv_sec) * 1000000000LL + ended.tv_nsec - begun.tv_nsec;
}

static char *block_of(const char *kind, size_t pages)
{
	if (strcmp(kind, "first touch") == 0 || strcmp(kind, "zero page") == 0)
		return fresh();
	if (strcmp(kind, "refault") == 0)
		return dropped();
	if (strcmp(kind, "copy-on-write") == 0)
		return shared_with_a_child();
	if (strcmp(kind, "cached file") == 0)
		return cached_file();
	if (strcmp(kind, "file on disk") == 0)
		return file_on_disk();
	if (strcmp(kind, "huge page") == 0)
		return huge(pages);
	fprintf(stderr, "usage: plain_loop KIND PAGES\n");
	exit(2);
}

int main(int argc, char **argv)
{
	const char *kind = argc == 3 ? argv[1] : "";
	size_t pages = argc == 3 ? (size_t)atoll(argv[2]) : 0;
	int on_disk = strcmp(kind, "file on disk") == 0;
	int is_read = on_disk || strcmp(kind, "cached file") == 0 || strcmp(kind, "zero page") == 0;
	long long ns = 0;

	page = (size_t)sysconf(_SC_PAGESIZE);
	bytes = pages * page;
	for (int round = 0; round < 2; round++) {
		char *block = block_of(kind, pages);
		ns = ns_of(block, !is_read, on_disk ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID);
		munmap(block, bytes);
		if (child > 0) {
			kill(child, SIGKILL);
			waitpid(child, NULL, 0);
		}
	}
	printf("%lld\n", ns);
	return 0;
}
