/* SPDX-License-Identifier: MIT */
/* Makes malloc send every request to mmap(2), before there is a heap. */
#include <malloc.h>

__attribute__((constructor)) static void send_everything_to_mmap(void)
{
	mallopt(M_MMAP_THRESHOLD, 0);
}
