#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# make check and make test, on a project with made-up tests.

load helper

setup() {
	project "$BATS_TEST_TMPDIR/project"
	mkdir tests
	# bats takes a line that begins with its own word for a test of this file.
	made_up 'one { touch one; }' 'two { touch two; }' >tests/others.bats
	{
		echo '# bats file_tags=alone'
		made_up 'after { rm one two; touch alone; sleep 0.3; rm alone; }' 'alone { [ ! -e alone ]; skip "no reason"; }'
	} >tests/alone.bats
}

made_up() {
	printf '@%s\n' "${@/#/test }"
}

# Without what the bats that runs this file has set.
check() {
	env -i PATH="${PATH//"$BATS_LIBEXEC:"/}" HOME="$HOME" "$@"
}

@test "check runs tests with the tag alone one by one and last, and its last line counts what passed and what was skipped" {
	run -0 check scripts/maintain/check --no-lint
	[ "${lines[-1]}" = '3 passed, 0 failed, 1 skipped' ]
}

@test "check fails when a test fails, and runs the others" {
	made_up 'fails { false; }' >>tests/others.bats
	run -1 check scripts/maintain/check --no-lint
	[ "${lines[-1]}" = '3 passed, 1 failed, 1 skipped' ]
}

@test "check fails when a linter finds something, and says what" {
	printf '#!/bin/sh\necho gcc: see above\nexit 1\n' >scripts/maintain/lint
	run -1 check scripts/maintain/check
	[[ $output == *'gcc: see above'* ]]
	[ "${lines[-1]}" = '3 passed, 0 failed, 1 skipped' ]
}

@test "check runs the tests one after the other without GNU parallel" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\necho parallel from moreutils\n' >"$BATS_TEST_TMPDIR/bin/parallel"
	chmod +x "$BATS_TEST_TMPDIR/bin/parallel"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run -0 check scripts/maintain/check --no-lint
	[ "${lines[-1]}" = '3 passed, 0 failed, 1 skipped' ]
}
