#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Chapter 5: each verdict changes when its cause is removed.
# bats file_tags=timed

load helper

# calls ARM NAME: how many calls of one name strace counts in an arm.
calls() {
	strace -f -c -e trace="$2" -o "$BATS_TEST_TMPDIR/calls" \
		"$(program every_block_costs_two_syscalls)" --bare="$1" blocks="$3"
	awk -v name="$2" '$NF == name { print $4 }' "$BATS_TEST_TMPDIR/calls"
}

@test "every_block_costs_two_syscalls: blocks of the heap cost none" {
	run -0 experiment every_block_costs_two_syscalls
	in_heap=$(edited every_block_costs_two_syscalls 's/must_pin_thresholds\(block_bytes, DEFAULT_THRESHOLD\)/must_pin_thresholds(2 * block_bytes, 4 * block_bytes)/')
	run -1 "$in_heap"
	failed 3
}

@test "every_block_costs_two_syscalls: a heap that is trimmed at each free is not quiet" {
	trimmed=$(edited every_block_costs_two_syscalls 's/2 \* block_bytes \+ 2 \* DEFAULT_THRESHOLD/DEFAULT_THRESHOLD/')
	run -1 "$trimmed"
}

@test "every_block_costs_two_syscalls: a threshold that does not move spoils the control" {
	run -3 experiment every_block_costs_two_syscalls --tunables=glibc.malloc.mmap_threshold=131072
	failed 3
}

@test "every_block_costs_two_syscalls: strace counts the same" {
	command -v strace >/dev/null || skip "strace is not installed"
	few=$(calls mapped munmap 100)
	many=$(calls mapped munmap 300)
	[[ $((many - few)) -eq 200 ]]
	few=$(calls mapped mmap 100)
	many=$(calls mapped mmap 300)
	[[ $((many - few)) -eq 200 ]]
	[[ $(calls heap brk 100) -eq $(calls heap brk 300) ]]
}

@test "refaulting_is_the_price: the heap does not fault again" {
	timed 0 experiment refaulting_is_the_price
	timed 1 experiment refaulting_is_the_price --tunables=glibc.malloc.mmap_threshold=131072 trials=3
}

@test "refaulting_is_the_price: a control that writes its blocks is none" {
	written=$(edited refaulting_is_the_price 's/churn\(0\)/churn(block_bytes)/')
	timed 3 "$written" trials=3
}

@test "a_small_mapping_wastes_a_page: blocks of the heap do not" {
	run -0 experiment a_small_mapping_wastes_a_page
	in_heap=$(edited a_small_mapping_wastes_a_page 's/must_pin_thresholds\(0,/must_pin_thresholds(1 * MiB,/')
	run -1 "$in_heap"
	failed 2
}

@test "a_small_mapping_wastes_a_page: a control whose blocks are mapped is none" {
	mapped=$(edited a_small_mapping_wastes_a_page 's/must_pin_thresholds\(2 \* sizes\[SIZES - 1\],/use_up_top();\n\tmust_pin_thresholds(0,/')
	run -3 "$mapped"
}

@test "mappings_run_out: nothing is lost as long as mappings are left" {
	run -0 experiment mappings_run_out room=512
	plenty=$(edited mappings_run_out 's/return 2 \* room;/return room \/ 2;/')
	run -1 "$plenty" room=512
	failed 3
	fails "blocks that malloc's own report counts" "$(edited mappings_run_out 's/^\t\tfree\(blocks/\t\tif (i % 2)\n\t&/')" room=512
}

@test "mappings_run_out: blocks of the heap need no mapping" {
	in_heap=$(edited mappings_run_out 's/must_pin_thresholds\(0,/must_pin_thresholds(1 * MiB,/')
	run -3 "$in_heap" room=512
}

@test "mappings_run_out: too little memory is said before it is used" {
	poor=$(edited mappings_run_out 's/print \$2/print 1000/')
	run -77 "$poor"
	[[ $output == *"set room lower"* ]]
}

@test "mappings_run_out: a limit that is not reached, a heap that is mapped, are no controls" {
	fails "the kernel refused one more mapping" "$(program mappings_run_out)" room=512 region=1000
	mapped_heap=$(edited mappings_run_out '/^static void heap/,/^}/s/must_pin_thresholds\(.*\);/use_up_top();\n\tmust_pin_thresholds(0, DEFAULT_THRESHOLD);/')
	fails "from the heap: mappings added by free()" "$mapped_heap" room=512
	fails "from the heap: bytes that malloc has free again" "$mapped_heap" room=512
}

@test "refaulting_is_the_price: pages that nobody writes do not fault" {
	unwritten=$(edited refaulting_is_the_price 's/^\t\twrite_pages\(block, written_bytes\);//')
	fails "mapped: page faults of all turns" "$unwritten" trials=3
	fails "from the heap: page faults of all turns" "$unwritten" trials=3
	fails "time of mapped blocks, times that of their system calls alone" "$unwritten" trials=3
}

@test "refaulting_is_the_price: a heap that maps its blocks too saves no time" {
	fails "time of mapped blocks, times that of the heap" "$(edited refaulting_is_the_price '/^static void from_the_heap/,/^}/s/must_pin_thresholds\(.*\);/must_pin_thresholds(DEFAULT_THRESHOLD, DEFAULT_THRESHOLD);/')" trials=3
}

@test "a_small_mapping_wastes_a_page: it takes no more blocks than malloc maps" {
	run -2 experiment a_small_mapping_wastes_a_page blocks=65536
}
