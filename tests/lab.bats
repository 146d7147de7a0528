#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests sweep, confound and hypothesis as a student uses them, in a copy of the project.

load helper

setup_file() {
	export PYTHONDONTWRITEBYTECODE=1 PROJECT=$BATS_FILE_TMPDIR/project
	project "$PROJECT" malloc_is_lazy mmap_starts_at_128_kib small_requests_move_the_break the_threshold_is_a_knob
	mkdir experiments/mine
	# This experiment waits at 4 MiB as long as there is a file named gate.
	sed -e 's/^#include "memory.h"/&\n#include <unistd.h>/' -e 's/^\twake_malloc();/\twhile (block_bytes == 4 * MiB \&\& access("gate", F_OK) == 0)\n\t\t;\n&/' \
		experiments/3_residency/malloc_is_lazy.c >"experiments/mine/has_a_gate.c"
	sed -e '1a /* copy of experiments/3_residency/malloc_is_lazy.c */' -e '/^static void write_step_by_step/,/^}/s/write_pages/read_pages/' \
		-e 's/^\t.asked.*/&\n\t.hypothesis = "reading takes no memory",/' \
		experiments/3_residency/malloc_is_lazy.c >"experiments/mine/reading_the_pages.c"
	make -s BUILD=build -j2 build >/dev/null
}

setup() {
	cd "$PROJECT"
	export BUILD=build RESULTS=$BATS_TEST_TMPDIR/results
	mkdir "$BATS_TEST_TMPDIR/without"
	echo 'raise ImportError' >"$BATS_TEST_TMPDIR/without/matplotlib.py"
	export PYTHONPATH=$BATS_TEST_TMPDIR/without # most tests need no picture, and are faster without matplotlib
}

sweep() {
	make --no-print-directory sweep CLAIM="$1" KNOB="$2" FROM="$3" TO="$4" STEP="${5-}" Y="${6-}"
}

with_pictures() {
	unset PYTHONPATH
	/usr/bin/python3 -c 'import matplotlib' 2>/dev/null || skip "python3-matplotlib is missing: scripts/setup"
}

is_png() {
	[ "$(head -c 4 "$1" | tail -c 3)" = PNG ]
}

# refused SENTENCE COMMAND ...: runs a command that must print one line with the sentence on stderr, exit with 2 and write
# no result.
refused() {
	run -2 --separate-stderr "${@:2}"
	grep -v '^make: ' <<<"$stderr" >"$BATS_TEST_TMPDIR/said"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/said")" -eq 1 ] || {
		cat "$BATS_TEST_TMPDIR/said"
		false
	}
	grep -qF -e "$1" "$BATS_TEST_TMPDIR/said" || {
		cat "$BATS_TEST_TMPDIR/said"
		false
	}
	[ ! -e "$RESULTS/sweeps" ]
}

# interrupted SEEN COMMAND ...: runs a command on a terminal of its own, types Ctrl-C when SEEN appears, and prints what the
# terminal showed.
interrupted() {
	"$ROOT/tests/on_terminal.py" "$1=>^C" -- "${@:2}"
}

# ---- sweep

@test "sweep writes a row for each value and arm, in the format of a result, and a picture" {
	with_pictures
	run -0 --separate-stderr sweep mmap_starts_at_128_kib freed 128K 1M x2 y
	assert_contains "$output" 'freed=128K' 'left out ' 'freed: 128K is below 262144, the least'
	assert_contains "$output" 'after freeing a mapped block' '1 MiB ' "refuted" '1,052,649 bytes'
	assert_output --partial 'mmap_starts_at_128_kib: freed 256 KiB → 1 MiB: first size that is mapped 266,217 bytes → 1,052,649 bytes (after freeing a mapped block); 3 of 4 arms stand still'
	assert_contains "$stderr" '[1/4] freed=128K' '[4/4] freed=1M'
	csv=$RESULTS/sweeps/mmap_starts_at_128_kib.freed.csv
	assert_equal "$(grep -c '^after freeing a mapped block,1,freed=' "$csv")" 3
	grep -q '^after freeing a mapped block,1,freed=1M,1048576,1052649,' "$csv"
	grep -q '^# y: first size that is mapped, bytes | bytes$' "$csv"
	grep -q '^# x: freed, bytes | bytes$' "$csv"
	grep -q '^# log: x$' "$csv"
	assert_equal "$(grep -c '^# knob: ' "$csv")" 1 # block alone: the knob that was swept is not listed
	grep -q '^# kernel: ' "$csv"
	assert_equal "$(tail -n 1 "$csv")" '# verdict: refuted'
	is_png "${csv%.csv}.png"
	assert_equal "$(cd "${csv%.csv}" && echo *)" 'freed=1M.csv freed=1M.svg freed=256K.csv freed=256K.svg freed=512K.csv freed=512K.svg'
	run -0 --separate-stderr sweep mmap_starts_at_128_kib block 64K 256K x2 heap_top_bytes
	moved=$(awk -F, '$1 == "one block" { print ($5 > 0) }' "$RESULTS/sweeps/mmap_starts_at_128_kib.block.csv" | xargs)
	[ "$moved" = "1 0 0" ] # 64K, 128K, 256K: the break, then mappings
	csv=$RESULTS/sweeps/mmap_starts_at_128_kib.freed.csv
	scripts/chart --svg "$csv" # gnuplot's script reads it as any other result
}

@test "sweep shows how much a column grows over an arm, and STEP may be a number to add" {
	run -0 --separate-stderr sweep malloc_is_lazy block 1M 3M 1M minor_fault_count
	page=$(getconf PAGESIZE)
	for mib in 1 2 3; do
		grep -q "^lazy,1,block=${mib}M,$((mib << 20)),$((mib * 1048576 / page + 1))," "$RESULTS/sweeps/malloc_is_lazy.block.csv"
	done
	assert_contains "$output" 'minor faults' ' (lazy)'
}

@test "sweep shows the verdict with Y=verdict, and without Y the column that the experiment charts" {
	run -0 --separate-stderr sweep malloc_is_lazy block 1M 2M x2 verdict
	assert_output --partial 'malloc_is_lazy: block=1M to block=2M: reproduced'
	run -0 --separate-stderr sweep malloc_is_lazy block 1M 2M
	[[ $output == *'resident 1.004 MiB → 2.004 MiB (lazy)'* || $output == *'resident '*' (lazy)'* ]] || fail "$output"
}

@test "sweep shows the number that predict asks for with Y=predict, in the arm of the question first" {
	run -0 --separate-stderr sweep malloc_is_lazy block 1M 2M x2 predict
	page=$(getconf PAGESIZE)
	assert_contains "$output" 'How much becomes resident when the block is allocated' 'resident, "before malloc" to "after malloc"' '(lazy)'
	csv=$RESULTS/sweeps/malloc_is_lazy.block.csv
	grep -q "^lazy,1,block=1M,1048576,$page," "$csv"
	grep -q "^populated,1,block=2M,2097152,$((page + 2097152))," "$csv"
	grep -qx '# asked_arm: lazy' "$csv"
}

@test "FIND=verdict finds the border between two verdicts to the byte, goes on where it was stopped, and says where there is none" {
	find_border() { make --no-print-directory sweep CLAIM="$1" KNOB=size FROM="$2" TO="$3" FIND=verdict; }
	# judge() of this copy fails from 12,345 bytes on.
	sed -e 's/\.knobs = { {/.knobs = { { "size", \&size, "bytes", "a size", 1 }, {/' -e 's/^static int64_t block_bytes.*/&\nstatic int64_t size = 1;/' \
		-e '/^static void judge/,/^{/s/^{/{\n\texpect_between("the size is below 12,345", "bytes", 0, size, 12344);/' \
		experiments/3_residency/malloc_is_lazy.c >experiments/mine/has_a_border.c
	KNOBS=block=1M run -0 --separate-stderr find_border has_a_border 12K 16K
	assert_contains "$output" 'has_a_border: size=12344: reproduced; size=12345: refuted' "$RESULTS/sweeps/has_a_border.size.border.csv"
	csv=$RESULTS/sweeps/has_a_border.size.border.csv
	assert_equal "$(awk -F, '$1 == "lazy" { print $4 }' "$csv")" "$(awk -F, '$1 == "lazy" { print $4 }' "$csv" | sort -n)"
	sed -i '/^# verdict/d' "$csv"
	KNOBS=block=1M run -0 --separate-stderr find_border has_a_border 12K 16K
	assert_contains "$stderr" 'going on with '
	KNOBS=block=1M run -2 find_border has_a_border 1K 2K
	assert_output --partial 'size=1K and size=2K are both reproduced: give a FROM and a TO of different verdicts'
	run -2 find_border has_a_border 2K 1K
	assert_output --partial 'FROM=2K is not below TO=1K'
	run -2 scripts/sweep malloc_is_lazy block 1M 2M x2 --find verdict
	assert_output --partial 'leave STEP and Y out'
	rm experiments/mine/has_a_border.c
}

@test "confound takes conditions of one's own: settings of malloc, a limit, a command; and says which could not be applied" {
	run -0 make confound CLAIM=malloc_is_lazy WITH='MALLOC_TOP_PAD_=1048576; ulimit -v 10; env -u HOME; no_such_command -x'
	assert_contains "$output" 'as it is, 3 times' 'MALLOC_TOP_PAD_=1048576' 'ulimit -v 10' 'left out' 'env -u HOME' 'nothing moved' 'no command no_such_command'
	csv=$RESULTS/confounds/malloc_is_lazy.own.csv
	assert_equal "$(grep -c '^# point: ' "$csv")" 7
	refused 'FOO does not reach an arm; what does is MALLOC_ARENA_MAX' make confound CLAIM=malloc_is_lazy WITH=FOO=1
	refused 'give different conditions' make confound CLAIM=malloc_is_lazy WITH='env; env'
	refused 'No closing quotation' make confound CLAIM=malloc_is_lazy WITH="env '"
}

@test "sweep says that no column grows in an experiment that records once" {
	run -0 --separate-stderr sweep the_threshold_is_a_knob threshold 64K 64K x2 minor_fault_count
	assert_contains "$stderr" 'records once in each arm, so no column grows; Y=y or Y=verdict may show more'
}

@test "sweep keeps the finished points after Ctrl-C, and the same command goes on from there" {
	touch gate
	run -130 interrupted '2/5 block=4M' make sweep CLAIM=has_a_gate KNOB=block FROM=1M TO=16M
	rm gate
	assert_output --partial '[#########...............] 2/5 block=4M'
	assert_output --partial "interrupted; 2 of 5 points are kept in $RESULTS/sweeps/has_a_gate.block.csv; the same command goes on from there"
	refute_output --partial "Traceback"
	run ! pgrep -f "$PWD/build/mine/has_a_gate|^build/mine/has_a_gate"
	csv=$RESULTS/sweeps/has_a_gate.block.csv
	run ! grep -q '^# verdict:' "$csv"
	assert_equal "$(find "$RESULTS" -name '.*' -type f)" ""
	kept=$(grep -E '^[a-z]+,1,block=[12]M,' "$csv")
	run -0 --separate-stderr sweep has_a_gate block 1M 16M
	assert_contains "$stderr" "going on with $csv: 2 points are there" '[3/5] block=4M'
	refute_contains "$stderr" 'block=1M'
	assert_equal "$(grep -E '^[a-z]+,1,block=[12]M,' "$csv")" "$kept"
	assert_equal "$(tail -n 1 "$csv")" '# verdict: reproduced'
}

@test "sweep starts anew, and says so, when the unfinished file is of other settings" {
	sweep has_a_gate block 1M 2M 2>/dev/null
	csv=$RESULTS/sweeps/has_a_gate.block.csv
	sed -i -e '/^# verdict/d' -e '/^# point: block=2M/d' -e '/^lazy,1,block=2M/d' "$csv"
	run -0 --separate-stderr sweep has_a_gate block 1M 2M 1M
	assert_contains "$stderr" "$csv is unfinished, but of other settings, program or machine: starting anew" '[1/2] block=1M'
}

@test "sweep refuses an unfinished file in another format with a sentence, and measures anew" {
	sweep has_a_gate block 1M 1M 2>/dev/null
	csv=$RESULTS/sweeps/has_a_gate.block.csv
	sed -i -e '/^# verdict/d' -e 's/^# format: 2/# format: 1/' "$csv"
	run -0 --separate-stderr sweep has_a_gate block 1M 2M
	assert_contains "$stderr" "$csv is in format 1; these scripts read format 2: measure again with make run-all; starting anew" '[1/2] block=1M'
}

@test "sweep explains a wrong knob, column or range in one sentence" {
	refused 'has no knob "blok"; it has: block, trials, time_limit' sweep malloc_is_lazy blok 1M 2M
	refused 'give KNOB=: 3_residency/malloc_is_lazy has block' sweep malloc_is_lazy '' 1M 2M
	refused 'there is no column "colour"; there are: ' sweep malloc_is_lazy block 1M 2M x2 colour 2>/dev/null
	sed -E 's/record_y\((.*), absent_pages_of\(block, block_bytes\)\)/record(\1)/' experiments/3_residency/malloc_is_lazy.c >experiments/mine/has_no_y.c
	make -s BUILD=build build/mine/has_no_y >/dev/null
	refused 'records no y of its own' sweep has_no_y block 1M 2M x2 y
	refused 'does not measure mapping_count' sweep malloc_is_lazy block 1M 2M x2 mapping_count
	refused 'FROM=4M is above TO=1M' sweep malloc_is_lazy block 4M 1M
	refused 'FROM=much: is not a whole number' sweep malloc_is_lazy block much 1M
	refused 'give TO=: a number' sweep malloc_is_lazy block 1M ''
	refused 'STEP=x1: give a factor above 1' sweep malloc_is_lazy block 1M 2M x1
	refused 'STEP=-1: give a factor above 1, as in x2, or a number to add' sweep malloc_is_lazy block 1M 2M -1
	refused 'and a FROM above 0' sweep malloc_is_lazy block 0 2M x2
	refused 'is more than 1000 runs: take a larger STEP' sweep malloc_is_lazy block 1 2M 1
}

@test "sweep explains that all values are refused, that a claim does not exist, or that it cannot write its results" {
	run -2 --separate-stderr sweep malloc_is_lazy block 1 2
	assert_contains "$stderr" 'none of this could be run: block: 1 is below'
	run -2 sweep malloc_is_lasy block 1 2
	assert_output --partial 'there is no claim "malloc_is_lasy"'
	RESULTS=/proc/nowhere run -2 --separate-stderr sweep malloc_is_lazy block 1M 1M
	assert_contains "$stderr" 'cannot write /proc/nowhere/sweeps/' 'RESULTS='
	refute_contains "$stderr" "Traceback"
}

@test "without matplotlib sweep prints its table and says how to install matplotlib" {
	run -0 --separate-stderr sweep malloc_is_lazy block 1M 1M
	assert_contains "$output" '1 MiB' "reproduced"
	assert_contains "$stderr" 'python3-matplotlib is missing; scripts/setup installs it'
}

@test "sweep waits until another measurement has ended" {
	exec 8>"$TURN"
	flock 8
	sweep malloc_is_lazy block 1M 1M >"$BATS_TEST_TMPDIR/log" 2>&1 8>&- 3>&- &
	timeout 20 bash -c 'until grep -q "waiting for it to end" "$1"; do :; done' wait "$BATS_TEST_TMPDIR/log"
	assert [ ! -e "$RESULTS/sweeps" ]
	exec 8>&-
	wait $!
	assert [ -e "$RESULTS/sweeps/malloc_is_lazy.block.csv" ]
}

@test "read_results leaves out the sweeps that lie beside the results" {
	run -0 --separate-stderr sweep malloc_is_lazy block 1M 1M
	run -0 env PYTHONPATH=scripts /usr/bin/python3 -c 'import sys; from touchstone.results import read_results; print(read_results(sys.argv[1]))' "$RESULTS"
	assert_output '[]'
}

@test "sweep works in a locale without arrows, and says so when it cannot write to the build folder" {
	run -0 env LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 make sweep CLAIM=malloc_is_lazy KNOB=block FROM=1M TO=1M
	assert_output --partial 'malloc_is_lazy: block 1 MiB ? 1 MiB: '
	((EUID == 0)) || skip "becoming another user needs root"
	chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_FILE_TMPDIR/.."
	run -2 setpriv --reuid=65534 --clear-groups env -u PYTHONPATH RESULTS=/proc/nowhere scripts/sweep malloc_is_lazy block 1M 1M
	assert_output --partial 'cannot write to build: Permission denied; give another folder with BUILD='
}

# ---- confound

@test "confound shows which conditions change the verdict, and which change numbers only" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s /usr/bin/* "$BATS_TEST_TMPDIR/bin"
	rm -f "$BATS_TEST_TMPDIR/bin/clang" # what is not installed is left out; and one build less to wait for
	# The library that is built already stands in for one at -O3, so that the test need not wait for it.
	mkdir -p build/confound/cc-O3
	make -s BUILD=build/confound/cc-O3 CC=cc OPT=-O3 build/confound/cc-O3/.flags
	cp -r build/lib build/confound/cc-O3
	PATH=$BATS_TEST_TMPDIR/bin run -0 --separate-stderr make --no-print-directory confound CLAIM=mmap_starts_at_128_kib
	assert_contains "$output" 'as it is, 3 times ' "refuted"
	assert_contains "$output" 'ASLR on ' 'refuted ' 'nothing moved'
	assert_contains "$output" 'thresholds pinned at 128 KiB' 'refuted ' 'after a mapped block was freed: first size that is mapped: 1,052,649 → 131,049'
	assert_contains "$output" '131,049 bytes; not applied in pinned: set there by the experiment itself'
	assert_contains "$(tr -s '\n ' ' ' <<<"$output")" 'numbers are moved by: ' 'thresholds pinned at 128 KiB' "mmap_starts_at_128_kib.csv"
	assert_contains "$output" 'cc -O3 ' 'not applied: the result says as before "compiler_flags: ' # see above: it stands in
	if [[ -z $(LD_PRELOAD=libjemalloc.so.2 cat /dev/null 2>&1) ]]; then
		[[ $output =~ 'malloc of jemalloc'\ +(inconclusive\ \*|could\ not\ be\ asked) ]] || fail "$output"
	else
		assert_contains "$output" 'malloc of jemalloc' 'left out' 'scripts/setup'
	fi
	assert_contains "$output" 'clang -O2 ' 'left out ' 'not installed: scripts/setup tests installs it'
	csv=$RESULTS/confounds/mmap_starts_at_128_kib.csv
	grep -q '^# point: cc -O3 | refuted' "$csv"
	run -1 grep '^# point: malloc of APR' "$csv" # a library without a malloc of its own
	if grep -qE '\[(always|madvise)\]' /sys/kernel/mm/transparent_hugepage/enabled; then
		PATH=$BATS_TEST_TMPDIR/bin run -0 --separate-stderr scripts/confound small_requests_move_the_break
		assert_contains "$output" 'huge pages  ' 'refuted *' '135,168 → '
	fi
	grep -q '^# point: ulimit -v at twice its size and 64 MiB | ' "$csv"
	[[ $(tail -n 1 "$csv") == '# verdict: '* ]]
	scripts/chart --text "$csv" >/dev/null
}

@test "confound refuses LD_PRELOAD, a missing claim, and an experiment that does not run as it is" {
	LD_PRELOAD=libc.so.6 refused 'LD_PRELOAD is set' scripts/confound malloc_is_lazy
	run -2 make confound
	assert_output --partial 'Give CLAIM=name'
	KNOBS=block=nonsense run -2 --separate-stderr scripts/confound malloc_is_lazy
	assert_equal "${#stderr_lines[@]}" 1
	assert_contains "$stderr" 'does not run as it is: ' '"nonsense" is not a whole number'
}

# ---- hypothesis

@test "hypothesis shows the change and what moved because of it, and writes a page for the journal" {
	with_pictures
	mkdir -p "$RESULTS/mine"
	for said in 1M 64M; do
		printf '%s\n' 'asked: How much becomes resident when the block is allocated, before anything is written?' "entered: $said" \
			"value: $(numfmt --from=iec "$said")" 'knobs: block=67108864' 'predicted: 2026-01-01T00:00:00Z' ''
	done >"$RESULTS/mine/reading_the_pages.prediction"
	export NAME=pair-7
	ROUNDS=2 run -0 --separate-stderr make --no-print-directory hypothesis CLAIM=reading_the_pages
	assert_contains "$output" '-		write_pages(' '+		read_pages('
	assert_output --partial 'hypothesis: reading takes no memory'
	assert_contains "$output" 'lazy ' 'resident_bytes ' 'writing (from x = 4 MiB on) ' '64 MiB → 4 KiB'
	assert_output --partial 'Verdict: reproduced → refuted.'
	local faults=$((64 * 1048576 / $(getconf PAGESIZE) + 1))
	assert_contains "$output" "No difference in: " "minor_fault_count (${faults%???},${faults: -3})" 'in brackets how far in lazy'
	[[ $output != *'+	.hypothesis'* ]] # the hypothesis stands above the table, not in the difference
	refute_output --partial 'Careful:'
	assert_contains "$stderr" 'malloc_is_lazy, round 1' 'reading_the_pages, round 1' 'reading_the_pages, round 2' 'malloc_is_lazy, round 2'
	journal=$(<"$RESULTS/journal/reading_the_pages.md")
	assert_contains "$journal" '> reading takes no memory' '```diff' '- Predicted 2026-01-01T00:00:00Z: 1M. Measured: 4 KiB.' 'not been measured before. Reason: ____' \
		'- Predicted 2026-01-01T00:00:00Z: 64M. Measured: 4 KiB. Off by a factor of 16,384: too high.' '| lazy ' '| resident_bytes ' '- resident_bytes, in lazy, because ____' 'Keep or reject the hypothesis?'
	assert_contains "$journal" 'Author: pair-7' 'Machine: kernel: ' 'glibc: '
	page=$(<"$RESULTS/journal/reading_the_pages.html")
	assert_contains "$page" 'Author: pair-7' '<blockquote>' '<code class="language-diff">' '<table>' 'src="data:image/png;base64,'
	is_png "$RESULTS"/journal/reading_the_pages/*/overlay.png
	assert_equal "$(find "$RESULTS/journal" -name '*.csv' | wc -l)" 4
}

@test "hypothesis keeps what a student has written, and adds the next run below it" {
	mkdir -p "$RESULTS/journal"
	printf '# mine\n\nKept: because I say so.' >"$RESULTS/journal/reading_the_pages.md"
	ROUNDS=1 run -0 scripts/hypothesis reading_the_pages
	[[ $(<"$RESULTS/journal/reading_the_pages.md") == '# mine

Kept: because I say so.
## '*'**Result**'* ]]
	assert_output --partial 'python3-matplotlib is missing; scripts/setup'
}

@test "hypothesis adds only what is new: a prediction, a sweep, another hypothesis" {
	local journal=$RESULTS/journal/reading_the_pages.md copy=experiments/mine/reading_the_pages.c
	export ROUNDS=1
	sed 's/reading takes no memory/it is free/' "$copy" >experiments/mine/again.c
	cp experiments/mine/again.c "$BATS_TEST_TMPDIR/first.c"
	journal=$RESULTS/journal/again.md copy=experiments/mine/again.c
	scripts/hypothesis again
	cp "$journal" "$BATS_TEST_TMPDIR/before"
	run -0 scripts/hypothesis again
	assert_output --partial 'nothing is new, so nothing was added'
	cmp "$journal" "$BATS_TEST_TMPDIR/before"
	PREDICT=64M REASON='as it was told' scripts/predict again
	sweep again block 1M 2M x2 verdict
	PREDICT=1M scripts/predict again
	scripts/hypothesis again
	added=$(tail -c +$(($(wc -c <"$BATS_TEST_TMPDIR/before") + 1)) "$journal")
	assert_contains "$added" ': 64M. Measured: 4 KiB.' 'not been measured before. Reason: as it was told' ': 1M. Measured: 4 KiB.' 'The number had been shown at 20' '- Swept block (`sweeps/again.block.csv`' 'refuted'
	refute_contains "$added" '**Change**'
	refute_contains "$added" '**Interpretation**'
	sed -i 's/it is free/it costs nothing/' "$copy"
	scripts/hypothesis again
	assert_contains "$(<"$journal")" 'First written, 20' '> it is free' 'Changed, 20' '> it costs nothing'
	assert_equal "$(grep -c 'Predicted .*: 64M' "$journal")" 1
	rm experiments/mine/again.c
}

@test "hypothesis warns of more than one change, of a changed judge() and of no change at all" {
	copy=experiments/mine/reading_the_pages.c
	for name in two_things judged_otherwise same asks_otherwise; do
		cp "$copy" "experiments/mine/$name.c"
	done
	sed -i 's/= 64 \* MiB/= 8 * MiB/' experiments/mine/two_things.c
	sed -i -e 's/read_pages/write_pages/' -e 's/absent, pages + 1)/absent, pages + 2)/' experiments/mine/judged_otherwise.c
	sed -i -e 's/read_pages/write_pages/' -e 's|^ \* page fault)| * page fault!)|' experiments/mine/same.c
	sed -i -e '/^\t\.predict/,/^\t\.judge/{/^\t\.judge/!d}' -e 's/"resident_bytes virtual_bytes"/"resident_bytes minor_fault_count"/' experiments/mine/asks_otherwise.c
	export ROUNDS=1
	COLUMNS=400 run -0 --separate-stderr scripts/hypothesis asks_otherwise
	assert_output --partial '-	.predict = '
	assert_output --partial '+	.charted = '
	refute_output --partial "Careful:"
	COLUMNS=400 run -0 --separate-stderr scripts/hypothesis two_things
	assert_contains "$output" 'Careful: 2 places were changed, so it cannot be told which of them caused what: line ' ' (static int64_t block_bytes = 8 * MiB;), line ' ' (static void write_step_by_step(char *block)).'
	assert_output --partial 'Also different: knob block: 67108864 → 8388608.'
	COLUMNS=400 run -0 --separate-stderr scripts/hypothesis judged_otherwise
	assert_output --partial 'Careful: judge() was changed'
	refute_output --partial 'places were changed'
	refute_output --partial 'code is the same'
	COLUMNS=400 run -0 --separate-stderr scripts/hypothesis same
	assert_output --partial 'Careful: the code is the same'
	assert_output --partial 'Verdict: reproduced in both.'
	rm experiments/mine/{two_things,judged_otherwise,same,asks_otherwise}.c
}

@test "hypothesis refuses a copy that does not build, and one whose origin is not stated or does not exist" {
	refused 'has_a_gate.c does not say where it came from: put /* copy of' scripts/hypothesis has_a_gate
	ROUNDS=1 run -0 make --no-print-directory hypothesis CLAIM=has_a_gate ORIGIN=malloc_is_lazy
	refused 'cannot be compared with itself' scripts/hypothesis has_a_gate --origin has_a_gate
	sed '1a /* copy of experiments/3_residency/gone.c */' experiments/mine/has_a_gate.c >experiments/mine/orphan.c
	refused 'experiments/3_residency/gone.c, which is not there' scripts/hypothesis orphan
	echo 'int nonsense = ;' >experiments/mine/orphan.c
	run -2 scripts/hypothesis orphan --origin malloc_is_lazy
	assert_contains "$output" "nonsense" "mine/orphan does not build: the compiler's words stand above"
	rm experiments/mine/orphan.c
	ROUNDS=no refused 'ROUNDS=no: give a number' scripts/hypothesis reading_the_pages
	run -2 scripts/hypothesis nobody
}

@test "hypothesis leaves the journal as it was after Ctrl-C" {
	touch gate
	export KNOBS=block=4M
	run -130 interrupted 'has_a_gate, round 1' scripts/hypothesis has_a_gate --origin malloc_is_lazy
	rm gate
	assert_output --partial 'interrupted; the journal is as it was'
	refute_output --partial "Traceback"
	assert_equal "$(find "$RESULTS" -type f)" ""
}
