#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests that there is one rule for medians: with two trials the judge, the chart, the comparison and the prediction show
# the same number.

load helper

# Writes an experiment whose trials differ: y is 10 in the first and 13 in the second, which also touches three pages more.
setup_file() {
	cat >"$BATS_FILE_TMPDIR/two_numbers.c" <<-'C'
		/* SPDX-License-Identifier: MIT */
		/* Each trial counts the marks that the trials before it left in the file MARKS. */
		#include <stdio.h>

		#include "experiment.h"
		#include "memory.h"

		static void counting(void)
		{
			FILE *file = fopen(MARKS, "a+");
			int marks = 0;

			while (getc(file) != EOF)
				marks++;
			fputs("mmm", file);
			fclose(file);
			record_y("begin", 0, 1);
			write_pages(must_malloc((4 + marks) * page_bytes()), (4 + marks) * page_bytes());
			record_y("end", 0, 10 + marks);
		}

		static void judge(void)
		{
			expect_between("y at the end", "count", INT64_MIN, y_of("counting", "end"), INT64_MAX);
			expect_between("faults", "faults", INT64_MIN, growth("counting", "begin", "end").minor_fault_count,
				       INT64_MAX);
			expect_at_least("y at the end, by y at the beginning", 0,
					ratio(samples_of_y("counting", "end"), samples_of_y("counting", "begin")));
			control_equal("a control", "count", 1, 1);
		}

		const struct experiment experiment = {
			.claim = "two numbers have a median",
			.asked = "Which one?",
			.y_axis = "marks",
			.charted = "y minor_fault_count",
			.trials = 2,
			.arms = { { "counting", counting } },
			.judge = judge,
		};
	C
}

setup() {
	need_python
	cp "$BATS_FILE_TMPDIR/two_numbers.c" "$BATS_TEST_TMPDIR"
	program=$(compiled "$BATS_TEST_TMPDIR/two_numbers.c" "-DMARKS=\"$BATS_TEST_TMPDIR/marks\"")
	mkdir "$BATS_TEST_TMPDIR/1_made_up"
	result=$BATS_TEST_TMPDIR/1_made_up/two_numbers.csv
	run -3 --separate-stderr "$program" # two trials decide no ratio
	echo "$output" >"$result"
}

need_python() { [[ -x /usr/bin/python3 ]] || skip "python3 is missing: scripts/setup"; }

# judged SENTENCE: prints the number that the judge measured.
judged() { sed -n "s/^# expect: [a-z]* | .* <= \(.*\) <= inf\( (.*)\)\? | .* | $1\$/\1/p" "$result"; }

# shown CODE: runs Python code on the `result` and its `side` of a comparison.
shown() {
	PYTHONPATH=scripts /usr/bin/python3 -c "import sys
from touchstone.charts.drawing import of_result
from touchstone.charts.gnuplot import Paper
from touchstone.prediction import Question
from touchstone.results import read_result
from touchstone.sides import Side
result = read_result(sys.argv[1])
side = Side('', [result])
$1" "$result"
}

@test "judge, comparison, prediction and chart take the lower one of two integers as their median" {
	low=$(awk -F, '$3 == "end" { print $5 }' "$result" | sort -n | head -n 1)
	assert_equal "$(awk -F, '$3 == "end" { print $5 }' "$result" | sort -un | wc -l)" 2
	assert_equal "$(judged 'y at the end')" "$low"
	assert_equal "$(shown 'print(side.over_stages("counting", "y")["end"].median)')" "$low"
	assert_equal "$(shown 'print(Question("y", "counting", end="end").answer(result))')" "$low"
	run -0 shown 'print(*of_result(result, Paper("svg")).commands(), sep="\n")'
	assert_line --regexp "^0 $low 10 13( $low)?$"
}

@test "judge, comparison, prediction and chart show the same median of the growth between two records" {
	faults=$(judged faults)
	assert_equal "$(shown 'print(side.at_end("counting", "minor_fault_count").median)')" "$faults"
	assert_equal "$(shown 'print(Question("minor_fault_count", "counting", "begin", "end").answer(result))')" "$faults"
	run -0 shown 'print(*of_result(result, Paper("svg")).commands(), sep="\n")'
	assert_line --regexp "^0 $faults $faults [0-9]+( $faults)?$"
}

@test "judge and scripts take a median and quartiles that lie between two ratios" {
	assert_equal "$(judged 'y at the end, by y at the beginning')" 11.5
	assert_equal "$(shown 'from touchstone.growth import median, quartiles
print(median([10.0, 13.0]), quartiles([10.0, 13.0]))')" '11.5 (10.75, 11.5, 12.25)'
	grep -q '11.5 <= inf (quartiles 10.75 to 12.25)' "$result"
}
