#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Opens the report of a small real run in a browser; browser/checks.mjs says what the page must do there.

load helper

setup_file() {
	lacking=''
	BROWSER=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || lacking+=', chromium'
	[[ $(node --version 2>/dev/null) =~ ^v(1[89]|[2-9][0-9])\. ]] || lacking+=', node (18 or newer)'
	[[ -d tests/browser/node_modules/playwright-core && -d tests/browser/node_modules/axe-core ]] ||
		lacking+=', playwright-core and axe-core (npm, tests/browser)'
	/usr/bin/python3 -c 'import jinja2' 2>/dev/null || lacking+=', python3-jinja2'
	command -v gnuplot >/dev/null || lacking+=', gnuplot'
	lacking=${lacking#, }
	export BROWSER lacking
	[[ -n $lacking ]] || RESULTS=$BATS_FILE_TMPDIR/results PYTHONDONTWRITEBYTECODE=1 small_run
}

setup() {
	[[ -z $lacking ]] || skip "missing: $lacking: scripts/setup tests"
}

# Makes a report with charts, films, a map, the views of ps and pmap, long numbers and every verdict.
small_run() {
	scripts/run the_four_block_story regions_come_in_order a_64_bit_process_has_256_tib >/dev/null
	scripts/observe the_four_block_story regions_come_in_order || true
	scripts/address_map regions_come_in_order || true
	scripts/sweep the_four_block_story B 10K 40K x2 >/dev/null
	class_predicts the_four_block_story 64K 64K 128K -1M same
	scripts/chart "$RESULTS"/*/*.csv >/dev/null
	other_verdict inconclusive unsupported broken
	scripts/report
	fewer_claims
}

# Makes a report of those that are enough to be spoiled, next to the other one.
fewer_claims() {
	mkdir "$BATS_FILE_TMPDIR/fewer"
	cp -r "$RESULTS"/{4_giving_back,9_x,sweeps} "$BATS_FILE_TMPDIR/fewer/"
	scripts/report "$BATS_FILE_TMPDIR/fewer"
}

# class_predicts CLAIM PREDICTION...
class_predicts() {
	PYTHONPATH=scripts /usr/bin/python3 -B - "$RESULTS"/*/"$1.csv" "${@:2}" <<-'END'
		import sys
		from pathlib import Path
		from touchstone import prediction
		from touchstone.results import read_result
		path = Path(sys.argv[1])
		result = read_result(path)
		question = prediction.question_of(result)
		for text in sys.argv[2:]:
		    prediction.append(path, prediction.hands(text, question), question, result.knobs)
	END
}

# other_verdict VERDICT...: writes a result with each verdict, without chart and source, whose reason names a long path.
other_verdict() {
	local verdict
	mkdir "$RESULTS/9_x"
	for verdict; do
		sed "/^# source/d; s|^# verdict: .*|# reason: see experiments/$(printf 'a_long_name_%.0s' {1..8})\n# verdict: $verdict|" \
			"$RESULTS/4_giving_back/the_four_block_story.csv" >"$RESULTS/9_x/$verdict.csv"
	done
}

# in_the_browser [MODE] [PAGE]
in_the_browser() {
	local status=0 SAID=$BATS_TEST_TMPDIR/said
	export SAID
	node tests/browser/report.test.mjs "${2:-$BATS_FILE_TMPDIR/results/index.html}" ${1:+"$1"} || status=$?
	[[ ! -e $SAID ]] || sed 's/^/# /' "$SAID" >&3
	((status != 77)) || skip "$BROWSER opens no page here"
	return "$status"
}

@test "the report works in a browser: it loads nothing, its films move, and it can be read, used by keyboard and printed" {
	in_the_browser
}

# bats test_tags=long
@test "each claim of the reference run has question, verdict and picture on one screen, and the chart on its printed page" {
	cp -r results/reference "$BATS_TEST_TMPDIR/"
	RESULTS=$BATS_TEST_TMPDIR/reference scripts/report
	in_the_browser every "$BATS_TEST_TMPDIR/reference/index.html"
}

# bats test_tags=long
@test "each browser check complains of a report that was spoiled for it" {
	in_the_browser spoiled "$BATS_FILE_TMPDIR/fewer/index.html"
}
