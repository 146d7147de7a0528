#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # stderr and stderr_lines are set by run
# Tests scripts/report, which turns results into one page that needs no other file.

bats_require_minimum_version 1.7.0
load assertions

setup_file() {
	export missing=''
	/usr/bin/python3 -c 'import jinja2' 2>/dev/null || missing='python3-jinja2 is missing: scripts/setup'
}

setup() {
	[[ -z $missing ]] || skip "$missing"
	project=$BATS_TEST_TMPDIR/project
	results=$project/results/latest
	mkdir -p "$project/scripts" "$project/experiments/3_residency" "$results/3_residency"
	cp -r "$BATS_TEST_DIRNAME"/../scripts/{report,touchstone} "$project/scripts/"
	export PYTHONDONTWRITEBYTECODE=1
	unset RESULTS
	source_of lazy
}

source_of() {
	cat >"$project/experiments/3_residency/$1.c" <<-'C'
		/* SPDX-License-Identifier: MIT */
		/* Addresses are cheap, 1 < 2.
		 *
		 * The mechanism in prose.
		 *
		 * Control: the kernel fills it.
		 * Try: block=1M instead.
		 */
		static void arm(void) { record("after", 0); }
		static void judge(void)
		{
			expect_between("it is lazy", "bytes",
				       0, growth("a", "b", "c").resident_bytes, page_bytes());
			control_equal("filled at once", "bytes", 67108864, y_of("b", "after"));
		}
	C
}

# result NAME [JUDGEMENT_LINE ...]: writes a result that ends with these lines.
result() {
	local name=$1
	shift
	{
		printf '# format: 2\n# claim: %s is <lazy>\n# asked: Is %s & co lazy?\n' "$name" "$name"
		printf '# instead: the truth\n# source: experiments/3_residency/lazy.c\n# charted: resident_bytes\n'
		printf '# %s\n' 'knob: block | 67108864 | bytes | size of the block' 'setting: trials | 1 |  | how often each arm runs' \
			'arm: a | test | ran |' 'arm: b | control | left out: no such tool | X=1' 'page_size: 4096 bytes'
		printf '# tunables: %s\n' "${tunables-none}"
		printf 'arm,trial,stage,x,y,resident_bytes,line\na,1,after,0,,1234567,9\n'
		(($# == 0)) || printf '# %s\n' "$@"
	} >"$results/3_residency/$name.csv"
}

held='expect: held | 0 <= 4096 <= 8192 | bytes | a | 12 | it is lazy'
control='control: held | 67108864 == 67108864 | bytes | b | 14 | filled at once'

report() {
	"$project/scripts/report" "$results" && page=$(<"$results/index.html")
}

has() {
	[[ $page == *"$1"* ]] || {
		echo "the page lacks: $1"
		return 1
	}
}

has_not() {
	[[ $page != *"$1"* ]] || {
		echo "the page has: $1"
		return 1
	}
}

@test "a finding shows the measured number, its interval, and its line in the source" {
	result lazy "$held" "$control" "verdict: reproduced"
	report
	has '<span class="number">4 KiB</span><small class="raw">4,096 bytes</small>'
	has '0 to 8 KiB'
	has '<a href="#3_residency-lazy-L12">line 12</a>'
	has '<span class="tag">control</span> filled at once'
	has 'it is lazy: <strong class="number">4 KiB</strong> (expected: 0 to 8 KiB)'
	has 'To change: <a href="../../experiments/3_residency/lazy.c">'
	has '<a href="#chapter-3_residency">'
}

@test "a finding shows the middle one of its numbers as measured, also when one side of its interval is open" {
	result lazy 'expect: held | -inf <= 1.5 <= 2 (quartiles 1.4 to 1.6) | times | a, b | 7 | as fast' \
		'expect: held | -inf <= -8192 <= -4096 | bytes | a | 7 | goes down by' \
		'expect: held | 2 <= 9 <= inf | faults | a | 7 | it faults' "$control" "verdict: reproduced"
	report
	has '<span class="number">1.5 times</span>'
	has 'middle half of the trials: 1.4 to 1.6'
	has 'at most 2 times</span>'
	has '<span class="number">-8 KiB</span>'
	has 'at most -4 KiB'
	has '<span class="number">9 faults</span>'
	has 'at least 2 faults</span>'
}

@test "a finding links to the line that the result names, whatever its sentence says" {
	result lazy 'expect: held | 1 == 1 | pages | a | 17 | the one: pages | bars and all' \
		'expect: held | 8192 == 8192 | bytes | a | 18 | the other: bytes that came, bytes' "$control" "verdict: reproduced"
	report
	has 'the one: pages | bars and all <small><a href="#3_residency-lazy-L17">'
	has 'the other: bytes that came <small><a href="#3_residency-lazy-L18">'
}

@test "a number has the unit that the result names, whatever units its sentence mentions" {
	result lazy 'expect: held | 9 == 9 | blocks | a | 7 | freed blocks after which the threshold is 128 KiB' \
		'expect: held | 4096 == 4096 | pages | a | 7 | pages that kept their bytes' \
		'expect: held | 1 <= 348 <= inf | bytes | a | 7 | above it, bytes' \
		'expect: held | 1 == 1 | calls | a | 7 | called once' \
		'expect: held | 0 <= 2048 <= 4096 | bytes | a | 7 | resident after all turns, bytes: half of it' "$control" "verdict: reproduced"
	report
	for number in '9 blocks' '4,096 pages' '348 bytes' '1 call' '2 KiB' 'at least 1 byte'; do has "<span class=\"number\">$number</span>"; done
	has 'resident after all turns: half of it'
}

@test "the report shows values, units and meanings of knobs and arms, and why an arm was left out" {
	result lazy "$held" "$control" "verdict: reproduced"
	report
	has '<dt>knob <code>block</code></dt><dd>64 MiB, <span class="soft">size of the block</span></dd>'
	has '<dt>knob <code>trials</code></dt><dd>1, <span class="soft">how often each arm runs</span></dd>'
	has '<code>X=1</code> <span class="soft">left out: no such tool</span>'
}

@test "the report refuses a result in another format, or without a format, with a sentence" {
	result old "$held" "$control" "verdict: reproduced"
	result none "$held" "$control" "verdict: reproduced"
	sed -i 's/^# format: 2/# format: 3/' "$results/3_residency/old.csv"
	sed -i '/^# format/d' "$results/3_residency/none.csv"
	report
	has 'is in format 3; these scripts read format 2: measure again with make run-all'
	has 'names no format; these scripts read format 2: measure again with make run-all'
	has_not 'badge reproduced"><span aria-hidden="true">✓</span> reproduced</span> <a href='
}

@test "the report shows sizes that are not whole KiB exactly, and writes the unit of an interval once" {
	result lazy 'expect: held | 131049 <= 134473 <= 131072 | bytes | a | 7 | size' \
		'expect: held | 4096 <= 5120 <= 8192 | bytes | a | 7 | more' "$control" "verdict: reproduced"
	report
	has '<span class="number">134,473 bytes</span></td>'
	has '131,049 to 131,072 bytes</span></td>'
	has '4 to 8 KiB'
}

@test "the report shows what a refuted claim says, what was measured and what is true instead" {
	result lazy 'expect: failed | 0 <= 12288 <= 8192 | bytes | a | 12 | it is lazy' "$control" "verdict: refuted"
	report
	has '<dt class="rest">As told</dt><dd class="rest">lazy is &lt;lazy&gt;</dd>'
	has 'fails: measured 12 KiB, where the claim predicts 0 to 8 KiB.'
	has '<dt class=rest>Because</dt><dd class=rest>the truth</dd>'
}

@test "the report opens with how many sentences are wrong, and with each claim as a tile: what it says, its picture, what is true" {
	result lazy "$held" "$control" "verdict: reproduced"
	report
	has '<h1>Does this machine do what the textbook says?</h1>'
	result wrong 'expect: failed | 0 <= 12288 <= 8192 | bytes | a | 12 | it is lazy' "$control" "verdict: refuted"
	printf '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 50"><title>REFUTED: wrong is lazy - instead: the truth</title>%s%s</svg>' \
		'<g transform="translate(18.00,20.00)"><text>REFUTED: wrong is</text></g><g transform="translate(18.00,30.00)"><text>lazy</text></g>' \
		'<g transform="translate(18.00,40.00)"><text>a number</text></g>' >"$results/3_residency/wrong.svg"
	report
	has '<h1>1 of 2 textbook sentences is wrong on this machine</h1>'
	has 'data-verdict="refuted" data-words="wrong wrong"'
	has '<s>wrong is &lt;lazy&gt;</s>'
	has '<svg class="thumbnail" viewBox="0 38 90 12" aria-hidden="true"><use href="#3_residency-wrong-drawing"/></svg>'
	has '<p class="truth">the truth'
	has '<p class="truth">it is lazy: <strong class="number">4 KiB</strong> (expected: 0 to 8 KiB)'
}

@test "each claim leads to the one before it and the one after it" {
	result lazy "$held" "$control" "verdict: reproduced"
	result other "$held" "$control" "verdict: reproduced"
	report
	has '<a href="#3_residency-other" rel="next"'
	has '<a href="#3_residency-lazy" rel="prev"'
	assert_equal "$(grep -o 'rel="[np]' "$results/index.html" | wc -l)" 2
}

@test "the report shows what is true instead as a group of its own, and a verdict that is not as told" {
	result refuted 'asked_with: bits=47' 'expect: failed | 135168 <= never <= 143424 | bytes | a | 12 | it goes down' "$control" \
		'true_instead: held | 7 == 7 | faults | a | 13 | it stays' 'verdict: refuted'
	report
	has '<th role="rowheader" scope="rowgroup" colspan="4">What is true instead, measured in the same run</th>'
	has '<strong>with bits=47, not as told</strong>'
	has '<span class="number">never</span>'
	has '“it goes down” fails: measured never, where the claim predicts 135,168 to 143,424 bytes'
	has '<dt class=rest>Because</dt><dd class=rest>the truth</dd>'
	has_not '“it stays” fails'
}

@test "the report does not show what is true instead as failed in a run that is not refuted" {
	result lazy "$held" "$control" 'true_instead: failed | 9 == 7 | faults | a | 13 | it stays' 'verdict: reproduced'
	report
	has '<span class="not judged here">not judged here</span>'
	has_not '>failed</span>'
}

@test "the report says so when what is known to be true instead does not hold either" {
	result refuted 'expect: failed | 0 <= 9 <= 8 | bytes | a | 12 | it goes down' "$control" \
		'true_instead: failed | 9223372036854775807 == 7 | faults | a | 13 | it stays' \
		'reason: refuted, and not for the reason that is known: this failed too: it stays' 'verdict: refuted'
	report
	has '<dt>Because</dt><dd>refuted, and not for the reason that is known: this failed too: it stays. What is known to be true elsewhere: the truth</dd>'
	has '(expected: 0 to 8 bytes). refuted, and not for the reason that is known: this failed too: it stays'
	has_not ' PiB'
	has_not 9223372036854775807
}

@test "the report shows a file without a verdict as broken, and counts every verdict" {
	result cut "$held"
	result nothere "reason: no swap here" "verdict: unsupported"
	result unsure "$held" "reason: a control failed" "verdict: inconclusive"
	result odd "$held" "verdict: splendid"
	report
	has '<b>2</b> <span><span class="badge broken">'
	has '<b>1</b> <span><span class="badge unsupported">'
	has '<b>1</b> <span><span class="badge inconclusive">'
	has 'cut short'
	has 'no swap here'
	has '&#34;splendid&#34; is not a verdict'
}

@test "the report shows a result with a damaged line as broken, and names the line" {
	result lazy "$held" "verdict: reproduced"
	sed -i 's/^a,1,after,0,,1234567,9$/a,1,after,0/' "$results/3_residency/lazy.csv"
	report
	has 'damaged: line 14: 4 cells under a header of 7'
	has_not 'badge reproduced"><span aria-hidden="true">✓</span> reproduced</span> <a href='
	result lazy 'expect: held | 4096 | bytes | a | 12 | it is lazy' "verdict: reproduced"
	report
	has 'damaged: line 15: &#34;4096&#34; is neither LEAST &lt;= MEASURED &lt;= MOST nor MEASURED == EXPECTED'
}

@test "the report escapes the text from results and sources" {
	result lazy "$held" "reason: <script>alert(1)</script>" "verdict: broken"
	report
	has '&lt;script&gt;alert(1)'
	has 'Is lazy &amp; co lazy?'
	has 'Addresses are cheap, 1 &lt; 2.'
	has_not '<script>alert'
}

@test "the report gives the ids of each chart a name of their own, and removes scripts and outside links from it" {
	result lazy "$held" "$control" "verdict: reproduced"
	result also "$held" "$control" "verdict: reproduced"
	for name in lazy also; do
		cat >"$results/3_residency/$name.svg" <<-'SVG'
			<?xml version="1.0"?>
			<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="10" height="5" onload="x()">
			<script>alert(1)</script><defs><path id="p"/></defs><use xlink:href="#p" fill="url(#p)"/>
			<image xlink:href="http://example.org/x.png"/></svg>
		SVG
	done
	sed -i 's/reproduced/refuted/' "$results/3_residency/also.csv"
	report
	has 'expected 0 to 8 KiB. the truth"'
	has 'id="3_residency-lazy-p"'
	has 'xlink:href="#3_residency-also-p" fill="url(#3_residency-also-p)"'
	has 'role="img" aria-label="Chart for: lazy is &lt;lazy&gt;. Verdict: reproduced.'
	has_not 'alert('
	has_not 'onload'
	has_not 'example.org'
	assert_equal "$(grep -o ' id="[^"]*"' "$results/index.html" | sort | uniq -d)" ""
}

# series FOLDER/NAME LINE...: writes a series of two points, with further lines of metadata.
series() {
	local path=$results/$1.csv
	shift
	mkdir -p "${path%/*}"
	{
		printf '# format: 2\n# claim: it is lazy\n# charted: y\n# x: block, bytes | bytes\n# y: so much | count\n'
		printf '# %s\n' 'arm: a | test | ran |' "$@"
		printf 'arm,trial,stage,x,y,resident_bytes,line\na,1,%s,1048576,1,4096,9\na,1,%s,2097152,2,%s,9\n' "$one" "$two" "$moved"
		printf '# expect: failed | 0 <= 9 <= 8 | pages | a | 12 | %s: it is lazy\n' "$two"
		printf '# point: %s | reproduced |\n# point: %s | refuted |\n# verdict: refuted\n' "$one" "$two"
	} >"$path"
}

@test "the report shows sweeps under a slider, confounds as a table, and journals with their pictures" {
	result lazy "$held" "$control" "verdict: reproduced"
	one='block=1M' two='block=2M' moved=4096 series sweeps/lazy.block 'swept: block' 'column: y'
	mkdir "$results/sweeps/lazy.block"
	for point in block=1M block=2M; do
		echo '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="5"><path id="p"/></svg>' >"$results/sweeps/lazy.block/$point.svg"
	done
	one='as it is (1)' two='huge pages' moved=2097152 series confounds/lazy 'confounded_columns: resident_bytes'
	mkdir -p "$results/journal/our_copy"
	printf '\x89PNG' >"$results/journal/our_copy/overlay.png"
	printf '# our_copy\n\n> 1 < 2\n\n![it moved](our_copy/overlay.png)\n\n![not this](../../secret.png)\n' >"$results/journal/our_copy.md"
	printf 'secret' >"$results/../secret.png"
	report
	has 'Every position of this slider was run on this machine'
	has '<input type="range" min="0" max="1" value="0">'
	has 'data-told="block = 2 MiB: refuted"'
	has 'it is lazy: <span class="number">9 pages</span> <span class="soft">(expected: 0 to 8 pages)'
	has 'id="3_residency-lazy-lazy_block-1-p"'
	has '<td role="cell">huge pages</td><td role="cell" data-is="verdict">refuted *</td>'
	has '4 KiB → 2 MiB'
	has 'The verdict is turned (*) by: huge pages.'
	has '<pre class="journal" tabindex="0"># our_copy

&gt; 1 &lt; 2</pre>'
	has 'alt="it moved" src="data:image/png;base64,iVBORw=='
	has 'The picture “not this” is not there.'
	assert_equal "$(grep -o ' id="[^"]*"' "$results/index.html" | sort | uniq -d)" ""
	rm "$results/sweeps/lazy.block/block=1M.svg"
	report
	has_not 'type="range" min="0" max="0"'
}

@test "the report shows the rows when there is no chart, and says how to get charts" {
	result lazy "$held" "$control" "verdict: reproduced"
	report
	has 'gnuplot draws them: <code>scripts/setup</code>'
	has '<td class="right">1,234,567</td>'
	sed -i "/^a,1,/d" "$results/3_residency/lazy.csv"
	report
	has "Nothing was recorded"
}

@test "the report takes the mechanism, the control and the thing to try from the source" {
	result lazy "$held" "$control" "verdict: reproduced"
	report
	has '<p class="lead">Addresses are cheap'
	has '<p>The kernel fills it.</p>'
	has '<p>block=1M instead.</p>'
	has 'make run CLAIM=lazy KNOBS=&#34;block=1M&#34;'
	has '“after” <span class="soft">in line <a href="#3_residency-lazy-L9">9</a>'
}

@test "the report says that a source is missing or outside the project, and does not read it" {
	result lazy "$held" "verdict: reproduced"
	sed -i 's|^# source: .*|# source: ../../../../../../../../etc/passwd|' "$results/3_residency/lazy.csv"
	report
	has 'is not in this project'
	has_not 'root:'
}

@test "the report shows the table of ps, and the first and last listing of pmap for the first arm" {
	result lazy "$held" "$control" "verdict: reproduced"
	observed=$results/3_residency/lazy.observed
	mkdir "$observed"
	printf '%s\n' arm,trial,stage,x,pid,vsz_kib,rss_kib,min_flt,maj_flt \
		a,1,before,0,71234,2048,1024,7,0 a,1,mid,0,71234,2048,1024,7,0 \
		a,1,after,0,71234,4096,3072,9,0 b,1,before,0,71235,2048,1024,7,0 >"$observed/ps.csv"
	for n in 1 2 3 4; do echo "listing $n <x>" >"$observed/00$n.pmap-x.txt"; done
	report
	has '<td class="right">71234</td><td class="right">4,096</td>'
	has 'listing 1 &lt;x&gt;'
	has 'listing 3 &lt;x&gt;'
	has_not 'listing 2'
	has_not 'listing 4'
}

@test "the report says which results come from different conditions" {
	result lazy "$held" "$control" "verdict: reproduced"
	tunables=arena_max=1 result other "$held" "$control" "verdict: reproduced"
	report
	has 'The results differ:'
	has '<div>arena_max=1 <small>(1 claim: other)'
}

@test "the report orders chapters by number under the heading of their README, and names what was not run" {
	mkdir -p "$project/experiments/10_last" "$results/10_last"
	source_of unrun
	echo '# Does malloc(n) take n bytes?' >"$project/experiments/3_residency/README.md"
	result lazy "$held" "verdict: reproduced"
	cp "$results/3_residency/lazy.csv" "$results/10_last/"
	report
	assert_contains "$page" '3. Does malloc(n) take n bytes?</h2>' '10. last</h2>'
	has '<code>3_residency/unrun</code>'
}

@test "report prints one sentence and exits with 2 when there is no result or the page cannot be written" {
	run -2 --separate-stderr "$project/scripts/report" "$project/nowhere"
	assert_equal "${#stderr_lines[@]}" 1
	assert_contains "$stderr" "is not a folder" "make run-all"
	run -2 --separate-stderr "$project/scripts/report" "$results"
	assert_equal "${#stderr_lines[@]}" 1
	assert_contains "$stderr" "holds no CHAPTER/CLAIM.csv"
	result lazy "$held" "verdict: reproduced"
	mkdir "$results/index.html"
	run -2 --separate-stderr "$project/scripts/report" "$results"
	assert_equal "${#stderr_lines[@]}" 1
	assert_contains "$stderr" "cannot write"
	assert_equal "$(find "$results" -name '.index*')" ""
}

@test "report takes the folder from RESULTS when it has no argument" {
	result lazy "$held" "verdict: reproduced"
	mv "$results" "$project/results/monday"
	cd /
	RESULTS=results/monday "$project/scripts/report"
	assert [ -s "$project/results/monday/index.html" ]
}

@test "without jinja2 report says how to install it and exits with 77" {
	mkdir "$BATS_TEST_TMPDIR/without"
	echo 'raise ImportError' >"$BATS_TEST_TMPDIR/without/jinja2.py"
	PYTHONPATH=$BATS_TEST_TMPDIR/without run -77 --separate-stderr "$project/scripts/report" "$results"
	assert_equal "${#stderr_lines[@]}" 1
	assert_contains "$stderr" "scripts/setup"
}
