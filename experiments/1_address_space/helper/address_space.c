/* SPDX-License-Identifier: MIT */
/* Prints one number about the address space of the process it runs as.  Built
 * twice, as a 64-bit and as a 32-bit program, for a_32_bit_process_has_4_gib.
 *
 *   all      bytes of addresses it can have
 *   spread   bytes from the program's text to its stack
 *   pointer  bytes of a pointer
 */
#include <stdio.h>
#include <string.h>

#include "address_space.h"

static int64_t spread(void)
{
	char stack;

	return (int64_t)((uintptr_t)&stack - (uintptr_t)spread);
}

int main(int argc, char **argv)
{
	int64_t number;

	if (argc == 2 && strcmp(argv[1], "all") == 0) {
		number = reserve_all_addresses(NULL);
	} else if (argc == 2 && strcmp(argv[1], "spread") == 0) {
		number = spread();
	} else if (argc == 2 && strcmp(argv[1], "pointer") == 0) {
		number = sizeof(void *);
	} else {
		fprintf(stderr, "usage: %s all|spread|pointer\n", argv[0]);
		return 2;
	}
	/* printf() would want a buffer, and by now there may be no address for one. */
	return dprintf(1, "%lld\n", (long long)number) > 0 ? 0 : 2;
}
