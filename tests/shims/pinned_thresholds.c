/* SPDX-License-Identifier: MIT */
/* Makes malloc behave as textbooks describe it: both thresholds stay at 128 KiB, and the top is
 * used up before the program begins. */
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void pin_thresholds(void)
{
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	mallopt(M_TRIM_THRESHOLD, 128 * 1024);
	free(malloc(1));
	/* The block that is cut off the top has a header of 8 bytes, and the smallest chunk,
	 * which has 32 bytes, stays. */
	struct mallinfo2 heap = mallinfo2();
	char *block = malloc(heap.keepcost - 32 - 8);
	if (block == NULL || mallinfo2().keepcost > 64)
		abort();
}
