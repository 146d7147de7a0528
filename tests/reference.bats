#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Texts, reference run and experiments do not drift apart; and what this machine
# does differently from the reference machine is said.

load helper

@test "no claim of the reference run is gone; new ones are named" {
	scripts/claims >"$BATS_TEST_TMPDIR/claims"
	(cd results/reference && find . -path ./bench -prune -o -name '*.csv' ! -name '*.film.csv' -print) | sed 's|^\./||; s|\.csv$||' | sort >"$BATS_TEST_TMPDIR/known"
	assert_equal "$(comm -13 "$BATS_TEST_TMPDIR/claims" "$BATS_TEST_TMPDIR/known")" ""
	new=$(comm -23 "$BATS_TEST_TMPDIR/claims" "$BATS_TEST_TMPDIR/known" | grep -v '^9_' | tr '\n' ' ')
	[ -z "$new" ] || skip "not in the reference run yet (make reference): $new"
}

@test "the texts say what the reference run says" {
	run -0 scripts/maintain/reference --check
}

@test "a text that says something else is found" {
	cp -r scripts README.md "$BATS_TEST_TMPDIR"
	mkdir "$BATS_TEST_TMPDIR/results"
	cp -r results/reference "$BATS_TEST_TMPDIR/results"
	sed -i 's/^# verdict: refuted/# verdict: reproduced/' "$BATS_TEST_TMPDIR/results/reference/4_giving_back/the_four_block_story.csv"
	run -1 "$BATS_TEST_TMPDIR/scripts/maintain/reference" --check
	assert_output --partial "README.md differs"
}

@test "the claims of the reference run are those of the sources" {
	local claim
	for claim in $(scripts/claims); do
		[ -e "results/reference/$claim.csv" ] || continue
		diff <(sed -n 's/^# claim: //p' "results/reference/$claim.csv") \
			<("$BUILD/$claim" --help | sed -n 's/^claim: //p')
	done
}

@test "verdicts on this machine are those of the reference machine (a difference is shown, not an error)" {
	RESULTS=$BATS_TEST_TMPDIR/results run scripts/run
	run -0 scripts/maintain/reference --differs "$BATS_TEST_TMPDIR/results"
	[ -z "$output" ] || skip "this machine differs: $(tr '\n' ';' <<<"$output")"
}
