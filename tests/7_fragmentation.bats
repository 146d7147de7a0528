#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Chapter 7: each claim comes out as measured, and otherwise where malloc is set otherwise.
# (What each verdict depends on is tested by mutations/7_fragmentation.)

load helper

@test "churn_leaves_holes is inconclusive when the thread cache takes the blocks" {
	comes_out reproduced experiment churn_leaves_holes
	comes_out inconclusive experiment churn_leaves_holes smallest=16 largest=500
}

@test "leak_checkers_do_not_see_it is reproduced" {
	command -v valgrind >/dev/null || skip "valgrind is not installed: scripts/setup installs it"
	comes_out reproduced experiment leak_checkers_do_not_see_it
}

@test "leak_checkers_do_not_see_it names the package to install when valgrind is missing" {
	program=$(program leak_checkers_do_not_see_it)
	comes_out unsupported env PATH=/nowhere "$program"
	assert_output --partial "apt-get install valgrind"
}

@test "leak_checkers_do_not_see_it is unsupported when valgrind does not run" {
	printf '#!/bin/sh\nexit 1\n' >"$BATS_TEST_TMPDIR/valgrind"
	chmod +x "$BATS_TEST_TMPDIR/valgrind"
	comes_out unsupported env PATH="$BATS_TEST_TMPDIR:$PATH" "$(program leak_checkers_do_not_see_it)"
	assert_output --partial "valgrind does not run this program"
}

@test "mallinfo_fields_are_size_classes is refuted" {
	comes_out refuted experiment mallinfo_fields_are_size_classes
	failed_findings_are \
		"20 blocks of 40 bytes are freed: growth of fsmblks" \
		"20 blocks of 200 bytes are freed: growth of smblks"
}

@test "mallinfo_wraps_at_2_gib names ulimit -v when addresses run out" {
	with_few_addresses() (ulimit -v 2097152 && experiment mallinfo_wraps_at_2_gib)
	comes_out unsupported with_few_addresses
	assert_output --partial "ulimit -v"
}

@test "freed_is_not_free_in_the_tcache is refuted when the thread cache has another size" {
	comes_out reproduced experiment freed_is_not_free_in_the_tcache
	comes_out refuted experiment freed_is_not_free_in_the_tcache --tunables=glibc.malloc.tcache_count=5
	failed_findings_are "first calls of free() that do not change the bytes in use"
	comes_out refuted experiment freed_is_not_free_in_the_tcache --tunables=glibc.malloc.tcache_count=0
}

@test "freed_is_not_free_in_the_tcache is inconclusive with blocks above 1,032 bytes, which the cache does not take" {
	comes_out reproduced experiment freed_is_not_free_in_the_tcache block=1032
	comes_out inconclusive experiment freed_is_not_free_in_the_tcache block=1033
	failed_findings_are \
		"first calls of free() that do not change the bytes in use" \
		"cache of 3: first calls of free() that do not change the bytes in use"
}

@test "a_pool_gives_everything_back is inconclusive when too few blocks stay in the heap" {
	comes_out reproduced experiment a_pool_gives_everything_back
	comes_out inconclusive experiment a_pool_gives_everything_back stays=1000000
	failed_findings_are "malloc and free: resident bytes at the end"
}

@test "churn_leaves_holes does not depend on mixed sizes" {
	comes_out reproduced experiment churn_leaves_holes smallest=4096 largest=4096
}

@test "each claim is unsupported with another malloc, and names it" {
	"${CC:-cc}" -shared -fPIC -o "$BATS_TEST_TMPDIR/other.so" -x c - <<-'END'
		#include <stddef.h>
		void *__libc_malloc(size_t bytes);
		void *malloc(size_t bytes) { return __libc_malloc(bytes); }
	END
	for program in "$BUILD"/[78]_*/*; do
		[[ -x $program && ! -d $program ]] || continue
		LD_PRELOAD=$BATS_TEST_TMPDIR/other.so comes_out unsupported talk "$program"
		assert_output --partial "this is about glibc's malloc, and other.so is preloaded"
	done
}
