#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests the scripts and make targets as a class uses them, and what they do when something goes wrong.

load helper

setup() {
	export RESULTS=$BATS_TEST_TMPDIR/results
}

# sandbox: makes a copy of the project with one experiment, for a test that changes files, and goes there.
sandbox() {
	project "$BATS_TEST_TMPDIR/project" malloc_is_lazy
	RESULTS=results/latest
}

# path_without COMMAND ...: prints a PATH with every command but these.
path_without() {
	local bin=$BATS_TEST_TMPDIR/bin folder command
	mkdir -p "$bin"
	for folder in /usr/bin /bin /usr/sbin /sbin; do
		ln -sf "$folder"/* "$bin" 2>/dev/null || true
	done
	for command in "$@"; do
		rm -f "$bin/$command"
	done
	echo "$bin"
}

@test "claims accepts a name and a path, and answers a wrong name with the nearest names" {
	run -0 scripts/claims malloc_is_lazy
	assert_output 3_residency/malloc_is_lazy
	run -0 scripts/claims experiments/3_residency/malloc_is_lazy.c
	assert_output 3_residency/malloc_is_lazy
	run -2 scripts/claims malloc_is_lasy
	assert_contains "$output" 'no claim "malloc_is_lasy"; the nearest are:' "malloc_is_lazy"
	run -2 make run CLAIM=malloc_is_lasy
	assert_output --partial "malloc_is_lazy"
	run -2 scripts/claims Lazy
	assert_output $'there is no claim "Lazy"; the nearest are:\n  calloc_is_lazy_too\n  malloc_is_lazy'
	run -2 make run CLAIM=./myprogram
	assert_output --partial 'there is no claim "./myprogram", and none with a name like it: a claim is a file of experiments/'
	run -2 make run
	assert_output --partial 'Give CLAIM=name'
}

@test "claims answers a wrong name with all names when Python is missing" {
	PATH=$(path_without python3) run -2 scripts/claims malloc_is_lasy
	assert_contains "$output" "counting_is_exact" "malloc_is_lazy"
}

@test "claims refuses a name that two chapters have, and names both" {
	sandbox
	mkdir experiments/mine
	cp experiments/3_residency/malloc_is_lazy.c experiments/mine
	run -2 make run CLAIM=malloc_is_lazy
	assert_contains "$output" "CLAIM=3_residency/malloc_is_lazy" "CLAIM=mine/malloc_is_lazy"
	run -0 make run CLAIM=mine/malloc_is_lazy
	assert [ -e results/latest/mine/malloc_is_lazy.csv ]
}

@test "run writes a result and prints a progress line" {
	run -0 scripts/run malloc_is_lazy
	assert_contains "$output" '[1/1] 3_residency/malloc_is_lazy' "reproduced" ' s'
	assert_equal "$(tail -n 1 "$RESULTS/3_residency/malloc_is_lazy.csv")" "# verdict: reproduced"
}

@test "run exits with 0 when a claim is refuted, because that is a result and not an error" {
	run -0 scripts/run the_four_block_story
	assert_output --partial "refuted"
}

@test "run keeps the last result as it was when the experiment refuses the knobs" {
	scripts/run malloc_is_lazy
	before=$(cksum "$RESULTS/3_residency/malloc_is_lazy.csv")
	KNOBS="block=nonsense" run -1 scripts/run malloc_is_lazy
	assert_contains "$output" 'no result' '"nonsense" is not a whole number'
	KNOBS=--help run -1 scripts/run malloc_is_lazy
	assert_output --partial 'no result'
	assert_equal "$(cksum "$RESULTS/3_residency/malloc_is_lazy.csv")" "$before"
	assert_equal "$(find "$RESULTS" -name '.*' -type f | wc -l)" 0
}

@test "run-all fails when knobs are refused, even if an earlier run left results" {
	sandbox
	make run-all
	run -2 make run-all KNOBS="nonsense=1"
	assert_contains "$output" 'no result' '1 reproduced' 'some gave no result this time'
}

@test "run hands the knobs to the experiment" {
	KNOBS="block=2M trials=2" run -0 scripts/run malloc_is_lazy
	grep -q '^# knob: block | 2097152 | bytes | ' "$RESULTS/3_residency/malloc_is_lazy.csv"
	grep -q '^# setting: trials | 2 | ' "$RESULTS/3_residency/malloc_is_lazy.csv"
}

@test "run says what to do when it cannot write to the results folder" {
	RESULTS=/proc/nowhere run -2 scripts/run malloc_is_lazy
	assert_output --partial "cannot write results to /proc/nowhere: give another folder with RESULTS="
	touch "$BATS_TEST_TMPDIR/file"
	RESULTS=$BATS_TEST_TMPDIR/file run -2 scripts/run malloc_is_lazy
}

@test "run says what to do when it cannot write to the build folder" {
	BUILD=/proc/nowhere run -2 scripts/run malloc_is_lazy
	assert_output --partial "cannot write to /proc/nowhere: give another folder with BUILD="
	run -2 make build BUILD=/proc/nowhere
	assert_output --partial "cannot build in /proc/nowhere: give another folder with BUILD="
	run -2 make build BUILD="/tmp/with blank"
	assert_output --partial "with a blank in its name"
}

@test "run accepts quotes, blanks and stars in a setting, and treats an empty setting as not set" {
	odd="$BATS_TEST_TMPDIR/a 'b' \"c\" d*"
	run -0 make run CLAIM=malloc_is_lazy RESULTS="$odd"
	assert [ -s "$odd/3_residency/malloc_is_lazy.svg" ]
	assert [ -s "$odd/index.html" ]
	run -2 make run CLAIM='a"b'
	assert_output --partial 'there is no claim "a"b"'
	sandbox
	run -0 make run CLAIM=malloc_is_lazy RESULTS= BUILD=
	assert [ -s results/latest/3_residency/malloc_is_lazy.csv ]
}

@test "run-all works in a folder with blanks and quotes in its name" {
	sandbox
	mv "$PWD" "$BATS_TEST_TMPDIR/a 'project' here"
	cd "$BATS_TEST_TMPDIR/a 'project' here"
	BUILD=build run -0 make run-all
	assert_output --partial '1 reproduced'
}

@test "run says so when /proc is not mounted" {
	unshare -m true 2>/dev/null || skip "no mounts of one's own here"
	run -2 unshare -m sh -c 'umount -l /proc && scripts/run malloc_is_lazy'
	[[ $output == "/proc is not mounted"* ]] || fail "$output"
}

@test "run does not measure with a program that is older than the library" {
	sandbox
	make build
	touch -d '+1 hour' lib/probe/probe.c
	run -1 scripts/run malloc_is_lazy
	assert_contains "$output" "broken" 'its source was changed since: make ' '/3_residency/malloc_is_lazy shows why'
}

@test "run says so when an ordinary user may not write to the results folder, and leaves nothing in it" {
	mkdir -m 555 "$RESULTS"
	if ((EUID == 0)); then
		chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/.."
		run -2 setpriv --reuid=65534 --clear-groups env RESULTS="$RESULTS" BUILD="$BATS_TEST_TMPDIR/../b" scripts/run malloc_is_lazy
	else
		run -2 scripts/run malloc_is_lazy
	fi
	assert_output --partial "cannot write results to"
	assert_equal "$(ls -A "$RESULTS")" ""
}

@test "run keeps the last result and leaves no partial file when the disk is full" {
	((EUID == 0)) || skip "mounting a small tmpfs needs root"
	mkdir "$RESULTS"
	mount -t tmpfs -o size=64k tmpfs "$RESULTS" || skip "cannot mount a tmpfs here"
	scripts/run malloc_is_lazy
	before=$(cksum "$RESULTS/3_residency/malloc_is_lazy.csv")
	head -c 1M /dev/zero >"$RESULTS/filler" 2>/dev/null || true
	run scripts/run malloc_is_lazy
	after=$(cksum "$RESULTS/3_residency/malloc_is_lazy.csv")
	left=$(find "$RESULTS" -name '.*' -type f | wc -l)
	umount "$RESULTS"
	assert_failure 1
	assert_output --partial "No space left on device"
	assert_equal "$before" "$after"
	assert_equal "$left" 0
}

@test "run-all shows an experiment that does not compile as broken, and runs the others" {
	sandbox
	mkdir -p experiments/mine
	echo 'int nonsense = ;' >experiments/mine/will_not_compile.c
	run -2 make run-all
	assert_contains "$output" 'mine/will_not_compile' "broken"
	assert_contains "$output" '3_residency/malloc_is_lazy' "reproduced"
	assert_output --partial '1 reproduced, 1 broken'
}

@test "run-all shows a file without a declaration as broken, and says what is missing" {
	sandbox
	printf '#include "experiment.h"\n' >experiments/3_residency/no_declaration.c
	run -2 make run-all
	assert_output --partial 'holds no complete `const struct experiment experiment`'
}

@test "run shows a program that crashes in judge() or prints to stdout as broken, and says why" {
	sandbox
	mkdir experiments/mine
	lazy=experiments/3_residency/malloc_is_lazy.c
	sed '/^static void judge/,/^{/s/^{/{\n\t__builtin_trap();/' $lazy >experiments/mine/crashes.c
	sed '/^static void judge/,/^{/s/^{/{\n\tputs("hello");/; s/^#include "memory.h"/&\n#include <stdio.h>/' $lazy >experiments/mine/prints.c
	make build
	run -1 --separate-stderr scripts/run crashes prints
	assert_contains "$stderr" 'killed by signal ' ' outside of its arms: in judge(), perhaps' 'it prints to stdout, where only the result belongs'
	[[ $stderr != *scripts/run:* ]] # no message of bash itself
	for name in crashes prints; do
		assert_equal "$(tail -n 1 "results/latest/mine/$name.csv")" '# verdict: broken'
	done
	run -2 --separate-stderr scripts/observe crashes
	assert_contains "$stderr" 'mine/crashes was not observed:' 'killed by signal '
	refute_contains "$stderr" "scripts/observe:"
}

@test "run and observe say which variable to set when a folder for their files is missing or full" {
	TMPDIR=/nowhere run -2 scripts/run malloc_is_lazy
	assert_output 'cannot write temporary files to /nowhere: give another folder with TMPDIR=...'
	((EUID == 0)) || skip "mounting a small tmpfs needs root"
	mkdir "$BATS_TEST_TMPDIR/full"
	mount -t tmpfs -o size=4k tmpfs "$BATS_TEST_TMPDIR/full" || skip "cannot mount a tmpfs here"
	head -c 1M /dev/zero >"$BATS_TEST_TMPDIR/full/filler" 2>/dev/null || true
	TMPDIR=$BATS_TEST_TMPDIR/full run scripts/run malloc_is_lazy
	measured=$status
	RESULTS=$BATS_TEST_TMPDIR/full run scripts/observe malloc_is_lazy
	left=$(find "$BATS_TEST_TMPDIR/full" -name '.*' -type f)
	umount "$BATS_TEST_TMPDIR/full"
	assert_equal "$measured" 0
	assert_equal "$(tail -n 1 "$RESULTS/3_residency/malloc_is_lazy.csv")" "# verdict: reproduced"
	assert_failure 2
	assert_output --partial "give another folder with RESULTS="
	refute_output --partial 'line '
	assert_equal "$left" ""
}

@test "run-all finds a new experiment as soon as its file is there" {
	sandbox
	sed 's/64 \* MiB/8 * MiB/' experiments/3_residency/malloc_is_lazy.c >experiments/3_residency/also_lazy.c
	run -0 make run-all
	assert_output --partial '2 reproduced'
	grep -q also_lazy results/latest/index.html
}

@test "Ctrl-C ends run-all at once, keeps what is finished and leaves no partial file" {
	sandbox
	mkdir -p experiments/mine
	sed 's/^static void judge/static void hang(void) { for (;;) ; }\n&/; s/"lazy", lazy/"lazy", hang/' \
		experiments/3_residency/malloc_is_lazy.c >experiments/mine/hangs.c
	# make gets a terminal of its own, so that the interrupt goes to the whole foreground group.
	run timeout 60 /usr/bin/python3 - <<-'PYTHON'
		import os, pty, signal, sys
		pid, terminal = pty.fork()
		if pid == 0:
		    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the tests may run where SIGINT is ignored
		    os.execvp("make", ["make", "run-all"])
		seen = b""
		while b"] mine/hangs" not in seen:
		    seen += os.read(terminal, 1000)
		os.write(terminal, b"\x03")
		try:
		    while os.read(terminal, 1000): pass
		except OSError:
		    pass
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0)
	PYTHON
	assert_success
	assert_equal "$(tail -n 1 results/latest/3_residency/malloc_is_lazy.csv)" "# verdict: reproduced"
	assert [ ! -e results/latest/mine/hangs.csv ]
	assert_equal "$(find results -name '.*' -type f)" ""
	run ! pgrep -f "$PWD/build/mine/hangs"
}

# measure_what_hangs COMMAND ...: makes a sandbox with an experiment that hangs, starts the command in the background as
# $driver, and waits until the experiment runs.
measure_what_hangs() {
	sandbox
	sed 's/^static void judge/static void hang(void) { for (;;) ; }\n&/; s/"lazy", lazy/"lazy", hang/' \
		experiments/3_residency/malloc_is_lazy.c >experiments/3_residency/hangs.c
	make build
	"$@" >/dev/null 2>&1 3>&- &
	driver=$!
	until pgrep -f "$BUILD/3_residency/hangs --arm" >/dev/null; do sleep 0.02; done
}

# gone: waits up to three seconds until no process of the experiment that hangs is left; otherwise ends them and fails.
gone() {
	local deadline=$((SECONDS + 3))
	while pgrep -f "$BUILD/3_residency/hangs" >/dev/null; do
		((SECONDS < deadline)) || {
			pkill -KILL -f "$BUILD/3_residency/hangs"
			return 1
		}
	done
}

@test "run leaves no experiment behind when it is killed, and the next run removes its partial files" {
	setpriv --pdeathsig KILL true 2>/dev/null || skip "setpriv (util-linux) is not here"
	measure_what_hangs scripts/run hangs
	kill -KILL "$driver"
	gone
	find results -name '.hangs.*' | grep -q .
	rm experiments/3_residency/hangs.c
	sed 's/64 \* MiB/8 * MiB/' experiments/3_residency/malloc_is_lazy.c >experiments/3_residency/hangs.c
	make build
	scripts/run hangs
	assert_equal "$(find results -name '.*' -type f)" ""
}

@test "run leaves no partial file when its terminal is closed (SIGHUP to all)" {
	measure_what_hangs setsid scripts/run hangs
	kill -HUP -- "-$driver"
	gone
	assert_equal "$(find results -name '.*' -type f)" ""
}

@test "a measurement waits until another one has ended" {
	exec 8>"$TURN"
	flock 8
	scripts/run malloc_is_lazy >"$BATS_TEST_TMPDIR/log" 2>&1 8>&- 3>&- &
	until grep -q "waiting for it to end" "$BATS_TEST_TMPDIR/log"; do :; done
	assert [ ! -e "$RESULTS/3_residency/malloc_is_lazy.csv" ]
	exec 8>&-
	wait $!
	assert [ -e "$RESULTS/3_residency/malloc_is_lazy.csv" ]
}

@test "observe writes a line of ps and both views of pmap for each record" {
	run -0 scripts/observe malloc_is_lazy
	observed=$RESULTS/3_residency/malloc_is_lazy.observed
	assert_equal "$(head -n 1 "$observed/ps.csv")" arm,trial,stage,x,pid,vsz_kib,rss_kib,min_flt,maj_flt
	records=$(($(wc -l <"$observed/ps.csv") - 1))
	assert_equal "$records" 36
	assert_equal "$(find "$observed" -name '*.pmap-x.txt' -size +0 | wc -l)" "$records"
	assert_equal "$(find "$observed" -name '*.pmap-X.txt' -size +0 | wc -l)" "$records"
	grep -q 'Dirty Mode' "$observed/001.pmap-x.txt"
}

@test "observe keeps the numbers of ps, which show that the block grew" {
	scripts/observe malloc_is_lazy
	awk -F, '$1 == "lazy" && $3 == "after malloc" { before = $7 } $1 == "lazy" && $4 == 67108864 { after = $7 }
		END { exit !(after - before > 60000 && after - before < 70000) }' "$RESULTS/3_residency/malloc_is_lazy.observed/ps.csv"
}

@test "run-all measures without ps, pmap, gnuplot, Python and strace, and says what is missing" {
	sandbox
	run -0 env PATH="$(path_without ps pmap gnuplot python3 strace flock)" make run-all
	assert_output --partial '1 reproduced'
	assert_contains "$output" 'ps is not installed' 'scripts/setup installs it'
	assert_contains "$output" "gnuplot" "scripts/setup"
}

@test "run-all measures without the system's Python, and a target that needs Python says so" {
	sandbox
	unshare -m true 2>/dev/null || skip "no mounts of one's own here"
	no_python='mount --bind /dev/null "$(readlink -f /usr/bin/python3)" && "$@"'
	run -0 unshare -m sh -c "$no_python" - make run-all
	assert_contains "$output" 'python3 is missing' 'scripts/setup installs it' '1 reproduced'
	refute_output --partial 'not found'
	run -2 unshare -m sh -c "$no_python" - make compare
	[[ $output == 'python3 is missing'* ]] || fail "$output"
}

@test "sweep and make test say what installs make or bats when it is missing" {
	PATH=$(path_without make bats) run -2 scripts/sweep malloc_is_lazy block 1M 1M
	[[ $output == *'make is missing: scripts/setup installs it' ]] || fail "$output"
	run -2 "$(command -v make)" -o build test PATH="$BATS_TEST_TMPDIR/bin"
	assert_output --partial 'bats is missing: scripts/setup tests installs it'
}

@test "make without a target prints the help, which names the targets" {
	run -0 make
	assert_contains "$output" 'make run-all' 'make run ' 'make check'
}

@test "make run draws the chart, and with CHART=text as text" {
	run -0 make run CLAIM=malloc_is_lazy
	assert [ -s "$RESULTS/3_residency/malloc_is_lazy.svg" ]
	run -0 make run CLAIM=malloc_is_lazy CHART=text
	assert_output --partial "resident"
}

@test "make clean keeps the results" {
	sandbox
	make run CLAIM=malloc_is_lazy
	run -0 make clean
	assert [ ! -e build ]
	assert [ -e results/latest/3_residency/malloc_is_lazy.csv ]
}

# result CLAIM LINE ...: writes a result with these comment lines; the last ones stand below the table.
result() {
	mkdir -p "$RESULTS/${1%/*}"
	printf '# %s\n' 'format: 2' "claim: the claim of ${1#*/}" "${@:2}" >"$RESULTS/$1.csv"
}

@test "summary calls a claim without a result not run, which is not broken, and exits with 2 where all are" {
	mkdir "$RESULTS"
	run -2 scripts/summary
	assert_contains "$output" '  not run       malloc_is_lazy' "$(scripts/claims | wc -l) not run"
	refute_output --partial broken
	result 3_residency/malloc_is_lazy 'verdict: reproduced'
	run -0 scripts/summary
	assert_contains "$output" '  reproduced    malloc_is_lazy' "1 reproduced, $(($(scripts/claims | wc -l) - 1)) not run"
	result 3_residency/reading_costs_no_memory 'reason: no memory' 'verdict: broken'
	run -2 scripts/summary
	assert_contains "$output" '-> no memory' '1 reproduced, 1 broken, '
	result 3_residency/reading_costs_no_memory 'kernel: Linux'
	run -2 scripts/summary
	assert_contains "$output" '  broken        reading_costs_no_memory' '-> cut short: the file has no verdict'
}

@test "summary shows that a sentence was not judged as it is told, and that a known reason does not hold" {
	result 1_address_space/a_64_bit_process_has_256_tib 'asked_with: bits=47' 'verdict: reproduced'
	result 2_brk_or_mmap/mmap_starts_at_128_kib 'reason: refuted, and not for the reason that is known: this failed too: ...' 'verdict: refuted'
	run -0 scripts/summary
	assert_contains "$output" '  reproduced    a_64_bit_process_has_256_tib' '-> with bits=47, not as told' \
		'  refuted       mmap_starts_at_128_kib' '-> refuted, and not for the reason that is known' '1 reproduced (1 not as told), 1 refuted, '
}

@test "run and predict show a verdict on another sentence than the claim's as such" {
	sandbox
	sed -i 's/&block_bytes, "bytes", "size of the block"/&, .in_claim = true/' experiments/3_residency/malloc_is_lazy.c
	run -0 make run CLAIM=malloc_is_lazy KNOBS=block=2M
	assert_output --regexp 'malloc_is_lazy \.\.\. reproduced +[0-9.]+ s  with block=2097152, not as told'
	run -0 make run CLAIM=malloc_is_lazy
	refute_output --partial 'not as told'
}

@test "make refuses a variable on its command line that nothing reads, and names the known ones" {
	run -2 make observe PID=1
	assert_contains "$output" 'there is no variable PID: make knows BUILD RESULTS CHART KNOBS DEEP CLAIM '
	assert [ ! -e "$RESULTS" ]
	run -2 make run CLAIM=malloc_is_lazy block=1M
	assert_output --partial 'a knob of an experiment goes into KNOBS="block=...".'
	run -2 make -n build CFLAGS=-O3
	assert_contains "$output" 'there is no variable CFLAGS' 'for building CC OPT WARN FLAGS LINK EXTRA_FLAGS EXTRA_LINK V'
	run -0 make -n build CC=cc OPT=-O2 LINK=-pie V=1 -j2
	run -0 env block=1M PID=1 make -n help # the environment may hold anything
	run -0 make -n hypothesis CLAIM=x ROUNDS=3 LD_PRELOAD= TMPDIR=/tmp
}

@test "on a terminal, run wraps long lines and scales bytes where that is exact; elsewhere it prints them as they are" {
	local file=$BATS_TEST_TMPDIR/said
	printf '%s\n' '# expect: held | 67108864 <= 67112961 <= inf | bytes | lazy | 73 | malloc adds the whole block to the virtual size and more' \
		'# control: held | 4096 == 4096 | pages | lazy | 80 | four thousand pages' >"$file"
	run -0 scripts/shell/for-reading "$file"
	assert_equal "$output" "$(<"$file")"
	run -0 tests/on_terminal.py -- bash -c 'stty cols 60; scripts/shell/for-reading "$1"' - "$file"
	output=${output//$'\r'/}
	assert_contains "$output" '# expect: held | 64 MiB <= 67112961 <= inf | bytes' '# control: held | 4096 == 4096 | pages'
	while IFS= read -r line; do
		((${#line} < 60)) || { echo "too long: $line" && false; }
	done <<<"$output"
}

@test "observe prints what ps saw of a claim, and where the rest is" {
	export RESULTS=$BATS_TEST_TMPDIR/results
	run -0 scripts/observe malloc_is_lazy
	assert_contains "$output" 'vsz_kib  rss_kib' 'before malloc' 'after malloc' "$RESULTS/3_residency/malloc_is_lazy.observed/"
}
