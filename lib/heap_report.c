/* SPDX-License-Identifier: MIT */
#include "heap_report.h"

#include <malloc.h>

#include "experiment.h"

/* In two steps: without glibc there is no __GLIBC_PREREQ to call. */
#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 33)
#define HAVE_MALLINFO2
#endif
#endif

#define COPY(info)                                                                      \
	(struct heap_report)                                                            \
	{                                                                               \
		.arena = (int64_t)info.arena, .ordblks = (int64_t)info.ordblks,         \
		.smblks = (int64_t)info.smblks, .hblks = (int64_t)info.hblks,           \
		.hblkhd = (int64_t)info.hblkhd, .fsmblks = (int64_t)info.fsmblks,       \
		.uordblks = (int64_t)info.uordblks, .fordblks = (int64_t)info.fordblks, \
		.keepcost = (int64_t)info.keepcost,                                     \
	}

struct heap_report mallinfo2_report(void)
{
#ifdef HAVE_MALLINFO2
	struct mallinfo2 info = mallinfo2();
	return COPY(info);
#else
	unsupported("mallinfo2() came with glibc 2.33; this libc does not have it");
#endif
}

struct heap_report mallinfo_report(void)
{
#ifdef __GLIBC__
/* Deprecated since glibc 2.33, for what mallinfo_wraps_at_2_gib shows. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	struct mallinfo info = mallinfo();
#pragma GCC diagnostic pop
	return COPY(info);
#else
	unsupported("this libc has no mallinfo(); it is glibc's");
#endif
}
