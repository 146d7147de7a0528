/* SPDX-License-Identifier: MIT */
/* Measures what a page fault costs, without any code of Touchstone's lib/.
 *
 *     plain_loop "first touch" 4096
 *
 * touches 4,096 pages, so that each touch is a fault of the kind "first touch", and
 * prints how many nanoseconds the loop took.  That is CPU time; for "file
 * on disk" it is the time by the clock.  Everything is done twice, and the second time
 * counts: memory that was in use a moment ago is in the processor's caches, and no host
 * has to give it to this virtual machine first.  Prints 0 where this machine has no
 * fault of that kind.  a_fault_has_a_price.c runs this program beside its own arms and
 * explains the kinds.
 *
 * The loop is there eight times, at eight places of a 64-byte line of the cache, and each
 * copy touches an eighth of the pages: on some processors the price depends on the place.
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

static char *shared_with_child(void)
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

/* Writes one byte of each page only.  To fill whole pages would leave other bytes in the
 * processor's caches than the first byte of each page, which the loop reads. */
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

/* Maps a file that has no page in memory; MADV_RANDOM: no page is read along with another. */
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

/* Maps so many huge pages, and sets page and bytes to the sizes of one and of all of them. */
static char *huge(size_t huge_pages)
{
	long long size = 0;
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", "r");

	if (file == NULL || fscanf(file, "%lld", &size) != 1)
		give_up();
	fclose(file);
	prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	page = (size_t)size;
	bytes = huge_pages * page;
	char *block = map(bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	block += -(size_t)block & (page - 1);
	if (madvise(block, bytes, MADV_HUGEPAGE) != 0)
		give_up();
	return block;
}

/* A copy of the loops.  The nops, 1 byte each on x86, move the loop to its place. */
#define LOOPS(place)                                                      \
	static __attribute__((aligned(64), noinline)) void write_##place( \
		volatile char *at, const volatile char *end, size_t step) \
	{                                                                 \
		__asm__ volatile(".rept 8 * " #place "\n\tnop\n\t.endr"); \
		for (; at < end; at += step)                              \
			*at = 1;                                          \
	}                                                                 \
	static __attribute__((aligned(64), noinline)) void read_##place(  \
		volatile char *at, const volatile char *end, size_t step) \
	{                                                                 \
		__asm__ volatile(".rept 8 * " #place "\n\tnop\n\t.endr"); \
		for (; at < end; at += step)                              \
			(void)*at;                                        \
	}
LOOPS(0)
LOOPS(1)
LOOPS(2)
LOOPS(3)
LOOPS(4)
LOOPS(5)
LOOPS(6)
LOOPS(7)

enum { PLACES = 8 };

typedef void touch(volatile char *at, const volatile char *end, size_t step);

static touch *const write_at[PLACES] = { write_0, write_1, write_2, write_3,
					 write_4, write_5, write_6, write_7 };
static touch *const read_at[PLACES] = { read_0, read_1, read_2, read_3,
					read_4, read_5, read_6, read_7 };

static long long ns_to_touch(volatile char *block, int is_written, clockid_t clock)
{
	struct timespec begun, ended;
	size_t touches = bytes / page;

	clock_gettime(clock, &begun);
	for (size_t place = 0; place < PLACES; place++)
		(is_written ? write_at :
			      read_at)[place](block + touches * place / PLACES * page,
					      block + touches * (place + 1) / PLACES * page, page);
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
		return shared_with_child();
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
		ns = ns_to_touch(block, !is_read,
				 on_disk ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID);
		munmap(block, bytes);
		if (child > 0) {
			kill(child, SIGKILL);
			waitpid(child, NULL, 0);
		}
	}
	printf("%lld\n", ns);
	return 0;
}
