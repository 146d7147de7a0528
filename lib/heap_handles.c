/* SPDX-License-Identifier: MIT */
#include "heap_handles.h"

#include <malloc.h>

#include "experiment.h"

#ifdef __GLIBC__

void must_set_top_pad(int64_t bytes)
{
	if (mallopt(M_TOP_PAD, (int)bytes) != 1)
		broken("mallopt refused a top pad of %lld bytes", (long long)bytes);
}

void must_trim_heap(void)
{
	malloc_trim(0); /* gives 0 where there was nothing to give back */
}

#else

void must_set_top_pad(int64_t bytes)
{
	(void)bytes;
	unsupported("this libc has no mallopt(); it is glibc's");
}

void must_trim_heap(void)
{
	unsupported("this libc has no malloc_trim(); it is glibc's");
}

#endif
