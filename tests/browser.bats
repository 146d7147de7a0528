#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The report of a small real run, in a browser: see browser/checks.mjs for what it must be.

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

# Charts, films, a map, what ps and pmap saw, long numbers, a prediction, and every verdict.
small_run() {
	scripts/run malloc_is_lazy the_four_block_story regions_come_in_order a_64_bit_process_has_256_tib >/dev/null
	scripts/observe malloc_is_lazy regions_come_in_order || true
	scripts/address_map regions_come_in_order || true
	scripts/chart "$RESULTS"/*/*.csv >/dev/null
	other_verdict inconclusive unsupported broken
	scripts/report
}

# other_verdict VERDICT...: rows under another verdict, without chart and source, and a reason that names a long path.
other_verdict() {
	local verdict
	mkdir "$RESULTS/9_x"
	for verdict; do
		sed "/^# source/d; s|^# verdict: .*|# reason: see experiments/$(printf 'a_long_name_%.0s' {1..8})\n# verdict: $verdict|" \
			"$RESULTS/4_giving_back/the_four_block_story.csv" >"$RESULTS/9_x/$verdict.csv"
	done
}

in_the_browser() {
	local status=0
	node tests/browser/report.test.mjs "$BATS_FILE_TMPDIR/results/index.html" "$@" || status=$?
	((status != 77)) || skip "$BROWSER opens no page here"
	return "$status"
}

@test "the report in a browser: silent, moving, reachable, legible, printable" {
	in_the_browser
}

@test "each of these checks complains of a report that is spoiled for it" {
	in_the_browser spoiled
}
