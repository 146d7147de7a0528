#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Tests that the memory pool keeps the promises of lib/pool/pool.h: in an ordinary build, under
# the sanitizers, under valgrind, and when memory or mappings run out.
#
# USAGE
#   bats tests/pool.bats      (CC=clang for another compiler)
#
# OVERHEADS
#   About 10 s, most of it compiling with the sanitizers; nothing is written
#   outside of bats' temporary directory.

bats_require_minimum_version 1.5.0

# build NAME FLAG ...: compiles the tests without -g, because valgrind 3.19 cannot read the DWARF 5 of clang.
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

# mutant NAME SED_SCRIPT FLAG ...: compiles the tests with a pool.c that the sed script has damaged.
mutant() {
	mkdir -p "$BATS_TEST_TMPDIR/$1"
	sed -E "$2" lib/pool/pool.c >"$BATS_TEST_TMPDIR/$1/pool.c"
	run ! cmp -s lib/pool/pool.c "$BATS_TEST_TMPDIR/$1/pool.c"
	"${CC:-cc}" -std=gnu11 -g "${@:3}" -Ilib/pool -o "$BATS_TEST_TMPDIR/$1/test" tests/unit/pool_test.c \
		"$BATS_TEST_TMPDIR/$1/pool.c" -lcmocka
}

@test "the pool works in an optimised build" {
	"$BATS_FILE_TMPDIR/plain"
}

@test "the pool works under AddressSanitizer and UndefinedBehaviorSanitizer" {
	build sanitized -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
	"$BATS_FILE_TMPDIR/sanitized"
}

@test "the pool works under valgrind" {
	command -v valgrind >/dev/null || skip "valgrind is not installed: scripts/setup installs it"
	valgrind -q --error-exitcode=1 --leak-check=full "$BATS_FILE_TMPDIR/plain"
}

@test "the pool returns NULL and ENOMEM when memory runs out (ulimit -v), and can still be used" {
	(ulimit -v 65536 && "$BATS_FILE_TMPDIR/plain" limits) 2>&1 | tee "$BATS_TEST_TMPDIR/said"
	grep -q 'OK.*test_out_of_memory_is_an_answer' "$BATS_TEST_TMPDIR/said"
}

@test "the pool gives its memory back even when mappings run out (vm.max_map_count)" {
	"$BATS_FILE_TMPDIR/plain" limits
}

@test "the tests detect a pool that forgets to unmap" {
	mutant kept 's/if \(munmap\(chunk, bytes\) != 0\)/if (bytes != 0)/' -O1
	run ! "$BATS_TEST_TMPDIR/kept/test"
}

@test "the tests detect a pool that ignores a failed munmap()" {
	"$BATS_FILE_TMPDIR/plain" limits 2>&1 | grep -q 'SKIPPED.*mappings_run_out' &&
		skip "vm.max_map_count is too large to be reached"
	mutant careless 's/madvise\(chunk, bytes, MADV_DONTNEED\);/bytes++;/' -O1
	run ! "$BATS_TEST_TMPDIR/careless/test" limits
}

@test "the tests detect a pool that hides its memory from LeakSanitizer" {
	mutant hidden 's/^\tLSAN_(UN)?REGISTER\(chunk, bytes\);//' -O1 -fsanitize=address
	run ! "$BATS_TEST_TMPDIR/hidden/test"
}

@test "the tests detect a pool that returns poisoned addresses to the kernel" {
	mutant poisoned 's/^\tASAN_UNPOISON_MEMORY_REGION\(chunk, bytes\);//' -O1 -fsanitize=address
	run ! "$BATS_TEST_TMPDIR/poisoned/test"
}
