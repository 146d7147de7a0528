/* SPDX-License-Identifier: MIT */
/* What glibc's malloc reports about itself, field by field: mallinfo(3).
 *
 * The probe records the fields that every experiment needs; these functions give all of
 * them.  With another malloc in the process (LD_PRELOAD) the report still describes glibc's,
 * which then does nothing.  So an experiment that uses a report declares .about_glibc.
 */
#ifndef TOUCHSTONE_HEAP_REPORT_H
#define TOUCHSTONE_HEAP_REPORT_H

#include <stdint.h>

/* Returns NULL where malloc is glibc's, which is what mallinfo(3) describes; otherwise whose it is:
 * "libjemalloc.so.2 is preloaded".  A preloaded malloc may bring a mallinfo() of its own (tcmalloc
 * does), whose fields count something else. */
const char *other_malloc(void);

/* Ends the experiment as unsupported where malloc is not glibc's: with another C library, or with
 * another malloc in the process (LD_PRELOAD).  The sentence names the library. */
void must_be_glibc(void);

/* The fields of struct mallinfo2.  Their meaning is taken from int_mallinfo() in glibc's
 * malloc/malloc.c. */
struct heap_report {
	int64_t arena;    /* bytes that the arenas hold */
	int64_t ordblks;  /* number of free chunks that lie in no fastbin; the top is one of them */
	int64_t smblks;   /* number of chunks in fastbins; 0 since glibc 2.43, which has none */
	int64_t hblks;    /* number of blocks with a mapping of their own */
	int64_t hblkhd;   /* bytes of the blocks with a mapping of their own */
	int64_t fsmblks;  /* bytes of the chunks in fastbins */
	int64_t uordblks; /* bytes in chunks that count as in use */
	int64_t fordblks; /* bytes in free chunks */
	int64_t keepcost; /* bytes of the top */
};

/* Returns what mallinfo2() reports; its fields are size_t.  Unsupported before glibc 2.33. */
struct heap_report mallinfo2_report(void);

/* Returns what mallinfo() reports; its fields are int, and wrong from 2 GiB on.  Unsupported
 * where the C library is not glibc. */
struct heap_report mallinfo_report(void);

/* Returns the bytes of all free chunks, the top included, from the last <total> lines of
 * malloc_info(3); NOT_MEASURED where it prints no such lines.  The first call allocates a
 * stream, so call it once before anything is measured. */
int64_t malloc_info_free_bytes(void);

#endif
