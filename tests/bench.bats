#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests scripts/maintain/bench: the table that it makes of made-up results, the experiments that it runs, and that perf
# counts the same page faults as the probe. Also tests scripts/maintain/scaling. No test asserts a timing.

load helper

setup() {
	[[ -x /usr/bin/python3 ]] || skip "python3 is missing: scripts/setup"
	export PYTHONDONTWRITEBYTECODE=1
	made_up=$BATS_TEST_TMPDIR/made_up
	mkdir -p "$made_up/8_allocators" "$made_up/0_instrument"
}

# result CHAPTER/CLAIM: writes a result whose rows come from stdin; lines before the rows are further metadata.
result() {
	{
		printf '# format: 2\n# claim: made up\n# kernel: Linux 1.2\n# glibc: 9.9\n# cpus: 4 x made up\n# measured: 2001-02-03T04:05:06Z\n'
		cat
		printf '# verdict: reproduced\n'
	} >"$made_up/$1.csv"
}

# Prints four trials of three arms: the pool takes 2000, glibc 10 times as much, bump half as much. In the last trial every
# arm is 7 times as slow.
pools() {
	local trial arm
	printf '# knob: objects | 20000 |  | blocks\n# setting: trials | 4 |  | how often\n'
	printf '# arm: %s | test | ran |\n' bump pool glibc
	echo '# arm: mimalloc 3 | test | left out: libmimalloc.so.3 is not installed | LD_PRELOAD=libmimalloc.so.3'
	echo arm,trial,stage,x,y,elapsed_ns,resident_bytes,line
	for trial in 1 2 3 4; do
		local slow=$((trial == 4 ? 7 : 1))
		local -A took=([bump]=1000 [pool]=2000 [glibc]=20000)
		for arm in bump pool glibc; do
			printf "$arm,$trial,%s\n" start,0,,0,0,7 'first round,0,,1,0,8' \
				"later rounds,0,$((${took[$arm]} * slow)),1,0,9" destroyed,0,,1,0,10
		done
	done
}

@test "the table compares the arms within each trial, so a slow trial changes no ratio, and then shows what was measured" {
	pools | result 8_allocators/a_pool_beats_them_all
	run -0 scripts/maintain/bench --table "$made_up"
	[[ $output == "Measured on Linux 1.2, glibc 9.9, 4 x made up, 2001-02-03."* ]] || fail "$output"
	[[ $output =~ \|\ glibc\ +\|\ 20\ +\|\ 10\ +\| ]] || fail "$output"
	[[ $output =~ \|\ pool\ +\|\ 2\.00\ +\|\ 1\.00\ +\| ]] || fail "$output"
	[[ $output =~ 2\.00\ ns\ \(2\.00\ ns\ to\ 5\.00\ ns\) ]] || fail "$output"
	assert_output --partial "(reproduced; objects=20000 trials=4)"
}

# In each trial the arms' own numbers differ by chance; what the probe took in turns with its own does not.
@test "the table divides by what an arm took in turns with its own number, and by the other arm where it took none" {
	result 0_instrument/a_snapshot_costs_its_system_calls <<-'END'
		# arm: bare calls | test | ran |
		# arm: probe | test | ran |
		# arm: stdio | test | ran |
		arm,trial,stage,x,y,line
		bare calls,1,small,0,1000,7
		bare calls,1,large,0,1000,7
		bare calls,1,largest,0,1000,7
		probe,1,small,0,2200,8
		probe,1,small: bare calls,,2000,9
		probe,1,chunks,,30000,8
		probe,1,chunks: bare calls,,20000,9
		stdio,1,small,0,3000,8
	END
	run -0 scripts/maintain/bench --table "$made_up"
	[[ $output =~ probe\ +\|\ 1\.10\ .*2\.2\ µs ]] || fail "$output"
	[[ $output =~ stdio\ +\|\ 3\.00\ .*3\ µs ]] || fail "$output"
	[[ $output =~ bare\ calls\ +\|\ 1\.00\ +\|\ 20\ µs ]] || fail "$output"
	[[ $output =~ probe\ +\|\ 1\.50\ +\|\ 30\ µs ]] || fail "$output"
}

@test "the table names the package of a peer that is missing" {
	pools | result 8_allocators/a_pool_beats_them_all
	result 0_instrument/watching_moves_what_is_watched <<-'END'
		# arm: probe | test | ran |
		# arm: libproc2 | control | left out: its tool is not installed |
		# arm: popen ps aux + grep | control | left out: its tool is not installed |
		# arm: nothing | control | left out: nothing is there |
		arm,trial,stage,x,y,resident_bytes,heap_top_bytes,line
		probe,1,before,0,,4096,0,7
		probe,1,first look,1,0,4096,0,8
		probe,1,each later look,4,0,4096,0,9
	END
	run -0 scripts/maintain/bench --table "$made_up"
	[[ $output =~ mimalloc\ 3\ +\|\ not\ measured:\ apt\ install\ libmimalloc3 ]] || fail "$output"
	[[ $output =~ libproc2\ +\|\ not\ measured:\ apt\ install\ libproc2-dev ]] || fail "$output"
	[[ $output =~ grep\ +\|\ not\ measured:\ apt\ install\ procps ]] || fail "$output"
	[[ $output =~ nothing\ +\|\ not\ measured:\ nothing\ is\ there ]] || fail "$output"
	[[ $output =~ probe\ +\|\ 0\ +\|\ 0\ +\|\ 0\ bytes\ +\|\ 0\ bytes ]] || fail "$output"
}

@test "the table says when an experiment is missing from the results or was broken" {
	pools | result 8_allocators/a_pool_beats_them_all
	printf '# format: 2\n# claim: x\n# reason: no memory\n# verdict: broken\n' >"$made_up/8_allocators/glibc_fragments_more.csv"
	run -0 scripts/maintain/bench --table "$made_up"
	assert_output --partial '`a_fault_has_a_price` is not in these results.'
	assert_output --partial '`glibc_fragments_more`: broken: no memory'
}

@test "the table names a stage or an arm that a result does not have, and bench exits with 2" {
	pools | sed 's/later rounds/latter rounds/' | result 8_allocators/a_pool_beats_them_all
	run -2 scripts/maintain/bench --table "$made_up"
	[[ $output == *'the table "A block of many that are released together" names the stage "later rounds", which '*a_pool_beats_them_all.csv' does not have: it has destroyed, first round, latter rounds, start' ]]
	pools | sed 's/arm: bump/arm: bumb/' | result 8_allocators/a_pool_beats_them_all
	run -2 scripts/maintain/bench --table "$made_up"
	[[ $output == *'names the arm "bump", which '* ]]
}

@test "the table refuses results in another format with one sentence" {
	pools | result 8_allocators/a_pool_beats_them_all
	sed -i 's/^# format: 2/# format: 1/' "$made_up/8_allocators/a_pool_beats_them_all.csv"
	run -2 scripts/maintain/bench --table "$made_up"
	[[ ${#lines[@]} -eq 1 && $output == *'a_pool_beats_them_all.csv is in format 1; these scripts read format 2: measure again'* ]]
}

@test "bench prints one sentence and exits with 2 when there are no results or no folder" {
	run -2 scripts/maintain/bench --table "$made_up"
	[[ $output == *"make bench measures them" ]] || fail "$output"
	assert_equal "${#lines[@]}" 1
	run -2 scripts/maintain/bench --table /nonexistent
	assert_output --partial "/nonexistent holds none"
	assert_equal "${#lines[@]}" 1
	run -2 scripts/maintain/bench --tables
}

@test "bench runs its experiments with DEEP=1 into results/bench, makes its table, and exits with 1 when one was broken" {
	project=$BATS_TEST_TMPDIR/project
	mkdir -p "$project/scripts/maintain"
	cp scripts/maintain/bench "$project/scripts/maintain"
	cp -r scripts/{touchstone,shell} "$project/scripts"
	cat >"$project/scripts/run" <<-END
		#!/bin/sh
		echo "\$DEEP \$RESULTS \$*" >"$BATS_TEST_TMPDIR/asked"
		cp -r "$made_up/." "$project/\$RESULTS"
		exit 1
	END
	chmod +x "$project/scripts/run"
	mkdir -p "$project/results/bench"
	pools | result 8_allocators/a_pool_beats_them_all
	run -1 "$project/scripts/maintain/bench"
	assert_output --partial "later rounds: times pool"
	read -r deep results claims <"$BATS_TEST_TMPDIR/asked"
	assert_equal "$deep" 1
	assert_equal "$results" results/bench
	for claim in $claims; do
		assert [ -e "experiments/$claim.c" ]
	done
}

# perf_faults KIND PROGRAM ARM KNOB=VALUE: prints the page faults of the whole process as perf counts them, the least of
# five runs.
perf_faults() {
	for _ in 1 2 3 4 5; do
		setarch -R perf stat -x, -e "$1-faults" -o "$BATS_TEST_TMPDIR/perf" -- \
			"$(program "$2")" "--bare=$3" "$4" >/dev/null 2>&1
		awk -F, -v event="$1-faults" 'index($3, event) == 1 { print $1 }' "$BATS_TEST_TMPDIR/perf"
	done | sort -n | head -n 1
}

# probe_faults KIND PROGRAM ARM KNOB=VALUE FROM TO: prints the page faults between two stages as the probe counts them.
probe_faults() {
	local result=$BATS_TEST_TMPDIR/$2.$4.csv
	[[ -e $result ]] || "$(program "$2")" "$4" trials=1 >"$result" 2>/dev/null 3>&- || true
	awk -F, -v arm="$3" -v from="$5" -v to="$6" -v wanted="$1_fault_count" '
		$1 == "arm" { for (i = 1; i <= NF; i++) if ($i == wanted) column = i }
		$1 != arm { next }
		$3 == from && first == "" { first = $column }
		$3 == to { last = $column }
		END { print last - first }' "$result"
}

# counts KIND PROGRAM ARM KNOB FEW MANY FROM TO PERF PROBE: fails unless perf counts PERF faults more with MANY than with
# FEW, and the probe PROBE faults more. perf also counts the faults that every run of the program has, and the difference
# leaves them out. Now and then a run has one fault more (a shared page that is written while the process starts, the
# kernel's own write to the rseq area), so perf_faults takes the least of five runs.
counts() {
	local few many perf probe
	few=$(probe_faults "$1" "$2" "$3" "$4=$5" "$7" "$8")
	many=$(probe_faults "$1" "$2" "$3" "$4=$6" "$7" "$8")
	probe=$((many - few))
	[ "$probe" -eq "${10}" ]
	for _ in 1 2 3; do # the page cache may lose pages of the program between two runs
		few=$(perf_faults "$1" "$2" "$3" "$4=$5")
		many=$(perf_faults "$1" "$2" "$3" "$4=$6")
		perf=$((many - few))
		echo "$2, $3, $1 faults: perf $perf, probe $probe" >&2
		[ "$perf" -ne "$9" ] || return 0
	done
	return 1
}

need_perf() {
	command -v perf >/dev/null || skip "perf is missing: apt install linux-perf"
	[[ $(perf_faults minor one_minor_fault_per_new_page fresh pages=1000) =~ ^[0-9]+$ ]] ||
		skip "perf may not count here (kernel.perf_event_paranoid, or a container)"
}

@test "perf counts the same minor faults as the probe, and neither of them counts the pages of MADV_POPULATE_WRITE" {
	need_perf
	counts minor one_minor_fault_per_new_page fresh pages 1024 3072 "first pass" "second pass" 2048 2048
	counts minor one_minor_fault_per_new_page populated pages 1024 3072 "first pass" "second pass" 0 0
}

# The probe counts the faults between two stages, and perf those of the whole process: an arm touches twice as many pages
# before the first stage, and some arms touch the block once before it faults again.
# bats test_tags=long
@test "perf and the probe count each kind of minor fault alike, from first touches to faults on a cached file" {
	need_perf
	counts minor a_fault_has_a_price "first touch" pages 1024 3072 few many $((3 * 2048)) 2048
	counts minor a_fault_has_a_price "zero page" pages 1024 3072 few many $((3 * 2048)) 2048
	counts minor a_fault_has_a_price refault pages 1024 3072 few many $((4 * 2048)) 2048
	counts minor a_fault_has_a_price copy-on-write pages 1024 3072 few many $((4 * 2048)) 2048
	local around
	around=$(probe_faults minor a_fault_has_a_price "cached file" pages=3072 few many)
	around=$((around - $(probe_faults minor a_fault_has_a_price "cached file" pages=1024 few many)))
	counts minor a_fault_has_a_price "cached file" pages 1024 3072 few many $((2048 + around)) "$around"
}

# bats test_tags=long
@test "perf and the probe count huge and major faults alike" {
	need_perf
	probe_faults minor a_fault_has_a_price "huge page" huge_pages=16 few many
	if grep -q '^# arm: huge page | .* | left out' "$BATS_TEST_TMPDIR"/*.csv; then
		echo "no huge pages here" >&2
	else
		# perf counts four for each that is timed: two that warm up, the timed one, and one that is kept.
		counts minor a_fault_has_a_price "huge page" huge_pages 16 48 few many 128 32
	fi
	if grep -q '^# arm: file on disk | .* | left out' "$BATS_TEST_TMPDIR"/*.csv; then
		skip "no folder here is on a disk"
	fi
	counts major a_fault_has_a_price "file on disk" disk_pages 16 144 few many 128 128
	counts minor a_fault_has_a_price "file on disk" disk_pages 16 144 few many 0 0
}

@test "scaling prints a row for each number of experiments, and refuses a word and a folder without programs" {
	run -0 scripts/maintain/scaling 1 2
	[[ ${lines[0]} == '| experiments '*'| programs alone, s '* ]]
	[[ ${lines[2]} == '| 1 '* ]]
	[[ ${lines[3]} == '| 2 '* ]]
	assert [ ! -e results/latest/1_copies ]
	run -2 scripts/maintain/scaling many
	assert_output --partial 'many is no number of experiments from 1 to 9999'
	run -2 env BUILD=/nowhere scripts/maintain/scaling 1
	assert_output --partial 'is not built: make build'
}

@test "the fault table shows as a price the slope through the points of an arm, beside the time of the plain loop" {
	mkdir -p "$made_up/6_page_faults"
	result 6_page_faults/a_fault_has_a_price <<-'END'
		# arm: first touch | test | ran |
		# arm: zero page | test | ran |
		# arm: refault | test | ran |
		# arm: copy-on-write | test | ran |
		# arm: cached file | test | ran |
		# arm: huge page | test | ran |
		# arm: file on disk | test | left out: no folder here is on a disk (TMPDIR) |
		arm,trial,stage,x,y,elapsed_ns,line
		first touch,1,few,0,0,1,5
		first touch,1,few,10,1500,1,5
		first touch,1,many,20,2500,1,6
		first touch,1,many,30,4000,1,6
		first touch,1,plain loop,30,3900,1,7
	END
	run -0 scripts/maintain/bench --table "$made_up"
	[[ $output =~ first\ touch\ +\|\ 1\.00\ +\|\ 1\.00\ +\|\ 130\ ns ]] || fail "$output"
	[[ $output =~ file\ on\ disk\ +\|\ not\ measured:\ no\ folder\ here\ is\ on\ a\ disk ]] || fail "$output"
}
