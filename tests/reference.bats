#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests that texts, reference run and experiments agree. (coverage.bats shows what this machine does differently from
# the reference machine.)

load helper

@test "every claim of the reference run exists, and claims that are not in it yet are named" {
	scripts/claims >"$BATS_TEST_TMPDIR/claims"
	(cd results/reference && find . -path ./bench -prune -o -name '*.csv' ! -name '*.film.csv' -print) | sed 's|^\./||; s|\.csv$||' | sort >"$BATS_TEST_TMPDIR/known"
	assert_equal "$(comm -13 "$BATS_TEST_TMPDIR/claims" "$BATS_TEST_TMPDIR/known")" ""
	new=$(comm -23 "$BATS_TEST_TMPDIR/claims" "$BATS_TEST_TMPDIR/known" | grep -v '^9_' | tr '\n' ' ')
	[ -z "$new" ] || skip "not in the reference run yet (make reference): $new"
}

@test "the texts say what the reference run says" {
	run -0 scripts/maintain/reference --check
}

@test "reference --check finds a text that does not agree with the reference run" {
	cp -r scripts README.md "$BATS_TEST_TMPDIR"
	mkdir "$BATS_TEST_TMPDIR/results"
	cp -r results/reference "$BATS_TEST_TMPDIR/results"
	sed -i 's/^# verdict: refuted/# verdict: reproduced/' "$BATS_TEST_TMPDIR/results/reference/4_giving_back/the_four_block_story.csv"
	run -1 "$BATS_TEST_TMPDIR/scripts/maintain/reference" --check
	assert_output --partial "README.md differs"
}

@test "the reference run states each claim in the same words as its source" {
	local claim
	for claim in $(scripts/claims); do
		[ -e "results/reference/$claim.csv" ] || continue
		diff <(sed -n 's/^# claim: //p' "results/reference/$claim.csv") \
			<("$BUILD/$claim" --help | sed -n 's/^claim: //p')
	done
}

@test "the committed charts are those that chart draws of their results today" {
	[[ $(gnuplot --version) == 'gnuplot 5.4 '* ]] || skip 'another gnuplot than 5.4 writes other bytes'
	cp -r results/reference "$BATS_TEST_TMPDIR/drawn"
	rm -r "$BATS_TEST_TMPDIR/drawn/bench"
	find "$BATS_TEST_TMPDIR/drawn" -name '*.svg' -delete
	scripts/chart "$BATS_TEST_TMPDIR/drawn"
	diff -rq --exclude=bench results/reference "$BATS_TEST_TMPDIR/drawn"
}

@test "make reference CLAIM=name measures that claim only, and measures nothing for a wrong name" {
	project "$BATS_TEST_TMPDIR/project" malloc_is_lazy free_keeps_a_heap_block
	cp "$ROOT/README.md" .
	RESULTS=results/reference scripts/run
	find results -type f -exec touch -d yesterday {} +
	run -0 make reference CLAIM=malloc_is_lazy
	run -0 find results -type f -newermt '1 hour ago' -printf '%f\n'
	[ "$(sort <<<"$output")" = $'malloc_is_lazy.csv\nmalloc_is_lazy.film.csv\nmalloc_is_lazy.svg' ]
	run -2 make reference CLAIM=malloc_is_lasy
	[[ $output == *'there is no claim "malloc_is_lasy"'* ]]
	[ -e results/reference/4_giving_back/free_keeps_a_heap_block.csv ]
}
