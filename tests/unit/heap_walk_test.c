/* SPDX-License-Identifier: MIT */
/* Tests lib/probe/heap_walk.c on heaps made by hand: every state of a chunk, every way in which a
 * heap can be wrong, and 200,000 heaps with words that do not belong there.  The address sanitizer
 * finds a read outside of the heap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "heap_walk.h"

#define WORD sizeof(size_t)
#define CHUNK (4 * WORD)
#define WORDS ((size_t)256)
#define KEY ((uintptr_t)0x5eed)

static uintptr_t *words; /* exactly as long as the heap */
static struct heap heap;
static uintptr_t forbidden; /* no address from here on may be read */

static bool readable(uintptr_t address)
{
	assert_in_range(address, heap.start, heap.end - WORD);
	return address < forbidden;
}

/* The chunks that the walk has shown. */
static struct {
	int64_t at, bytes;
	enum chunk_state state;
} shown[WORDS];
static int shown_count;

static void show(uintptr_t start, int64_t bytes, enum chunk_state state)
{
	shown[shown_count].at = (int64_t)(start - heap.start);
	shown[shown_count].bytes = bytes;
	shown[shown_count++].state = state;
}

/* Writes the header of a chunk, and returns where the next chunk begins. */
static size_t lay(size_t at, size_t bytes, bool previous_in_use)
{
	words[at / WORD + 1] = bytes | previous_in_use;
	return at + bytes;
}

/* The heap: the cache's own chunk with one list, a chunk in each of the states, and the top. */
#define CACHE ((size_t)0)
#define USED (CACHE + 2 * CHUNK)
#define CACHED (USED + 2 * CHUNK)
#define HOLE (CACHED + CHUNK)
#define LAST (HOLE + 3 * CHUNK)
#define TOP (LAST + CHUNK)

static void fill(void)
{
	memset(words, 0, WORDS * WORD);
	lay(CACHE, 2 * CHUNK, true);
	words[CACHE / WORD + 3] = heap.start + CACHED + 2 * WORD;
	lay(USED, 2 * CHUNK, true);
	lay(CACHED, CHUNK, true);
	words[CACHED / WORD + 3] = KEY;
	lay(HOLE, 3 * CHUNK, true);
	lay(LAST, CHUNK, false);
	words[LAST / WORD] = 3 * CHUNK;
	lay(TOP, WORDS * WORD - TOP, true);
}

static int build(void **state)
{
	(void)state;
	words = malloc(WORDS * WORD);
	heap = (struct heap){ .start = (uintptr_t)words,
			      .end = (uintptr_t)(words + WORDS),
			      .readable = readable,
			      .cache_key = KEY };
	forbidden = heap.end;
	shown_count = 0;
	fill();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(words);
	return 0;
}

static void every_state_is_told(void **state)
{
	static const enum chunk_state expected[] = { CHUNK_IN_USE, CHUNK_IN_USE, CHUNK_CACHED,
						     CHUNK_FREE,   CHUNK_IN_USE, CHUNK_TOP };
	struct heap_totals totals;
	struct heap_trouble trouble;

	(void)state;
	assert_int_equal(heap_cache_key(&heap), KEY);
	assert_true(heap_walk(&heap, show, &totals, &trouble));
	assert_int_equal(shown_count, 6);
	for (int i = 0; i < 6; i++)
		assert_int_equal(shown[i].state, expected[i]);
	assert_int_equal(shown[3].at, HOLE);
	assert_int_equal(totals.chunks, 6);
	assert_int_equal(totals.free_chunks, 1);
	assert_int_equal(totals.free_bytes, 3 * CHUNK);
	assert_int_equal(totals.cached_bytes, CHUNK);
	assert_int_equal(totals.top_bytes, WORDS * WORD - TOP);
}

static void without_a_key_nothing_is_cached(void **state)
{
	struct heap_totals totals;
	struct heap_trouble trouble;

	(void)state;
	words[CACHE / WORD + 2] = heap.start + USED + 2 * WORD; /* a list head, but no key there */
	assert_int_equal(heap_cache_key(&heap), 0);
	heap.cache_key = 0;
	assert_true(heap_walk(&heap, NULL, &totals, &trouble));
	assert_int_equal(totals.cached_bytes, 0);
}

/* Since glibc 2.43 the cache may be allocated later, so that blocks lie below it. */
static void the_cache_may_come_later(void **state)
{
	size_t cache_bytes = (size_t)heap_chunk_bytes(76 * (WORD + 2));

	(void)state;
	memset(words, 0, WORDS * WORD);
	size_t cached = lay(0, CHUNK, true), cache = lay(cached, CHUNK, true);
	size_t top = lay(cache, cache_bytes, true);
	lay(top, WORDS * WORD - top, true);
	words[cached / WORD + 3] = KEY;
	assert_int_equal(heap_cache_key(&heap), 0);
	words[cache / WORD + 30] = heap.start + cached + 2 * WORD;
	assert_int_equal(heap_cache_key(&heap), KEY);
}

static void refused(enum heap_fault fault, int64_t at, int64_t value)
{
	struct heap_totals totals;
	struct heap_trouble trouble;

	assert_false(heap_walk(&heap, NULL, &totals, &trouble));
	assert_int_equal(trouble.fault, fault);
	assert_int_equal(trouble.at, at);
	assert_int_equal(trouble.value, value);
}

static void a_wrong_size_is_refused(void **state)
{
	static const size_t sizes[] = {
		0, 1, WORD | 1, CHUNK + WORD, WORDS * WORD, SIZE_MAX - 7, CHUNK | 2, CHUNK | 4
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		words[USED / WORD + 1] = sizes[i];
		refused(HEAP_SIZE_WRONG, USED, (int64_t)sizes[i]);
	}
}

static void a_hole_must_be_stated_twice(void **state)
{
	(void)state;
	words[LAST / WORD] = 2 * CHUNK;
	refused(HEAP_PREV_WRONG, LAST, 2 * CHUNK);
}

static void an_absent_page_is_not_read(void **state)
{
	(void)state;
	forbidden = heap.start + HOLE;
	refused(HEAP_PAGE_ABSENT, HOLE, 0);
}

static void the_last_words_hold_no_chunk(void **state)
{
	(void)state;
	lay(TOP, WORDS * WORD - TOP - 2 * WORD, true);
	refused(HEAP_SIZE_WRONG, WORDS * WORD - 2 * WORD, 0);
}

/* Returns a fast random number (xorshift), so that each run makes the same heaps. */
static uint64_t dice(void)
{
	static uint64_t state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static void nothing_is_read_outside(void **state)
{
	struct heap_totals totals;
	struct heap_trouble trouble;
	int sound_count = 0;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		fill();
		for (uint64_t i = dice() % 4; i-- > 0;)
			words[dice() % (TOP / WORD + 2)] =
				dice() % 2 ? dice() : dice() % 64 * WORD | dice() % 2;
		words[2 + dice() % 8] = heap.start + dice() % (WORDS * WORD + 64);
		heap.cache_key = heap_cache_key(&heap);
		shown_count = 0;
		bool sound = heap_walk(&heap, show, &totals, &trouble);
		int64_t end = 0;
		for (int i = 0; i < shown_count; i++) {
			assert_int_equal(shown[i].at, end);
			end += shown[i].bytes;
		}
		if (sound)
			assert_int_equal(end, WORDS * WORD);
		sound_count += sound;
	}
	/* The walk must refuse some heaps and accept others: both kinds were made. */
	assert_in_range(sound_count, 20000, 180000);
}

/* malloc's own data: other words, the heads of the fastbins, and the address of the top. */
static uintptr_t data[20];
#define TOP_WORD 15
#define FIRST_HEAD (TOP_WORD - (WORD == 8 ? 10 : 11))

static bool heap_or_data(uintptr_t address)
{
	return address - (uintptr_t)data < sizeof(data) || readable(address);
}

static void fastbins_are_found_by_what_they_hold(void **state)
{
	uintptr_t first = heap.start + CACHED, second = heap.start + LAST;

	(void)state;
	heap.readable = heap_or_data;
	heap.data_start = (uintptr_t)data;
	heap.data_end = (uintptr_t)(data + 20);
	memset(data, 0, sizeof(data));
	data[TOP_WORD - 2] = data[TOP_WORD] = heap.start + TOP;
	data[FIRST_HEAD] = first;
	words[CACHED / WORD + 2] = second;
	assert_false(heap_fastbins(&heap, heap.start + TOP, 2, 2 * CHUNK, show));
	data[TOP_WORD - 2] = 0;
	assert_true(heap_fastbins(&heap, heap.start + TOP, 2, 2 * CHUNK, show));
	assert_int_equal(shown_count, 2);
	assert_int_equal(shown[1].at, LAST);
	assert_false(heap_fastbins(&heap, heap.start + TOP, 1, CHUNK, show));
	assert_false(heap_fastbins(&heap, heap.start + TOP, 3, 3 * CHUNK, show));

	heap.links_are_masked = true;
	words[CACHED / WORD + 2] = second ^ (first + 2 * WORD) >> 12;
	words[LAST / WORD + 2] = (second + 2 * WORD) >> 12;
	assert_true(heap_fastbins(&heap, heap.start + TOP, 2, 2 * CHUNK, show));
	words[LAST / WORD + 2] = first ^ (second + 2 * WORD) >> 12; /* the list is a circle */
	assert_false(heap_fastbins(&heap, heap.start + TOP, 2, 2 * CHUNK, show));
	assert_int_equal(shown_count, 4);
}

static void a_mapped_chunk_is_known_by_its_header(void **state)
{
	(void)state;
	words[0] = 0;
	words[1] = 1024 | 2;
	assert_int_equal(heap_mapped_chunk(heap.start, heap.end, 1024), 1024);
	assert_int_equal(heap_mapped_chunk(heap.start, heap.start + 512, 1024), 0);
	assert_int_equal(heap_mapped_chunk(heap.start, heap.end, 4096), 0);
	words[1] = (1024 - 2 * WORD) | 2; /* what the header holds since glibc 2.43 */
	assert_int_equal(heap_mapped_chunk(heap.start, heap.end, 1024), 1024);
	words[1] = (1024 - 3 * WORD) | 2;
	assert_int_equal(heap_mapped_chunk(heap.start, heap.end, 1024), 0);
	words[1] = 1024 | 3;
	assert_int_equal(heap_mapped_chunk(heap.start, heap.end, 1024), 0);
	words[1] = 2;
	assert_int_equal(heap_mapped_chunk(heap.start, heap.end, 1024), 0);
}

/* A chunk holds a request that is one word less, because it also uses prev_size of the next one. */
static void a_chunk_holds_its_request_and_a_word(void **state)
{
	(void)state;
	assert_int_equal(heap_chunk_bytes(1), CHUNK);
	assert_int_equal(heap_chunk_bytes(CHUNK - WORD), CHUNK);
	for (int64_t request = CHUNK - WORD + 1; request < 1000; request++) {
		int64_t chunk = heap_chunk_bytes(request);
		assert_int_equal(chunk % (int64_t) _Alignof(max_align_t), 0);
		assert_in_range(chunk - request, WORD, WORD + _Alignof(max_align_t) - 1);
		assert_true(heap_chunk_bytes(heap_smallest_request(chunk)) == chunk);
		assert_true(heap_chunk_bytes(heap_smallest_request(chunk) - 1) < chunk);
	}
}

#define HEAP_TEST(test) cmocka_unit_test_setup_teardown(test, build, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		HEAP_TEST(every_state_is_told),
		HEAP_TEST(without_a_key_nothing_is_cached),
		HEAP_TEST(the_cache_may_come_later),
		HEAP_TEST(a_wrong_size_is_refused),
		HEAP_TEST(a_hole_must_be_stated_twice),
		HEAP_TEST(an_absent_page_is_not_read),
		HEAP_TEST(the_last_words_hold_no_chunk),
		HEAP_TEST(nothing_is_read_outside),
		HEAP_TEST(fastbins_are_found_by_what_they_hold),
		HEAP_TEST(a_mapped_chunk_is_known_by_its_header),
		HEAP_TEST(a_chunk_holds_its_request_and_a_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
