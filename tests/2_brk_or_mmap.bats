#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Chapter 2: each claim comes out as measured, and otherwise where malloc is set otherwise.
# (What each verdict depends on is tested by mutations/2_brk_or_mmap.)

load helper

@test "small_requests_move_the_break is refuted when everything is mapped" {
	comes_out reproduced experiment small_requests_move_the_break
	LD_PRELOAD=$(shim mmap_everything) comes_out refuted experiment small_requests_move_the_break
	failed_findings_are \
		"the break moves at least once" \
		"the smallest step of the break is 128 KiB and what is missing" \
		"the largest step of the break is 128 KiB and what is missing" \
		"the break moves at most once for every 128 KiB of chunks"
}

@test "small_requests_move_the_break is refuted when M_TOP_PAD has another value" {
	comes_out refuted experiment small_requests_move_the_break --tunables=glibc.malloc.top_pad=1048576
}

@test "mmap_starts_at_128_kib is reproduced only with pinned thresholds and a used-up top" {
	comes_out refuted experiment mmap_starts_at_128_kib
	failed_findings_are \
		"first request of a process: first size that is mapped" \
		"after a mapped block was freed: first size that is mapped"
	comes_out refuted experiment mmap_starts_at_128_kib --tunables=glibc.malloc.mmap_threshold=65536
	failed_findings_are \
		"first request of a process: first size that is mapped" \
		"top used up: first size that is mapped" \
		"after a mapped block was freed: first size that is mapped"
	LD_PRELOAD=$(shim pinned_thresholds) comes_out reproduced experiment mmap_starts_at_128_kib
}

@test "the_break_moves_rarely is refuted when malloc requests no padding" {
	comes_out reproduced experiment the_break_moves_rarely
	comes_out refuted experiment the_break_moves_rarely --tunables=glibc.malloc.top_pad=0
	failed_findings_are "moves of the break: one for each 128 KiB of chunks"
}

@test "the_threshold_is_a_knob is reproduced, also with an odd threshold" {
	comes_out reproduced experiment the_threshold_is_a_knob
	comes_out reproduced experiment the_threshold_is_a_knob threshold=3000001
}

@test "the_threshold_is_a_knob is inconclusive when the control has another threshold" {
	comes_out inconclusive experiment the_threshold_is_a_knob --tunables=glibc.malloc.mmap_threshold=262144
	failed_findings_are "untouched: first size that is mapped"
}

@test "the_threshold_moves_by_itself is refuted when a threshold was set by hand" {
	comes_out reproduced experiment the_threshold_moves_by_itself
	comes_out refuted experiment the_threshold_moves_by_itself --tunables=glibc.malloc.mmap_threshold=131072
	failed_findings_are \
		"freed blocks after which the mmap threshold is the largest size below 32 MiB" \
		"freed blocks after which the trim threshold is twice the mmap threshold"
	comes_out refuted experiment the_threshold_moves_by_itself --tunables=glibc.malloc.trim_threshold=131072
}

@test "a_hole_can_serve_a_large_request is reproduced, also with smaller blocks" {
	comes_out reproduced experiment a_hole_can_serve_a_large_request
	comes_out reproduced experiment a_hole_can_serve_a_large_request block=127K
}

@test "threads_get_their_own_arenas is refuted when there is only one arena" {
	comes_out reproduced experiment threads_get_their_own_arenas
	comes_out refuted experiment threads_get_their_own_arenas --tunables=glibc.malloc.arena_max=1
	failed_findings_are \
		"threads whose block lies below the break" \
		"each thread adds 64 MiB to the virtual size" \
		"each thread makes one to three pages resident"
}

@test "threads_get_their_own_arenas is reproduced with 8 arenas, and refuted when the threads need more" {
	comes_out reproduced experiment threads_get_their_own_arenas --tunables=glibc.malloc.arena_max=8
	comes_out refuted experiment threads_get_their_own_arenas --tunables=glibc.malloc.arena_max=8 threads=8
	assert_output --partial "instead: Beyond 8 arenas per CPU"
}

@test "threads_get_their_own_arenas is refuted when there are more threads than arenas" {
	(($(nproc) < 32)) || skip "the program starts 256 threads at most"
	comes_out refuted experiment threads_get_their_own_arenas threads=$((8 * $(nproc) + 1))
}
