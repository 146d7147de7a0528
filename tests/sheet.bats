#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests scripts/sheet: a chapter's questions on paper, and the teacher's key.

load helper

setup() {
	export RESULTS=$BATS_TEST_TMPDIR/results PYTHONDONTWRITEBYTECODE=1
	project "$BATS_TEST_TMPDIR/project" malloc_is_lazy reading_costs_no_memory
	export BUILD=build
}

@test "the sheet has each question with a space and a unit, and gives no answer away" {
	scripts/run malloc_is_lazy reading_costs_no_memory
	run -0 make sheet CHAPTER=3_residency
	assert_contains "$output" "$RESULTS/sheets/3_residency.html" "$RESULTS/sheets/3_residency.key.html" "questions: 2"
	sheet=$(sed '/<style>/,/<\/style>/d' "$RESULTS/sheets/3_residency.html")
	assert_contains "$sheet" '3.1' 'How much becomes resident when the block is allocated' 'My prediction' 'KiB' 'Because' '3.2'
	for given_away in malloc_is_lazy reading_costs_no_memory 'which it writes' 'page of zeros' reproduced residency; do
		[[ $sheet != *"$given_away"* ]] || fail "the sheet says $given_away"
	done
}

@test "the key names claim, number and reason, and says what was not measured" {
	scripts/run malloc_is_lazy
	run -0 scripts/sheet 3_residency
	key=$(<"$RESULTS/sheets/3_residency.key.html")
	assert_contains "$key" '4 KiB' reproduced 3_residency/malloc_is_lazy 'one page in which it writes' 'not measured yet: make run CLAIM=reading_costs_no_memory'
}

@test "sheet refuses a chapter that is not there with status 2, and leaves out what does not build" {
	run -2 scripts/sheet 99_nothing
	assert_output --partial 'there is no "99_nothing"; CHAPTER may be 3_residency'
	echo 'int nonsense = ;' >experiments/3_residency/malloc_is_lazy.c
	run -0 scripts/sheet 3_residency
	assert_contains "$output" '3_residency/malloc_is_lazy is left out: it does not build' 'questions: 1'
	assert [ ! -e "$RESULTS/3_residency" ]
}
