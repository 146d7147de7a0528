/* SPDX-License-Identifier: MIT */
/* What glibc's malloc says of itself, field by field: mallinfo(3).
 *
 * The probe records the fields that every experiment needs; here are all of them.
 * With another malloc under the process (LD_PRELOAD) the report is about glibc's,
 * which then does nothing: judge a heap column of the probe too, and the
 * experiment comes out as unsupported by itself.
 */
#ifndef TOUCHSTONE_HEAP_REPORT_H
#define TOUCHSTONE_HEAP_REPORT_H

#include <stdint.h>

/* Meanings as in int_mallinfo() of malloc/malloc.c. */
struct heap_report {
	int64_t arena;    /* bytes that the arenas hold */
	int64_t ordblks;  /* free chunks that lie in no fastbin; the top is one of them */
	int64_t smblks;   /* chunks in fastbins; always 0 since glibc 2.43, which has none */
	int64_t hblks;    /* blocks with a mapping of their own */
	int64_t hblkhd;   /* bytes of those */
	int64_t fsmblks;  /* bytes of the chunks in fastbins */
	int64_t uordblks; /* bytes in chunks that count as in use */
	int64_t fordblks; /* bytes in free chunks */
	int64_t keepcost; /* bytes of the top */
};

/* By mallinfo2(), whose fields are size_t; unsupported before glibc 2.33. */
struct heap_report mallinfo2_report(void);

/* By mallinfo(), whose fields are int. */
struct heap_report mallinfo_report(void);

/* Bytes of all free chunks, the top included, by the last <total> lines of malloc_info(3).
 * The first call allocates a stream, so make one before anything is measured.
 * NOT_MEASURED where the report has no such lines. */
int64_t malloc_info_free_bytes(void);

#endif
