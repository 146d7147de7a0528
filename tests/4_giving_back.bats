#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Chapter 4: each claim comes out as measured, and otherwise where malloc is set otherwise.
# (What each verdict depends on is tested by mutations/4_giving_back.)

load helper

@test "free_keeps_a_heap_block: is refuted by a block that has its own mapping" {
	comes_out reproduced experiment free_keeps_a_heap_block
	comes_out refuted experiment free_keeps_a_heap_block block=256K
}

@test "free_keeps_a_heap_block: without free() nothing is given back or kept" {
	LD_PRELOAD=$(shim free_nothing) comes_out inconclusive experiment free_keeps_a_heap_block
	failed_findings_are \
		"bytes that malloc counts as free again" \
		"page faults when the memory is used again" \
		"a mapped block takes from resident memory at free(), bytes" \
		"a mapped block takes from the virtual size at free(), bytes"
}

@test "free_unmaps_a_mapped_block: is refuted where no block is mapped" {
	comes_out reproduced experiment free_unmaps_a_mapped_block
	comes_out refuted experiment free_unmaps_a_mapped_block --tunables=glibc.malloc.mmap_max=0
	failed_findings_are \
		"frees after which the virtual size was smaller by the block" \
		"frees after which the resident size was smaller by the block" \
		"what all of it added to the virtual size in the end, bytes"
}

@test "free_trims_a_large_top: another threshold trims elsewhere, or never" {
	comes_out reproduced experiment free_trims_a_large_top
	comes_out refuted experiment free_trims_a_large_top --tunables=glibc.malloc.trim_threshold=262144
	comes_out refuted experiment free_trims_a_large_top --tunables=glibc.malloc.trim_threshold=67108864
	failed_findings_are \
		"free bytes at the top when the break first goes down" \
		"in the end, the break has gone down by, bytes" \
		"in the end, resident memory has gone down by, bytes"
	comes_out refuted experiment free_trims_a_large_top --tunables=glibc.malloc.top_pad=262144
}

@test "the_four_block_story: is refuted, as its thresholds move" {
	comes_out refuted experiment the_four_block_story
	comes_out refuted experiment the_four_block_story C=60K
	failed_findings_are "free(C) takes the mapping away, bytes"
}

@test "a_hole_is_never_returned: is refuted by malloc_trim()" {
	comes_out refuted experiment a_hole_is_never_returned
}

@test "realloc_and_shrink: is refuted where no block is mapped" {
	comes_out reproduced experiment realloc_and_shrink
	comes_out refuted experiment realloc_and_shrink --tunables=glibc.malloc.mmap_max=0
	failed_findings_are \
		"mapped: resident memory falls by, bytes" \
		"mapped: the virtual size falls by, bytes"
}

@test "freeing_everything_empties_the_heap: is true without a thread cache" {
	comes_out refuted experiment freeing_everything_empties_the_heap
	comes_out reproduced experiment freeing_everything_empties_the_heap --tunables=glibc.malloc.tcache_count=0
}

@test "freeing_everything_empties_the_heap: is true of blocks too large for the thread cache" {
	comes_out reproduced experiment freeing_everything_empties_the_heap bytes=8K
}

@test "free_merges_neighbours: is true where no fastbin takes the blocks" {
	comes_out refuted experiment free_merges_neighbours
	comes_out reproduced experiment free_merges_neighbours bytes=200
	comes_out reproduced experiment free_merges_neighbours --tunables=glibc.malloc.mxfast=0
}

@test "madv_free_waits: is reproduced where the kernel can be asked" {
	run experiment madv_free_waits
	[[ $status -ne 77 ]] || skip "$output"
	assert_success
}
