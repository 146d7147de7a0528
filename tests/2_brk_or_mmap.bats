#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Chapter 2: each verdict changes when its cause is removed, and a control that
# shows nothing makes the run inconclusive.

load helper

@test "the_break_moves_rarely: without padding it moves often" {
	run -0 experiment the_break_moves_rarely
	run -1 experiment the_break_moves_rarely --tunables=glibc.malloc.top_pad=0
}

@test "the_break_moves_rarely: mappings between the looks are no rest" {
	mapping=$(edited the_break_moves_rarely 's/^\t\trecord_y\("allocated", look/\t\tmust_map(page_bytes());\n&/')
	run -1 "$mapping"
	failed 2
}

@test "the_break_moves_rarely: a control with padding is no control" {
	padded=$(edited the_break_moves_rarely 's/must_set_top_pad\(0\)/must_set_top_pad(128 * KiB)/')
	run -3 "$padded"
}

@test "the_threshold_is_a_knob: a handle that is not touched moves nothing" {
	run -0 experiment the_threshold_is_a_knob
	run -0 experiment the_threshold_is_a_knob threshold=3000001
	no_mallopt=$(edited the_threshold_is_a_knob '/^static void by_mallopt/,/^}/s/must_pin_thresholds\(.*;//')
	run -1 "$no_mallopt"
	no_tunable=$(edited the_threshold_is_a_knob 's/glibc\.malloc\.mmap_threshold="/glibc.malloc.tcache_count="/')
	run -1 "$no_tunable"
	failed 2
}

@test "the_threshold_is_a_knob: a control with the threshold moved is no control" {
	run -3 experiment the_threshold_is_a_knob --tunables=glibc.malloc.mmap_threshold=262144
}

@test "the_threshold_moves_by_itself: not when a threshold was set by hand" {
	run -0 experiment the_threshold_moves_by_itself
	run -1 experiment the_threshold_moves_by_itself --tunables=glibc.malloc.mmap_threshold=131072
	failed 2
	run -1 experiment the_threshold_moves_by_itself --tunables=glibc.malloc.trim_threshold=131072
}

@test "the_threshold_moves_by_itself: a control that is not pinned is no control" {
	unpinned=$(edited the_threshold_moves_by_itself '/must_pin_thresholds/d')
	run -3 "$unpinned"
	failed 2
}

@test "a_hole_can_serve_a_large_request: not when one block in the middle lives" {
	run -0 experiment a_hole_can_serve_a_large_request
	run -0 experiment a_hole_can_serve_a_large_request block=127K
	two_holes=$(edited a_hole_can_serve_a_large_request 's/^\t\tfree\(blocks\[i\]\)/\t\tfree(i == 2 ? NULL : blocks[i])/')
	run -1 "$two_holes"
	failed 2
	run -3 "$two_holes" --tunables=glibc.malloc.mmap_threshold=4194304 # the break serves it
	none_held 'does not move the break'
	fails "the request is above the threshold" "$(edited a_hole_can_serve_a_large_request 's/BLOCKS = 5/BLOCKS = 2/')"
}

@test "a_hole_can_serve_a_large_request: a control with a hole is no control" {
	hole=$(edited a_hole_can_serve_a_large_request 's/request\(false\)/request(true)/')
	run -3 "$hole"
	failed 2
}

@test "threads_get_their_own_arenas: not when there is but one" {
	run -0 experiment threads_get_their_own_arenas
	run -1 experiment threads_get_their_own_arenas --tunables=glibc.malloc.arena_max=1
	failed 3
	fails "the break does not move" "$(edited threads_get_their_own_arenas 's/must_malloc\(100\)/must_malloc(100 * KiB)/')" --tunables=glibc.malloc.arena_max=1
}

@test "threads_get_their_own_arenas: one CPU allows for 8 arenas, and they are enough" {
	run -0 experiment threads_get_their_own_arenas --tunables=glibc.malloc.arena_max=8
	run -1 experiment threads_get_their_own_arenas --tunables=glibc.malloc.arena_max=8 threads=8
	[[ $output == *"instead: Beyond 8 arenas per CPU"* ]]
}

@test "threads_get_their_own_arenas: more threads than arenas have to share" {
	(($(nproc) < 32)) || skip "the program starts 256 threads at most"
	run -1 experiment threads_get_their_own_arenas threads=$((8 * $(nproc) + 1))
}

@test "threads_get_their_own_arenas: a control with arenas is no control" {
	arenas=$(edited threads_get_their_own_arenas 's/arena_max=1"/arena_max=64"/')
	run -3 "$arenas"
	failed 2
}
