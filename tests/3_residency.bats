#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Chapter 3: each verdict changes when its cause is removed, and a control that
# shows nothing makes the run inconclusive.

load helper

@test "the_classic_demo_has_a_bug: not when it is corrected" {
	run -0 experiment the_classic_demo_has_a_bug
	corrected=$(edited the_classic_demo_has_a_bug 's/corrected \? p4 : p2/p4/')
	run -1 "$corrected"
	failed 3
}

@test "the_classic_demo_has_a_bug: a corrected program with the bug is no control" {
	both_wrong=$(edited the_classic_demo_has_a_bug 's/corrected \? p4 : p2/p2/')
	run -3 "$both_wrong"
	failed 4
}

@test "reading_costs_no_memory: writing does" {
	run -0 experiment reading_costs_no_memory
	written=$(edited reading_costs_no_memory 's/pass\("read", block, read_all, 0\)/pass("read", block, write_pages, 0)/')
	run -1 "$written"
	failed 3
}

@test "reading_costs_no_memory: a control that reads is no control" {
	read_only=$(edited reading_costs_no_memory 's/pass\("write", block, write_pages, 0\)/pass("write", block, read_all, 0)/')
	run -3 "$read_only"
}

@test "calloc_is_lazy_too: not when the block comes from a heap that was used" {
	run -0 experiment calloc_is_lazy_too
	run -1 experiment calloc_is_lazy_too --tunables=glibc.malloc.mmap_threshold=33554432
	failed 2
}

@test "calloc_is_lazy_too: a calloc that leaves the old bytes is found out" {
	dirty=$(edited calloc_is_lazy_too 's/recycled_block\(must_calloc\)/recycled_block(must_malloc)/')
	run -1 "$dirty"
	failed 2
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
	failed 3
}

@test "huge_pages_come_2_mib_at_a_time: a control with huge pages is no control" {
	run experiment huge_pages_come_2_mib_at_a_time
	[[ $status -ne 77 ]] || skip "$output"
	huge=$(edited huge_pages_come_2_mib_at_a_time 's/fill\(false\)/fill(true)/')
	run -3 "$huge"
	failed 3
}

@test "fork_shares_until_written: nothing is shared of what the child did not get" {
	run -0 experiment fork_shares_until_written
	alone=$(edited fork_shares_until_written 's|#include <signal.h>|&\n#include <sys/mman.h>|; /^static void parent_writes/,/^}/s/pid_t child = fork_arm/madvise(block, (size_t)block_bytes, MADV_DONTFORK);\n\t&/')
	run -1 "$alone"
	failed 3
}

@test "fork_shares_until_written: a child that only reads pays nothing" {
	reader=$(edited fork_shares_until_written 's/in_a_child\(write_pages\)/in_a_child(read_all)/')
	run -1 "$reader"
	failed 2
	writer=$(edited fork_shares_until_written 's/in_a_child\(read_all\)/in_a_child(write_pages)/')
	run -3 "$writer"
	failed 2
}

@test "realloc_can_move_without_copying: not a block of the heap" {
	run -0 experiment realloc_can_move_without_copying
	run -1 experiment realloc_can_move_without_copying --tunables=glibc.malloc.mmap_threshold=33554432
	failed 3
}

@test "realloc_can_move_without_copying: a control that is mapped is no control" {
	mapped=$(edited realloc_can_move_without_copying 's/must_pin_thresholds\(32 \* MiB/must_pin_thresholds(128 * KiB/')
	run -3 "$mapped"
	failed 2
}

@test "malloc_never_fails: refused is what is larger than RAM and swap, to the page" {
	[[ $(cat /proc/sys/vm/overcommit_memory) -eq 0 ]] || skip "vm.overcommit_memory is not 0"
	[[ $(ulimit -v) == unlimited ]] || skip "a limit on addresses is set"
	run -1 experiment malloc_never_fails
	granted=$("$(program malloc_never_fails)" 2>/dev/null | awk -F, '$1 == "one block" { print $4 }')
	present=$(awk -v page="$(getconf PAGE_SIZE)" '/^(MemTotal|SwapTotal):/ { kib += $2 } END { print kib * 1024 / page }' /proc/meminfo)
	[[ $granted -eq $present ]]
}

@test "malloc_never_fails: it holds for whoever asks with MAP_NORESERVE, and in one piece the eight fail" {
	[[ $(cat /proc/sys/vm/overcommit_memory) -eq 0 ]] || skip "vm.overcommit_memory is not 0"
	uncounted=$(edited malloc_never_fails 's/malloc\(\(size_t\)(.*) - 24\);/mmap(NULL, (size_t)\1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);/; s/block == NULL/block == MAP_FAILED/')
	run -0 "$uncounted"
	fails "malloc grants eight blocks, each a quarter of RAM and swap together" "$(edited malloc_never_fails 's/BLOCKS = 8/BLOCKS = 1/')"
}

@test "malloc_never_fails: a control that is counted is none, nor one that fails for another reason" {
	[[ $(cat /proc/sys/vm/overcommit_memory) -eq 0 ]] || skip "vm.overcommit_memory is not 0"
	run -3 "$(edited malloc_never_fails 's/ \| MAP_NORESERVE//')"
	fails "malloc grants one block as large as RAM and swap together" "$(edited malloc_never_fails 's/block == NULL;/block == NULL || pages > 1000;/')"
}

@test "malloc_never_fails: a machine that promises no more than it has is said" {
	[[ $(ulimit -v) == unlimited ]] || skip "a limit on addresses is set"
	strict=$(edited malloc_never_fails 's|cat /proc/sys/vm/overcommit_memory|echo 2|')
	run -77 "$strict"
	[[ $output == *"vm.overcommit_memory=0"* ]]
}

@test "malloc_never_fails: a limit on addresses is said" {
	bash -c "ulimit -v 8000000; exec \"\$@\"" limited "$(program malloc_never_fails)" >"$BATS_TEST_TMPDIR/result" || [[ $? -eq 77 ]]
	grep -q '^# reason: .*ulimit -v' "$BATS_TEST_TMPDIR/result"
}

@test "reading_costs_no_memory: faults that do not come are missed" {
	populated='s/must_map\(pages \* page_bytes\(\)\)/populated()/; s|^static void read_all|static char *populated(void)\n{\n\tchar *block = must_map(pages * page_bytes());\n\tmust_populate(block, pages * page_bytes());\n\treturn block;\n}\n\n&|'
	fails "reading causes one minor fault for each page" "$(edited reading_costs_no_memory "$populated")"
	fails "writing fresh pages causes one minor fault for each" "$(edited reading_costs_no_memory "$populated")"
	fails "reading pages that were written causes no minor fault" "$(edited reading_costs_no_memory 's/pass\("write", block, write_pages, 0\)/pass("write", block, write_pages, 0);\n\tblock = must_map(pages * page_bytes())/')"
}

@test "calloc_is_lazy_too: each expectation can fail" {
	fails "no byte of a mapped block from calloc differs from zero" "$(edited calloc_is_lazy_too 's/^\tchar \*block = allocate\(block_bytes\);$/&\n\tblock[1] = 1;/')"
	fails "malloc_trim() gives every whole page of the free block to the kernel" "$(edited calloc_is_lazy_too '/must_trim_heap\(\);/d')"
	fails "a recycled block from malloc still holds its old bytes, which are not zero" "$(edited calloc_is_lazy_too '/^\twrite_bytes\(first/d')"
	fails "malloc brings back no page that malloc_trim() gave away" "$(edited calloc_is_lazy_too 's/recycled_block\(must_malloc\)/recycled_block(must_calloc)/')"
}

@test "fork_shares_until_written: what is not the block shows" {
	fails "the resident size of the writer does not show the copy" "$(edited fork_shares_until_written 's/^\t\tuse\(block \+ from, to - from\);/&\n\t\twrite_pages(must_map(page_bytes()), page_bytes());/')"
	fails "the resident size of a child that only reads contains the whole block" "$(edited fork_shares_until_written '/^\twrite_pages\(block, block_bytes\);/d')"
}

@test "realloc_can_move_without_copying: a block with room moves nowhere, one that is dropped is missed" {
	no_neighbours=$(edited realloc_can_move_without_copying '/^\tmust_malloc\(block_bytes\);/d')
	fails "realloc() moves the heap block (0: not, 1: once)" "$no_neighbours"
	fails "realloc() moves the mapped block (0: not, 1: once)" "$(edited realloc_can_move_without_copying 's/must_realloc\(block, 2 \* block_bytes\)/must_realloc(block, block_bytes)/')"
	fails "no page of the mapped block is absent after the move" "$(edited realloc_can_move_without_copying '/^\twrite_pages\(block, block_bytes\);/d')"
}
