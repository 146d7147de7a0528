#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests scripts/predict: what a student types, what is kept, and where it is shown.

load helper

setup() {
	export RESULTS=$BATS_TEST_TMPDIR/results PYTHONDONTWRITEBYTECODE=1
	unset PREDICT
	kept=$RESULTS/3_residency/malloc_is_lazy.prediction
}

# typing "WAIT FOR=>TYPE" ... -- COMMAND ...: types on a terminal, and prints what a person would see there.
typing() { "$ROOT/tests/on_terminal.py" "$@"; }

# small_project: makes a copy of the project with two claims, and goes there.
small_project() {
	project "$BATS_TEST_TMPDIR/project" malloc_is_lazy reading_costs_no_memory
	BUILD=build
}

# marks RESULT.csv: prints the marks of its chart, one "COLUMN VALUE LABEL" on each line.
marks() {
	PYTHONPATH=scripts /usr/bin/python3 - "$1" <<-'PYTHON'
		import sys
		from touchstone import prediction
		from touchstone.results import read_result
		for mark in prediction.marks(read_result(sys.argv[1])):
		    print(*mark)
	PYTHON
}

@test "predict keeps a prediction and compares it with the measured number, which chart and report show too" {
	run -0 make predict CLAIM=malloc_is_lazy PREDICT="64 MiB"
	assert_contains "$output" 'How much becomes resident' 'predicted  64 MiB' 'measured   4 KiB' 'Off by a factor of ' 'too high' 'Why: malloc hands out addresses'
	grep -qx 'entered: 64 MiB' "$kept"
	grep -qx 'value: 67108864' "$kept"
	grep -qx 'knobs: block=67108864' "$kept"
	grep -q 'predicted: 20..-..-..T' "$kept"
	if command -v gnuplot; then
		grep -q '>predicted: 64 MiB<' "${kept%.prediction}.svg"
	fi
	if [[ -e $RESULTS/index.html ]]; then
		grep -q 'Predicted' "$RESULTS/index.html"
		grep -q '64 MiB' "$RESULTS/index.html"
		grep -q 'Why: malloc hands out addresses' "$RESULTS/index.html"
	fi
}

@test "predict keeps several predictions in order, and a new run does not remove them" {
	PREDICT=64M scripts/predict malloc_is_lazy
	PREDICT=same scripts/predict malloc_is_lazy
	scripts/run malloc_is_lazy
	assert_equal "$(grep -c '^entered: ' "$kept")" 2
	run -0 marks "${kept%.prediction}.csv"
	[ "$output" = 'resident_bytes 67108864 predicted: 64 MiB
resident_bytes 4096 measured: 4 KiB' ] # a predicted direction is not a line in the chart
}

@test "predict keeps a show of hands from one run, with how many made each prediction" {
	PREDICT='15x 64M, 5x 0, 3 x 1 page; 2x 1,024' run -0 scripts/predict malloc_is_lazy
	assert_contains "$output" 'predicted  by 25' '15 x  64 MiB' ' 5 x  0 bytes' ' 2 x  1 KiB'
	assert_equal "$(grep -c '^\[1/1\]' <<<"$output")" 1
	assert_equal "$(sed -n 's/^times: //p' "$kept" | xargs)" "15 5 3 2"
	for nonsense in '15x 64M, 5x lots' '0x 64M' '99999x 64M' '3x 64M, 5'; do
		PREDICT=$nonsense RESULTS=$BATS_TEST_TMPDIR/none run -2 scripts/predict malloc_is_lazy
		assert_contains "$output" 'expected is '
	done
	assert [ ! -e "$BATS_TEST_TMPDIR/none" ]
}

@test "predict takes the number of a claim, and does not show the claim's name before the prediction is made" {
	small_project
	rm build/3_residency/malloc_is_lazy # make would print its name
	run -0 typing 'Your prediction=>up\n' -- scripts/predict 3.1
	assert_contains "$output" '3.1  Does malloc(n) take n bytes' 'Right: it went up'
	[[ ${output%%Your prediction*} != *malloc_is_lazy* ]] || fail "the name stands before the question: $output"
	run -2 scripts/predict 3.9
	assert_output --partial 'there is no claim number 3.9'
}

@test "a prediction keeps its reason, and that the number had been measured before, unless the source was changed since" {
	small_project
	PREDICT=64M REASON='malloc takes what it is asked for' scripts/predict malloc_is_lazy
	grep -qx 'reason: malloc takes what it is asked for' "$kept"
	run -1 grep '^seen: ' "$kept"
	touch experiments/3_residency/malloc_is_lazy.c
	PREDICT=1M scripts/predict malloc_is_lazy
	run -1 grep '^seen: ' "$kept"
	PREDICT=4K scripts/predict malloc_is_lazy
	assert_equal "$(grep -c '^seen: 20..-..-..T' "$kept")" 1
}

@test "a file of predictions from before times, reason and seen is read as it was" {
	mkdir -p "${kept%/*}"
	scripts/run malloc_is_lazy
	printf '%s\n' 'asked: How much becomes resident when the block is allocated, before anything is written?' 'entered: 3M' \
		'value: 3145728' 'knobs: block=67108864' 'predicted: 2026-01-01T00:00:00Z' '' >"$kept"
	run -0 marks "${kept%.prediction}.csv"
	assert_line 'resident_bytes 3145728 predicted: 3 MiB'
}

@test "predict asks again on a terminal after nonsense and after an empty answer" {
	run -0 typing 'Your prediction=>lots\n' 'is no prediction=>\n' 'Your prediction=>up\n' -- make predict CLAIM=malloc_is_lazy
	assert_contains "$output" 'block=64M' '"lots" is no prediction; expected is bytes' 'Right: it went up, by 4 KiB.'
}

@test "predict writes nothing when Ctrl-C or Ctrl-D is typed at the question" {
	run -130 typing 'Your prediction=>^C' -- scripts/predict malloc_is_lazy
	assert_output --partial "interrupted"
	run -2 typing 'Your prediction=>^D' -- scripts/predict malloc_is_lazy
	assert_output --partial 'no prediction was given, so nothing was run or written'
	assert [ ! -e "$RESULTS" ]
}

@test "predict keeps the prediction when Ctrl-C interrupts the run" {
	KNOBS=trials=200 run -130 typing 'Your prediction=>64M\n' 'malloc_is_lazy ... =>^C' -- scripts/predict malloc_is_lazy
	assert_output --partial "your prediction is kept in $kept"
	grep -qx 'entered: 64M' "$kept"
	assert [ ! -e "${kept%.prediction}.csv" ]
}

@test "without a terminal and without PREDICT predict prints a sentence, exits with 2 and writes nothing" {
	run -2 make predict CLAIM=malloc_is_lazy </dev/null
	assert_output --partial 'there is no terminal to ask on; give the prediction with PREDICT, as in PREDICT=64K'
	assert [ ! -e "$kept" ]
}

@test "predict refuses nonsense in PREDICT with status 2, and writes nothing" {
	local nonsense
	for nonsense in lots 2^99; do
		PREDICT=$nonsense run -2 scripts/predict malloc_is_lazy
		assert_contains "$output" "\"$nonsense\" is " 'expected is bytes'
	done
	assert [ ! -e "$RESULTS" ]
}

@test "predict exits with 2 for an unknown claim, a wrong knob, a program that does not build and an unusable folder" {
	PREDICT=1 run -2 scripts/predict malloc_is_lasy
	assert_contains "$output" 'there is no claim "malloc_is_lasy"; the nearest are:' "malloc_is_lazy"
	KNOBS=blok=1M PREDICT=1 run -2 scripts/predict malloc_is_lazy
	assert_output --partial 'there is no knob "blok"; there are: block'
	assert [ ! -e "$RESULTS" ]
	touch "$BATS_TEST_TMPDIR/file"
	RESULTS=$BATS_TEST_TMPDIR/file PREDICT=1 run -2 scripts/predict malloc_is_lazy
	assert_contains "$output" 'cannot keep the prediction in ' "RESULTS="
	run -2 scripts/predict --all 3_residency malloc_is_lazy
	run -2 scripts/predict
	assert_output --partial 'which claim?'
	small_project
	sed -i 's/write_pages(block/wriet_pages(block/' experiments/3_residency/malloc_is_lazy.c
	PREDICT=1 run -2 scripts/predict malloc_is_lazy
	assert_contains "$output" "wriet_pages" "3_residency/malloc_is_lazy does not build: the compiler's words stand above"
	assert [ ! -e "$RESULTS" ]
}

@test "a prediction for other knobs is not compared with this run" {
	KNOBS=block=1M PREDICT=1M scripts/predict malloc_is_lazy
	grep -qx 'knobs: block=1048576' "$kept"
	scripts/run malloc_is_lazy
	run -0 marks "${kept%.prediction}.csv"
	assert_equal "$output" ""
}

@test "predict ignores only the damaged parts of a file of predictions" {
	mkdir -p "${kept%/*}"
	printf 'asked: cut sho\n\nvalue: x\n\n\0\377\n' >"$kept"
	PREDICT=32M run -0 scripts/predict malloc_is_lazy
	assert_output --partial 'predicted  32 MiB'
	run -0 marks "${kept%.prediction}.csv"
	assert_equal "${#lines[@]}" 2
}

@test "the mark of a prediction stands at the right place for a jump along x and for a ratio" {
	PREDICT=7 run -0 scripts/predict freed_is_not_free_in_the_tcache
	[[ $output == *'measured   8'* || $output == *'measured   17'* ]] || fail "$output"
	run -0 marks "$RESULTS/7_fragmentation/freed_is_not_free_in_the_tcache.csv"
	[[ $output == $'x 7 predicted: 7\nx '*' measured: '* ]] || fail "$output"
	PREDICT=2.5 run -0 scripts/predict refaulting_is_the_price
	assert_contains "$output" 'predicted  2.5 times' 'measured   ' "times"
	run -0 marks "$RESULTS/5_cost_of_mmap/refaulting_is_the_price.csv"
	[[ $output == 'elapsed_ns '*$' predicted: 2.5 times\nelapsed_ns '*' measured: '*' times' ]] || fail "$output"
}

@test "a chart names a prediction far off at its edge, and leaves its space to the data" {
	command -v gnuplot || skip 'gnuplot is missing: scripts/setup'
	PREDICT=1M run -0 scripts/predict one_minor_fault_per_new_page
	grep -q '>predicted: 1,048,576 ↑<' "$RESULTS/6_page_faults/one_minor_fault_per_new_page.svg"
	grep -q '>1,000<' "$RESULTS/6_page_faults/one_minor_fault_per_new_page.svg"
}

@test "predict-all asks about each claim of a chapter, skips a claim on the answer skip, and stops at Ctrl-D" {
	small_project
	run -0 typing 'Your prediction=>skip\n' '2/2=>' 'Your prediction=>0\n' -- scripts/predict --all residency
	assert_contains "$output" '[1/2]' '3.1  Does malloc(n)' "skipped" '[2/2]' '3.2  I read' 'Exactly as predicted.'
	assert [ ! -e "$kept" ]
	assert [ -e "$RESULTS/3_residency/reading_costs_no_memory.prediction" ]
	run -0 typing 'Your prediction=>^D' -- scripts/predict --all 3
	refute_output --partial '[2/2]'
}

@test "predict-all exits with 2 for an unknown chapter, with PREDICT, and without a terminal" {
	run -2 make predict-all CHAPTER=nine
	assert_output --partial 'there is no "nine"; CHAPTER may be 0_instrument, 1_address_space, '
	run -2 make predict-all CHAPTER=3_residency PREDICT=64K
	assert_output --partial 'PREDICT answers one question'
	run -2 scripts/predict --all 3_residency </dev/null
	assert_output --partial 'there is no terminal'
}

@test "every experiment asks a question that its program accepts, and gives a reason for the answer" {
	PYTHONPATH=scripts run -0 /usr/bin/python3 -c "
import glob
from touchstone import prediction
from touchstone.programs import declaration
for path in sorted(glob.glob('experiments/[0-8]*/*.c')):
    declared = declaration(path.replace('experiments', '$BUILD')[:-2])  # the program refuses what it does not have
    question = prediction.question_of(declared)
    assert question and question.asked, path
    assert declared.metadata.get('because'), path
    assert question.is_jump or question.column != 'y' or question.y.text, path
    assert not question.is_jump or question.x.text, path"
}

@test "predict refuses a misspelt stage or column in the program's own words, before it asks or measures anything" {
	small_project
	sed -i 's/"before malloc", "after malloc",$/"before malloc", "after maloc",/' experiments/3_residency/malloc_is_lazy.c
	PREDICT=64K run -2 --separate-stderr make --no-print-directory predict CLAIM=malloc_is_lazy
	local line
	line=$(grep -n '"after maloc"' experiments/3_residency/malloc_is_lazy.c | cut -d: -f1)
	assert_contains "$stderr" "experiments/3_residency/malloc_is_lazy.c:$line: " '.predict names the stage "after maloc", which no record() has (--list names them'
	assert_equal "$output" ""
	sed -i 's/"after maloc",/"after malloc",/' experiments/3_residency/malloc_is_lazy.c
	cp experiments/3_residency/malloc_is_lazy.c whole.c
	misspelt '"resident_bites", "lazy",' '.predict names the column "resident_bites", which no result has'
	misspelt '"jump of resident_bites", "lazy",' '.predict names the column "resident_bites", which no result has'
	misspelt '"resident_bytes", "lasy",' '.predict names the arm "lasy", which is not in .arms'
	misspelt '"resident_bytes", NULL,' '.predict names no arm' ''
	sed -i '/^\t\.y_axis = /d' whole.c
	misspelt '"y", "lazy",' '.predict asks about y, and .y_axis does not say what y is' ''
	[ ! -e "$RESULTS" ]
}

# misspelt INSTEAD SENTENCE [PLACE]: predict refuses the first line of the answer in .predict where this stands in it.
misspelt() {
	sed "s/\"resident_bytes\", \"lazy\",/$1/" whole.c >experiments/3_residency/malloc_is_lazy.c
	PREDICT=64K run -2 --separate-stderr scripts/predict malloc_is_lazy
	assert_contains "$stderr" "experiments/3_residency/malloc_is_lazy.c:${3-$line: }" "$2"
}

@test "predict takes an experiment without a question of its own, and shows its claim" {
	small_project
	sed -i '/^\t\.asked = /d' experiments/3_residency/malloc_is_lazy.c
	PREDICT=4K run -0 scripts/predict malloc_is_lazy
	assert_contains "$output" 'malloc reserves addresses; a page becomes resident' 'Exactly as predicted.'
}

@test "predict refuses a number that cannot come out, and asks again on the terminal" {
	PREDICT=-100K run -2 scripts/predict free_trims_a_large_top
	assert_output --partial '"-100K" cannot come out (x begins at 0: bytes freed, from the top of the heap down); expected is bytes'
	PREDICT=-5 run -2 scripts/predict one_minor_fault_per_new_page
	assert_output --partial '"-5" cannot come out (minor faults are counted up and never become fewer)'
	assert [ ! -e "$RESULTS" ]
	run -0 typing 'Your prediction=>-1\n' 'cannot come out=>1K\n' -- scripts/predict one_minor_fault_per_new_page
	assert_output --partial 'predicted  1,024   (1K)'
}

@test "predict says why a run gives no number, and that nothing happened where nothing did" {
	small_project
	sed -i 's/"resident_bytes", "lazy",/"mapping_count", "lazy",/' experiments/3_residency/malloc_is_lazy.c
	PREDICT=4 run -0 scripts/predict malloc_is_lazy
	assert_output --partial 'measured   nothing: reproduced, mapping_count was not measured in the arm "lazy"'
	sed -i 's/"mapping_count", "lazy",/"jump of major_fault_count", "lazy",/' experiments/3_residency/malloc_is_lazy.c
	PREDICT=4 run -0 scripts/predict malloc_is_lazy
	assert_contains "$output" 'measured   never' 'No number is right: it never happened.'
}

@test "predict understands a minus, and shows an arrow key as it was read" {
	run -0 typing $'Your prediction=>\e[A\\n' 'is no prediction=>-16M\n' -- scripts/predict free_unmaps_a_mapped_block
	assert_contains "$output" $'"[A" is no prediction' 'predicted  -16 MiB' 'measured   -16'
}

@test "predict does not explain the result of a copy, and leaves the reason to its author" {
	small_project
	scripts/new malloc_is_lazy mine 'reading takes no memory'
	PREDICT=64M run -0 scripts/predict mine
	assert_output --partial 'Find out why: make hypothesis CLAIM=mine'
	refute_output --partial 'Why: '
}
