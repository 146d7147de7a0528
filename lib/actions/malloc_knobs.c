/* SPDX-License-Identifier: MIT */
#include "malloc_knobs.h"

#include <malloc.h>

#include "end.h"
#include "heap_report.h"

void must_pin_thresholds(int64_t mmap_threshold, int64_t trim_threshold)
{
	must_be_glibc();
#ifdef M_MMAP_THRESHOLD
	if (mallopt(M_MMAP_THRESHOLD, (int)mmap_threshold) == 1 &&
	    mallopt(M_TRIM_THRESHOLD, (int)trim_threshold) == 1)
		return;
	broken("mallopt refused a threshold of %lld or %lld bytes", (long long)mmap_threshold,
	       (long long)trim_threshold);
#else
	(void)mmap_threshold, (void)trim_threshold;
#endif
}

void must_set_top_pad(int64_t bytes)
{
	must_be_glibc();
#ifdef M_TOP_PAD
	if (mallopt(M_TOP_PAD, (int)bytes) != 1)
		broken("mallopt refused a top pad of %lld bytes", (long long)bytes);
#else
	(void)bytes;
#endif
}

void must_trim_heap(void)
{
	must_be_glibc();
#ifdef __GLIBC__
	malloc_trim(0); /* returns 0 where there was nothing to give back */
#endif
}
