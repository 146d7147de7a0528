#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests that scripts/maintain/edges writes a test for each experiment and condition: without them,
# make check-edges would pass and test nothing.

load helper

setup() {
	project "$BATS_TEST_TMPDIR/project" malloc_is_lazy free_trims_a_large_top
	export BUILD
	tests=$(scripts/maintain/edges)
}

@test "edges writes one test for each other malloc, each end of each knob, and each sanitizer" {
	local claim condition conditions=(under\ lib{jemalloc.so.2,tcmalloc_minimal.so.4,mimalloc.so.{2,3}}
		'built with -fsanitize='{undefined,address\,undefined})
	for claim in 3_residency/malloc_is_lazy 4_giving_back/free_trims_a_large_top; do
		for condition in "${conditions[@]}"; do
			grep -qF "@test \"$claim $condition\" {" "$tests" || fail "no test of $claim $condition"
		done
	done
	for condition in total={1048576,16777216} block={2048,65536} threshold={262144,786432}; do
		grep -qF "@test \"4_giving_back/free_trims_a_large_top $condition\" {" "$tests" || fail "no test of $condition"
	done
	# Two claims with 6 conditions each, and two ends of 1 and of 3 knobs; no test has the name of another.
	[ "$(grep -c '^@test' "$tests")" -eq $((2 * 6 + 2 * (1 + 3))) ]
	[ -z "$(grep -o '^@test "[^"]*"' "$tests" | sort | uniq -d)" ]
}

@test "edges writes tests that bats can run" {
	[ "$(bats --count "$tests")" -eq "$(grep -c '^@test' "$tests")" ]
}

@test "what a sanitizer reports fails the test of an experiment, and so does an experiment that cannot be built" {
	source "$ROOT/tests/edges.bash"
	sed -i '/^static void judge(void)/,/^{/ s/^{/{\n\tvolatile int bits = 32;\n\tbits = 1 << bits;/' experiments/3_residency/malloc_is_lazy.c
	run -1 sanitized undefined 3_residency/malloc_is_lazy
	assert_output --partial 'runtime error: shift exponent 32'
	echo 'no C' >>experiments/3_residency/malloc_is_lazy.c
	run ! sanitized undefined 3_residency/malloc_is_lazy
}

@test "edges fails where an experiment is not built, because it cannot know the knobs" {
	rm build/3_residency/malloc_is_lazy
	run ! scripts/maintain/edges
}
