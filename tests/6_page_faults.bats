#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Chapter 6: each claim comes out as measured or says what it lacks; and scripts/maintain/with-swap leaves the
# machine as it was. (What each verdict depends on is tested by mutations/6_page_faults.)

load helper

# Files of these tests must be able to leave memory.
setup() {
	unset TMPDIR
}

swap_spaces() {
	tail -n +2 /proc/swaps
}

need_swap_to_set_up() {
	scripts/maintain/with-swap true 2>/dev/null || skip "no swap space can be set up here (not root?)"
}

@test "one_minor_fault_per_new_page is refuted when mmap makes the pages resident" {
	comes_out reproduced experiment one_minor_fault_per_new_page
	LD_PRELOAD=$(shim touch_on_map) comes_out refuted experiment one_minor_fault_per_new_page
	failed_findings_are \
		"steps of the first pass with one minor fault for each page so far" \
		"steps of the first pass with all pages so far resident, and no others"
}

@test "ps_counts_the_same_faults is reproduced" {
	comes_out reproduced experiment ps_counts_the_same_faults
}

# bats test_tags=alone
@test "a_major_fault_waits_for_the_disk is reproduced where a folder is on a disk" {
	run experiment a_major_fault_waits_for_the_disk trials=1
	((status != 77)) || skip "no folder here is on a disk"
	comes_out reproduced experiment a_major_fault_waits_for_the_disk
}

@test "a_major_fault_waits_for_the_disk is unsupported where files are kept in memory" {
	LD_PRELOAD=$(shim files_in_memory) comes_out unsupported experiment a_major_fault_waits_for_the_disk
	assert_output --partial TMPDIR
}

# bats test_tags=alone
@test "churning_large_blocks_burns_kernel_time is inconclusive with blocks that come from the heap" {
	comes_out reproduced experiment churning_large_blocks_burns_kernel_time
	comes_out inconclusive experiment churning_large_blocks_burns_kernel_time block=16M trials=7
	finding_fails "minor faults: one for every page of every turn" experiment churning_large_blocks_burns_kernel_time block=16M trials=7
	finding_fails "blocks with mappings of their own" experiment churning_large_blocks_burns_kernel_time block=16M trials=7
}

# bats test_tags=alone
@test "a_fault_has_a_price is reproduced" {
	comes_out reproduced experiment a_fault_has_a_price
}

@test "swapped_pages_fault_major is unsupported without swap space" {
	[[ -z $(swap_spaces) ]] || skip "this machine has swap space"
	comes_out unsupported experiment swapped_pages_fault_major
	assert_output --partial "sudo scripts/maintain/with-swap make run"
}

# bats test_tags=alone
@test "swapped_pages_fault_major is reproduced with swap space on zram and on a disk" {
	need_swap_to_set_up
	for SWAP in zram file; do
		export SWAP
		scripts/maintain/with-swap true 2>/dev/null || continue
		comes_out reproduced scripts/maintain/with-swap "$(program swapped_pages_fault_major)"
	done
}

# bats test_tags=alone
@test "with-swap returns the status of its command and removes the swap space" {
	need_swap_to_set_up
	before=$(swap_spaces) devices=$(echo /sys/block/zram*) folder=$(ls /var/tmp)
	for SWAP in zram file; do
		export SWAP
		scripts/maintain/with-swap true 2>/dev/null || continue
		run -0 scripts/maintain/with-swap grep -c . /proc/swaps
		((output == $(wc -l </proc/swaps) + 1))
		run -5 scripts/maintain/with-swap sh -c 'exit 5'
		run -127 scripts/maintain/with-swap /no/such/command
	done
	assert_equal "$(swap_spaces)" "$before"
	assert_equal "$(echo /sys/block/zram*)" "$devices"
	assert_equal "$(ls /var/tmp)" "$folder"
}

# bats test_tags=alone
@test "with-swap removes the swap space after Ctrl-C and after a kill" {
	need_swap_to_set_up
	before=$(swap_spaces)
	# Where SIGINT is ignored from the start (a job in the background), no script can catch it.
	run -130 env --default-signal=INT scripts/maintain/with-swap sh -c 'kill -INT $PPID'
	run -143 scripts/maintain/with-swap sh -c 'kill -TERM $PPID'
	assert_equal "$(swap_spaces)" "$before"
}

# bats test_tags=alone
@test "with-swap says why it cannot run" {
	run -2 scripts/maintain/with-swap
	assert_output --partial "give the command to run"
	run -2 env SWAP_SIZE=many scripts/maintain/with-swap true
	run -2 scripts/maintain/with-swap --zram
	((EUID == 0)) || run -77 scripts/maintain/with-swap true
	need_swap_to_set_up
	run -2 env SWAP=disk scripts/maintain/with-swap true
	run -77 env SWAP=file SWAP_FOLDER=/no/such/folder scripts/maintain/with-swap true
	assert_equal "$(ls -d /var/tmp/touchstone-swap.* 2>/dev/null)" ""
}

@test "the claims about the kernel come out the same with another malloc, and that about glibc's malloc is unsupported" {
	[[ -z $(LD_PRELOAD=libjemalloc.so.2 true 2>&1) ]] || skip "libjemalloc.so.2 is not installed"
	export LD_PRELOAD=libjemalloc.so.2
	comes_out reproduced experiment one_minor_fault_per_new_page
	comes_out reproduced experiment ps_counts_the_same_faults
	comes_out unsupported experiment churning_large_blocks_burns_kernel_time
	assert_output --partial "this is about glibc's malloc, and libjemalloc.so.2 is preloaded"
}
