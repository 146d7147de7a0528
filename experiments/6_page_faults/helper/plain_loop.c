/* SPDX-License-Identifier: MIT */
/* What a page fault costs, without Touchstone: nothing of lib/ is in this program.
 *
 *     plain_loop 4096
 *
 * writes to so many fresh pages, in one loop, and prints the nanoseconds of CPU time
 * that the loop took.  a_fault_has_a_price.c runs it beside its own arms.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = argc == 2 ? atoll(argv[1]) * page : 0;
	struct timespec begun, ended;

	volatile char *block =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (block == MAP_FAILED) {
		fprintf(stderr, "usage: plain_loop PAGES: pages of memory that there is\n");
		return 2;
	}
	madvise((void *)block, bytes, MADV_NOHUGEPAGE);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begun);
	for (size_t at = 0; at < bytes; at += page)
		block[at] = 1;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
	printf("%lld\n",
	       (ended.tv_sec - begun.tv_sec) * 1000000000LL + ended.tv_nsec - begun.tv_nsec);
	return 0;
}
