#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests that each finding of each claim can fail: a patch in mutations/ makes it fail, or a test names
# it after finding_fails or failed_findings_are, or it fails in an ordinary run of the experiment.
load helper
load mutations

# run_all: runs each claim once and keeps its result in $BATS_TEST_TMPDIR/CHAPTER/CLAIM.csv. When the patches of a claim
# need a command to run under, the claim runs under that command here too.
run_all() {
	local claim under
	for claim in $(scripts/claims); do
		[[ $claim != 9_mine/* ]] || continue
		under=$(cat "tests/mutations/$claim"/*.patch | sed -n 's/^under: //p' | sort -u)
		mkdir -p "$BATS_TEST_TMPDIR/${claim%/*}"
		echo "$under $BUILD/$claim trials=1 >$BATS_TEST_TMPDIR/$claim.csv 2>/dev/null"
	done | xargs -P 2 -I{} bash -c '{} || true'
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

@test "each finding of each claim can fail" {
	run_all
	missing=0
	for claim in $(scripts/claims); do
		[[ $claim != 9_mine/* ]] || continue
		result=$BATS_TEST_TMPDIR/$claim.csv
		grep -q '^# expect: ' "$result" || echo "# $claim was not checked: $(grep '^# reason' "$result")" >&3
		uncovered "$result" >"$BATS_TEST_TMPDIR/uncovered"
		[[ ! -s $BATS_TEST_TMPDIR/uncovered ]] || { missing=1 && sed "s|^|$claim: |" "$BATS_TEST_TMPDIR/uncovered"; }
	done
	assert_equal "$missing" 0
}

@test "each folder of mutations belongs to an experiment" {
	for folder in tests/mutations/*/*/; do
		claim=${folder#tests/mutations/}
		[[ -e experiments/${claim%/}.c ]] || fail "$folder: there is no such experiment"
	done
}
