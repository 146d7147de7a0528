/* SPDX-License-Identifier: MIT */
/* pool_test         tests what the pool promises; runs in every build and under valgrind
 * pool_test limits  tests what happens when memory or mappings run out; runs under `ulimit -v`,
 *                   but without sanitizers, which map much themselves */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pool.h"

static size_t page;

enum { UNMAPPED = -1, ABSENT, RESIDENT };

/* Returns the state of the page that an address lies in; see mincore(2). */
static int state_of_page(const void *address)
{
	unsigned char present = 0;

	if (mincore((void *)((uintptr_t)address / page * page), page, &present) == 0)
		return present & 1 ? RESIDENT : ABSENT;
	assert_int_equal(ENOMEM, errno);
	return UNMAPPED;
}

static bool is_mapped(const void *address)
{
	return state_of_page(address) != UNMAPPED;
}

static bool is_filled_with(const unsigned char *block, size_t bytes, unsigned char value)
{
	for (size_t i = 0; i < bytes; i++)
		if (block[i] != value)
			return false;
	return true;
}

/* ---- blocks --------------------------------------------------------------- */

enum { BLOCKS = 2000 };

/* Each block keeps its own pattern until the last one is written, so no two blocks share a byte,
 * whatever their sizes and alignments are. */
static void test_blocks_keep_apart(void **state)
{
	static unsigned char *blocks[BLOCKS];
	static size_t bytes[BLOCKS];

	(void)state;
	for (size_t chunk = 1; chunk <= 1 << 20; chunk *= 32) {
		struct pool *pool = pool_create(chunk);
		assert_non_null(pool);
		srand(1);
		for (int i = 0; i < BLOCKS; i++) {
			size_t alignment = (size_t)1 << (rand() % 13);
			bytes[i] = (size_t)(rand() % 50 == 0 ? rand() % 50000 : rand() % 600);
			blocks[i] = pool_alloc_aligned(pool, bytes[i], alignment);
			assert_non_null(blocks[i]);
			assert_int_equal(0, (uintptr_t)blocks[i] % alignment);
			memset(blocks[i], i % 251, bytes[i]);
		}
		for (int i = 0; i < BLOCKS; i++)
			assert_true(is_filled_with(blocks[i], bytes[i], (unsigned char)(i % 251)));
		pool_destroy(pool);
	}
}

static void test_default_alignment_fits_every_type(void **state)
{
	struct pool *pool = pool_create(0);

	(void)state;
	for (size_t bytes = 0; bytes < 100; bytes++) {
		void *block = pool_alloc(pool, bytes);
		assert_non_null(block);
		assert_int_equal(0, (uintptr_t)block % _Alignof(max_align_t));
	}
	pool_destroy(pool);
}

static void test_alignments_beyond_a_page_and_a_chunk(void **state)
{
	struct pool *pool = pool_create(0);

	(void)state;
	for (size_t alignment = 1; alignment <= 8 << 20; alignment *= 2) {
		char *block = pool_alloc_aligned(pool, 3, alignment);
		assert_non_null(block);
		assert_int_equal(0, (uintptr_t)block % alignment);
		memset(block, 1, 3);
	}
	pool_destroy(pool);
}

static void test_strings_are_packed(void **state)
{
	struct pool *pool = pool_create(0);
	char *first = pool_alloc_aligned(pool, 3, 1);
	char *second = pool_alloc_aligned(pool, 5, 1);

	(void)state;
#ifndef POOL_ASAN
	assert_ptr_equal(first - 5, second); /* strings go down from the end of a chunk */
#endif
	assert_true(second <= first - 5);
	pool_destroy(pool);
}

/* Fills a chunk from both ends, until no byte is left that a block or a string can have. */
static void test_both_ends_meet(void **state)
{
	struct pool *pool = pool_create(1);
	char *block = pool_alloc(pool, 24), *string = pool_alloc_aligned(pool, 3, 1);
	char *aligned = block, *packed = string;

	(void)state;
	for (;;) {
		assert_non_null(block);
		assert_non_null(string);
		assert_int_equal(0, (uintptr_t)block % POOL_ALIGNMENT);
		if (pool_mapped_bytes(pool) != page)
			break;
		memset(aligned = block, 2, 24);
		memset(packed = string, 1, 3);
		block = pool_alloc(pool, 24);
		string = pool_alloc_aligned(pool, 3, 1);
	}
	assert_true(aligned + 24 <= packed);
	assert_true(packed - aligned < 24 + 3 * POOL_ALIGNMENT + 2 * POOL_GAP + 3);
	assert_true(is_filled_with((unsigned char *)aligned, 24, 2));
	assert_true(is_filled_with((unsigned char *)packed, 3, 1));
	pool_destroy(pool);
}

/* ---- errors --------------------------------------------------------------- */

static void *alloc_error(struct pool *pool, size_t bytes, size_t alignment, int error)
{
	errno = 0;
	void *block = pool_alloc_aligned(pool, bytes, alignment);
	assert_int_equal(error, block == NULL ? errno : 0);
	return block;
}

/* It is volatile, because the compiler warns when it sees a request of such a size. */
static volatile size_t most = SIZE_MAX;

static void test_impossible_requests_leave_the_pool_whole(void **state)
{
	struct pool *pool = pool_create(0);
	char *before = pool_alloc(pool, 100);

	(void)state;
	memset(before, 7, 100);
	size_t mapped = pool_mapped_bytes(pool);
	for (size_t less = 0; less < 3 * page; less++)
		alloc_error(pool, most - less, 1 + (less & 1), ENOMEM);
	alloc_error(pool, most / 2, 16, ENOMEM);
	alloc_error(pool, 1, most / 2 + 1, ENOMEM);
	alloc_error(pool, most, most / 2 + 1, ENOMEM);
	alloc_error(pool, 1, 0, EINVAL);
	alloc_error(pool, 1, 3, EINVAL);
	alloc_error(pool, most, 48, EINVAL);
	assert_int_equal(mapped, pool_mapped_bytes(pool));

	char *after = pool_alloc(pool, 100);
	assert_non_null(after);
	memset(after, 8, 100);
	assert_true(is_filled_with((unsigned char *)before, 100, 7));
	pool_destroy(pool);
}

static void test_impossible_pools(void **state)
{
	(void)state;
	for (size_t less = 0; less < 2 * page; less++) {
		errno = 0;
		assert_null(pool_create(most - less));
		assert_int_equal(ENOMEM, errno);
	}
	pool_destroy(NULL);
}

/* ---- memory --------------------------------------------------------------- */

static void test_chunks_are_whole_pages_and_grow_one_by_one(void **state)
{
	struct pool *pool = pool_create(1);

	(void)state;
	assert_int_equal(page, pool_mapped_bytes(pool));
	for (size_t blocks = 0; pool_mapped_bytes(pool) < 10 * page; blocks++) {
		assert_true(blocks <= 10 * page / 64);
		assert_non_null(pool_alloc(pool, 64));
		assert_int_equal(0, pool_mapped_bytes(pool) % page);
	}
	pool_destroy(pool);
}

static void test_reset_fills_the_same_chunks_again(void **state)
{
	static char *first_round[BLOCKS];
	struct pool *pool = pool_create(1 << 16);
	size_t mapped = 0;

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < BLOCKS; i++) {
			char *block = pool_alloc(pool, (size_t)(i % 500));
			assert_non_null(block);
			memset(block, round, (size_t)(i % 500));
			if (round == 0)
				first_round[i] = block;
			assert_ptr_equal(first_round[i], block);
		}
		if (round == 0)
			mapped = pool_mapped_bytes(pool);
		assert_int_equal(mapped, pool_mapped_bytes(pool));
		pool_reset(pool);
	}
	pool_destroy(pool);
}

static void test_reset_gives_large_blocks_back(void **state)
{
	struct pool *pool = pool_create(1 << 16);
	size_t mapped = pool_mapped_bytes(pool);
	char *large[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		large[i] = pool_alloc(pool, 1 << 20);
		assert_non_null(large[i]);
		memset(large[i], i, 1 << 20);
	}
	assert_true(pool_mapped_bytes(pool) >= mapped + (3 << 20));
	pool_reset(pool);
	assert_int_equal(mapped, pool_mapped_bytes(pool));
	for (int i = 0; i < 3; i++)
		assert_false(is_mapped(large[i] + (1 << 19)));
	assert_true(is_mapped(pool_alloc(pool, 1)));
	pool_destroy(pool);
}

static void test_destroy_gives_everything_back(void **state)
{
	static char *blocks[BLOCKS];
	struct pool *pool = pool_create(1 << 14);

	(void)state;
	for (int i = 0; i < BLOCKS; i++) {
		size_t bytes = i % 100 == 0 ? 100000 : 200;
		blocks[i] = pool_alloc(pool, bytes);
		assert_non_null(blocks[i]);
		memset(blocks[i], 1, bytes);
	}
	pool_destroy(pool);
	assert_false(is_mapped(pool));
	for (int i = 0; i < BLOCKS; i++)
		assert_false(is_mapped(blocks[i]));
}

static void test_pools_do_not_know_each_other(void **state)
{
	struct pool *kept = pool_create(0), *dropped = pool_create(0);
	char *block = pool_alloc(kept, 1000);

	(void)state;
	memset(block, 5, 1000);
	memset(pool_alloc(dropped, 1000), 6, 1000);
	pool_destroy(dropped);
	assert_true(is_filled_with((unsigned char *)block, 1000, 5));
	pool_destroy(kept);
}

/* ---- AddressSanitizer ----------------------------------------------------- */

#ifdef POOL_ASAN
static void test_what_is_not_handed_out_is_poisoned(void **state)
{
	struct pool *pool = pool_create(0);

	(void)state;
	for (size_t bytes = 1; bytes < 70; bytes++) {
		char *block = pool_alloc(pool, bytes);
		assert_null(__asan_region_is_poisoned(block, bytes));
		assert_true(__asan_address_is_poisoned(block + bytes));
		assert_true(__asan_address_is_poisoned(block - 1));
	}
	char *large = pool_alloc(pool, 1 << 20);
	assert_null(__asan_region_is_poisoned(large, 1 << 20));
	assert_true(__asan_address_is_poisoned(large + (1 << 20)));
	pool_destroy(pool);
}

static void test_dropped_blocks_are_poisoned(void **state)
{
	struct pool *pool = pool_create(4096);
	char *blocks[100];

	(void)state;
	for (int i = 0; i < 100; i++)
		blocks[i] = pool_alloc(pool, 300);
	pool_reset(pool);
	for (int i = 0; i < 100; i++)
		assert_true(__asan_address_is_poisoned(blocks[i]));
	pool_destroy(pool);
	/* From now on anything may have these addresses. */
	for (int i = 0; i < 100; i++)
		assert_false(__asan_address_is_poisoned(blocks[i]));
}

static void test_use_after_reset_is_reported(void **state)
{
	struct pool *pool = pool_create(0);
	volatile char *block = pool_alloc(pool, 10);
	int status;

	(void)state;
	pool_reset(pool);
	pid_t child = fork();
	if (child == 0) {
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		block[0] = 1;
		_exit(0);
	}
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_int_not_equal(0, status);
	pool_destroy(pool);
}

/* LeakSanitizer judges this at exit: the pool stays, and only the pool points to the blocks. */
static struct pool *stays;

static void test_what_only_the_pool_points_to_is_no_leak(void **state)
{
	(void)state;
	stays = pool_create(0);
	for (int i = 0; i < 100; i++)
		*(void **)pool_alloc(stays, sizeof(void *)) = malloc(10);
	*(void **)pool_alloc(stays, 1 << 20) = malloc(10);
}
#endif

/* ---- limits --------------------------------------------------------------- */

static void test_out_of_memory_is_an_answer(void **state)
{
	struct rlimit limit;
	struct pool *pool = pool_create(1 << 20);
	unsigned char *block, *last = NULL;
	size_t blocks = 0;

	(void)state;
	getrlimit(RLIMIT_AS, &limit);
	if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > 1 << 30)
		skip(); /* without `ulimit -v` memory does not run out */
	errno = 0;
	while ((block = pool_alloc(pool, 1000)) != NULL) {
		memset(block, 9, 1000);
		last = block;
		blocks++;
	}
	assert_int_equal(ENOMEM, errno);
	assert_true(blocks > 1000);
	assert_true(last != NULL && is_filled_with(last, 1000, 9));
	assert_null(pool_alloc(pool, 1 << 20));
	assert_int_equal(ENOMEM, errno);
	assert_null(pool_create(1 << 20));
	assert_int_equal(ENOMEM, errno);

	/* The pool still works: after a reset it serves as many blocks again. */
	pool_reset(pool);
	size_t again = 0;
	while (pool_alloc(pool, 1000) != NULL)
		again++;
	assert_int_equal(blocks, again);
	pool_destroy(pool);
	pool = pool_create(1 << 20);
	assert_non_null(pool);
	pool_destroy(pool);
}

/* Uses up the mappings: gives every other page of a range another protection, until the kernel
 * refuses to split one more mapping.  Returns the range, or NULL when the kernel never refuses. */
static char *use_up_mappings(size_t bytes)
{
	char *pages =
		mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (pages == MAP_FAILED)
		return NULL;
	for (size_t at = page; at < bytes; at += 2 * page)
		if (mprotect(pages + at, page, PROT_READ) != 0)
			return pages;
	munmap(pages, bytes);
	return NULL;
}

static void test_destroy_gives_memory_back_where_mappings_run_out(void **state)
{
	enum { POOLS = 8, CHUNK = 1 << 20 };
	struct pool *pools[POOLS];
	char *blocks[POOLS];
	size_t range = 200000 * page;
	int kept_mapped = 0;

	(void)state;
	for (int i = 0; i < POOLS; i++) {
		pools[i] = pool_create(CHUNK);
		blocks[i] = pool_alloc(pools[i], CHUNK / 2);
		memset(blocks[i], 1, CHUNK / 2);
	}
	char *pages = use_up_mappings(range);
	if (pages == NULL)
		skip(); /* vm.max_map_count is too large to be reached */
	/* Destroys every other pool; each of them lies between two that stay. */
	for (int i = 1; i < POOLS; i += 2) {
		pool_destroy(pools[i]);
		if (is_mapped(blocks[i] + CHUNK / 4)) {
			kept_mapped++;
			assert_int_equal(ABSENT, state_of_page(blocks[i] + CHUNK / 4));
		}
	}
	munmap(pages, range);
	assert_true(kept_mapped > 0); /* otherwise no munmap(2) failed, and nothing was tested */
	for (int i = 0; i < POOLS; i += 2)
		pool_destroy(pools[i]);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest promises[] = {
		cmocka_unit_test(test_blocks_keep_apart),
		cmocka_unit_test(test_default_alignment_fits_every_type),
		cmocka_unit_test(test_alignments_beyond_a_page_and_a_chunk),
		cmocka_unit_test(test_strings_are_packed),
		cmocka_unit_test(test_both_ends_meet),
		cmocka_unit_test(test_impossible_requests_leave_the_pool_whole),
		cmocka_unit_test(test_impossible_pools),
		cmocka_unit_test(test_chunks_are_whole_pages_and_grow_one_by_one),
		cmocka_unit_test(test_reset_fills_the_same_chunks_again),
		cmocka_unit_test(test_reset_gives_large_blocks_back),
		cmocka_unit_test(test_destroy_gives_everything_back),
		cmocka_unit_test(test_pools_do_not_know_each_other),
#ifdef POOL_ASAN
		cmocka_unit_test(test_what_is_not_handed_out_is_poisoned),
		cmocka_unit_test(test_dropped_blocks_are_poisoned),
		cmocka_unit_test(test_use_after_reset_is_reported),
		cmocka_unit_test(test_what_only_the_pool_points_to_is_no_leak),
#endif
	};
	const struct CMUnitTest limits[] = {
		cmocka_unit_test(test_out_of_memory_is_an_answer),
		cmocka_unit_test(test_destroy_gives_memory_back_where_mappings_run_out),
	};

	page = (size_t)sysconf(_SC_PAGESIZE);
	if (argc > 1 && strcmp(argv[1], "limits") == 0)
		return cmocka_run_group_tests(limits, NULL, NULL);
	return cmocka_run_group_tests(promises, NULL, NULL);
}
