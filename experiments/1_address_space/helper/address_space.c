/* SPDX-License-Identifier: MIT */
/* Prints one number about the address space of the process it runs as.  Built
 * twice, as a 64-bit and as a 32-bit program, for a_32_bit_process_has_4_gib.
 *
 *   all      bytes of addresses that it can have
 *   spread   bytes from the program's text to its stack
 *   pointer  bytes of a pointer
 *
 * With the word `smaps` it prints its whole map instead of a number, with a heap and a
 * mapping of 1 MiB in it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "address_space.h"

static int64_t spread(void)
{
	char stack;

	return (int64_t)((uintptr_t)&stack - (uintptr_t)spread);
}

/* Prints /proc/self/smaps (proc_pid_smaps(5)).  Returns the exit status. */
static int show_smaps(void)
{
	static char text[1 << 16];
	ssize_t got = -1;
	bool written = malloc(1) != NULL && mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
						 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
	int fd = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);

	while (written && (got = read(fd, text, sizeof(text))) > 0)
		written = write(1, text, (size_t)got) == got;
	return written && got == 0 ? 0 : 2;
}

int main(int argc, char **argv)
{
	int64_t number;

	if (argc == 2 && strcmp(argv[1], "smaps") == 0)
		return show_smaps();
	if (argc == 2 && strcmp(argv[1], "all") == 0) {
		number = reserve_all_addresses(NULL);
	} else if (argc == 2 && strcmp(argv[1], "spread") == 0) {
		number = spread();
	} else if (argc == 2 && strcmp(argv[1], "pointer") == 0) {
		number = sizeof(void *);
	} else {
		fprintf(stderr, "usage: %s all|spread|pointer|smaps\n", argv[0]);
		return 2;
	}
	/* Not printf(): it allocates a buffer, and there may be no address left for one. */
	return dprintf(1, "%lld\n", (long long)number) > 0 ? 0 : 2;
}
