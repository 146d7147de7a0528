#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A compiler may not delete the experiment: at every optimisation level, of gcc and
# of clang, a program calls malloc() and free() as often as its source says, that is
# as often as without any optimisation.

load helper

# The claims that allocate in their own process, as often in every run.
claims_that_allocate() {
	local claim
	for claim in $(scripts/claims); do
		grep -q 'must_malloc\|must_calloc\|must_realloc\|free(' "experiments/$claim.c" || continue
		! grep -q 'pthread\|fork_arm\|first_value_where\|trials\|ARMS_OF_OTHER_ALLOCATORS' "experiments/$claim.c" || continue
		echo "$claim"
	done
}

# calls_of_build FOLDER CC OPT: builds those claims there; the calls of every arm of each.
calls_of_build() {
	local claims claim arm counter room
	mapfile -t claims < <(claims_that_allocate)
	make -s -j2 CC="$2" OPT="$3" BUILD="$1" "${claims[@]/#/$1/}" >&2
	counter=$(shim count_calls)
	for claim in "${claims[@]}"; do
		[[ $claim != */mappings_run_out ]] && room= || room=room=512 # as much as its own tests take
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
	calls_of_build "$BATS_FILE_TMPDIR/$1$2" "$1" "$2" >"$BATS_TEST_TMPDIR/calls"
	diff "$BATS_FILE_TMPDIR/as_written" "$BATS_TEST_TMPDIR/calls"
}

@test "the counter sees the calls that the sources name" {
	grep -q 'small_requests_move_the_break, heap: malloc 1001 .* free 1$' "$BATS_FILE_TMPDIR/as_written"
	[ "$(wc -l <"$BATS_FILE_TMPDIR/as_written")" -ge 10 ]
	# An arm that broke would say the same in every build.
	run -1 grep -v ': malloc [0-9]* calloc [0-9]* realloc [0-9]* free [0-9]*$' "$BATS_FILE_TMPDIR/as_written"
}

@test "gcc -O2 calls malloc and free as written" {
	same_calls_with gcc -O2
}

@test "gcc -O3 calls malloc and free as written" {
	same_calls_with gcc -O3
}

@test "clang -O0 calls malloc and free as written" {
	same_calls_with clang -O0
}

@test "clang -O2 calls malloc and free as written" {
	same_calls_with clang -O2
}

@test "clang -O3 calls malloc and free as written" {
	same_calls_with clang -O3
}
