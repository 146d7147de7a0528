#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Each expectation and each control of each claim can fail: a patch in mutations/ says that it does, or
# the finding_fails or failed_findings_are of a test, or it fails when the experiment is run as it is.
load helper
load mutations

# run_all: each claim once, into $BATS_TEST_TMPDIR/CHAPTER/CLAIM.csv. A claim whose patches need a command
# to run under is run under it too.
run_all() {
	local claim under
	for claim in $(scripts/claims); do
		[[ $claim != 9_mine/* ]] || continue
		under=$(cat "tests/mutations/$claim"/*.patch | sed -n 's/^under: //p' | sort -u)
		mkdir -p "$BATS_TEST_TMPDIR/${claim%/*}"
		echo "$under $BUILD/$claim trials=1 >$BATS_TEST_TMPDIR/$claim.csv 2>/dev/null"
	done | xargs -P 2 -I{} bash -c '{} || true'
}

# said_to_fail CLAIM: the sentences that patches and tests say to fail. Of a test these are what stands in
# quotes behind finding_fails or failed_findings_are, up to the last of the lines that \ joins.
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

# uncovered RESULT: the expectations and controls of which nothing says that they can fail. One that is
# stated for several arms stands in one line of the source and counts once.
uncovered() {
	local kind outcome line sentence told pattern
	local -A found covered
	mapfile -t told < <(said_to_fail "$(basename "$1" .csv)")
	while IFS=$'\t' read -r kind outcome line sentence; do
		found[$line]="$kind: $sentence"
		[[ $outcome != failed ]] || covered[$line]=yes
		for pattern in "${told[@]}"; do
			# shellcheck disable=SC2053 # it is a pattern
			[[ $sentence != $pattern ]] || covered[$line]=yes
		done
	done < <(findings_in <"$1")
	for line in "${!found[@]}"; do
		[[ -n ${covered[$line]-} ]] || echo "${found[$line]}"
	done
}

@test "each expectation and each control of each claim can fail" {
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
