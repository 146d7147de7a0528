/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "heap_report.h"

#include <dlfcn.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "end.h"
#include "probe.h"

/* Two #if lines, because __GLIBC_PREREQ does not exist without glibc. */
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
/* mallinfo() is deprecated since glibc 2.33, for the reason that the experiment
 * mallinfo_wraps_at_2_gib shows. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	struct mallinfo info = mallinfo();
#pragma GCC diagnostic pop
	return COPY(info);
#else
	unsupported("this libc has no mallinfo(); it is glibc's");
#endif
}

#ifdef __GLIBC__
/* Returns the size in the last line of the report that begins in a given way.  The last one is
 * the sum over all arenas. */
static int64_t last_total(const char *report, const char *beginning)
{
	int64_t bytes = NOT_MEASURED;
	long long size;

	for (const char *at = report; (at = strstr(at, beginning)) != NULL; at++)
		if (sscanf(at + strlen(beginning), " count=\"%*d\" size=\"%lld\"", &size) == 1)
			bytes = size;
	return bytes;
}
#endif

int64_t malloc_info_free_bytes(void)
{
#ifdef __GLIBC__
	static FILE *stream;
	static char report[1 << 16], buffer[BUFSIZ];

	if (stream == NULL) {
		stream = fmemopen(report, sizeof(report), "w");
		if (stream == NULL)
			broken("fmemopen failed");
		setvbuf(stream, buffer, _IOFBF, sizeof(buffer));
	}
	rewind(stream);
	malloc_info(0, stream);
	fflush(stream);
	int64_t fast = last_total(report, "<total type=\"fast\"");
	int64_t rest = last_total(report, "<total type=\"rest\"");
	return rest == NOT_MEASURED || fast == NOT_MEASURED ? rest : rest + fast;
#else
	unsupported("this libc has no malloc_info(); it is glibc's");
#endif
}

const char *other_malloc(void)
{
#ifdef __GLIBC__
	static char text[256];
	Dl_info allocator, libc;

	/* A program that is linked statically has one object, and dladdr() may not find it. */
	if (!dladdr((void *)malloc, &allocator) || !dladdr((void *)gnu_get_libc_version, &libc) ||
	    allocator.dli_fbase == libc.dli_fbase)
		return NULL;
	snprintf(text, sizeof(text), "%s is preloaded", basename(allocator.dli_fname));
	return text;
#else
	return "this program uses another C library";
#endif
}

void must_be_glibc(void)
{
	const char *other = other_malloc();

	if (other != NULL)
		unsupported("this is about glibc's malloc, and %s", other);
}
