#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Chapter 4: each claim comes out as measured, and otherwise where malloc is set otherwise.
# (What each verdict depends on is tested by mutations/4_giving_back.)

load helper

@test "free_keeps_a_heap_block is inconclusive with a block that has its own mapping" {
	comes_out reproduced experiment free_keeps_a_heap_block
	comes_out inconclusive experiment free_keeps_a_heap_block block=256K
	assert_output --partial "with block=262144, not as told"
	finding_fails "the block lies in the heap" experiment free_keeps_a_heap_block block=256K
}

@test "free_keeps_a_heap_block is inconclusive when free() does nothing" {
	LD_PRELOAD=$(shim free_nothing) comes_out inconclusive experiment free_keeps_a_heap_block
	failed_findings_are \
		"malloc counts the block as free again" \
		"using the memory again causes no page fault" \
		"free() takes all of a mapped block out of resident memory" \
		"free() takes all of a mapped block out of the virtual size"
}

@test "free_unmaps_a_mapped_block is inconclusive when no block is mapped" {
	comes_out reproduced experiment free_unmaps_a_mapped_block
	comes_out inconclusive experiment free_unmaps_a_mapped_block --tunables=glibc.malloc.mmap_max=0
	failed_findings_are \
		"each free() takes the whole block out of the virtual size" \
		"each free() takes the whole block out of the resident size" \
		"in the end, the virtual size is what it was at the start" \
		"the blocks have mappings of their own"
}

@test "free_trims_a_large_top is refuted with another trim threshold or another padding" {
	comes_out reproduced experiment free_trims_a_large_top
	comes_out refuted experiment free_trims_a_large_top --tunables=glibc.malloc.trim_threshold=262144
	comes_out refuted experiment free_trims_a_large_top --tunables=glibc.malloc.trim_threshold=67108864
	failed_findings_are \
		"the break goes down as soon as 128 KiB and a page are free at the top" \
		"in the end, the break has gone down by all that was free, except for the pad" \
		"in the end, all written pages above the break are gone"
	comes_out refuted experiment free_trims_a_large_top --tunables=glibc.malloc.top_pad=262144
}

@test "free_trims_a_large_top is reproduced with blocks whose headers add up to more than the pad" {
	comes_out reproduced experiment free_trims_a_large_top total=16M block=2K
}

@test "free_trims_a_large_top is inconclusive when no block lies in the heap" {
	comes_out inconclusive experiment free_trims_a_large_top --tunables=glibc.malloc.mmap_threshold=4096
	finding_fails "no block has a mapping of its own" experiment free_trims_a_large_top --tunables=glibc.malloc.mmap_threshold=4096
}

@test "the_four_block_story is refuted, because the thresholds move" {
	comes_out refuted experiment the_four_block_story
	comes_out broken experiment the_four_block_story C=100K
}

@test "the_four_block_story is inconclusive when C is not mapped" {
	comes_out inconclusive experiment the_four_block_story --tunables=glibc.malloc.mmap_max=0
	finding_fails "C, and C alone, has a mapping of its own" experiment the_four_block_story --tunables=glibc.malloc.mmap_max=0
	finding_fails "free(C) takes the mapping away" experiment the_four_block_story --tunables=glibc.malloc.mmap_max=0
}

@test "a_hole_is_never_returned is refuted by malloc_trim()" {
	comes_out refuted experiment a_hole_is_never_returned
}

@test "a_hole_is_never_returned is inconclusive when the holes have no whole page" {
	comes_out inconclusive experiment a_hole_is_never_returned hole=2K
	failed_findings_are "the large holes have whole pages"
}

@test "realloc_and_shrink is inconclusive when no block is mapped" {
	comes_out reproduced experiment realloc_and_shrink
	comes_out inconclusive experiment realloc_and_shrink --tunables=glibc.malloc.mmap_max=0
	failed_findings_are \
		"mapped: at each step, resident memory falls by what was cut off" \
		"mapped: at each step, the virtual size falls by what was cut off" \
		"mapped: the block lies in the heap"
}

@test "freeing_everything_empties_the_heap is reproduced without a thread cache" {
	comes_out refuted experiment freeing_everything_empties_the_heap
	comes_out reproduced experiment freeing_everything_empties_the_heap --tunables=glibc.malloc.tcache_count=0
}

@test "freeing_everything_empties_the_heap is reproduced with blocks that are too large for the thread cache" {
	comes_out reproduced experiment freeing_everything_empties_the_heap bytes=8K
}

@test "trimming_returns_what_is_free is refuted by a thread's arena, and cannot tell where free() has given the top back" {
	comes_out refuted experiment trimming_returns_what_is_free
	comes_out refuted experiment trimming_returns_what_is_free large=11M
	comes_out inconclusive experiment trimming_returns_what_is_free large=10M
	finding_fails "thread's arena: free() leaves resident memory as it is" experiment trimming_returns_what_is_free large=10M
}

@test "free_merges_neighbours is reproduced when no fastbin takes the blocks" {
	comes_out refuted experiment free_merges_neighbours
	comes_out reproduced experiment free_merges_neighbours bytes=200
	comes_out reproduced experiment free_merges_neighbours --tunables=glibc.malloc.mxfast=0
}

@test "madv_free_waits is reproduced where the kernel supports it" {
	run experiment madv_free_waits
	[[ $status -ne 77 ]] || skip "$output"
	assert_success
}

@test "the claims about glibc's malloc are unsupported with another malloc, and that about the kernel is reproduced" {
	[[ -z $(LD_PRELOAD=libjemalloc.so.2 true 2>&1) ]] || skip "libjemalloc.so.2 is not installed"
	for source in experiments/4_giving_back/*.c; do
		claim=$(basename "$source" .c)
		[[ $claim != madv_free_waits ]] || continue
		LD_PRELOAD=libjemalloc.so.2 comes_out unsupported experiment "$claim"
		assert_output --partial "this is about glibc's malloc, and libjemalloc.so.2 is preloaded"
	done
	LD_PRELOAD=libjemalloc.so.2 run experiment madv_free_waits
	((status == 77)) || assert_success
}

@test "freed_data_are_gone is refuted, and reproduced only where freed blocks are overwritten" {
	comes_out refuted experiment freed_data_are_gone
	failed_findings_are "sizes of which no byte is as before"
	comes_out refuted experiment freed_data_are_gone largest=1032
	comes_out reproduced experiment freed_data_are_gone \
		--tunables=glibc.malloc.perturb=85:glibc.malloc.tcache_count=0
}

@test "freed_data_are_gone cannot tell when the large block is not mapped" {
	comes_out inconclusive experiment freed_data_are_gone --tunables=glibc.malloc.mmap_max=0
	failed_findings_are \
		"sizes of which no byte is as before" \
		"the large block has a mapping of its own" \
		"who reads the freed mapping gets SIGSEGV"
}

@test "a_double_free_is_noticed is refuted, with valgrind and without" {
	comes_out refuted experiment a_double_free_is_noticed
	failed_findings_are \
		"after a write: double frees that end in abort()" \
		"after another: double frees that end in abort()"
	comes_out refuted --separate-stderr env PATH=/nowhere "$(program a_double_free_is_noticed)"
	refute_line --regexp '^valgrind,'
}
