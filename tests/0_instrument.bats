#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Chapter 0: each claim comes out as measured, and a tool that is not installed is only left out.
# (What each verdict depends on is tested by mutations/0_instrument.)

load helper

# A PATH on which nothing is found but what is named.
path_with() {
	local tool
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	for tool; do
		ln -sf "$(command -v "$tool")" "$BATS_TEST_TMPDIR/bin/"
	done
	echo "$BATS_TEST_TMPDIR/bin"
}

@test "the_probe_moves_nothing is reproduced" {
	comes_out reproduced experiment the_probe_moves_nothing
}

@test "counting_is_exact is reproduced" {
	comes_out reproduced experiment counting_is_exact
}

@test "ps_and_the_probe_agree is reproduced" {
	comes_out reproduced experiment ps_and_the_probe_agree
}

@test "ps_and_the_probe_agree is unsupported without ps" {
	comes_out unsupported env PATH="$(path_with awk)" "$(program ps_and_the_probe_agree)"
}

# bats test_tags=alone
@test "a_snapshot_costs_its_system_calls is reproduced" {
	comes_out reproduced experiment a_snapshot_costs_its_system_calls
}

@test "a_snapshot_costs_its_system_calls leaves out tools that are not installed" {
	env PATH="$(path_with)" "$(program a_snapshot_costs_its_system_calls)" trials=1 large=16M largest=32M readings=250 >"$BATS_TEST_TMPDIR/result.csv" || [ $? -ne 2 ]
	grep -q '^# arm: ps -o rss | test | left out: its tool is not installed |' "$BATS_TEST_TMPDIR/result.csv"
	grep -q '^# arm: pmap -x | test | left out: its tool is not installed |' "$BATS_TEST_TMPDIR/result.csv"
}

@test "watching_moves_what_is_watched is reproduced" {
	comes_out reproduced experiment watching_moves_what_is_watched
}

@test "watching_moves_what_is_watched leaves out tools that are not installed" {
	env PATH="$(path_with awk)" "$(program watching_moves_what_is_watched)" >"$BATS_TEST_TMPDIR/result.csv"
	grep -q '^# arm: ps outside | test | left out: its tool is not installed |' "$BATS_TEST_TMPDIR/result.csv"
	grep -q '^# arm: pmap outside | test | left out: its tool is not installed |' "$BATS_TEST_TMPDIR/result.csv"
	grep -q '^# arm: popen ps | test | left out: its tool is not installed |' "$BATS_TEST_TMPDIR/result.csv"
}

# Linux 6.1 counts resident memory in batches: the probe must notice and read smaps_rollup.
# bats test_tags=alone
@test "where statm counts in batches, the probe reads smaps_rollup and finds the same numbers and verdicts" {
	batched=$(shim batched_statm)
	small='large=32M largest=32M chunks=1000 readings=250' # smaps_rollup takes long
	for claim in counting_is_exact the_probe_moves_nothing "a_snapshot_costs_its_system_calls $small" malloc_is_lazy; do
		read -ra knobs <<<"${claim#* }"
		[[ $claim == *' '* ]] || knobs=()
		comes_out reproduced --separate-stderr env LD_PRELOAD="$batched" "$(program "${claim%% *}")" "${knobs[@]}"
		assert_line --regexp '^# resident_source: smaps_rollup'
	done
	numbers() { grep -E '^# (expect|control|true_instead): ' | sed 's/^# //'; }
	diff <("$(program malloc_is_lazy)" 2>/dev/null | numbers) <(numbers <<<"$output")
}
