#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Runs the tests in C of those parts of lib/ that need no process to be measured.
#
# USAGE
#   bats tests/unit.bats      (CC=clang for another compiler)
#
# OVERHEADS
#   About 2 s, most of it compiling with the sanitizers; nothing is written
#   outside of bats' temporary directory.

setup_file() {
	cd "$BATS_TEST_DIRNAME/.." || return
	if ! echo '#include <cmocka.h>' | "${CC:-cc}" -x c -fsyntax-only \
		-include stdarg.h -include stddef.h -include stdint.h -include setjmp.h - 2>/dev/null; then
		echo "the unit tests need ${CC:-cc} and cmocka.h (Debian: libcmocka-dev); run scripts/setup" >&2
		return 1
	fi
}

setup() {
	cd "$BATS_TEST_DIRNAME/.." || return
}

# build NAME FILE ...: compiles a test with the sanitizers, which find a byte read too far and an overflow.
build() {
	local name=$1
	shift
	"${CC:-cc}" -std=gnu11 -O1 -g -Wall -Wextra -Wshadow -Wmissing-prototypes -Werror \
		-fno-builtin -fsanitize=address,undefined -fno-sanitize-recover=all \
		-DTOUCHSTONE_LIBRARY -Ilib -Ilib/probe -Ilib/harness -o "$BATS_FILE_TMPDIR/$name" "$@"
}

@test "the /proc parsers read every kernel's format and refuse damaged text" {
	build procfs_test tests/unit/procfs_test.c lib/probe/procfs.c -lcmocka
	"$BATS_FILE_TMPDIR/procfs_test" tests/fixtures/proc
}

@test "the /proc parsers read nothing outside of 200,000 damaged texts, and keep the rules of their header" {
	build procfs_fuzz tests/unit/procfs_fuzz.c lib/probe/procfs.c
	"$BATS_FILE_TMPDIR/procfs_fuzz" tests/fixtures/proc/{linux-*,damaged}/*
}

@test "fit_line finds the right line through points, and the variance that the line does not explain" {
	build statistics_test tests/unit/statistics_test.c lib/harness/statistics.c -lcmocka
	"$BATS_FILE_TMPDIR/statistics_test"
}

@test "the judge's statistics are right, and a failed control outweighs a failed claim" {
	build judge_test tests/unit/judge_test.c lib/harness/{judge,rows,find_row,statistics}.c lib/end.c -lcmocka
	"$BATS_FILE_TMPDIR/judge_test"
}

@test "the heap walk finds every state of a chunk, and reads nothing outside of 200,000 damaged heaps" {
	build heap_walk_test tests/unit/heap_walk_test.c lib/probe/heap_walk.c -lcmocka
	"$BATS_FILE_TMPDIR/heap_walk_test"
}

@test "the limit of memory is found in control groups of both versions, nested and in a container" {
	build memory_limit_test tests/unit/memory_limit_test.c lib/probe/{memory_limit,small_file,procfs}.c -lcmocka
	"$BATS_FILE_TMPDIR/memory_limit_test"
}
