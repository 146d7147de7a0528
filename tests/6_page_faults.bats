#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Chapter 6 (two of its claims are in first_ten.bats): each verdict changes when its
# cause is removed; and scripts/maintain/with-swap leaves the machine as it was.
# bats file_tags=timed

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

@test "a_major_fault_waits_for_the_disk: pages read before do not wait" {
	run experiment a_major_fault_waits_for_the_disk trials=1
	((status != 77)) || skip "no folder here is on a disk"
	timed 0 experiment a_major_fault_waits_for_the_disk
	warm=$(edited a_major_fault_waits_for_the_disk 's/^\tint64_t before = sleeps\(\);/\tif (!cached)\n\t\tread_pages(mapping, pages * page_bytes());\n&/')
	timed 1 "$warm" trials=3
	none_held '^# expect'
}

@test "a_major_fault_waits_for_the_disk: readahead that is switched off reads nothing ahead" {
	run experiment a_major_fault_waits_for_the_disk trials=1
	((status != 77)) || skip "no folder here is on a disk"
	alone=$(edited a_major_fault_waits_for_the_disk 's/MADV_NORMAL/MADV_RANDOM/')
	run -1 "$alone"
}

@test "a_major_fault_waits_for_the_disk: with the files the other way round nothing holds" {
	run experiment a_major_fault_waits_for_the_disk trials=1
	((status != 77)) || skip "no folder here is on a disk"
	swapped=$(edited a_major_fault_waits_for_the_disk 's/if \(!cached\)/if (cached)/')
	run -3 "$swapped" trials=3
	none_held
}

@test "a_major_fault_waits_for_the_disk: cannot be asked where files are kept in memory" {
	# As if every file system were one of memory.
	sed 's/(int)system.f_type == TMPFS/true/' lib/file.c >"$BATS_TEST_TMPDIR/file.c"
	run ! cmp -s lib/file.c "$BATS_TEST_TMPDIR/file.c"
	nowhere=$(edited a_major_fault_waits_for_the_disk "1s|^|#define _GNU_SOURCE\n|; s|^#include \"file.h\"|#include \"$BATS_TEST_TMPDIR/file.c\"|")
	run -77 "$nowhere"
	[[ $output == *TMPDIR* ]]
}

@test "churning_large_blocks_burns_kernel_time: blocks that the heap serves do not" {
	timed 0 experiment churning_large_blocks_burns_kernel_time
	timed 1 experiment churning_large_blocks_burns_kernel_time block=16M trials=3
	none_held 'every page of every turn|system time grows with the turns'
	growing=$(edited churning_large_blocks_burns_kernel_time 's/^\t\tturn\(\);/\t\tfor (int64_t k = 0; k < i * i * i; k++)\n\t\t\tturn();/')
	timed 1 "$growing" trials=3 turns=2
	none_held 'and no faster than the turns'
}

@test "churning_large_blocks_burns_kernel_time: cures that map are none" {
	mapping=$(edited churning_large_blocks_burns_kernel_time 's/mmap_max=0/mmap_max=65536/; s/^\tpool_reset\(pool\);/\tpool_destroy(pool);\n\tpool = NULL;/')
	timed 3 "$mapping" trials=3
	none_held 'times that of the heap|times that of the pool|never mapped|from a pool'
}

@test "a_fault_has_a_price: work that grows is not proportional" {
	timed 0 experiment a_fault_has_a_price
	growing=$(edited a_fault_has_a_price '/^static void first_touch/,/^}/s/write_all/write_with_all_before/')
	timed 1 "$growing" trials=3
}

@test "a_fault_has_a_price: a control that is linear is no control" {
	linear=$(edited a_fault_has_a_price '/^static void not_linear/,/^}/s/write_with_all_before/write_all/')
	timed 3 "$linear" trials=3
}

@test "a_fault_has_a_price: half the faults, a clock that moves once, a control that faults" {
	odd=$(edited a_fault_has_a_price 's/^\t\tns \+= time_ns\(\) - begun;/\t\tns = begun > 0 \&\& i == STEPS - 1;/; /^static void refault/,/^}/s/^\tmust_drop.*/\tmust_drop(block, pages * page_bytes() \/ 8);/; /^static void no_fault/,/^}/s/^\twrite_pages.*//; s/fault_in\(block \+ bytes,/fault_in(block,/; s/^\ttimer = CLOCK_MONOTONIC;/&\n\tread_pages(block, bytes \/ 2);/')
	timed 3 "$odd" trials=3
	none_held 'refault: (faults|.* at least)|price of a fault|variance|without faults|no fault: faults'
	run ! grep -E 'held \| (huge page: faults|file on disk)' <<<"$output"
}

@test "swapped_pages_fault_major: cannot be asked without swap space" {
	[[ -z $(swap_spaces) ]] || skip "this machine has swap space"
	run -77 experiment swapped_pages_fault_major
	[[ $output == *"sudo scripts/maintain/with-swap make run"* ]]
}

@test "swapped_pages_fault_major: on zram and on a disk" {
	need_swap_to_set_up
	for SWAP in zram file; do
		export SWAP
		scripts/maintain/with-swap true 2>/dev/null || continue
		run -0 scripts/maintain/with-swap "$(program swapped_pages_fault_major)"
	done
}

@test "swapped_pages_fault_major: pages that are not touched do not come back" {
	need_swap_to_set_up
	half=$(edited swapped_pages_fault_major 's/\(to - from\) \* page_bytes\(\)/(to - from) \/ 2 * page_bytes()/')
	run -1 scripts/maintain/with-swap "$half"
	failed 1
	swapped=$(edited swapped_pages_fault_major 's/if \(paged_out\)/if (!paged_out)/')
	run -3 scripts/maintain/with-swap "$swapped"
	none_held
}

@test "with-swap: gives the command's status and takes the swap space down" {
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
	[[ $(swap_spaces) == "$before" ]]
	[[ $(echo /sys/block/zram*) == "$devices" ]]
	[[ $(ls /var/tmp) == "$folder" ]]
}

@test "with-swap: takes it down after Ctrl-C and after a kill" {
	need_swap_to_set_up
	before=$(swap_spaces)
	# Where SIGINT is ignored from the start (a job in the background), no script can catch it.
	run -130 env --default-signal=INT scripts/maintain/with-swap sh -c 'kill -INT $PPID'
	run -143 scripts/maintain/with-swap sh -c 'kill -TERM $PPID'
	[[ $(swap_spaces) == "$before" ]]
}

@test "with-swap: says what is wrong" {
	run -2 scripts/maintain/with-swap
	[[ $output == *"give the command to run"* ]]
	run -2 env SWAP_SIZE=many scripts/maintain/with-swap true
	run -2 scripts/maintain/with-swap --zram
	((EUID == 0)) || run -77 scripts/maintain/with-swap true
	need_swap_to_set_up
	run -2 env SWAP=disk scripts/maintain/with-swap true
	run -77 env SWAP=file SWAP_FOLDER=/no/such/folder scripts/maintain/with-swap true
	[[ -z $(ls -d /var/tmp/touchstone-swap.* 2>/dev/null) ]]
}
