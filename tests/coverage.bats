#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests that each finding of each claim can fail: a patch in mutations/ makes it fail, or a test names
# it after finding_fails or failed_findings_are, or it fails in an ordinary run of the experiment. That run also shows what
# this machine does differently from the reference machine.
# bats file_tags=long
load helper
load mutations

setup() {
	counting=() timing=() needy=()
	for claim in $(scripts/claims); do
		if [[ $claim == mine/* || $claim == course_* ]]; then
			continue
		elif [[ -n $(under "$claim") ]]; then
			needy+=("$claim")
		elif grep -q '_at_\(least\|most\)(' "experiments/$claim.c"; then
			timing+=("$claim")
		else
			counting+=("$claim")
		fi
	done
	export RESULTS=$BATS_FILE_TMPDIR/results
}

# under CLAIM: prints the command that the patches of a claim need to run under.
under() {
	cat "tests/mutations/$1"/*.patch | sed -n 's/^under: //p' | sort -u
}

# measured CLAIM ...: measures these claims, unless the test before has.
measured() {
	[[ -e $RESULTS/$1.csv ]] || scripts/run "$@" || true
}

# said_to_fail CLAIM: prints the sentences that patches and tests expect to fail. In a test these are the quoted texts after
# finding_fails or failed_findings_are, also those on the lines that a \ joins to it.
said_to_fail() {
	local patch
	for patch in tests/mutations/*/"$1"/*.patch; do
		in_head fails "$patch"
	done
	awk -v claim="$1" '
		/^@test / { here = index($0, "\"" claim " ") }
		/^\t(finding_fails|failed_findings_are) / { told = 1 }
		here && told { line = $0; while (split(line, part, "\"") > 2) { print part[2]; line = substr(line, length(part[1] part[2]) + 3) } }
		!/\\$/ { told = 0 }' tests/*.bats
}

# uncovered RESULT: prints the findings of which nothing says that they can fail. A sentence about several
# arms is one line of the source and counts once.
uncovered() {
	local kind outcome line sentence told pattern
	local -A found covered
	mapfile -t told < <(said_to_fail "$(basename "$1" .csv)")
	while IFS=$'\t' read -r kind outcome line sentence; do
		found[$line]="$kind: $sentence"
		[[ $outcome != failed ]] || covered[$line]=yes
		for pattern in "${told[@]}"; do
			# shellcheck disable=SC2053 # the sentence to fail is a pattern
			[[ $sentence != $pattern ]] || covered[$line]=yes
		done
	done < <(findings_in <"$1")
	for line in "${!found[@]}"; do
		[[ -n ${covered[$line]-} ]] || echo "${found[$line]}"
	done
}

# can_fail CLAIM ...: each finding in the results of these claims can fail. What is unsupported here has no findings
# and is named; what is broken has none either, and fails.
can_fail() {
	local claim missing=0
	for claim; do
		! grep -q '^# verdict: broken' "$RESULTS/$claim.csv" ||
			fail "$claim is broken: $(grep '^# reason' "$RESULTS/$claim.csv")"
		grep -q '^# expect: ' "$RESULTS/$claim.csv" || echo "# $claim was not checked: $(grep '^# reason' "$RESULTS/$claim.csv")" >&3
		uncovered "$RESULTS/$claim.csv" >"$BATS_TEST_TMPDIR/uncovered"
		[[ ! -s $BATS_TEST_TMPDIR/uncovered ]] || { missing=1 && sed "s|^|$claim: |" "$BATS_TEST_TMPDIR/uncovered"; }
	done
	assert_equal "$missing" 0
}

@test "each finding of each claim that compares no timings can fail" {
	measured "${counting[@]}"
	can_fail "${counting[@]}"
}

@test "this machine comes to the verdicts of the reference machine (a difference is shown, and is not an error)" {
	measured "${counting[@]}" # the tests of the chapters ask for the verdicts of the others
	run -0 scripts/maintain/reference --differs "$RESULTS"
	[ -z "$output" ] || skip "this machine differs: $(tr '\n' ';' <<<"$output")"
}

@test "each finding of each claim that compares timings can fail" {
	KNOBS=trials=1 measured "${timing[@]}" # which findings there are does not depend on the timings
	can_fail "${timing[@]}"
}

# trials_of PATCH: in how many trials a patch runs its experiment.
trials_of() {
	local trials
	trials=$(in_head arguments "$1" | grep -o 'trials=[0-9]*' || "$BUILD/$(claim_of "$1")" --help | grep -o '^  trials=[0-9]*')
	echo "${trials#*=}"
}

# ratios_in KIND RESULT: the sentences of the findings on ratios.
ratios_in() {
	grep "^# $1: .* (quartiles " "$2" | findings_in | cut -f4
}

# can_say_failed PATCH RESULT: are there trials enough for what the patch says of ratios? Where all trials are on the wrong
# side, the sign test (lib/harness/judge.c) is in error once in 2^trials runs. Failed is what is so in at most one of 20 runs,
# and of several expectations, together in at most one.
can_say_failed() {
	local kind told sentence together trials
	trials=$(trials_of "$1")
	while read -r told; do
		for kind in expect control true_instead; do
			while read -r sentence; do
				together=1
				[[ $kind != expect ]] || together=$(ratios_in expect "$2" | wc -l)
				# shellcheck disable=SC2053 # the sentence to fail is a pattern
				[[ $sentence != $told ]] || ((2 ** trials >= 20 * together)) ||
					fail "$1: with trials=$trials and $together expectations on ratios this cannot fail: $sentence"
			done < <(ratios_in "$kind" "$2")
		done
	done < <(in_head fails "$1")
}

@test "each patch that makes a ratio fail runs in trials enough to say so" {
	KNOBS=trials=1 measured "${timing[@]}"
	for claim in "${timing[@]}"; do
		for patch in "tests/mutations/$claim"/*.patch; do
			can_say_failed "$patch" "$RESULTS/$claim.csv"
		done
	done
}

# bats test_tags=alone
@test "each finding of each claim that needs a command to run under can fail" {
	for claim in "${needy[@]}"; do
		read -ra command < <(under "$claim")
		"${command[@]}" scripts/run "$claim" || true
	done
	can_fail "${needy[@]}"
}

@test "each folder of mutations belongs to an experiment" {
	for folder in tests/mutations/*/*/; do
		claim=${folder#tests/mutations/}
		[[ -e experiments/${claim%/}.c ]] || fail "$folder: there is no such experiment"
	done
}
