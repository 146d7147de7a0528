#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests scripts/chart on made-up results.

bats_require_minimum_version 1.7.0
load assertions

setup() {
	project=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	command -v gnuplot >/dev/null || skip "gnuplot is missing"
	cp "$BATS_TEST_DIRNAME"/fixtures/charts/*.csv "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR"
	export COLUMNS=120 LINES=40
}

chart() { "$project/scripts/chart" "$@"; }

# texts FILE.svg: prints the texts of an SVG, one on each line.
texts() { sed -n 's/.*<text[^>]*>\(.*\)<\/text>.*/\1/p; s/.*<tspan[^>]*>\(.*\)<\/tspan>.*/\1/p' "$1" | sed 's/<[^>]*>//g'; }

has() { texts "$1" | grep -Fq -- "$2" || {
	texts "$1"
	return 1
}; }
lacks() { ! texts "$1" | grep -Fq -- "$2" || {
	texts "$1"
	return 1
}; }

# completed: adds to a result from stdin what every result of format 2 has: its format, and a column of source lines.
completed() {
	awk 'NR == 1 { print "# format: 2" } /^#/ { print; next } { print $0 (is_row++ ? ",7" : ",line") }'
}

# made ARM...: prints the first lines of a result with these arms; $head holds further metadata.
made() {
	local arm
	printf '# claim: it is so\n# x: blocks | count\n# y: time of a call, ns | ns\n# charted: y\n'
	for arm; do
		case $arm in
		*' (control)') echo "# arm: ${arm% (control)} | control | ran |" ;;
		*) echo "# arm: $arm | test | ran |" ;;
		esac
	done
	printf '%sarm,trial,stage,x,y\n' "${head-}"
}

@test "chart draws each form as a well-formed SVG without scripts, and leaves no other file" {
	before=$(find . -type f | wc -l)
	chart lines.csv bars.csv stages.csv dots.csv extremes.csv
	for form in lines bars stages dots extremes; do
		/usr/bin/python3 -c 'import sys, xml.dom.minidom as d; d.parse(sys.argv[1])' "$form.svg"
		run ! grep -q '<script' "$form.svg"
	done
	assert_equal "$(find . -type f | wc -l)" "$((before + 5))"
}

@test "chart writes the same bytes for the same result, whether it is drawn alone or with others" {
	mkdir beside
	cp lines.csv bars.csv stages.csv dots.csv beside
	chart beside/*.csv
	for form in lines bars stages dots; do
		chart "$form.csv"
		cmp "$form.svg" "beside/$form.svg"
	done
}

@test "the title of a chart is the finding, whatever characters it has" {
	chart lines.csv
	has lines.svg "REPRODUCED: it's \"lazy\": 100% of a_b \\n &lt;first> &amp; only"
	grep -Fq "<title>REPRODUCED: it's \"lazy\": 100% of a_b \\n &lt;first&gt; &amp; only</title>" lines.svg
}

@test "the title says what is true when a claim is refuted, and which control failed when it is inconclusive" {
	chart bars.csv stages.csv
	has bars.svg "REFUTED: from 128 KiB on"
	has bars.svg "instead: the edge lies"
	has stages.svg "this control failed: the pinned arm trims"
}

@test "a chart names the control arms, writes columns as words, and chooses units that fit" {
	chart lines.csv
	has lines.svg "populated: resident (control)"
	has lines.svg "lazy: minor faults, right axis"
	lacks lines.svg "lazy: resident (control)"
	lacks lines.svg "NAME=value"
	has lines.svg "resident memory gained (MiB)"
	has lines.svg "written (MiB)"
}

@test "a jump is labelled brk, mmap, munmap, mremap or trim, in the panel of each arm where arms coincide, with a count where it repeats" {
	moved() { # ARM: turns each line of heap top, mapped blocks and their bytes into a row
		local n=0 top count bytes
		while read -r top count bytes; do
			echo "$1,1,s$((n += 1)),$n,,$top,$((top + bytes)),$count,$bytes"
		done
	}
	{
		printf '# claim: it is so\n# charted: virtual_bytes\n# chart: stages\n# arm: one | test | ran |\n# arm: other | test | ran |\n'
		echo arm,trial,stage,x,y,heap_top_bytes,virtual_bytes,mmapped_count,mmapped_bytes
		for arm in one other; do
			printf '%s\n' '0 0 0' '90000 0 0' '90000 1 90000' '90000 1 200000' '90000 0 0' '0 0 0' | moved $arm
		done
		echo '# verdict: reproduced'
	} | completed >told.csv
	sed '/^other/d' told.csv >alone.csv
	chart told.csv alone.csv
	for name in brk mmap mremap munmap trim; do
		has told.svg $name
		assert_equal "$(texts told.svg | grep -cw $name)" "$((2 * $(texts alone.svg | grep -cw $name)))"
	done
	sed 's/stages/steps/; /^one/d; /^other/d' told.csv >many.csv
	for n in {1..20}; do
		sed -i "\$i one,1,freed,$n,,$((-n * 1000)),$((-n * 1000)),0,0,7" many.csv
	done
	chart many.csv
	assert_equal "$(texts many.svg | grep trim | sort -u | wc -l)" 1
	has many.svg "trim × 19"
}

# where FILE TEXT: prints x and y of a text in an SVG.
where() { grep -B6 -F "$2" "$1" | sed -n 's/.*translate(\([0-9.]*\),\([0-9.]*\)).*/\1 \2/p' | tail -1; }

@test "the label of a jump avoids a prediction's line and a long row of jumps, and the numbers of bars do not overlap" {
	{
		printf '# claim: it is so\n# charted: heap_top_bytes\n# arm: one | test | ran |\n# chart: steps\n'
		echo arm,trial,stage,x,y,heap_top_bytes,mmapped_count,mmapped_bytes
		for n in {0..1}; do echo "one,1,s,$n,,$((n * 65536)),0,0"; done
		echo '# verdict: reproduced'
	} | completed >one.csv
	sed '/^# arm/i # mark: y | 32768 | half' one.csv >marked.csv
	chart one.csv marked.csv
	[ "$(where one.svg brk)" != "$(where marked.svg brk)" ]
	{
		sed '/^one,1,s,1,/,$d' one.csv
		for n in {1..10}; do echo "one,1,s,$n,,$((n * 65536)),0,0,7"; done
		echo '# verdict: reproduced'
	} >row.csv
	PYTHONPATH=$project/scripts run -0 /usr/bin/python3 -B - <<-'PYTHON'
		from touchstone.charts import drawing, gnuplot
		from touchstone.results import read_result
		label = next(line for line in drawing.of_result(read_result("row.csv"), gnuplot.Paper("svg")).commands() if "×" in line)
		print(label)
	PYTHON
	assert_contains "$output" "'brk × 10'" " right offset -1,0.8 "
	{
		head=$'# chart: bars\n' made {1..8}
		for n in {1..8}; do printf '%s,1,first,0,1234567\n%s,1,later,0,1234567\n' "$n" "$n"; done
		echo '# verdict: reproduced'
	} | completed | sed 's/, ns | ns$/ | count/' >bars_16.csv
	chart bars_16.csv
	assert_equal "$(grep -B6 1,234,567 bars_16.svg | sed -n 's/.*translate([0-9.]*,\([0-9.]*\)).*/\1/p' | sort -u | wc -l)" 2
}

@test "an axis of thousands shows commas, and an axis of many powers of two shows KiB, MiB, GiB and TiB" {
	{
		head=$'# chart: bars\n' made a
		printf 'a,1,s,0,35000\n# verdict: reproduced\n'
	} | completed | sed 's/, ns | ns$/ | count/' >thousands.csv
	{
		head=$'# chart: bars\n# log: y\n' made a b
		printf 'a,1,s,0,4\nb,1,s,0,140737488355328\n# verdict: reproduced\n'
	} | completed | sed 's/, ns | ns$/, bytes | bytes/' >powers.csv
	chart thousands.csv powers.csv
	has thousands.svg "30,000"
	for tic in '1 KiB' '1 MiB' '1 GiB' '1 TiB'; do has powers.svg "$tic"; done
}

@test "the regions of a process are stacked in the order of their addresses" {
	arm() { # NAME ADDRESS...: prints a row for each address, given in MiB
		local place=0 address
		for address in "${@:2}"; do echo "$1,1,region $((place += 1)),$place,$((address << 20))"; done
	}
	{
		head=$'# source: experiments/1_address_space/regions_come_in_order.c\n' made 'as told' 'other (control)'
		arm 'as told' 1 2 3000
		arm other 9000 4 3000
		echo '# verdict: reproduced'
	} | completed >pile.csv
	chart pile.csv
	has pile.svg "other (control)"
	has pile.svg "2.93 GiB"
	read -r _ second <<<"$(where pile.svg '1  region 1')"
	read -r _ top <<<"$(where pile.svg '3  region 3')"
	[ "${second%.*}" -lt "${top%.*}" ]
}

@test "chart finds columns by name, a bar shows its exact value, and a mark shows its label" {
	chart bars.csv
	has bars.svg "131,049 bytes"
	has bars.svg "1,052,649 bytes"
	has bars.svg "as told"
	has bars.svg "freed (control)"
}

@test "a bar shows growth since the first record, not the absolute value" {
	sed -i 's/chart: stages/chart: bars/' stages.csv
	chart stages.csv
	has stages.svg "-128 KiB"
}

@test "a chart of dots shows the median of the trials" {
	chart dots.csv
	has dots.svg "4 µs"
	has dots.svg "400 µs"
}

@test "chart --png draws a PNG, and chart --text draws on stdout, COLUMNS wide, whatever TERM is" {
	chart --png lines.csv
	assert_equal "$(head -c 4 lines.png | tail -c 3)" PNG
	for TERM in "" nonsense xterm; do
		export TERM
		run -0 chart --text lines.csv
		assert_output --partial "REPRODUCED: it's \"lazy\""
		assert_output --partial "across: written (MiB)"
		assert_equal "$(printf '%s\n' "$output" | wc -L)" 120
	done
	assert [ ! -e lines.svg ]
}

@test "chart names each file that is not a result, and draws the others" {
	printf '%s\n' '# format: 2' hello >note.csv
	sed 1d lines.csv >old.csv
	touch note.svg cut_short.svg
	run -2 chart note.csv old.csv cut_short.csv wrong_column.csv absent.csv bars.csv
	assert_output --partial "note.csv: is no result: it has no '# claim:' line"
	assert_output --partial "old.csv: names no format"
	assert_output --partial "cut_short.csv: is cut short"
	assert_output --partial "wrong_column.csv: '# charted:' names 'nonsense'"
	assert_output --partial "absent.csv: no such file"
	assert [ -s bars.svg ]
	[ ! -e cut_short.svg ] # an old chart would show another run
	assert [ -e note.svg ]
}

@test "chart draws nothing for an unsupported result without rows, and removes its old chart" {
	touch unsupported.svg
	run -0 chart unsupported.csv
	assert_equal "$output" ""
	assert [ ! -e unsupported.svg ]
}

@test "an experiment's own .gp file draws its chart, and when the file fails, chart still draws the other results" {
	mkdir -p tree/experiments
	cp -r "$project/scripts" tree
	sed -i '1a # source: experiments/own.c' lines.csv
	cat >tree/experiments/own.gp <<-'END'
		plot csv using (strcol('arm') eq 'lazy' ? column('x') : NaN):(column('resident_bytes')) \
			with points lc rgb word(colours, 2) title 'mine: '.verdict.', '.word(arms, 1).', '.word(full_names, 2)
	END
	tree/scripts/chart lines.csv
	has lines.svg "mine: reproduced, lazy, populated (control)"
	has lines.svg "REPRODUCED"
	tree/scripts/chart --png stages.csv bars.csv dots.csv
	for form in stages bars dots; do mv "$form.png" "$form.alone"; done
	tree/scripts/chart --png lines.csv stages.csv bars.csv dots.csv # what own.gp sets must not reach the next chart
	for form in stages bars dots; do cmp "$form.png" "$form.alone"; done
	echo 'plot nonsense(' >tree/experiments/own.gp
	run -2 tree/scripts/chart stages.csv lines.csv bars.csv
	assert_output --partial "lines.csv: gnuplot could not draw it: "
	assert [ -s stages.svg ]
	assert [ -s bars.svg ]
	assert [ ! -e lines.svg ]
}

@test "without gnuplot chart prints one sentence, which says how to install it" {
	mkdir bin
	for tool in bash dirname; do ln -s "$(command -v "$tool")" bin; done
	PATH=$PWD/bin run -77 chart lines.csv
	assert_equal "${#lines[@]}" 1
	assert_contains "$output" 'gnuplot is missing' "scripts/setup"
}

@test "without Python chart prints one sentence, which says how to install it, and keeps an old chart" {
	touch lines.svg
	cp -r "$project/scripts" without
	sed -i 's|/usr/bin/python3|/none/python3|g' without/chart
	run -77 without/chart lines.csv
	assert_equal "${#lines[@]}" 1
	assert_contains "$output" '/none/python3 is missing' "scripts/setup"
	assert [ -e lines.svg ]
}

@test "chart ends without an error when the reader of its output closes the pipe" {
	chart --text lines.csv bars.csv dots.csv 2>said | true
	assert [ ! -s said ]
}

@test "chart draws a mark beyond the data, and accepts values that are missing or, on a logarithmic axis, not above 0" {
	sed -i 's/^# chart: steps/&\n# log: y\n# mark: y | 562949953421312 | a mark/' extremes.csv
	sed 's/chart: steps/chart: bars/' extremes.csv >extremes_bars.csv
	chart extremes.csv extremes_bars.csv
	has extremes.svg "a mark"
	has extremes_bars.svg "a mark"
}

@test "a chart shows a long reason in full, and the label of a logarithmic axis leaves the unit to its numbers" {
	{
		head=$'# chart: lines\n# log: y\n' made a
		printf 'a,1,s,%d,%d\n' 0 100 1 90000
		printf '# reason: %s the end\n# verdict: inconclusive\n' "$(printf 'a word and another %.0s' {1..14})"
	} | completed >long.csv
	chart long.csv
	has long.svg "the end"
	has long.svg "10 µs"
	texts long.svg | grep -Fxq "time of a call"
}

# bats test_tags=long
@test "a chart of steps with many points keeps each jump at its place, as a vertical edge" {
	{
		head=$'# chart: steps\n' made a
		for ((i = 0; i < 5000; i++)); do echo "a,1,s,$i,$((i / 777))"; done
		echo '# verdict: reproduced'
	} | completed >many.csv
	PYTHONPATH=$project/scripts run -0 /usr/bin/python3 -B - <<-'PYTHON'
		from touchstone.charts import drawing, gnuplot
		from touchstone.results import read_result
		commands = drawing.of_result(read_result("many.csv"), gnuplot.Paper("svg")).commands()
		rows = [line.split()[:2] for line in commands if line[0].isdigit()]
		assert all(a[0] == b[0] or a[1] == b[1] for a, b in zip(rows, rows[1:])), rows
		print(len(rows), [rows[i][0] for i in range(1, len(rows)) if rows[i][1] != rows[i - 1][1]])
	PYTHON
	assert_output "15 ['777', '1554', '2331', '3108', '3885', '4662']"
}

@test "each dot is one trial, and the median leaves out the records before its last one, which warm up" {
	{
		head=$'# chart: dots\n' made one other
		printf '%s\n' {one,other},{1,2,3},warming,0,9000 {one,other},{1,2,3},served,0,700 | sort -t, -s -k1,2
		echo '# verdict: reproduced'
	} | completed >warmed.csv
	chart warmed.csv
	has warmed.svg "700 ns"
	lacks warmed.svg "9 µs"
}

@test "chart draws more than eight arms below each other with their names at the left, but not in a text chart" {
	for count in 8 9; do
		# shellcheck disable=SC2046 # each arm is a word
		{
			head=$'# chart: dots\n# mark: y | 500 | as told\n' made $(seq -f 'arm %g' "$count")
			for ((i = 1; i <= count; i++)); do printf 'arm %s,%s,s,0,%s\n' $i 1 ${i}00 $i 2 ${i}50 $i 3 ${i}60; done
			echo '# verdict: reproduced'
		} | completed >"dots_$count.csv"
		sed 's/chart: dots/chart: bars/' "dots_$count.csv" >"bars_$count.csv"
	done
	chart dots_{8,9}.csv bars_{8,9}.csv
	has dots_8.svg "line: median of 3 trials"
	has dots_9.svg "line, and number at the right: median of 3 trials"
	has dots_9.svg "950 ns"
	has bars_9.svg "950 ns"
	for form in dots bars; do
		has "${form}_9.svg" "as told"
		read -r x8 y8 <<<"$(where "${form}_8.svg" 'arm 2')"
		read -r x9 y9 <<<"$(where "${form}_9.svg" 'arm 2')"
		[ "${x9%.*}" -lt "${x8%.*}" ]
		[ "${y9%.*}" -lt "${y8%.*}" ]
	done
	run -0 chart --text dots_9.csv
	assert_output --partial 'up: time of a call'
}
