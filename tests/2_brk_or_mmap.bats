#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Chapter 2: each claim comes out as measured, and otherwise where malloc is set otherwise.
# (What each verdict depends on is tested by mutations/2_brk_or_mmap.)

load helper

@test "small_requests_move_the_break is refuted when everything is mapped" {
	comes_out reproduced experiment small_requests_move_the_break
	LD_PRELOAD=$(shim mmap_everything) comes_out refuted experiment small_requests_move_the_break
	failed_findings_are \
		"the smallest step of the break is 128 KiB and one page" \
		"the largest step of the break is 128 KiB and one page" \
		"the break moves once for all the requests that fit into a step"
	assert_output --partial "never == "
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
		"after a mapped block was freed: first size that is mapped" \
		"top used up: the threshold is 128 KiB" \
		"after a mapped block was freed: the threshold is the size of its chunk, if that is below 32 MiB"
	assert_output --partial "not for the reason that is known"
	LD_PRELOAD=$(shim pinned_thresholds) comes_out reproduced experiment mmap_starts_at_128_kib
}

@test "mmap_starts_at_128_kib measures what is true instead, also for blocks above 32 MiB" {
	comes_out refuted experiment mmap_starts_at_128_kib freed=40M
	failed_findings_are "first request of a process: first size that is mapped"
}

@test "the_break_moves_rarely is refuted when malloc requests no padding" {
	comes_out reproduced experiment the_break_moves_rarely
	comes_out refuted experiment the_break_moves_rarely --tunables=glibc.malloc.top_pad=0
	failed_findings_are \
		"moves of the break: one for each 128 KiB of chunks and a page" \
		"records that find the break and the virtual size where the moves have put them"
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
		"records that find 64 MiB more in the virtual size for each thread so far" \
		"records that find one page more resident for each thread so far" \
		"arenas beside the main one: one for each thread, up to 8 per CPU"
}

@test "threads_get_their_own_arenas is reproduced with 8 arenas, and refuted when the threads need more" {
	comes_out reproduced experiment threads_get_their_own_arenas --tunables=glibc.malloc.arena_max=8
	comes_out refuted experiment threads_get_their_own_arenas --tunables=glibc.malloc.arena_max=8 threads=8
	assert_output --partial "not for the reason that is known"
}

@test "threads_get_their_own_arenas is refuted when there are more threads than arenas" {
	(($(nproc) < 32)) || skip "the program starts 256 threads at most"
	comes_out refuted experiment threads_get_their_own_arenas threads=$((8 * $(nproc --all) + 1))
	refute_output --partial "not for the reason that is known"
	assert_output --partial "instead: Beyond 8 arenas per CPU"
}

@test "malloc_n_takes_n_bytes is refuted for all sizes, and cannot tell when blocks are mapped" {
	comes_out refuted experiment malloc_n_takes_n_bytes largest=2048
	failed_findings_are "sizes n that take n bytes"
	comes_out inconclusive experiment malloc_n_takes_n_bytes --tunables=glibc.malloc.mmap_threshold=512
	failed_findings_are \
		"sizes n that take n bytes" \
		"sizes n that take n and a size word, in whole chunks" \
		"sizes n whose blocks lie in the heap"
}

@test "each claim of chapter 2 says that another malloc is not its subject" {
	for library in libjemalloc.so.2 libtcmalloc_minimal.so.4 libmimalloc.so.2; do
		[[ -z $(LD_PRELOAD=$library true 2>&1) ]] || continue
		for claim in $(scripts/claims | grep '^2_'); do
			LD_PRELOAD=$library comes_out unsupported talk "$BUILD/$claim"
			assert_output --partial "this is about glibc's malloc, and $library is preloaded"
		done
	done
}

@test "no size is a number where malloc maps nothing, or fills no heap" {
	comes_out unsupported experiment mmap_starts_at_128_kib --tunables=glibc.malloc.mmap_max=0
	assert_output --partial "gives no request of up to 64 MiB a mapping"
	comes_out unsupported experiment the_threshold_moves_by_itself --tunables=glibc.malloc.mmap_threshold=4096
	assert_output --partial "does not serve a block of 16 KiB from the heap"
}
