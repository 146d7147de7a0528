#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests that a compiler removes nothing from an experiment: at every optimisation level of gcc and
# clang, a program calls malloc() and free() as often as its source says, which is as often as
# without optimisation.

# bats file_tags=long
load helper

# Prints the claims that allocate in their own process, with the same number of calls in every run.
claims_that_allocate() {
	local claim
	for claim in $(scripts/claims); do
		grep -q 'must_malloc\|must_calloc\|must_realloc\|free(' "experiments/$claim.c" || continue
		! grep -q 'pthread\|fork_arm\|first_value_where\|trials\|ARMS_OF_OTHER_ALLOCATORS' "experiments/$claim.c" || continue
		echo "$claim"
	done
}

# is_the_build CC OPT: were the programs that all tests use built with this compiler and this level?
is_the_build() {
	local cc flags
	read -r cc flags <"$BUILD/.flags"
	[[ " $flags " == *" $2 "* && $(command -v "$cc") -ef $(command -v "$1") ]]
}

# calls_of_build FOLDER CC OPT: builds in FOLDER the claims that allocate, and prints the calls of each of their arms.
calls_of_build() {
	local claims claim arm counter room
	mapfile -t claims < <(claims_that_allocate)
	[[ $1 == "$BUILD" ]] || make -s -j2 CC="$2" OPT="$3" WARN='-w -g0' BUILD="$1" "${claims[@]/#/$1/}" >&2
	counter=$(shim count_calls)
	for claim in "${claims[@]}"; do
		[[ $claim != */mappings_run_out ]] && room= || room=room=512 # as much as the tests of this claim give it
		"$1/$claim" --list | sed -n '/^arms:/,/^stages:/s/^  \([^(]*[^ (]\)\( (control)\)\?\(  .*\)\?$/\1/p' |
			while read -r arm; do
				echo "$claim, $arm: $(LD_PRELOAD=$counter timeout 20 "$1/$claim" ${room:+"$room"} --bare="$arm" 2>&1 | tail -n 1)"
			done
	done
}

setup_file() {
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR calls_of_build "$BATS_FILE_TMPDIR/gcc-O0" gcc -O0 >"$BATS_FILE_TMPDIR/as_written"
}

same_calls_with() {
	local folder=$BATS_FILE_TMPDIR/$1$2
	! is_the_build "$1" "$2" || folder=$BUILD
	calls_of_build "$folder" "$1" "$2" >"$BATS_TEST_TMPDIR/calls"
	diff "$BATS_FILE_TMPDIR/as_written" "$BATS_TEST_TMPDIR/calls"
}

@test "the counting shim sees the calls that the sources name" {
	grep -q 'small_requests_move_the_break, heap: malloc 1001 .* free 1$' "$BATS_FILE_TMPDIR/as_written"
	[ "$(wc -l <"$BATS_FILE_TMPDIR/as_written")" -ge 10 ]
	# A broken arm would print the same words in every build, so no other test would notice it.
	run -1 grep -v ': malloc [0-9]* calloc [0-9]* realloc [0-9]* free [0-9]*$' "$BATS_FILE_TMPDIR/as_written"
}

@test "a program built with gcc -O2 calls malloc and free as often as its source says" {
	same_calls_with gcc -O2
}

@test "a program built with gcc -O3 calls malloc and free as often as its source says" {
	same_calls_with gcc -O3
}

@test "a program built with clang -O0 calls malloc and free as often as its source says" {
	same_calls_with clang -O0
}

@test "a program built with clang -O2 calls malloc and free as often as its source says" {
	same_calls_with clang -O2
}

@test "a program built with clang -O3 calls malloc and free as often as its source says" {
	same_calls_with clang -O3
}
