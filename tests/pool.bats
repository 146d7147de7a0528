#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The memory pool keeps its promises (lib/pool/pool.h): as users build it, under the
# sanitizers, under valgrind, and where memory or mappings run out.
#
# USAGE
#   bats tests/pool.bats      (CC=clang for another compiler)
#
# OVERHEADS
#   About 10 s, most of it compiling with the sanitizers; nothing is written
#   outside of bats' temporary directory.

bats_require_minimum_version 1.5.0

# build NAME FLAG ...  Without -g: valgrind 3.19 gives up on the DWARF 5 of clang.
build() {
	"${CC:-cc}" -std=gnu11 -Wall -Wextra -Wshadow -Wmissing-prototypes -Werror "${@:2}" \
		-Ilib/pool -o "$BATS_FILE_TMPDIR/$1" tests/unit/pool_test.c lib/pool/pool.c -lcmocka
}

setup_file() {
	cd "$BATS_TEST_DIRNAME/.." || return
	build plain -O2 || {
		echo "the unit tests need ${CC:-cc} and cmocka.h (Debian: libcmocka-dev); run scripts/setup" >&2
		return 1
	}
}

setup() {
	cd "$BATS_TEST_DIRNAME/.." || return
}

# mutant NAME SED_SCRIPT FLAG ...: the tests, built on a pool.c that was damaged.
mutant() {
	mkdir -p "$BATS_TEST_TMPDIR/$1"
	sed -E "$2" lib/pool/pool.c >"$BATS_TEST_TMPDIR/$1/pool.c"
	run ! cmp -s lib/pool/pool.c "$BATS_TEST_TMPDIR/$1/pool.c"
	"${CC:-cc}" -std=gnu11 -g "${@:3}" -Ilib/pool -o "$BATS_TEST_TMPDIR/$1/test" tests/unit/pool_test.c \
		"$BATS_TEST_TMPDIR/$1/pool.c" -lcmocka
}

@test "optimised" {
	"$BATS_FILE_TMPDIR/plain"
}

@test "under AddressSanitizer and UndefinedBehaviorSanitizer" {
	build sanitized -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
	"$BATS_FILE_TMPDIR/sanitized"
}

@test "under valgrind" {
	command -v valgrind >/dev/null || skip "valgrind is not installed: scripts/setup installs it"
	valgrind -q --error-exitcode=1 --leak-check=full "$BATS_FILE_TMPDIR/plain"
}

@test "out of memory (ulimit -v): NULL and ENOMEM, and the pool is whole" {
	(ulimit -v 65536 && "$BATS_FILE_TMPDIR/plain" limits) 2>&1 | tee "$BATS_TEST_TMPDIR/said"
	grep -q 'OK.*test_out_of_memory_is_an_answer' "$BATS_TEST_TMPDIR/said"
}

@test "out of mappings (vm.max_map_count): the memory goes back all the same" {
	"$BATS_FILE_TMPDIR/plain" limits
}

@test "a pool that forgets to unmap is found out" {
	mutant kept 's/if \(munmap\(chunk, bytes\) != 0\)/if (bytes != 0)/' -O1
	run ! "$BATS_TEST_TMPDIR/kept/test"
}

@test "a pool that leaves it at a munmap() that fails is found out" {
	"$BATS_FILE_TMPDIR/plain" limits 2>&1 | grep -q 'SKIPPED.*mappings_run_out' &&
		skip "vm.max_map_count is too large to be reached"
	mutant careless 's/madvise\(chunk, bytes, MADV_DONTNEED\);/bytes++;/' -O1
	run ! "$BATS_TEST_TMPDIR/careless/test" limits
}

@test "a pool that hides its memory from LeakSanitizer is found out" {
	mutant hidden 's/^\tLSAN_(UN)?REGISTER\(chunk, bytes\);//' -O1 -fsanitize=address
	run ! "$BATS_TEST_TMPDIR/hidden/test"
}

@test "a pool that returns poisoned addresses to the kernel is found out" {
	mutant poisoned 's/^\tASAN_UNPOISON_MEMORY_REGION\(chunk, bytes\);//' -O1 -fsanitize=address
	run ! "$BATS_TEST_TMPDIR/poisoned/test"
}
