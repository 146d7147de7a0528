#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests handin and class from the command line: what pairs hand in, and the page of a class.
# (How strangers' files are read is tested by tests/python/test_classroom.py.)

load helper

setup() {
	export RESULTS=$BATS_TEST_TMPDIR/results HANDIN=$BATS_TEST_TMPDIR/handin CLASS=$BATS_TEST_TMPDIR/class
	mkdir -p "$RESULTS/3_residency"
	cp results/reference/3_residency/{malloc_is_lazy,rss_adds_up}.csv "$RESULTS/3_residency"
}

# bet NUMBER: what make predict would keep for malloc_is_lazy.
bet() {
	printf '%s\n' 'asked: How much becomes resident when the block is allocated, before anything is written?' \
		"entered: $1" "value: $1" 'knobs: block=67108864' 'predicted: 2026-11-28T10:00:00Z' '' \
		>>"$RESULTS/3_residency/malloc_is_lazy.prediction"
}

# column HEAD: the different values of this column of class.csv.
column() {
	/usr/bin/env python3 -c 'import csv, sys
print(*sorted({row[sys.argv[2]] for row in csv.DictReader(open(sys.argv[1]))}), sep="\n")' "$CLASS/class.csv" "$1"
}

@test "handin packs results, predictions and journals, says so, and names no user, machine or folder" {
	bet 4096
	mkdir "$RESULTS/journal"
	echo "measured by $(id -un) in $PWD, $HOME/libx.so" >"$RESULTS/journal/mine.md"
	run -0 make handin NAME=pair-7
	assert_output --partial '2 results (1 reproduced, 1 refuted), 1 predictions, 1 journals'
	run -0 tar -xOzf "$HANDIN/pair-7.touchstone.tar.gz"
	assert_contains "$output" 'touchstone hand-in 1' pair-7 '# claim: malloc reserves' 'entered: 4096' 'measured by'
	refute_contains "$output" "$PWD"
	[[ $(id -un) == root ]] || refute_contains "$output" "$(id -un)"
	run -0 tar -tvzf "$HANDIN/pair-7.touchstone.tar.gz"
	refute_contains "$output" "$(id -un)"
}

@test "handin refuses a name that could be a path, and a folder without results, and writes nothing" {
	local name
	for name in ../x /x 'a b' '' .hidden; do
		run -2 scripts/handin "$name"
		assert_output --partial 'cannot name a hand-in'
	done
	RESULTS=$BATS_TEST_TMPDIR/nothing run -2 scripts/handin pair-7
	assert_output --partial 'make run-all measures'
	assert [ ! -e "$HANDIN" ]
}

@test "a full run packs to less than 1 MB" {
	RESULTS=results/reference scripts/handin full
	[ "$(stat -c %s "$HANDIN/full.touchstone.tar.gz")" -lt 1000000 ]
}

@test "class writes a page and two tables from archives and folders, with every bet" {
	bet 4096
	scripts/handin pair-1
	bet 64000000
	scripts/handin pair-2
	run -0 make class FROM="$HANDIN/* results/reference"
	assert_output --partial "$CLASS/index.html: 3 hand-ins"
	page=$(<"$CLASS/index.html")
	assert_contains "$page" '3 machines, 3 bets' 'How much becomes resident' 'most often 4 KiB (2)' 'measured 4 KiB; 2 exactly right' '<svg'
	refute_contains "$page" '<script'
	assert_equal "$(column machine)" $'pair-1\npair-2\nreference'
	assert_equal "$(column prediction)" $'\n4096\n64000000'
}

@test "class names a damaged hand-in and what it was, and goes on with the others" {
	scripts/handin pair-1
	head -c 3000 "$HANDIN/pair-1.touchstone.tar.gz" >"$HANDIN/cut.touchstone.tar.gz"
	mkdir "$HANDIN/empty"
	run -0 scripts/class "$HANDIN/*"
	assert_output --partial 'cut.touchstone.tar.gz is left out: it is cut short'
	assert_output --partial 'empty is left out: it holds no results'
	assert_output --partial '1 hand-ins, 2 left out'
	assert_contains "$(<"$CLASS/index.html")" 'Left out' cut.touchstone.tar.gz
}

@test "class refuses to begin where nothing can be read, and writes nothing" {
	run -2 scripts/class
	assert_output --partial 'which hand-ins?'
	run -2 scripts/class "$BATS_TEST_TMPDIR/nothing*"
	assert_output --partial 'none of these hand-ins can be read'
	assert [ ! -e "$CLASS" ]
}

@test "class keeps two hand-ins of the same name apart" {
	scripts/handin pair-1
	cp "$HANDIN/pair-1.touchstone.tar.gz" "$HANDIN/again.touchstone.tar.gz"
	scripts/class "$HANDIN/*"
	assert_equal "$(column machine)" $'pair-1\npair-1 (2)'
}

# bats test_tags=long
@test "a hundred thousand mutated hand-ins are read, or refused with a sentence, and nothing else" {
	tests/python/fuzz_hand_ins.py 50000 1 &
	tests/python/fuzz_hand_ins.py 50000 2
	wait $!
}
