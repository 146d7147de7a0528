#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests scripts/maintain/check in a project with made-up tests.

load helper

setup() {
	project "$BATS_TEST_TMPDIR/project"
	mkdir tests
	# made_up() adds the word that begins a test, because bats would take such a line for a test of this file.
	made_up 'one { touch one; }' 'two { touch two; }' >tests/others.bats
	{
		echo '# bats file_tags=alone'
		made_up 'after { rm one two; touch alone; sleep 0.3; rm alone; }' 'alone { [ ! -e alone ]; skip "no reason"; }'
	} >tests/alone.bats
}

made_up() {
	printf '@%s\n' "${@/#/test }"
}

# check COMMAND ...: runs a command without the variables that bats has set for this file.
check() {
	env -i PATH="${PATH//"$BATS_LIBEXEC:"/}" HOME="$HOME" "$@"
}

@test "check runs tests with the tag alone one by one at the end, and its last line counts passed and skipped tests" {
	run -0 check scripts/maintain/check --no-lint
	[ "${lines[-1]}" = '3 passed, 0 failed, 1 skipped' ]
}

@test "check fails when a test fails, and still runs the others" {
	made_up 'fails { false; }' >>tests/others.bats
	run -1 check scripts/maintain/check --no-lint
	[ "${lines[-1]}" = '3 passed, 1 failed, 1 skipped' ]
}

@test "check fails when a linter finds a fault, and shows its message" {
	printf '#!/bin/sh\necho gcc: see above\nexit 1\n' >scripts/maintain/lint
	run -1 check scripts/maintain/check
	[[ $output == *'gcc: see above'* ]]
	[ "${lines[-1]}" = '3 passed, 0 failed, 1 skipped' ]
}

@test "check runs the tests one after the other when GNU parallel is missing" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\necho parallel from moreutils\n' >"$BATS_TEST_TMPDIR/bin/parallel"
	chmod +x "$BATS_TEST_TMPDIR/bin/parallel"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run -0 check scripts/maintain/check --no-lint
	[ "${lines[-1]}" = '3 passed, 0 failed, 1 skipped' ]
}
