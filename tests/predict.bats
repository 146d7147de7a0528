#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Predict first: what a student types, what is kept, and where it shows up.

load helper

setup() {
	export RESULTS=$BATS_TEST_TMPDIR/results PYTHONDONTWRITEBYTECODE=1
	unset PREDICT
	kept=$RESULTS/3_residency/malloc_is_lazy.prediction
}

# What a person sees who types: typing "WAIT FOR=>TYPE" ... -- COMMAND ...
typing() { "$ROOT/tests/on_terminal.py" "$@"; }

# A project of two claims.
small_project() {
	project "$BATS_TEST_TMPDIR/project" malloc_is_lazy reading_costs_no_memory
	BUILD=build
}

# marks RESULT.csv: what its chart marks, "COLUMN VALUE LABEL" a line.
marks() {
	PYTHONPATH=scripts /usr/bin/python3 - "$1" <<-'PYTHON'
		import sys
		from touchstone import prediction
		from touchstone.results import read_result
		for mark in prediction.marks(read_result(sys.argv[1])):
		    print(*mark)
	PYTHON
}

# prediction.py's functions, with what a bytes question and a count question understand.
python() {
	PYTHONPATH=scripts /usr/bin/python3 -c "
from touchstone import prediction, results
size = prediction.Question('resident_bytes', 'a', asked='How much becomes resident?')
count = prediction.Question('minor_fault_count', 'a', asked='How many faults?')
jump = prediction.Question('jump of in_use_bytes', 'a', x='blocks freed')
times = prediction.Question('elapsed_ns', 'a', against='b')
$1"
}

@test "a prediction is kept, then compared with what was measured, in chart and report" {
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

@test "several predictions stay, one after the other; a new run does not lose them" {
	PREDICT=64M scripts/predict malloc_is_lazy
	PREDICT=same scripts/predict malloc_is_lazy
	scripts/run malloc_is_lazy
	assert_equal "$(grep -c '^entered: ' "$kept")" 2
	run -0 marks "${kept%.prediction}.csv"
	[ "$output" = 'resident_bytes 67108864 predicted: 64 MiB
resident_bytes 4096 measured: 4 KiB' ] # a direction is no line in the chart
}

@test "on a terminal: nonsense and nothing are asked again" {
	run -0 typing 'Your prediction=>lots\n' 'is no prediction=>\n' 'Your prediction=>up\n' -- make predict CLAIM=malloc_is_lazy
	assert_contains "$output" 'block=64M' '"lots" is no prediction; expected is bytes' 'Right: it went up, by 4 KiB.'
}

@test "Ctrl-C at the question writes nothing; Ctrl-D neither" {
	run -130 typing 'Your prediction=>^C' -- scripts/predict malloc_is_lazy
	assert_output --partial "interrupted"
	run -2 typing 'Your prediction=>^D' -- scripts/predict malloc_is_lazy
	assert_output --partial 'no prediction was given, so nothing was run or written'
	assert [ ! -e "$RESULTS" ]
}

@test "Ctrl-C while it runs: the prediction is kept" {
	KNOBS=trials=200 run -130 typing 'Your prediction=>64M\n' 'malloc_is_lazy ... =>^C' -- scripts/predict malloc_is_lazy
	assert_output --partial "your prediction is kept in $kept"
	grep -qx 'entered: 64M' "$kept"
	assert [ ! -e "${kept%.prediction}.csv" ]
}

@test "without a terminal and without PREDICT: a sentence, exit 2, nothing written" {
	run -2 make predict CLAIM=malloc_is_lazy </dev/null
	assert_output --partial 'there is no terminal to ask on; give the prediction with PREDICT, as in PREDICT=64K'
	assert [ ! -e "$kept" ]
}

@test "nonsense in PREDICT is refused: exit 2, nothing written" {
	local nonsense
	for nonsense in lots 2^99; do
		PREDICT=$nonsense run -2 scripts/predict malloc_is_lazy
		assert_contains "$output" "\"$nonsense\" is " 'expected is bytes'
	done
	assert [ ! -e "$RESULTS" ]
}

@test "an unknown claim, a wrong knob, one that does not build, a folder that cannot be written: exit 2" {
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

@test "a prediction for other knobs is not held against this run" {
	KNOBS=block=1M PREDICT=1M scripts/predict malloc_is_lazy
	grep -qx 'knobs: block=1048576' "$kept"
	scripts/run malloc_is_lazy
	run -0 marks "${kept%.prediction}.csv"
	assert_equal "$output" ""
}

@test "a damaged file of predictions costs only what is damaged" {
	mkdir -p "${kept%/*}"
	printf 'asked: cut sho\n\nvalue: x\n\n\0\377\n' >"$kept"
	PREDICT=32M run -0 scripts/predict malloc_is_lazy
	assert_output --partial 'predicted  32 MiB'
	run -0 marks "${kept%.prediction}.csv"
	assert_equal "${#lines[@]}" 2
}

@test "where the jump comes, how many times as much: the mark stands at the right place" {
	PREDICT=7 run -0 scripts/predict freed_is_not_free_in_the_tcache
	[[ $output == *'measured   8'* || $output == *'measured   17'* ]] || fail "$output"
	run -0 marks "$RESULTS/7_fragmentation/freed_is_not_free_in_the_tcache.csv"
	[[ $output == $'x 7 predicted: 7\nx '*' measured: '* ]] || fail "$output"
	PREDICT=2.5 run -0 scripts/predict refaulting_is_the_price
	assert_contains "$output" 'predicted  2.5 times' 'measured   ' "times"
	run -0 marks "$RESULTS/5_cost_of_mmap/refaulting_is_the_price.csv"
	[[ $output == 'elapsed_ns '*$' predicted: 2.5 times\nelapsed_ns '*' measured: '*' times' ]] || fail "$output"
}

@test "a prediction far off is named at the edge and leaves the data room" {
	command -v gnuplot || skip 'gnuplot is missing: scripts/setup'
	PREDICT=1M run -0 scripts/predict one_minor_fault_per_new_page
	grep -q '>predicted: 1,048,576 ↑<' "$RESULTS/6_page_faults/one_minor_fault_per_new_page.svg"
	grep -q '>1,000<' "$RESULTS/6_page_faults/one_minor_fault_per_new_page.svg"
}

@test "predict-all walks a chapter, skips what is skipped, stops at Ctrl-D" {
	small_project
	run -0 typing 'Your prediction=>skip\n' '2/2=>' 'Your prediction=>0\n' -- scripts/predict --all residency
	assert_contains "$output" '[1/2] 3_residency/malloc_is_lazy' "skipped" '[2/2] 3_residency/reading_costs_no_memory' 'Exactly as predicted.'
	assert [ ! -e "$kept" ]
	assert [ -e "$RESULTS/3_residency/reading_costs_no_memory.prediction" ]
	run -0 typing 'Your prediction=>^D' -- scripts/predict --all 3
	refute_output --partial '[2/2]'
}

@test "predict-all: an unknown chapter, PREDICT, no terminal: exit 2" {
	run -2 make predict-all CHAPTER=nine
	assert_output --partial 'there is no "nine"; CHAPTER may be 0_instrument, 1_address_space, '
	run -2 make predict-all CHAPTER=3_residency PREDICT=64K
	assert_output --partial 'PREDICT answers one question'
	run -2 scripts/predict --all 3_residency </dev/null
	assert_output --partial 'there is no terminal'
}

@test "numbers are read as people write them" {
	run -0 python "
for text in '64K', '64 KiB', '64kb', '65,536', '65536', '65536 bytes', '2^16', '0.0625M', ' 64k. ':
    assert prediction.understood(text, size) == 65536, text
assert prediction.understood('2 pages', size) == 2 * __import__('os').sysconf('SC_PAGE_SIZE')
assert prediction.understood('-1M', size) == -2**20
assert prediction.understood('1K', count) == 1024 and prediction.understood('12 faults', count) == 12
assert prediction.understood('shrinks', size) == 'down' and prediction.understood('7', jump) == 7
assert prediction.understood('2.5x', times) == 2.5
for text, question in ('up', jump), ('same', times), ('5 pages', count), ('3 ms', size), ('', size), \
        *((text, size) for text in ('1e9999', 'nan', '64Q', '1,5', '--', '12 34', '9' * 30, '9' * 9999)):
    try: prediction.understood(text, question)
    except prediction.Nonsense: continue
    raise AssertionError(text)"
}

@test "the comparison says what the difference is" {
	run -0 python "
def said(value, measured, question=size):
    return prediction.Prediction('', '', value, '', '').compared(question, measured)
assert said(4096, 4096) == 'Exactly as predicted.'
assert said(65536, 4096) == 'Off by a factor of 16: too high.'
assert said(67108864, 67112960) == 'Close: 4 KiB too low (0.0061 %).'
assert said(5120, 8192) == 'Off: 3 KiB too low (38 %).'
assert said(0, 4096) == 'It did move: 4 KiB less was predicted than measured.'
assert said(4096, 0) == 'Nothing moved: 4 KiB more was predicted than measured.'
assert said(-4096, 4096) == 'It went the other way: up, by 4 KiB.'
assert said(-4096, -5000) == 'Off: 904 bytes too little (18 %).'
assert said('down', -4096) == 'Right: it went down, by 4 KiB.'
assert said('up', 0) == 'No: it stayed the same.'
assert said(1000, 1050, count) == 'Close: 50 too low (4.8 %).'
assert said(7, 8, jump) == 'Off: 1 too low (12 %).'
assert said(1.2, 1, times) == 'Off: 20 % too high.'
assert said(7, None, jump) == 'This run gives no number to compare it with.'"
}

@test "an experiment without a question of its own is asked about its first charted column" {
	run -0 python "
result = results.Result('malloc_is_lazy.csv', {'charted': 'resident_bytes virtual_bytes'},
                           [results.Arm('filled', control=True), results.Arm('lazy')])
question = prediction.question_of(result)
assert (question.measured, question.arm) == ('resident_bytes', 'lazy'), question
assert question.asked == 'By how much will \"resident\" have grown in the end, in the arm \"lazy\"?'"
}

@test "every question asks for an arm, stages and a column that its experiment has, and knows why" {
	run -0 python "
import glob, re
from touchstone.programs import declaration
from touchstone.source import Source
columns = set(re.findall(r'COLUMN\((\w+)', open('lib/probe/probe.h').read())) | {'y'}
for path in sorted(glob.glob('experiments/[0-8]*/*.c')):
    declared = declaration(path.replace('experiments', '$BUILD')[:-2])
    question = prediction.question_of(declared)
    assert question, path
    assert declared.metadata.get('because'), path
    listed = re.findall(r'\"((?:[^\"\\\\\n]|\\\\.)*)\"', Source(path).text)
    for text in question.arm, question.begin, question.end, question.against:
        assert not text or text in listed, (path, text)
    assert question.column in columns, (path, question.column)
    assert question.is_jump or question.column != 'y' or question.y, path"
}

@test "a direction, an arrow key, a minus: what is typed is understood, or shown as it was read" {
	run -0 typing $'Your prediction=>\e[A\\n' 'is no prediction=>-16M\n' -- scripts/predict free_unmaps_a_mapped_block
	assert_contains "$output" $'"[A" is no prediction' 'predicted  -16 MiB' 'measured   -16'
}

@test "a fork explains itself: why is left to its author" {
	small_project
	scripts/new malloc_is_lazy mine 'reading takes no memory'
	PREDICT=64M run -0 scripts/predict mine
	assert_output --partial 'Why? That is yours to find: make hypothesis CLAIM=mine'
	refute_output --partial 'Why: '
}
