#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The first ten claims: each comes out as measured, and its verdict changes when
# its cause is removed.

load helper

@test "the_probe_moves_nothing: a probe that allocates is found out" {
	run -0 experiment the_probe_moves_nothing
	leaky=$(edited the_probe_moves_nothing '/^static void read_with_probe/,/^}/s/probe_snapshot\(&now\);/&\n\twrite_pages(must_malloc(4096), 4096);/')
	run -1 "$leaky"
	failed 4
}

@test "the_probe_moves_nothing: a probe that maps is found out, though it touches nothing" {
	mapping=$(edited the_probe_moves_nothing '/^static void read_with_probe/,/^}/s/probe_snapshot\(&now\);/&\n\tmust_map(4096);/')
	run -1 "$mapping"
}

@test "the_probe_moves_nothing: a control that reads as innocently as the probe is no control" {
	innocent=$(edited the_probe_moves_nothing 's/read_many_times\(read_with_stdio\)/read_many_times(read_with_probe)/')
	run -3 "$innocent"
	failed 3
}

@test "counting_is_exact: a batched counter is found inexact" {
	run -0 experiment counting_is_exact
	batched=$(edited counting_is_exact 's/touch_one_by_one\(pages_by_probe, false\)/touch_one_by_one(pages_by_stat, false)/')
	run -1 "$batched"
}

@test "counting_is_exact: pages that are there already are not counted again" {
	populated=$(edited counting_is_exact 's/int64_t before = count_pages/must_populate(block, pages * page_bytes());\n\t&/')
	run -3 "$populated"
}

@test "small_requests_move_the_break: with everything mapped the break stays" {
	run -0 experiment small_requests_move_the_break
	LD_PRELOAD=$(shim mmap_everything) run -1 experiment small_requests_move_the_break
	failed 4
}

@test "small_requests_move_the_break: another M_TOP_PAD makes other steps" {
	run -1 experiment small_requests_move_the_break --tunables=glibc.malloc.top_pad=1048576
}

@test "small_requests_move_the_break: a control that maps nothing is none" {
	heap=$(edited small_requests_move_the_break 's/^\tmust_pin_thresholds\(0.*//')
	run -3 "$heap"
	failed 2
}

@test "mmap_starts_at_128_kib: as told only with pinned thresholds and a used-up top" {
	run -1 experiment mmap_starts_at_128_kib
	failed 2
	run -1 experiment mmap_starts_at_128_kib --tunables=glibc.malloc.mmap_threshold=65536
	failed 3
	LD_PRELOAD=$(shim pinned_thresholds) run -0 experiment mmap_starts_at_128_kib
}

@test "mmap_starts_at_128_kib: with everything mapped the control fails" {
	pinned_elsewhere=$(edited mmap_starts_at_128_kib 's/must_pin_thresholds\(DEFAULT_THRESHOLD/must_pin_thresholds(0/')
	run -3 "$pinned_elsewhere"
}

@test "malloc_is_lazy: a malloc that writes its blocks is not" {
	run -0 experiment malloc_is_lazy
	LD_PRELOAD=$(shim prefault) run -1 experiment malloc_is_lazy
}

@test "malloc_is_lazy: a control that populates nothing makes the run inconclusive" {
	lazy_control=$(edited malloc_is_lazy '/must_populate/d')
	run -3 "$lazy_control"
}

@test "malloc_is_lazy: what nobody writes does not come, and a block of the heap reserves less" {
	fails "after the writes the whole block is resident" "$(edited malloc_is_lazy '/write_pages/d')"
	fails "malloc adds the whole block to the virtual size" "$(edited malloc_is_lazy 's/must_malloc\(block_bytes\)/must_malloc(block_bytes \/ 2) - 0 * block_bytes/; /write_pages|must_populate/d')"
}

@test "resident_memory_comes_in_pages: pages that malloc brought in are not absent" {
	run -0 experiment resident_memory_comes_in_pages
	LD_PRELOAD=$(shim prefault) run -1 experiment resident_memory_comes_in_pages
}

@test "resident_memory_comes_in_pages: a byte too many shows" {
	later=$(edited resident_memory_comes_in_pages 's/write_bytes\(block, blocks\[i\]\.written\)/write_bytes(block, blocks[i].written + 2 * page_bytes())/; s/\{ 64 \* KiB, 64 \* KiB,/{ 80 * KiB, 64 * KiB,/')
	run -1 "$later"
}

@test "resident_memory_comes_in_pages: a control that was never written is none" {
	fails "bytes that become resident where the pages are there" "$(edited resident_memory_comes_in_pages '/\t\twrite_pages\(used/d')"
}

@test "resident_memory_comes_in_pages: without the write nothing comes" {
	fails "bytes that become resident where they are not" "$(edited resident_memory_comes_in_pages 's/"fresh", fresh/"fresh", written_before/')"
	fails "bytes that became resident = pages" "$(edited resident_memory_comes_in_pages '/\t\twrite_bytes/d')"
}

@test "free_keeps_a_heap_block: a block that has its own mapping is given back" {
	run -0 experiment free_keeps_a_heap_block
	run -1 experiment free_keeps_a_heap_block block=256K
}

@test "free_keeps_a_heap_block: a heap that trims everything gives it back" {
	trimming=$(edited free_keeps_a_heap_block 's/^static void at_the_top\(void\)$/#include <malloc.h>\n&/; s/^\twake_malloc\(\);/\tmallopt(M_TOP_PAD, 0);\n\tmallopt(M_TRIM_THRESHOLD, 0);\n&/')
	run -1 "$trimming"
	failed 4
}

@test "free_keeps_a_heap_block: without free() nothing is given back or kept" {
	LD_PRELOAD=$(shim free_nothing) run -3 experiment free_keeps_a_heap_block
	failed 4
}

@test "the_four_block_story: comes out as told with pinned thresholds" {
	run -1 experiment the_four_block_story
	pinned=$(edited the_four_block_story 's/"as it is", tell/"as it is", pinned/')
	run -0 "$pinned"
}

@test "the_four_block_story: C in the heap, B at its end, D at the top: each step can fail" {
	fails "free(C) takes the mapping away" "$(program the_four_block_story)" C=60K
	fails "free(B) moves the break by" "$(edited the_four_block_story 's/^\tfree\(b\);/&\n\tfree(d);/; s/^\tfree\(d\);$//; s/"as it is", tell/"as it is", pinned/')"
	fails "free(B) changes resident memory by" "$(edited the_four_block_story 's/^\tfree\(b\);/&\n\twrite_pages(must_map(b_bytes), b_bytes);/')"
	fails "with pinned thresholds free(B) moves the break by" "$(edited the_four_block_story 's/^\tfree\(b\);/&\n\tfree(d);/; s/^\tfree\(d\);$//')"
}

@test "the_four_block_story: with a guard block on top even the control cannot trim" {
	guarded=$(edited the_four_block_story 's/^\trecord\("malloc D", 0\);/\tmust_malloc(1000);\n&/')
	run -3 "$guarded"
}

@test "one_minor_fault_per_new_page: pages brought in by mmap fault no more" {
	run -0 experiment one_minor_fault_per_new_page
	LD_PRELOAD=$(shim touch_on_map) run -1 experiment one_minor_fault_per_new_page
	failed 2
}

@test "one_minor_fault_per_new_page: a control that populates nothing, a second pass over other pages" {
	fresh=$(edited one_minor_fault_per_new_page '/must_populate/d; s/^\trecord\("second pass", pages\);/&\n\tblock = must_map(pages * page_bytes());/')
	run -3 "$fresh"
	failed 3
}

@test "ps_counts_the_same_faults: a fault between ps and the row shows" {
	run -0 experiment ps_counts_the_same_faults
	late=$(edited ps_counts_the_same_faults 's/false, 0\)/false, 1)/; s/^\t\tif \(major\)$/\t\tint64_t theirs = ask(ps);\n&/; s/^\t\tint64_t theirs = ask\(ps\);$//')
	run -1 "$late"
	failed 2
}

@test "ps_counts_the_same_faults: without the late write, and without major faults, the controls fail" {
	same=$(edited ps_counts_the_same_faults 's/false, 1\)/false, 0)/; s/^\tmust_evict_file\(file\);//')
	run -3 "$same"
	failed 2
}
