#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# An experiment's program as a user calls it: options, knobs, verdicts, the CSV.

load helper

LAZY=malloc_is_lazy

# own BODY: an experiment whose one arm and judge() are given; prints the program's path.
own() {
	cat >"$BATS_TEST_TMPDIR/own.c" <<-EOF
		#include <signal.h>
		#include <unistd.h>
		#include "experiment.h"
		#include "memory.h"
		$1
		const struct experiment experiment = { .claim = "c", .asked = "q", .instead = "i",
			.arms = { { "arm", arm } }, .judge = judge };
	EOF
	compiled "$BATS_TEST_TMPDIR/own.c"
}

FINE='static void judge(void) { expect_equal("e", "blocks", 1, 1); control_equal("k", "blocks", 1, 1); }'

@test "--help shows claim, mechanism, knobs and arms" {
	run -0 "$(program "$LAZY")" --help
	assert_output --partial "claim: malloc reserves addresses"
	assert_output --partial "no page behind its address; the processor traps"
	assert_output --partial "block=67108864"
	assert_output --partial "populated (control)"
	refute_output --partial "SPDX"
}

@test "--list shows arms and stages" {
	run -0 "$(program "$LAZY")" --list
	assert_output $'arms:\n  lazy\n  populated (control)\nstages:\n  before malloc\n  after malloc\n  writing'
}

@test "knobs take K, M and G" {
	run -0 --separate-stderr "$(program "$LAZY")" block=2M
	assert_output --partial "# knobs: block=2097152 "
	run -0 --separate-stderr "$(program "$LAZY")" block=2048K
	assert_output --partial "# knobs: block=2097152 "
}

@test "bad settings are refused with one sentence, exit 2, and no result" {
	local setting
	for setting in blok=1M block=-1 block=0 block=12 block=900000G block=99999999999999999999 \
		block= block=1T block=1KK block=x 'block= 5M' trials=0 trials=100000 time_limit=0 block --nonsense; do
		run -2 --separate-stderr "$(program "$LAZY")" "$setting"
		assert_equal "$output" ""
		assert_equal "${#stderr_lines[@]}" 1
	done
}

@test "a number that does not fit is too large, not no number" {
	run -2 experiment the_probe_moves_nothing readings=99999999999999999999
	assert_output --partial "readings: 99999999999999999999 is above"
	run -2 experiment "$LAZY" block=9999999999G
	assert_contains "$output" "block: 9999999999G is above" "this machine's memory"
}

@test "an arm is started by the harness alone" {
	run -2 experiment "$LAZY" --arm=lazy
	assert_output --partial "use --bare=lazy"
	run -2 experiment "$LAZY" --arm=none
	assert_output --partial 'there is no arm "none"'
}

@test "an unknown knob is answered with those that there are" {
	run -2 experiment "$LAZY" blok=1M
	[[ $output == *'no knob "blok"; there are: block trials time_limit' ]] || fail "$output"
}

@test "the result has its metadata, a row per record, its judgement, and ends in the verdict" {
	run -0 --separate-stderr "$(program "$LAZY")"
	grep -q '^# claim: malloc reserves' <<<"$output"
	grep -q '^# source: experiments/3_residency/malloc_is_lazy.c$' <<<"$output"
	grep -q "^# kernel: Linux $(uname -r)" <<<"$output"
	assert_equal "$(grep -c '^lazy,1,' <<<"$output")" 18
	assert_equal "$(grep -c '^# control: held | ' <<<"$output")" 1
	assert_equal "${lines[-1]}" "# verdict: reproduced"
}

@test "every row has as many cells as the header" {
	run -0 --separate-stderr "$(program the_probe_moves_nothing)"
	assert_equal "$(grep -v '^#' <<<"$output" | awk -F, '{ print NF }' | sort -u | wc -l)" 1
}

@test "trials run every arm that often, interleaved" {
	run -0 --separate-stderr "$(program "$LAZY")" trials=3 block=1M
	[ "$(grep -o '^[a-z]*,[0-9]*,before' <<<"$output" | tr '\n' ' ')" = \
		"lazy,1,before populated,1,before lazy,2,before populated,2,before lazy,3,before populated,3,before " ]
}

@test "malloc settings of the shell are cleared, and its LD_PRELOAD is passed on and printed" {
	GLIBC_TUNABLES=glibc.malloc.mmap_threshold=1 MALLOC_TOP_PAD_=1 run -0 experiment small_requests_move_the_break
	LD_PRELOAD=$(shim mmap_everything) comes_out refuted --separate-stderr "$(program small_requests_move_the_break)"
	grep -q '^# preload: .*mmap_everything.so$' <<<"$output"
}

@test "verdict: refuted shows what is true instead" {
	program=$(own 'static void arm(void) { record("a", 0); }
		static void judge(void) { expect_equal("e", "blocks", 1, 2); control_equal("k", "blocks", 1, 1); }')
	comes_out refuted --separate-stderr "$program"
	[[ $output == *$'# expect: failed | e | 2 == 1\n# control: held | k | 1 == 1\n# verdict: refuted' ]] || fail "$output"
	[[ $stderr == *"instead: i" ]] || fail "$stderr"
}

@test "verdict: a failed control is inconclusive, whatever else failed" {
	program=$(own 'static void arm(void) { record("a", 0); }
		static void judge(void) { expect_equal("e", "blocks", 1, 2); control_equal("k", "blocks", 1, 2); }')
	comes_out inconclusive "$program"
}

@test "verdict: unsupported says why" {
	program=$(own "static void arm(void) { unsupported(\"needs %s\", \"swap\"); } $FINE")
	comes_out unsupported --separate-stderr "$program"
	[[ $output == *$'# reason: needs swap\n# verdict: unsupported' ]] || fail "$output"
}

@test "verdict: no control, no verdict" {
	program=$(own 'static void arm(void) { record("a", 0); } static void judge(void) { expect_equal("e", "blocks", 1, 1); }')
	run -2 "$program"
	assert_output --partial "states no control"
}

@test "broken: a crash names the signal and the stage" {
	program=$(own "static void arm(void) { record(\"fine so far\", 0); raise(SIGSEGV); } $FINE")
	run -2 --separate-stderr "$program"
	assert_output --partial '# reason: arm arm, trial 1: killed by signal 11 (Segmentation fault) after stage "fine so far"'
	assert_output --partial $'\narm,1,fine so far,'
}

@test "broken: an arm that hangs is ended at the time limit" {
	program=$(own "static void arm(void) { record(\"before\", 0); for (;;) pause(); } $FINE")
	run -2 --separate-stderr "$program" time_limit=1
	assert_output --partial 'not finished within 1 s (time_limit) after stage "before"'
}

@test "broken: a tool or an observer that hangs is ended at the time limit" {
	program=$(own "static void arm(void) { record(\"before\", 0); ask(\"sleep 30.25\"); } $FINE")
	run -2 "$program" time_limit=1
	assert_output --partial '`sleep 30.25` has not ended within 1 s (time_limit) after stage "before"'
	printf '#!/bin/sh\nexec sleep 30.25\n' >"$BATS_TEST_TMPDIR/observer"
	chmod +x "$BATS_TEST_TMPDIR/observer"
	run -2 env OBSERVER="$BATS_TEST_TMPDIR/observer" "$(program "$LAZY")" time_limit=1
	assert_output --partial 'observer` has not ended within 1 s (time_limit) after stage "before malloc"'
	run ! pgrep -xf "sleep 30.25"
}

@test "what an arm prints does not get into the result" {
	program=$(own "int puts(const char *); static void arm(void) { record(\"a\", 0); puts(\"hello from the arm\"); } $FINE")
	run --separate-stderr "$program"
	refute_output --partial "hello"
	assert_contains "$stderr" "hello from the arm"
}

@test "broken: an arm that exits by itself, and too many rows" {
	program=$(own "static void arm(void) { _exit(9); } $FINE")
	run -2 "$program"
	assert_output --partial "exited with status 9 before its first record()"
	program=$(own "static void arm(void) { for (;;) record(\"a\", 0); } $FINE")
	run -2 "$program"
	assert_output --partial "more than 1024 rows"
}

@test "broken: judge() asks for what was not recorded" {
	program=$(own 'static void arm(void) { record("a", 0); }
		static void judge(void) { expect_equal("e", "bytes", 0, growth("arm", "a", "b").resident_bytes); }')
	run -2 "$program"
	assert_output --partial 'judge() asks for stage "b" of arm arm, which recorded no such stage'
}

@test "broken: an arm whose name would not fit into a result" {
	program=$(own "static void arm(void) { record(\"a\", 0); } $FINE")
	for name in 'read, then write' 'ps | grep'; do
		sed -E "s/(\.arms = \{ \{ )\"arm\"/\1\"$name\"/" "$program.c" >"$BATS_TEST_TMPDIR/named.c"
		run -2 "$(compiled "$BATS_TEST_TMPDIR/named.c")"
		assert_output --partial "arm \"$name\": an arm's name is a cell of a CSV file"
	done
}

@test "broken: a file without a declaration says so" {
	echo 'static int nothing;' >"$BATS_TEST_TMPDIR/none.c"
	cat >>"$BATS_TEST_TMPDIR/none.c" <<<'#include "experiment.h"
		int use(void); int use(void) { return nothing; }'
	run -2 "$(compiled "$BATS_TEST_TMPDIR/none.c")"
	assert_output --partial 'holds no complete `const struct experiment experiment`'
}

@test "broken: a result that cannot be written" {
	[ -e /dev/full ] || skip "no /dev/full"
	run -2 bash -c '"$1" 2>&1 >/dev/full' - "$(program "$LAZY")"
	assert_output --partial "cannot write the result: No space left on device"
}

@test "a tool that ask() needs and that is missing makes it unsupported" {
	comes_out unsupported env PATH=/nowhere "$(program ps_counts_the_same_faults)"
	assert_output --partial "needs a tool that is not installed"
}

@test "broken: a tool or an observer that no process can be made for" {
	preload=LD_PRELOAD=$(shim fork_once)
	run -2 env "$preload" "$(program ps_counts_the_same_faults)" time_limit=5
	assert_output --partial 'cannot create a process: Resource temporarily unavailable'
	run -2 env "$preload" OBSERVER=/bin/true "$(program "$LAZY")" time_limit=5
	assert_output --partial 'cannot create a process: Resource temporarily unavailable after stage "before malloc"'
}

@test "a process with thousands of mappings is read to its last" {
	program=$(own '#include "address_space.h"
		#include <sys/mman.h>
		static void arm(void) {
			struct procfs_mapping stack = { 0 };
			char *pages = must_map(4000 * page_bytes());
			for (int i = 0; i < 4000; i += 2)
				mprotect(pages + i * page_bytes(), (size_t)page_bytes(), PROT_READ);
			if (!mapping_of(&stack, &stack))
				broken("no stack");
			record("found", 0);
		}
		'"$FINE")
	run -0 "$program"
}

@test "the observer is run at each record with PID ARM STAGE TRIAL X, and with fewer rows" {
	cat >"$BATS_TEST_TMPDIR/observer" <<-'EOF'
		#!/bin/sh
		grep -q '^State:.T' /proc/$1/status && echo "$2|$3|$4|$5" >>"$LOG"
	EOF
	chmod +x "$BATS_TEST_TMPDIR/observer"
	LOG=$BATS_TEST_TMPDIR/log OBSERVER=$BATS_TEST_TMPDIR/observer run -0 experiment counting_is_exact
	assert_equal "$(grep -c '^probe|touched|1|' "$BATS_TEST_TMPDIR/log")" 8
	assert_equal "$(head -n 1 "$BATS_TEST_TMPDIR/log")" "probe|touched|1|1"
}

@test "--step stops at each record with the PID until Enter" {
	run -0 bash -c 'yes "" | "$1" --step block=1M 2>&1 >/dev/null' - "$(program "$LAZY")"
	assert_equal "$(grep -o 'PID [0-9]* stands still: arm lazy, stage "writing"' <<<"$output" | wc -l)" 16
}

@test "--bare runs one arm alone" {
	run -0 "$(program "$LAZY")" --bare=lazy
	assert_equal "$output" ""
	run -2 "$(program "$LAZY")" --bare=lasy
	assert_output --partial 'no arm "lasy"'
}

@test "an interrupted program leaves no arm behind" {
	program=$(own "static void arm(void) { record(\"a\", 0); for (;;) pause(); } $FINE")
	"$program" >/dev/null 2>&1 3>&- &
	parent=$!
	until arm=$(pgrep -P "$parent"); do kill -0 "$parent"; done
	kill -INT "$parent"  # a background job of a script ignores it,
	kill -TERM "$parent" # so this one ends it
	wait "$parent" || true
	for _ in {1..200}; do
		kill -0 "$arm" 2>/dev/null || return 0
		read -rt 0.01 <> <(:) || true
	done
	return 1
}

@test "out of memory is said, with what to do" {
	run -2 bash -c 'ulimit -v 50000; "$1" 2>&1 >/dev/null' - "$(program "$LAZY")"
	assert_output --partial "malloc of 67108864 bytes failed: Cannot allocate memory (see ulimit -v"
}

@test "where randomisation cannot be switched off, it says so and goes on" {
	LD_PRELOAD=$(shim refuse_personality) run -0 --separate-stderr "$(program "$LAZY")"
	grep -q '^# aslr: on: personality(ADDR_NO_RANDOMIZE) was refused$' <<<"$output"
	LD_PRELOAD=$(shim refuse_personality) comes_out refuted experiment the_four_block_story
	LD_PRELOAD=$(shim refuse_personality) run -0 experiment small_requests_move_the_break
}

@test "the same verdict with ASLR and with a limit on addresses" {
	run -0 experiment "$LAZY" --aslr
	run -0 experiment one_minor_fault_per_new_page --aslr
	comes_out refuted experiment the_four_block_story --aslr
	run -0 bash -c 'ulimit -v 1000000; "$1"' - "$(program "$LAZY")"
}
