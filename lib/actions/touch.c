/* SPDX-License-Identifier: MIT */
#include "touch.h"

#include "memory.h"

typedef void touch(volatile char *at, const volatile char *end, int64_t page);

/* A copy of the loops.  The function begins with a line of the cache; the nops before the loop, 1 byte
 * each on x86, move the loop to its place. */
#define LOOPS(place)                                                       \
	static __attribute__((aligned(64), noinline)) void write_##place(  \
		volatile char *at, const volatile char *end, int64_t page) \
	{                                                                  \
		__asm__ volatile(".rept 8 * " #place "\n\tnop\n\t.endr");  \
		for (; at < end; at += page)                               \
			*at = 1;                                           \
	}                                                                  \
	static __attribute__((aligned(64), noinline)) void read_##place(   \
		volatile char *at, const volatile char *end, int64_t page) \
	{                                                                  \
		__asm__ volatile(".rept 8 * " #place "\n\tnop\n\t.endr");  \
		for (; at < end; at += page)                               \
			(void)*at;                                         \
	}
LOOPS(0)
LOOPS(1)
LOOPS(2)
LOOPS(3)
LOOPS(4)
LOOPS(5)
LOOPS(6)
LOOPS(7)

void write_whole_pages(int place, char *start, int64_t bytes)
{
	static touch *const write[TOUCH_PLACES] = { write_0, write_1, write_2, write_3,
						    write_4, write_5, write_6, write_7 };

	write[place % TOUCH_PLACES](start, start + bytes, page_bytes());
}

void read_whole_pages(int place, char *start, int64_t bytes)
{
	static touch *const read[TOUCH_PLACES] = { read_0, read_1, read_2, read_3,
						   read_4, read_5, read_6, read_7 };

	read[place % TOUCH_PLACES](start, start + bytes, page_bytes());
}
