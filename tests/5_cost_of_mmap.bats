#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Chapter 5: each claim comes out as measured, and otherwise where malloc is set otherwise.
# (What each verdict depends on is tested by mutations/5_cost_of_mmap.)

load helper

# calls ARM NAME BLOCKS: how many calls of one name strace counts in an arm.
calls() {
	strace -f -c -e trace="$2" -o "$BATS_TEST_TMPDIR/calls" \
		"$(program every_block_costs_two_syscalls)" --bare="$1" blocks="$3"
	awk -v name="$2" '$NF == name { print $4 }' "$BATS_TEST_TMPDIR/calls"
}

@test "every_block_costs_two_syscalls is reproduced" {
	comes_out reproduced experiment every_block_costs_two_syscalls
}

@test "every_block_costs_two_syscalls is inconclusive when the threshold cannot move" {
	comes_out inconclusive experiment every_block_costs_two_syscalls --tunables=glibc.malloc.mmap_threshold=131072
	failed_findings_are \
		"as it is: only the first block costs a call of mmap" \
		"as it is: only the first block costs a call of munmap" \
		"as it is: with one brk for the heap, there are three system calls in all"
}

@test "every_block_costs_two_syscalls counts as many calls as strace" {
	command -v strace >/dev/null || skip "strace is not installed"
	few=$(calls mapped munmap 100)
	many=$(calls mapped munmap 300)
	assert_equal $((many - few)) 200
	few=$(calls mapped mmap 100)
	many=$(calls mapped mmap 300)
	assert_equal $((many - few)) 200
	assert_equal "$(calls heap brk 100)" "$(calls heap brk 300)"
}

# bats test_tags=alone
@test "refaulting_is_the_price is refuted when the threshold cannot move" {
	comes_out reproduced experiment refaulting_is_the_price
	comes_out refuted experiment refaulting_is_the_price --tunables=glibc.malloc.mmap_threshold=131072 trials=6
}

@test "a_small_mapping_wastes_a_page is reproduced" {
	comes_out reproduced experiment a_small_mapping_wastes_a_page
}

@test "a_small_mapping_wastes_a_page refuses more blocks than malloc may map" {
	comes_out broken experiment a_small_mapping_wastes_a_page blocks=65536
}

@test "mappings_run_out is reproduced, and inconclusive when the limit is not reached" {
	comes_out reproduced experiment mappings_run_out room=512
	comes_out inconclusive experiment mappings_run_out room=512 region=1000
	failed_findings_are \
		"in the end, the process has all mappings that the kernel allows" \
		"one block is unmapped for each mapping that was left" \
		"freed blocks for which no mapping was left stay in memory" \
		"the kernel refused one more mapping"
}

@test "the claims about glibc's malloc are unsupported with another malloc" {
	[[ -z $(LD_PRELOAD=libjemalloc.so.2 true 2>&1) ]] || skip "libjemalloc.so.2 is not installed"
	for source in experiments/5_cost_of_mmap/*.c; do
		LD_PRELOAD=libjemalloc.so.2 comes_out unsupported experiment "$(basename "$source" .c)"
		assert_output --partial "this is about glibc's malloc, and libjemalloc.so.2 is preloaded"
	done
}
