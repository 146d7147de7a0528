#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Chapter 8: each claim comes out as measured, and otherwise where malloc is set otherwise.
# (What each verdict depends on is tested by mutations/8_allocators.)

load helper

# bats test_tags=alone
@test "glibc_slows_down_with_threads is refuted, for the reason that is known" {
	comes_out refuted experiment glibc_slows_down_with_threads
	assert_equal "$(sentences failed)" "glibc: slowdown with own blocks, as a multiple of the slowdown by hand"
	refute_output --partial "not for the reason"
}

@test "glibc_slows_down_with_threads is unsupported with one CPU" {
	comes_out unsupported taskset -c 0 "$(program glibc_slows_down_with_threads)"
	assert_output --partial "one CPU"
}

@test "glibc_fragments_more is refuted by each of the other allocators" {
	comes_out refuted experiment glibc_fragments_more idle=1
	assert_equal "$(sentences held "*: less than glibc's")" ""
}

# bats test_tags=alone
@test "a_pool_beats_them_all is reproduced" {
	comes_out reproduced experiment a_pool_beats_them_all trials=8
}

# bats test_tags=alone
@test "a_pool_serves_requests is reproduced" {
	comes_out reproduced experiment a_pool_serves_requests
}

@test "fewer_arenas_take_less_memory is refuted when there is only one arena by default" {
	comes_out reproduced experiment fewer_arenas_take_less_memory
	comes_out refuted experiment fewer_arenas_take_less_memory --tunables=glibc.malloc.arena_max=1
	failed_findings_are \
		"two arenas: resident bytes after all turns, of two bursts and what stays in use" \
		"one arena: resident bytes after all turns, of one burst and what stays in use"
}

@test "fewer_arenas_take_less_memory is reproduced with few threads and with many, and with small bursts" {
	for knob in threads=4 threads=64 burst=1M; do
		comes_out reproduced experiment fewer_arenas_take_less_memory "$knob"
	done
}

@test "a_server_grows_with_its_threads is reproduced, and refuted where there are more threads than arenas" {
	comes_out reproduced experiment a_server_grows_with_its_threads peak=4M
	comes_out refuted experiment a_server_grows_with_its_threads peak=4M threads="$((8 * $(getconf _NPROCESSORS_ONLN) + 1))"
	refute_output --partial "not for the reason"
	assert_output --partial "a peak for every arena"
}

@test "size_classes_fragment_less is refuted by each of the other allocators, with many survivors and with few" {
	for knob in survivors=8 survivors=64 survivors=256; do
		comes_out refuted experiment size_classes_fragment_less round=4M "$knob"
		refute_output --partial "not for the reason"
		assert_equal "$(sentences held "*: less than glibc")" ""
	done
}

# bats test_tags=alone
@test "producers_and_consumers_wait is reproduced, and unsupported with one CPU" {
	comes_out reproduced experiment producers_and_consumers_wait
	comes_out unsupported taskset -c 0 "$(program producers_and_consumers_wait)"
	assert_output --partial "one CPU"
}

@test "freed_by_another_thread_is_lost is refuted, with small blocks and with larger ones" {
	for knob in bytes=64 bytes=208 bytes=1024; do
		comes_out refuted experiment freed_by_another_thread_is_lost "$knob"
		refute_output --partial "not for the reason"
		assert_equal "$(sentences held "*: all")" ""
	done
}

@test "a_steady_server_grows_for_ever is refuted, also where half of the blocks live long" {
	for knob in long_lived=5 long_lived=50; do
		comes_out refuted experiment a_steady_server_grows_for_ever "$knob"
		refute_output --partial "not for the reason"
		assert_equal "$(sentences held "*: growth in the second half of the time, in per cent of what is in use")" \
			"a leak: growth in the second half of the time, in per cent of what is in use"
	done
}
