#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# An experiment's program as a user calls it: options, knobs, verdicts, the CSV.

load helper

LAZY=malloc_is_lazy

# own BODY [FIELDS]: an experiment whose arm and judge() are given, and more fields of its declaration;
# prints the program's path.
own() {
	cat >"$BATS_TEST_TMPDIR/own.c" <<-EOF
		#include <signal.h>
		#include <unistd.h>
		#include "experiment.h"
		#include "memory.h"
		$1
		const struct experiment experiment = { .claim = "c", .asked = "q", .instead = "i",
			.arms = { { "arm", arm } }, .judge = judge, ${2-} };
	EOF
	compiled "$BATS_TEST_TMPDIR/own.c"
}

FINE='static void judge(void) { expect_equal("e", "blocks", 1, 1); control_equal("k", "blocks", 1, 1); }'

@test "--help shows the claim, the mechanism, the knobs and the arms" {
	run -0 "$(program "$LAZY")" --help
	assert_output --partial "claim: malloc reserves addresses"
	assert_output --partial "no page behind its address.  The processor traps"
	assert_output --partial "block=67108864"
	assert_output --partial "populated (control)"
	refute_output --partial "SPDX"
}

@test "--list shows the arms and the stages" {
	run -0 "$(program "$LAZY")" --list
	assert_output $'arms:\n  lazy\n  populated (control)\nstages:\n  writing\n  before malloc\n  after malloc'
}

@test "--list shows each stage once, in the order of the source, and then those of .stages" {
	program=$(own 'static void helper(const char *stage) {
			record("x", 0);
			record("y", 0);
			record(stage, 0);
		}
		static void arm(void) {
			record("c", 0);
			record("a", 0);
			record("b", 0);
			record("a", 0);
			helper("in a variable");
		}
		'"$FINE" '.stages = { "in a variable", "a" }')
	run -0 "$program" --list
	assert_output $'arms:\n  arm\nstages:\n  x\n  y\n  c\n  a\n  b\n  in a variable'
}

@test "knobs accept K, M and G" {
	run -0 --separate-stderr "$(program "$LAZY")" block=2M
	assert_line "# knob: block | 2097152 | bytes | size of the block"
	run -0 --separate-stderr "$(program "$LAZY")" block=2048K
	assert_line "# knob: block | 2097152 | bytes | size of the block"
}

@test "bad settings are refused with one sentence, status 2 and no result" {
	local setting
	for setting in blok=1M block=-1 block=0 block=12 block=900000G block=99999999999999999999 \
		block= block=1T block=1KK block=x 'block= 5M' trials=0 trials=100000 time_limit=0 block --nonsense; do
		run -2 --separate-stderr "$(program "$LAZY")" "$setting"
		assert_equal "$output" ""
		assert_equal "${#stderr_lines[@]}" 1
	done
}

@test "a number that does not fit is called too large" {
	run -2 experiment the_probe_moves_nothing readings=99999999999999999999
	assert_output --partial "readings: 99999999999999999999 is above"
	run -2 experiment "$LAZY" block=9999999999G
	assert_contains "$output" "block: 9999999999G is above" "the memory that a process may take here"
}

@test "a knob may be 0 where the declaration says so, and no less" {
	program=$(own "static int64_t n = 7, m = 7; static void arm(void) { record_y(\"n\", 0, n); } $FINE" \
		'.knobs = { { "n", &n, "", "a number", .most = 9, .may_be_zero = true }, { "m", &m, "", "a number" } }')
	run -0 --separate-stderr "$program" n=0
	assert_line --regexp '^arm,1,n,0,0,'
	run -2 "$program" n=-1
	assert_output --partial "n: -1 is below 0, the least that makes sense"
	run -2 "$program" m=0
	assert_output --partial "m: 0 is below 1, the least that makes sense"
}

@test "only the harness can start an arm" {
	run -2 experiment "$LAZY" --arm=lazy
	assert_output --partial "use --bare=lazy"
	run -2 experiment "$LAZY" --arm=none
	assert_output --partial 'there is no arm "none"'
}

@test "an unknown knob is answered with a list of the knobs" {
	run -2 experiment "$LAZY" blok=1M
	[[ $output == *'no knob "blok"; there are: block trials time_limit' ]] || fail "$output"
}

@test "a result has its metadata, a row for each record, its findings and its verdict" {
	run -0 --separate-stderr "$(program "$LAZY")"
	grep -q '^# claim: malloc reserves' <<<"$output"
	grep -q '^# source: experiments/3_residency/malloc_is_lazy.c$' <<<"$output"
	grep -q "^# kernel: Linux $(uname -r)" <<<"$output"
	assert_equal "$(grep -c '^lazy,1,' <<<"$output")" 18
	assert_equal "$(grep -c '^# control: held | ' <<<"$output")" 3
	assert_equal "${lines[-1]}" "# verdict: reproduced"
}

@test "every row has as many cells as the header" {
	run -0 --separate-stderr "$(program the_probe_moves_nothing)"
	assert_equal "$(grep -v '^#' <<<"$output" | awk -F, '{ print NF }' | sort -u | wc -l)" 1
}

@test "each trial runs every arm, and the arms take turns, in reverse order in every second trial" {
	run -0 --separate-stderr "$(program "$LAZY")" trials=3 block=1M
	[ "$(grep -o '^[a-z]*,[0-9]*,before' <<<"$output" | tr '\n' ' ')" = \
		"lazy,1,before populated,1,before populated,2,before lazy,2,before lazy,3,before populated,3,before " ]
}

@test "malloc's settings in the shell are cleared, and its LD_PRELOAD is passed on and printed" {
	GLIBC_TUNABLES=glibc.malloc.mmap_threshold=1 MALLOC_TOP_PAD_=1 run -0 experiment small_requests_move_the_break
	LD_PRELOAD=$(shim mmap_everything) comes_out refuted --separate-stderr "$(program small_requests_move_the_break)"
	grep -q '^# preload: .*mmap_everything.so$' <<<"$output"
}

# stack_of PROGRAM [argument ...]: where the stack of each arm begins, and where its arguments end, each pair once.
stack_of() {
	"$@" 2>/dev/null | awk -F, '$3 == "stack" || $3 == "auxiliary vector" { print $3, $5 }' | sort -u
}

@test "the stack of an arm begins at one address, whatever the shell's variables, the knobs, the path and the folder" {
	program=$(own '#include <sys/auxv.h>
		static int64_t n = 1;
		static void arm(void) {
			record_y("stack", 0, (intptr_t)__builtin_frame_address(0));
			record_y("auxiliary vector", 0, (intptr_t)getauxval(AT_RANDOM));
		}
		'"$FINE" '.knobs = { { "n", &n, "", "a number" } }, .arms = { { "arm", arm },
			{ "an arm with a longer name", arm, .environment = "MALLOC_ARENA_MAX=1 LD_LIBRARY_PATH=/tmp" } }')
	stack=$(stack_of "$program")
	assert_equal "$(wc -l <<<"$stack")" 2
	local length long=$BATS_TEST_TMPDIR/a/folder/whose/path/is/longer/than/the/one/above
	for length in 1 7 100 1000 2500 9000; do
		assert_equal "$(PAD=$(printf "%0${length}d" 0) stack_of "$program")" "$stack"
		assert_equal "$(PATH=$PATH:/$(printf "%0${length}d" 0) stack_of "$program")" "$stack"
	done
	assert_equal "$(env -i PATH="$PATH" bash -c "$(declare -f stack_of); stack_of $program")" "$stack"
	assert_equal "$(stack_of "$program" n=1000000000000)" "$stack"
	mkdir -p "$long"
	cp "$program" "$long"
	assert_equal "$(cd "$long" && stack_of ./own)" "$stack"
}

@test "the number of faults does not depend on the length of the environment or of the path" {
	# faults PROGRAM: the faults of each arm.
	faults() {
		"$1" 2>/dev/null | awk -F, '/^[a-z ]*,1,/ { if (!($1 in first)) first[$1] = $13; last[$1] = $13 }
			END { for (arm in last) print arm, last[arm] - first[arm] }' | sort
	}
	local claim program length
	for claim in free_trims_a_large_top free_keeps_a_heap_block; do
		program=$(program "$claim")
		told=$(faults "$program")
		assert_contains "$told" " "
		for length in 128 384 640 1152 2176; do
			assert_equal "$(PAD=$(printf "%0${length}d" 0) faults "$program")" "$told"
		done
		mkdir -p "$BATS_TEST_TMPDIR/a/longer/path"
		cp "$program" "$BATS_TEST_TMPDIR/a/longer/path"
		assert_equal "$(faults "$BATS_TEST_TMPDIR/a/longer/path/$claim")" "$told"
	done
}

@test "an arm gets the variables that it needs, its own, and no others of the shell" {
	program=$(own '#include <stdio.h>
		extern char **environ;
		static void arm(void) {
			for (char **entry = environ; *entry != NULL; entry++)
				fprintf(stderr, "got %s\n", *entry);
		}
		'"$FINE" '.arms = { { "arm", arm, .environment = "MALLOC_ARENA_MAX=1 OWN=2" } }')
	LANG=C.UTF-8 MALLOC_TOP_PAD_=1 TMPDIR=/tmp/elsewhere SOMETHING=1 run -0 talk "$program" --tunables=glibc.malloc.perturb=0
	run sed -E -n '/^got (PADDING|LD_PRELOAD|LD_LIBRARY_PATH)=/!s/^got ([^=]*)=.*/\1/p' <<<"$output"
	assert_equal "$(sort <<<"$output" | xargs)" "GLIBC_TUNABLES HOME MALLOC_ARENA_MAX OWN PATH TMPDIR"
}

@test "a refuted run shows what is true instead" {
	program=$(own 'static void arm(void) { record("a", 0); }
		static void judge(void) { expect_equal("e", "blocks", 1, 2); control_equal("k", "blocks", 1, 1); }')
	comes_out refuted --separate-stderr "$program"
	[[ $output == *$'# expect: failed | 2 == 1 | blocks |  | 6 | e\n# control: held | 1 == 1 | blocks |  | 6 | k\n# verdict: refuted' ]] || fail "$output"
	[[ $stderr == *"instead: i" ]] || fail "$stderr"
}

@test "what is true instead is not judged in a run that is not refuted: the reader is told so, and scripts see the outcome" {
	program=$(own 'static void arm(void) { record("a", 0); }
		static void judge(void) { expect_equal("e", "blocks", 1, 1); control_equal("k", "blocks", 1, 1);
			instead_equal("t", "blocks", 1, 2); instead_equal("u", "blocks", 1, 1); }')
	comes_out reproduced --separate-stderr "$program"
	[[ $output == *$'# true_instead: failed | 2 == 1 | blocks |  | 7 | t\n# true_instead: held | 1 == 1 | blocks |  | 7 | u\n'* ]] || fail "$output"
	[[ $stderr == *$'# true_instead: failed (not judged here) | 2 == 1 | blocks |  | 7 | t\n# true_instead: held | 1 == 1 |'* ]] || fail "$stderr"
}

@test "a run is inconclusive when a control fails, whatever else fails" {
	program=$(own 'static void arm(void) { record("a", 0); }
		static void judge(void) { expect_equal("e", "blocks", 1, 2); control_equal("k", "blocks", 1, 2); }')
	comes_out inconclusive "$program"
}

@test "an unsupported run says why" {
	program=$(own "static void arm(void) { unsupported(\"needs %s\", \"swap\"); } $FINE")
	comes_out unsupported --separate-stderr "$program"
	[[ $output == *$'# reason: needs swap\n# verdict: unsupported' ]] || fail "$output"
}

@test "a run that states no control is broken" {
	program=$(own 'static void arm(void) { record("a", 0); } static void judge(void) { expect_equal("e", "blocks", 1, 1); }')
	run -2 "$program"
	assert_output --partial "states no control"
}

@test "a run is broken when an arm crashes, and the reason names the signal and the stage" {
	program=$(own "static void arm(void) { record(\"fine so far\", 0); raise(SIGSEGV); } $FINE")
	run -2 --separate-stderr "$program"
	assert_output --partial '# reason: arm arm, trial 1: killed by signal 11 (Segmentation fault) after stage "fine so far"'
	assert_output --partial $'\narm,1,fine so far,'
}

@test "a run is broken when an arm hangs, which is ended at the time limit" {
	program=$(own "static void arm(void) { record(\"before\", 0); for (;;) pause(); } $FINE")
	run -2 --separate-stderr "$program" time_limit=1
	assert_output --partial 'not finished within 1 s (time_limit) after stage "before"'
}

@test "a run is broken when a tool or an observer hangs, which is ended at the time limit" {
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

@test "a run is broken when an arm exits by itself or records too many rows" {
	program=$(own "static void arm(void) { _exit(9); } $FINE")
	run -2 "$program"
	assert_output --partial "exited with status 9 before its first record()"
	program=$(own "static void arm(void) { for (;;) record(\"a\", 0); } $FINE")
	run -2 "$program"
	assert_output --partial "more than 1024 rows"
}

@test "a run is broken when judge() asks for a stage that was not recorded" {
	program=$(own 'static void arm(void) { record("a", 0); }
		static void judge(void) { expect_equal("e", "bytes", 0, growth("arm", "a", "b").resident_bytes); }')
	run -2 "$program"
	assert_output --partial 'judge() asks for stage "b" of arm arm, which recorded no such stage'
}

@test "an arm whose name would not fit into a result is refused" {
	program=$(own "static void arm(void) { record(\"a\", 0); } $FINE")
	for name in 'read, then write' 'ps | grep'; do
		sed -E "s/(\.arms = \{ \{ )\"arm\"/\1\"$name\"/" "$program.c" >"$BATS_TEST_TMPDIR/named.c"
		run -2 "$(compiled "$BATS_TEST_TMPDIR/named.c")"
		assert_output --partial "arm \"$name\": an arm's name is a cell of a CSV file"
	done
}

# refuses FIELDS SENTENCE: an experiment with these fields ends with status 2, measures nothing and says this.
# Its arm records the stage "a", and "b" in a variable.
refuses() {
	run -2 --separate-stderr "$(own 'static void arm(void) { const char *b = "b"; record("a", 0); record(b, 0); }
		static int64_t n = 1;'" $FINE" "$1")"
	assert_equal "$output" ""
	assert_equal "${#stderr_lines[@]}" 1
	assert_contains "$stderr" "$2"
}

# many COUNT FORMAT: the format, with each number up to COUNT.
many() {
	# shellcheck disable=SC2059 # the format is the caller's
	printf "$2" $(seq "$1")
}

@test "a declaration that names a column, an arm or a stage that does not exist is refused" {
	refuses '.charted = "resident_bytes resident"' '.charted names the column "resident"'
	refuses '.predict = { "q", "resident", "arm" }' '.predict names the column "resident"'
	refuses '.predict = { "q", "jump of resident", "arm" }' '.predict names the column "resident"'
	refuses '.predict = { "q", "y", "amr" }' '.predict names the arm "amr"'
	refuses '.predict = { "q", "y", "arm", .against = "amr" }' '.predict names the arm "amr"'
	refuses '.predict = { "q", "y", "arm", .from = "c" }' '.predict names the stage "c"'
	refuses '.predict = { "q", "y", "arm", .to = "c" }' '.predict names the stage "c"'
}

@test "a declaration that names a stage in a variable is refused where .stages does not list it" {
	refuses '.predict = { "q", "y", "arm", .to = "b" }' '.predict names the stage "b"'
	run -0 "$(own 'static void arm(void) { const char *b = "b"; record("a", 0); record(b, 0); }'" $FINE" \
		'.predict = { "q", "y", "arm", .to = "b" }, .stages = { "b" }')"
}

@test "a declaration with too many arms, knobs, marks or stages, or a chart form that does not exist, is refused" {
	refuses ".arms = { $(many 33 '{ "arm %d", arm }, ') }" 'more than 32 arms'
	refuses ".knobs = { $(many 9 '{ "knob%d", &n, "", "a number" }, ') }" 'more than 8 knobs'
	refuses ".marks = { $(many 5 "{ 'y', %d, \"a mark\" }, ") }" 'more than 4 marks'
	refuses ".stages = { $(many 17 '"stage %d", ') }" 'more than 16 stages'
	refuses '.chart = 99' '.chart is 99'
	refuses '.arms = { { "arm", arm }, { "arm", arm } }' 'two arms are called "arm"'
}

@test "an arm that calls leave_out() has no rows, and the result gives its reason" {
	program=$(own 'static void arm(void) { record("a", 0); }
		static void left(void) { record("a", 0); leave_out("there is no %s here", "disk"); }
		static void judge(void) {
			expect_equal("left ran", "arms", 0, arm_ran("left"));
			control_equal("arm ran", "arms", 1, arm_ran("arm"));
		}' '.arms = { { "arm", arm }, { "left", left, .control = true } }')
	run -0 --separate-stderr "$program" trials=2
	assert_line "# arm: arm | test | ran |"
	assert_line "# arm: left | control | left out: there is no disk here |"
	refute_line --regexp '^left,'
	assert_line --regexp '^arm,2,a,'
}

@test "a program without a declaration says so" {
	echo 'static int nothing;' >"$BATS_TEST_TMPDIR/none.c"
	cat >>"$BATS_TEST_TMPDIR/none.c" <<<'#include "experiment.h"
		int use(void); int use(void) { return nothing; }'
	run -2 "$(compiled "$BATS_TEST_TMPDIR/none.c")"
	assert_output --partial 'holds no complete `const struct experiment experiment`'
}

@test "a run is broken when its result cannot be written" {
	[ -e /dev/full ] || skip "no /dev/full"
	run -2 bash -c '"$1" 2>&1 >/dev/full' - "$(program "$LAZY")"
	assert_output --partial "cannot write the result: No space left on device"
}

@test "a run is unsupported when a tool that ask() needs is missing" {
	comes_out unsupported env PATH=/nowhere "$(program ps_counts_the_same_faults)"
	assert_output --partial "needs a tool that is not installed"
}

@test "a run is broken when no process can be created for a tool or an observer" {
	preload=LD_PRELOAD=$(shim fork_once)
	run -2 env "$preload" "$(program ps_counts_the_same_faults)" time_limit=5
	assert_output --partial 'cannot create a process: Resource temporarily unavailable'
	run -2 env "$preload" OBSERVER=/bin/true "$(program "$LAZY")" time_limit=5
	assert_output --partial 'cannot create a process: Resource temporarily unavailable after stage "before malloc"'
}

@test "a process with thousands of mappings is read to its end" {
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

@test "page tables are measured where an experiment asks for them: one for each page that lies far from the others" {
	# A table is a page of entries of 8 bytes (of 4 in some processes of 32 bits), so it covers at most page / 4 pages.
	program=$(own 'enum { TABLES = 16 };
		static int64_t apart;
		static void write_each(int64_t distance) {
			char *block = must_map(TABLES * apart);
			record("before", distance);
			for (int i = 0; i < TABLES; i++)
				write_pages(block + i * distance, 1);
			record("after", distance);
		}
		static void arm(void) { apart = page_bytes() * page_bytes() / 4; write_each(apart); }
		static void near(void) { apart = page_bytes() * page_bytes() / 4; write_each(page_bytes()); }
		static void judge(void) {
			expect_between("far", "bytes", TABLES * page_bytes(),
				       growth("arm", "before", "after").page_table_bytes, (TABLES + 4) * page_bytes());
			control_between("near", "bytes", 0, growth("near", "before", "after").page_table_bytes,
					4 * page_bytes());
			expect_equal("resident", "bytes", TABLES * page_bytes(),
				     growth("arm", "before", "after").resident_bytes);
		}' '.arms = { { "arm", arm }, { "near", near, .control = true } }, .probe = PROBE_PAGE_TABLES')
	run -0 --separate-stderr "$program"
	run -0 --separate-stderr "$(program "$LAZY")"
	assert_equal "$(awk -F, '$1 == "arm" { for (i = 1; i <= NF; i++) if ($i == "page_table_bytes") at = i }
		at && $1 == "lazy" && $at != "" { print "measured, though nobody asked" }' <<<"$output")" ""
}

@test "the observer runs at each of fewer records, and gets PID ARM STAGE TRIAL X" {
	cat >"$BATS_TEST_TMPDIR/observer" <<-'EOF'
		#!/bin/sh
		grep -q '^State:.T' /proc/$1/status && echo "$2|$3|$4|$5" >>"$LOG"
	EOF
	chmod +x "$BATS_TEST_TMPDIR/observer"
	LOG=$BATS_TEST_TMPDIR/log OBSERVER=$BATS_TEST_TMPDIR/observer run -0 experiment counting_is_exact
	assert_equal "$(grep -c '^probe|touched|1|' "$BATS_TEST_TMPDIR/log")" 8
	assert_equal "$(head -n 1 "$BATS_TEST_TMPDIR/log")" "probe|touched|1|1"
}

# workers: an experiment in which 8 children, and 8 threads, record at the same time; prints the program's path.
workers() {
	cp tests/fixtures/harness/workers.c "$BATS_TEST_TMPDIR"
	compiled "$BATS_TEST_TMPDIR/workers.c"
}

@test "8 children, or 8 threads, that record 100 rows each at the same time give 800 whole rows, in 100 runs" {
	program=$(workers)
	"$program" trials=100 >"$BATS_TEST_TMPDIR/rows.csv" 2>/dev/null
	# A row is known by its arm, trial, worker and number. Each must be there once, and there must be no other row.
	run -0 awk -F, '
		/^(children|threads),/ && $3 == "work" && !seen[$1, $2, $4, $5]++ { whole[$1 "," $2]++ }
		/^(children|threads),/ { all[$1 "," $2]++ }
		END { for (trial in all) print whole[trial], "of", all[trial] }' "$BATS_TEST_TMPDIR/rows.csv"
	assert_equal "$(sort <<<"$output" | uniq -c | sed 's/^ *//')" "200 800 of 800"
}

@test "what 8 children, or 8 threads, record at the same time is observed, one after the other" {
	cat >"$BATS_TEST_TMPDIR/observer" <<-'EOF'
		#!/bin/sh
		grep -q '^State:.T' /proc/$1/status && echo "$2,$5" >>"$LOG"
	EOF
	chmod +x "$BATS_TEST_TMPDIR/observer"
	program=$(workers)
	LOG=$BATS_TEST_TMPDIR/log OBSERVER=$BATS_TEST_TMPDIR/observer run -0 "$program" records=5 time_limit=20
	assert_equal "$(sort "$BATS_TEST_TMPDIR/log" | uniq -c | awk '$1 == 5' | wc -l)" 16
	run -0 bash -c 'yes "" | "$1" --step records=5 2>&1 >/dev/null' - "$program"
	assert_equal "$(grep -o 'stands still' <<<"$output" | wc -l)" 80
}

@test "a run is broken when a child ends in the middle of record(), and when a stage has no name" {
	program=$(own '#include <sys/wait.h>
		static void arm(void) {
			const char *volatile nowhere = (const char *)8;
			pid_t child = fork_arm();
			if (child == 0)
				record(nowhere, 0);
			waitpid(child, NULL, 0);
			record("a", 0);
		}
		'"$FINE")
	run -2 "$program"
	assert_output --partial '1 of 2 calls of record() were not finished, because a thread or a child of the arm ended in them'
	program=$(own "static void arm(void) { record(\"\", 0); } $FINE")
	run -2 "$program"
	assert_output --partial "records a stage without a name"
}

@test "the reason why a child ended is not lost when the arm ends for it" {
	program=$(own "static void arm(void) {
			pid_t child = fork_arm();
			if (child == 0)
				unsupported(\"the child's own reason\");
			wait_for(child);
		}
		$FINE")
	run -77 "$program"
	assert_output --partial "reason: the child's own reason"
}

@test "--step on a terminal ends with the judgement, and does not print the table" {
	run -0 "$ROOT/tests/on_terminal.py" 'Enter to go on=>\n' -- bash -c 'yes "" | "$1" --step block=1M' - "$(program "$LAZY")"
	assert_contains "$output" 'look with: ps -o vsz,rss,min_flt -p ' '# expect: held' '# verdict: reproduced'
	refute_output --partial 'arm,trial,stage'
}

@test "--step stops at each record, shows the PID and waits for Enter" {
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

@test "a run under a limit that is too low says which limit, and what to do" {
	run -77 bash -c 'ulimit -v 50000; "$1" 2>&1 >/dev/null' - "$(program "$LAZY")"
	assert_output --partial "this takes 67108864 bytes: the shell's \`ulimit -v 50000\` does not allow that; run it in a shell without this limit"
}

@test "a run goes on where ASLR cannot be switched off, and says so" {
	LD_PRELOAD=$(shim refuse_personality) run -0 --separate-stderr "$(program "$LAZY")"
	grep -q '^# aslr: on: personality(ADDR_NO_RANDOMIZE) was refused$' <<<"$output"
	LD_PRELOAD=$(shim refuse_personality) comes_out refuted experiment the_four_block_story
	LD_PRELOAD=$(shim refuse_personality) run -0 experiment small_requests_move_the_break
}

@test "the verdict is the same with ASLR and with a limit on addresses" {
	run -0 experiment "$LAZY" --aslr
	run -0 experiment one_minor_fault_per_new_page --aslr
	comes_out refuted experiment the_four_block_story --aslr
	run -0 bash -c 'ulimit -v 1000000; "$1"' - "$(program "$LAZY")"
}
