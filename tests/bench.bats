#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# scripts/maintain/bench: its table, from made-up results; what it runs; and that perf counts
# the same page faults as the probe.  No timing is asserted.

load helper

setup() {
	[[ -x /usr/bin/python3 ]] || skip "python3 is missing: scripts/setup"
	export PYTHONDONTWRITEBYTECODE=1
	made_up=$BATS_TEST_TMPDIR/made_up
	mkdir -p "$made_up/8_allocators" "$made_up/0_instrument"
}

# result CHAPTER/CLAIM: rows on stdin; the lines before them are metadata.
result() {
	{
		printf '# claim: made up\n# kernel: Linux 1.2\n# glibc: 9.9\n# cpus: 4 x made up\n# measured: 2001-02-03T04:05:06Z\n'
		cat
		printf '# verdict: reproduced\n'
	} >"$made_up/$1.csv"
}

# Four trials: the pool takes 2000, glibc 10 times as much, bump half as much; one trial of all is slow.
pools() {
	printf '# knobs: objects=20000 trials=4\n'
	printf '# arm: %s\n' bump pool glibc "mimalloc 3 (not run) | LD_PRELOAD=libmimalloc.so.3"
	echo arm,trial,stage,x,y,elapsed_ns
	for trial in 1 2 3 4; do
		local slow=$((trial == 4 ? 7 : 1))
		echo "bump,$trial,later rounds,0,$((1000 * slow)),1"
		echo "pool,$trial,later rounds,0,$((2000 * slow)),1"
		echo "glibc,$trial,later rounds,0,$((20000 * slow)),1"
	done
}

@test "the table: ratios trial by trial, so a slow moment counts for both; then what was measured" {
	pools | result 8_allocators/a_pool_beats_them_all
	run -0 scripts/maintain/bench --table "$made_up"
	[[ $output == "Measured on Linux 1.2, glibc 9.9, 4 x made up, 2001-02-03."* ]] || fail "$output"
	[[ $output =~ \|\ glibc\ +\|\ 20\ +\|\ 10\ +\| ]] || fail "$output"
	[[ $output =~ \|\ pool\ +\|\ 2\.00\ +\|\ 1\.00\ +\| ]] || fail "$output"
	[[ $output =~ 2\.00\ ns\ \(2\.00\ ns\ to\ 5\.00\ ns\) ]] || fail "$output"
	assert_output --partial "(reproduced; objects=20000 trials=4)"
}

@test "the table: a peer that is missing is named with its package" {
	pools | result 8_allocators/a_pool_beats_them_all
	result 0_instrument/watching_moves_what_is_watched <<-'END'
		# arm: probe
		# arm: libproc2
		arm,trial,stage,x,y,resident_bytes,heap_top_bytes
		probe,1,before,0,,4096,0
		probe,1,first look,1,0,4096,0
		probe,1,each later look,4,0,4096,0
		libproc2,1,before,0,,4096,0
		libproc2,1,left out: its tool is not installed,0,,4096,0
	END
	run -0 scripts/maintain/bench --table "$made_up"
	[[ $output =~ mimalloc\ 3\ +\|\ not\ measured:\ apt\ install\ libmimalloc3 ]] || fail "$output"
	[[ $output =~ libproc2\ +\|\ not\ measured:\ apt\ install\ libproc2-dev ]] || fail "$output"
	[[ $output =~ probe\ +\|\ 0\ +\|\ 0\ +\|\ 0\ bytes\ +\|\ 0\ bytes ]] || fail "$output"
}

@test "the table: an experiment that is missing, broken or unsupported is said" {
	pools | result 8_allocators/a_pool_beats_them_all
	printf '# claim: x\n# reason: no memory\n# verdict: broken\n' >"$made_up/8_allocators/glibc_fragments_more.csv"
	run -0 scripts/maintain/bench --table "$made_up"
	assert_output --partial '`a_fault_has_a_price` is not in these results.'
	assert_output --partial '`glibc_fragments_more`: broken: no memory'
}

@test "no results, or no folder: one sentence, exit 2" {
	run -2 scripts/maintain/bench --table "$made_up"
	[[ $output == *"make bench measures them" ]] || fail "$output"
	assert_equal "${#lines[@]}" 1
	run -2 scripts/maintain/bench --table /nonexistent
	assert_output --partial "/nonexistent holds none"
	assert_equal "${#lines[@]}" 1
	run -2 scripts/maintain/bench --tables
}

@test "bench runs its experiments with DEEP=1 into RESULTS, and passes on that one was broken" {
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

# perf_faults KIND PROGRAM ARM KNOB=VALUE: page faults of the whole process, as perf counts them.
perf_faults() {
	for _ in 1 2 3 4 5; do
		setarch -R perf stat -x, -e "$1-faults" -o "$BATS_TEST_TMPDIR/perf" -- \
			"$(program "$2")" "--bare=$3" "$4" >/dev/null 2>&1
		awk -F, -v event="$1-faults" 'index($3, event) == 1 { print $1 }' "$BATS_TEST_TMPDIR/perf"
	done | sort -n | head -n 1
}

# probe_faults KIND PROGRAM ARM KNOB=VALUE FROM TO
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

# counts KIND PROGRAM ARM KNOB FEW MANY FROM TO PERF PROBE: how many faults more it is with
# MANY than with FEW.  What a process faults in by itself is in both numbers of perf, and so
# the difference is the arm's.  It is the same each time but for a fault more now and then (a
# shared page written while the process starts, the kernel's own write to the rseq area): the
# least of five runs has none.
counts() {
	local few many perf probe
	few=$(probe_faults "$1" "$2" "$3" "$4=$5" "$7" "$8")
	many=$(probe_faults "$1" "$2" "$3" "$4=$6" "$7" "$8")
	probe=$((many - few))
	[ "$probe" -eq "${10}" ]
	for _ in 1 2 3; do # pages of a program may be taken from the cache between the two
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

@test "perf counts the faults that the probe counts; those of MADV_POPULATE_WRITE it does not" {
	need_perf
	counts minor one_minor_fault_per_new_page fresh pages 1024 3072 "first pass" "second pass" 2048 2048
	counts minor one_minor_fault_per_new_page populated pages 1024 3072 "first pass" "second pass" 0 0
}

# The probe's number is of the stages, perf's of the whole process: an arm touches twice as
# many pages beforehand, and some of them touch the block once before it faults again.
@test "perf counts every kind of fault that has a price" {
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

@test "perf counts huge and major faults as the probe does" {
	need_perf
	probe_faults minor a_fault_has_a_price "huge page" huge_pages=16 few many
	if grep -q '^huge page,.*,left out' "$BATS_TEST_TMPDIR"/*.csv; then
		echo "no huge pages here" >&2
	else
		# Four for each that is timed: two to warm them, and one that is kept.
		counts minor a_fault_has_a_price "huge page" huge_pages 16 48 few many 128 32
	fi
	if grep -q '^file on disk,.*,left out' "$BATS_TEST_TMPDIR"/*.csv; then
		skip "no folder here is on a disk"
	fi
	counts major a_fault_has_a_price "file on disk" disk_pages 16 144 few many 128 128
	counts minor a_fault_has_a_price "file on disk" disk_pages 16 144 few many 0 0
}

@test "scaling: a row for each number of experiments; what is no number is told" {
	run -0 scripts/maintain/scaling 1 2
	[[ ${lines[0]} == '| experiments | programs alone, s | '* ]]
	[[ ${lines[2]} == '| 1 '* ]]
	[[ ${lines[3]} == '| 2 '* ]]
	assert [ ! -e results/latest/1_copies ]
	run -2 scripts/maintain/scaling many
	assert_output --partial 'many is no number of experiments from 1 to 9999'
	run -2 env BUILD=/nowhere scripts/maintain/scaling 1
	assert_output --partial 'is not built: make build'
}

@test "the fault table: a price is the slope of its points, beside what the plain loop took" {
	mkdir -p "$made_up/6_page_faults"
	result 6_page_faults/a_fault_has_a_price <<-'END'
		# arm: first touch
		# arm: file on disk
		arm,trial,stage,x,y,elapsed_ns
		first touch,1,few,0,0,1
		first touch,1,few,10,1500,1
		first touch,1,many,20,2500,1
		first touch,1,many,30,4000,1
		first touch,1,plain loop,30,3900,1
		file on disk,1,left out: no folder here is on a disk (TMPDIR),0,,1
	END
	run -0 scripts/maintain/bench --table "$made_up"
	[[ $output =~ first\ touch\ +\|\ 1\.00\ +\|\ 1\.00\ +\|\ 130\ ns ]] || fail "$output"
	[[ $output =~ file\ on\ disk\ +\|\ not\ measured:\ no\ folder\ here\ is\ on\ a\ disk ]] || fail "$output"
}
