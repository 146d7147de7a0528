#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Chapter 3: each verdict changes when its cause is removed, and a control that
# shows nothing makes the run inconclusive.

load helper

@test "the_classic_demo_has_a_bug: not when it is mended" {
	run -0 experiment the_classic_demo_has_a_bug
	mended=$(edited the_classic_demo_has_a_bug 's/mended \? p4 : p2/p4/')
	run -1 "$mended"
}

@test "the_classic_demo_has_a_bug: a mended program with the bug is no control" {
	both_wrong=$(edited the_classic_demo_has_a_bug 's/mended \? p4 : p2/p2/')
	run -3 "$both_wrong"
}

@test "reading_costs_no_memory: writing does" {
	run -0 experiment reading_costs_no_memory
	written=$(edited reading_costs_no_memory 's/pass\("read", block, read_all, 0\)/pass("read", block, write_pages, 0)/')
	run -1 "$written"
}

@test "reading_costs_no_memory: a control that reads is no control" {
	read_only=$(edited reading_costs_no_memory 's/pass\("write", block, write_pages, 0\)/pass("write", block, read_all, 0)/')
	run -3 "$read_only"
}

@test "calloc_is_lazy_too: not when the block comes from a heap that was used" {
	run -0 experiment calloc_is_lazy_too
	run -1 experiment calloc_is_lazy_too --tunables=glibc.malloc.mmap_threshold=33554432
}

@test "calloc_is_lazy_too: a calloc that leaves the old bytes is found out" {
	dirty=$(edited calloc_is_lazy_too 's/recycled_block\(must_calloc\)/recycled_block(must_malloc)/')
	run -1 "$dirty"
}

@test "calloc_is_lazy_too: a control that clears nothing is no control" {
	lazy_control=$(edited calloc_is_lazy_too 's/mapped_block\(malloc_and_clear\)/mapped_block(must_malloc)/')
	run -3 "$lazy_control"
}

@test "huge_pages_come_2_mib_at_a_time: not without huge pages" {
	run experiment huge_pages_come_2_mib_at_a_time
	[[ $status -ne 77 ]] || skip "$output"
	[[ $status -eq 0 ]]
	not_asked=$(edited huge_pages_come_2_mib_at_a_time 's/fill\(true\)/fill(false)/')
	run -1 "$not_asked"
}

@test "huge_pages_come_2_mib_at_a_time: a control with huge pages is no control" {
	run experiment huge_pages_come_2_mib_at_a_time
	[[ $status -ne 77 ]] || skip "$output"
	huge=$(edited huge_pages_come_2_mib_at_a_time 's/fill\(false\)/fill(true)/')
	run -3 "$huge"
}

@test "fork_shares_until_written: nothing is shared of what the child did not get" {
	run -0 experiment fork_shares_until_written
	alone=$(edited fork_shares_until_written 's|#include <signal.h>|&\n#include <sys/mman.h>|; /^static void parent_writes/,/^}/s/pid_t child = fork_arm/madvise(block, (size_t)block_bytes, MADV_DONTFORK);\n\t&/')
	run -1 "$alone"
}

@test "fork_shares_until_written: a child that only reads pays nothing" {
	reader=$(edited fork_shares_until_written 's/in_a_child\(write_pages\)/in_a_child(read_all)/')
	run -1 "$reader"
	writer=$(edited fork_shares_until_written 's/in_a_child\(read_all\)/in_a_child(write_pages)/')
	run -3 "$writer"
}

@test "realloc_can_move_without_copying: not a block of the heap" {
	run -0 experiment realloc_can_move_without_copying
	run -1 experiment realloc_can_move_without_copying --tunables=glibc.malloc.mmap_threshold=33554432
}

@test "realloc_can_move_without_copying: a control that is mapped is no control" {
	mapped=$(edited realloc_can_move_without_copying 's/must_pin_thresholds\(32 \* MiB/must_pin_thresholds(128 * KiB/')
	run -3 "$mapped"
}
