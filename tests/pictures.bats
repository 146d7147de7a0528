#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests the charts of the reference run: what a class must be able to read from the last row.

bats_require_minimum_version 1.7.0
load assertions

setup_file() {
	project=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	command -v gnuplot >/dev/null || skip "gnuplot is missing"
	export project drawn=$BATS_FILE_TMPDIR/drawn
	mkdir "$drawn"
	cp -r "$project"/results/reference/[0-9]* "$drawn"
	find "$drawn" -name '*.svg' -delete
	"$project/scripts/chart" "$drawn"
}

# picture CHECK [FOLDER]: runs a check of tests/pictures.py over all charts.
picture() { PYTHONPATH=$project/scripts run -0 /usr/bin/python3 -B "$BATS_TEST_DIRNAME/pictures.py" "$1" "${2:-$drawn}"; }

@test "nothing in a chart stands outside of it" { picture inside; }

@test "a chart shows, where the pointer rests, the name of a curve or nothing" { picture names; }

@test "a chart has no type smaller than 12 px, and its title has the same size in all" { picture type; }

@test "curves of one panel do not coincide" { picture apart; }

@test "every annotation stands in its chart, with its number" { picture annotations; }

@test "what a chart tells of its claim can be covered, and its controls stay" { picture covered; }

@test "a place on an axis is worth what was measured there" { picture bet; }

@test "no line leads through a stage that was not recorded" { picture recorded; }

@test "the number of each arm stands in a chart of dots or squares" { picture numbers; }

@test "charts of a fresh run pass the same checks" {
	local fresh=$BATS_TEST_TMPDIR/fresh
	for claim in 0_instrument/ps_and_the_probe_agree 3_residency/resident_memory_comes_in_pages \
		3_residency/the_classic_demo_has_a_bug 4_giving_back/free_merges_neighbours \
		2_brk_or_mmap/threads_get_their_own_arenas; do
		mkdir -p "$fresh/${claim%/*}"
		# A claim that is refuted ends with 1, and has its chart all the same.
		"${BUILD:-$project/build}/$claim" >"$fresh/$claim.csv" || [[ $? -eq 1 ]]
	done
	"$project/scripts/chart" "$fresh"
	for check in inside names type apart annotations recorded numbers; do picture $check "$fresh"; done
}

@test "beside the squares of a step stands how many pages it made resident" {
	local claim=3_residency/resident_memory_comes_in_pages
	sed 's/^# chart: .*/# chart: pages/' "$project/results/reference/$claim.csv" >"$BATS_TEST_TMPDIR/pages.csv"
	"$project/scripts/chart" "$BATS_TEST_TMPDIR/pages.csv"
	run -0 cat "$BATS_TEST_TMPDIR/pages.svg"
	[[ $output == *"+15 pages"* ]]
}

# predict CLAIM NUMBER ...: draws the chart with these predictions; its text is in $output then.
predict() {
	local copy=$BATS_TEST_TMPDIR/${1#*/} asked knobs
	cp "$project/results/reference/$1.csv" "$copy.csv"
	asked=$(sed -n 's/^# predict: \(.* | \)\{5\}//p' "$copy.csv")
	knobs=$(sed -n 's/^# knob: \([^ ]*\) | \([^ ]*\) .*/\1=\2/p' "$copy.csv" | paste -sd ' ')
	for number in "${@:2}"; do
		printf 'asked: %s\nentered: 1\nvalue: %s\nknobs: %s\npredicted: now\n\n' "$asked" "$number" "$knobs" \
			>>"$copy.prediction"
	done
	"$project/scripts/chart" "$copy.csv"
	run -0 cat "$copy.svg"
}

@test "a prediction leads from where the question begins, and one far below has an arrow down" {
	predict 4_giving_back/free_keeps_a_heap_block -102400
	[[ $output == *"predicted: -100 KiB"*"measured: 0 bytes"* ]]
	predict 4_giving_back/free_keeps_a_heap_block -1073741824
	[[ $output == *"predicted: -1 GiB ↓"* ]]
}

@test "more than four predictions are a histogram with counts" {
	predict 3_residency/malloc_is_lazy 67108864 67108864 67108864 0 4096 33554432 16777216
	[[ $output == *"3 × 64 MiB"* && $output == *"2 × 0 bytes to 4 KiB"* ]]
}

@test "a chart has the same bytes alone and in a batch" {
	mkdir "$BATS_TEST_TMPDIR/alone"
	for claim in 3_residency/malloc_is_lazy 4_giving_back/the_four_block_story 2_brk_or_mmap/mmap_starts_at_128_kib \
		8_allocators/glibc_slows_down_with_threads 1_address_space/regions_come_in_order; do
		cp "$drawn/$claim.csv" "$BATS_TEST_TMPDIR/alone"
		"$project/scripts/chart" "$BATS_TEST_TMPDIR/alone/${claim#*/}.csv"
		cmp "$drawn/$claim.svg" "$BATS_TEST_TMPDIR/alone/${claim#*/}.svg"
	done
}
