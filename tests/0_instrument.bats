#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Chapter 0 (its first two claims are in first_ten.bats): each verdict changes when
# its cause is removed, and a peer that is not installed is only left out.
# bats file_tags=timed

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

@test "ps_and_the_probe_agree: a page written after ps shows" {
	run -0 experiment ps_and_the_probe_agree
	late=$(edited ps_and_the_probe_agree '/^static void (ps|pmap)\(/,/^}/s/false/true/')
	run -1 "$late"
	failed 2
}

@test "ps_and_the_probe_agree: a control that writes nothing is no control" {
	same=$(edited ps_and_the_probe_agree '/^static void pmap_one_write_later/,/^}/s/true/false/')
	run -3 "$same"
}

@test "ps_and_the_probe_agree: cannot be asked without ps" {
	run -77 env PATH="$(path_with awk)" "$(program ps_and_the_probe_agree)"
}

# Arms that are not judged and take long.
unjudged='/^\t\t  \{ "(ps|pmap|libproc2)/d'

@test "a_snapshot_costs_its_system_calls: a probe that walks the pages, and reads too often, costs more" {
	timed 0 experiment a_snapshot_costs_its_system_calls
	walking=$(edited a_snapshot_costs_its_system_calls "$unjudged"'; /^static void probe\(/,/^}/{s/read_by_probe, 1/read_by_smaps_rollup, 1/; s/read_by_probe\(times_of\(100\)\)/read_by_probe(4 * times_of(100))/}')
	timed 1 "$walking" trials=3 large=16M largest=32M readings=250
	none_held '^# expect'
}

@test "a_snapshot_costs_its_system_calls: a control that walks no pages is not dear" {
	cheap=$(edited a_snapshot_costs_its_system_calls "$unjudged"'; s/^ARM\(smaps_rollup, read_by_smaps_rollup,/ARM(smaps_rollup, read_by_bare_calls,/')
	timed 3 "$cheap" trials=3 large=16M largest=32M readings=5000 chunks=1000
	none_held '^# control'
}

@test "a_snapshot_costs_its_system_calls: peers that are not installed are left out" {
	env PATH="$(path_with)" "$(program a_snapshot_costs_its_system_calls)" trials=1 large=16M largest=32M readings=250 >"$BATS_TEST_TMPDIR/result.csv" || [ $? -ne 2 ]
	grep -q '^ps -o rss,1,left out: its tool is not installed,' "$BATS_TEST_TMPDIR/result.csv"
	grep -q '^pmap -x,1,left out: its tool is not installed,' "$BATS_TEST_TMPDIR/result.csv"
}

@test "watching_moves_what_is_watched: a child that shares the address space moves nothing" {
	run -0 experiment watching_moves_what_is_watched
	shared=$(edited watching_moves_what_is_watched 's/child = fork\(\)/child = vfork()/')
	run -1 "$shared"
	failed 2
}

@test "watching_moves_what_is_watched: a probe that allocates is found out, and so is who does not look, or forks" {
	others=$(edited watching_moves_what_is_watched 's/^ARM\(probe, read_by_probe\)/ARM(probe, read_by_stdio)/; s/^ARM\(stdio, read_by_stdio\)/ARM(stdio, do_not_look)/; s/^ARM\(libproc2, read_by_libproc2\)/ARM(libproc2, fork_and_run)/')
	run -1 "$others"
	none_held 'probe: faults|stdio: bytes|libproc2: faults'
}

@test "watching_moves_what_is_watched: a control that looks is no control" {
	looks=$(edited watching_moves_what_is_watched 's/^ARM\(nobody, do_not_look\)/ARM(nobody, read_by_stdio)/')
	run -3 "$looks"
}

@test "watching_moves_what_is_watched: peers that are not installed are left out" {
	env PATH="$(path_with awk)" "$(program watching_moves_what_is_watched)" >"$BATS_TEST_TMPDIR/result.csv"
	grep -q '^ps outside,1,left out: its tool is not installed,' "$BATS_TEST_TMPDIR/result.csv"
	grep -q '^pmap outside,1,left out: its tool is not installed,' "$BATS_TEST_TMPDIR/result.csv"
	grep -q '^popen ps,1,left out: its tool is not installed,' "$BATS_TEST_TMPDIR/result.csv"
}

# Linux 6.1 counts resident memory in batches: the probe must notice and read smaps_rollup.
@test "where statm counts in batches nothing else changes: the other source, the same numbers and verdicts" {
	batched=$(shim batched_statm)
	small='large=32M largest=32M chunks=1000 readings=250' # smaps_rollup is dear
	for claim in counting_is_exact the_probe_moves_nothing "a_snapshot_costs_its_system_calls $small" malloc_is_lazy; do
		read -ra knobs <<<"${claim#* }"
		[[ $claim == *' '* ]] || knobs=()
		timed 0 --separate-stderr env LD_PRELOAD="$batched" "$(program "${claim%% *}")" "${knobs[@]}"
		grep -q '^# resident_source: smaps_rollup' <<<"$output"
	done
	numbers() { grep -E '^# (expect|control): ' | sed 's/^# //'; }
	diff <("$(program malloc_is_lazy)" 2>/dev/null | numbers) <(numbers <<<"$output")
}
