#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests scripts/compare, which shows how two runs differ and names the files that it cannot compare.

load helper

setup_file() {
	export PYTHONDONTWRITEBYTECODE=1 MEASURED=$BATS_FILE_TMPDIR/measured
	make -s --no-print-directory "$BUILD"/{3_residency/malloc_is_lazy,2_brk_or_mmap/mmap_starts_at_128_kib,4_giving_back/freeing_everything_empties_the_heap} >/dev/null
	for run in base same; do
		RESULTS=$MEASURED/$run KNOBS='' scripts/run malloc_is_lazy mmap_starts_at_128_kib freeing_everything_empties_the_heap
	done
	RESULTS=$MEASURED/tuned KNOBS='--tunables=glibc.malloc.tcache_count=0:glibc.malloc.mmap_threshold=4194304' \
		scripts/run malloc_is_lazy mmap_starts_at_128_kib freeing_everything_empties_the_heap
}

setup() {
	cp -r "$MEASURED" "$BATS_TEST_TMPDIR/results"
	results=$BATS_TEST_TMPDIR/results
	mkdir "$BATS_TEST_TMPDIR/without"
	echo 'raise ImportError' >"$BATS_TEST_TMPDIR/without/matplotlib.py"
	export PYTHONPATH=$BATS_TEST_TMPDIR/without # most tests need no picture, and are faster without matplotlib
}

# compare [argument ...]: runs the verb with stdout and stderr apart, and puts the page that it wrote into $page.
compare() {
	run --separate-stderr scripts/compare "$@"
	page=$(cat "$results/${wanted_page:-tuned}/compare.html" 2>/dev/null || true)
}

# made: prints a made-up result whose rows come from stdin.
made() {
	printf '# format: 2\n# claim: it grows\n# x: bytes | bytes\n# charted: resident_bytes\n# chart: lines\n# arm: a | test | ran |\n'
	cat
	printf '%s\n' "# expect: held | 0 <= 1 <= 2 | faults | a | 12 | few" "# verdict: reproduced"
}

@test "compare finds no different number in two runs of the same program, whatever their times are" {
	wanted_page=same
	compare "$results/base" "$results/same"
	assert_success
	assert_contains "$output" 'malloc_is_lazy' 'reproduced in both; no number differs'
	assert_output --partial '3 claims compared: 0 with another verdict, 0 with the same verdict and other numbers, 3 the same.'
	refute_output --partial "environment:"
}

@test "compare shows which verdicts, numbers and parts of the environment a tunable changes" {
	compare "$results/base" "$results/tuned"
	assert_success
	assert_output --partial 'freeing_everything_empties_the_heap  refuted → reproduced'
	[[ $output == *'top used up'*' bytes → 4,1'* || $output == *'first request: first size that is mapped '*' bytes → 4,1'* ]] || fail "$output"
	assert_output --partial 'environment: tunables: none → glibc.malloc.tcache_count=0'
	assert_contains "$page" '<h2>What differs in the environment</h2>' 'glibc.malloc.tcache_count=0'
	assert_contains "$page" 'failed' 'held'
}

@test "compare shows a verdict that is not as told, a number that never came and what is true instead as such" {
	mkdir -p "$results"/{one,other}/mine
	echo 'a,1,end,0,,1,7' | { echo 'arm,trial,stage,x,y,resident_bytes,line' && cat; } | made >"$results/one/mine/t.csv"
	sed -e '2a # asked_with: bits=47' -e 's/0 <= 1 <= 2/0 <= 9223372036854775807 <= 2/' \
		-e '/^# expect/a # true_instead: held | 7 == 7 | faults | a | 13 | it stays' "$results/one/mine/t.csv" >"$results/other/mine/t.csv"
	wanted_page=other compare "$results/one" "$results/other"
	assert_success
	assert_contains "$output" 'reproduced → reproduced with bits=47, not as told'
	refute_output --partial 9223372036854775807
	assert_contains "$page" '</span> reproduced</span> <small>with bits=47, not as told</small>' 'what is true instead: it stays' 'few (expected 0 to 2)' 'held never'
}

@test "the page of compare needs no other file, and has a picture of each claim" {
	unset PYTHONPATH
	/usr/bin/python3 -c 'import matplotlib' 2>/dev/null || skip "python3-matplotlib is missing: scripts/setup"
	compare "$results/base" "$results/tuned" --claim mmap_starts_at_128_kib malloc_is_lazy
	assert_equal "$(grep -o '<img alt="[^"]*" src="data:image/svg+xml;base64,' <<<"$page" | wc -l)" 2
	refute_contains "$page" 'src="http'
	refute_contains "$page" 'href="http'
	refute_contains "$page" '<script'
	for claim in 2_brk_or_mmap/mmap_starts_at_128_kib 3_residency/malloc_is_lazy; do
		assert_equal "$(head -c 4 "$results/tuned/$claim.compare.png" | tail -c 3)" PNG
	done
	/usr/bin/python3 - "$results/tuned/compare.html" <<-'PYTHON'
		import html.parser, sys
		open_tags = []
		class Reader(html.parser.HTMLParser):
		    def handle_starttag(self, tag, _):
		        if tag not in ("meta", "img", "wbr"): open_tags.append(tag)
		    def handle_endtag(self, tag):
		        assert open_tags.pop() == tag, tag
		Reader().feed(open(sys.argv[1], encoding="utf-8").read())
		assert not open_tags, open_tags
	PYTHON
}

@test "compare calls two numbers different when the ranges of their trials do not touch" {
	for side in "base 50 70" "with 71 90"; do
		read -r name one two <<<"$side"
		printf 'arm,trial,stage,x,y,resident_bytes,line\na,1,begin,0,,0,9\na,1,end,8,,%s,9\na,2,begin,0,,0,9\na,2,end,8,,%s,9\n' \
			"$one" "$two" | made >"$BATS_TEST_TMPDIR/$name.csv"
	done
	run -0 --separate-stderr scripts/compare "$BATS_TEST_TMPDIR/base.csv" "$BATS_TEST_TMPDIR/with.csv"
	assert_output --partial 'resident at the end 50 bytes (50 bytes to 70 bytes) → 71 bytes'
}

@test "compare --claim compares one claim only, and says in which folder it is missing" {
	compare "$results/base" "$results/tuned" --claim malloc_is_lazy
	assert_output --partial '1 claim compared'
	refute_contains "$page" "mmap_starts_at_128_kib"
	run -2 --separate-stderr scripts/compare "$results/base" "$results/tuned" --claim malloc_is_lasy
	assert_equal "${#stderr_lines[@]}" 1
	assert_contains "$stderr" "has no result of malloc_is_lasy; make run CLAIM="
}

@test "make compare compares two folders, and says how to make one that does not exist" {
	run -0 make compare BASE="$results/base" WITH="$results/tuned" CLAIM=malloc_is_lazy
	assert_output --partial '1 claim compared'
	run -2 make compare BASE="$results/nowhere" WITH="$results/tuned"
	assert_output --partial "there is no results folder $results/nowhere: make run-all RESULTS="
}

@test "compare names what only one run has, and goes on after a file that is damaged or is not a result" {
	rm "$results/base/3_residency/malloc_is_lazy.csv"
	echo 'name,price' >"$results/base/3_residency/shopping.csv"
	head -c 300 /dev/urandom >"$results/tuned/3_residency/noise.csv"
	sed -i '$d' "$results/tuned/2_brk_or_mmap/mmap_starts_at_128_kib.csv"
	ln -s nowhere "$results/tuned/3_residency/gone.csv"
	echo 'arm' >"$results/tuned/3_residency/"$'\xff\n.csv' # a file name that no claim has
	compare "$results/base" "$results/tuned"
	assert_success
	assert_output --partial "only in $results/tuned, so not compared: 3_residency/malloc_is_lazy"
	assert_output --partial "3_residency/shopping.csv names no format; these scripts read format 2"
	assert_output --partial "3_residency/noise.csv names no format"
	assert_contains "$output" 'mmap_starts_at_128_kib' 'refuted → broken'
	assert_contains "$page" 'cut short: the file has no verdict'
	assert_output --partial '3_residency/gone.csv cannot be read: No such file or directory'
}

@test "compare compares the columns that both results have, and names the other columns" {
	for csv in "$results"/tuned/*/*.csv; do
		sed -i -E 's/minor_fault_count/page_fault_count/; s/^(arm,.*)$/\1,new_bytes/; /^[^#]/{/^arm,/!s/$/,5/}' "$csv"
	done
	compare "$results/base" "$results/tuned"
	assert_success
	assert_output --partial 'only base has the column minor_fault_count: not compared'
	assert_output --partial 'only tuned has the columns page_fault_count, new_bytes: not compared'
	assert_output --partial '3 claims compared'
}

@test "compare prints one sentence and exits with 2 when the runs have nothing in common or no results" {
	mkdir -p "$results/empty" "$results/other/3_residency"
	cp "$results/base/3_residency/malloc_is_lazy.csv" "$results/other/3_residency/another_name.csv"
	for folder in empty other; do
		run -2 --separate-stderr scripts/compare "$results/base" "$results/$folder"
		assert_equal "${#stderr_lines[@]}" 1
		assert_contains "$stderr" 'nothing could be compared: '
	done
}

@test "compare accepts two single files, whatever their names are" {
	cp "$results/tuned/3_residency/malloc_is_lazy.csv" "$results/after.csv"
	run -0 scripts/compare "$results/base/3_residency/malloc_is_lazy.csv" "$results/after.csv"
	assert_output --partial '1 claim compared'
	assert [ -s "$results/compare.html" ]
}

@test "compare escapes the text from results in its page" {
	sed -i 's/^# claim: .*/# claim: <script>alert(1)<\/script>/' "$results"/*/3_residency/malloc_is_lazy.csv
	sed -i 's/^# tunables: .*/# tunables: <b>/' "$results/tuned/3_residency/malloc_is_lazy.csv"
	compare "$results/base" "$results/tuned" --claim malloc_is_lazy
	assert_contains "$page" '&lt;script&gt;'
	refute_contains "$page" '<script'
	refute_contains "$page" '<b>'
}

@test "without matplotlib compare prints the table, writes the page and says how to install matplotlib" {
	compare "$results/base" "$results/tuned"
	assert_success
	assert_output --partial 'refuted → reproduced'
	assert_contains "$stderr" 'python3-matplotlib is missing; scripts/setup installs it'
	assert_contains "$page" 'refuted'
	refute_contains "$page" '<img'
}

@test "compare prints its table and one sentence, exits with 2 and leaves no partial file when it cannot write the page" {
	mkdir "$results/tuned/compare.html"
	run -2 --separate-stderr scripts/compare "$results/base" "$results/tuned" --claim malloc_is_lazy
	assert_output --partial '1 claim compared'
	assert_contains "$stderr" "cannot write $results/tuned/compare.html: "
	refute_contains "$stderr" "Traceback"
	assert_equal "$(find "$results" -name '.*' -type f)" ""
}

@test "all panels of a logarithmic quantity have the same axes" {
	unset PYTHONPATH
	/usr/bin/python3 -c 'import matplotlib' 2>/dev/null || skip "python3-matplotlib is missing: scripts/setup"
	run -0 env PYTHONPATH=scripts /usr/bin/python3 - <<-'PYTHON'
		from touchstone.charts import overlay
		from touchstone.comparison import Comparison
		from touchstone.results import read_result
		from touchstone.sides import Side
		result = read_result("results/reference/0_instrument/a_snapshot_costs_its_system_calls.csv")
		figure = overlay.of_comparison(Comparison(Side("base", [result]), Side("with", [result])))
		panels = [axes for axes in figure.axes if axes.get_visible()]
		print(len(panels) > 3, {axes.get_yscale() for axes in panels}, len({(axes.get_xlim(), axes.get_ylim()) for axes in panels}))
	PYTHON
	assert_output "True {'log'} 1"
}
