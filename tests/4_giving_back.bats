#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Chapter 4: each verdict changes when its cause is removed.  (free_keeps_a_heap_block
# and the_four_block_story are in first_ten.bats.)

load helper

@test "free_unmaps_a_mapped_block: with no block mapped nothing goes back" {
	run -0 experiment free_unmaps_a_mapped_block
	run -1 experiment free_unmaps_a_mapped_block --tunables=glibc.malloc.mmap_max=0
	failed 3
	fails "each free() takes the whole block out of the resident size" "$(edited free_unmaps_a_mapped_block '/^\t\twrite_pages\(block/d')"
}

@test "free_unmaps_a_mapped_block: a heap that may trim is no control" {
	unguarded=$(edited free_unmaps_a_mapped_block 's/^\tmust_malloc\(2 \* KiB\);.*//')
	run -3 "$unguarded"
	failed 2
}

@test "free_trims_a_large_top: another threshold trims elsewhere, or never" {
	run -0 experiment free_trims_a_large_top
	run -1 experiment free_trims_a_large_top --tunables=glibc.malloc.trim_threshold=262144
	run -1 experiment free_trims_a_large_top --tunables=glibc.malloc.trim_threshold=67108864
	failed 3
	run -1 experiment free_trims_a_large_top --tunables=glibc.malloc.top_pad=262144
}

@test "free_trims_a_large_top: a mapped block freed before has raised the threshold" {
	raised=$(edited free_trims_a_large_top 's/^static void as_it_is\(void\)$/&/; /^static void as_it_is/,/^\}/s/^\tfree_from_the_top/\tfree(must_malloc(1 * MiB));\n&/')
	run -1 "$raised"
}

@test "free_trims_a_large_top: without the block on top its control trims as well" {
	unguarded=$(edited free_trims_a_large_top 's/free_from_the_top\(true\)/free_from_the_top(false)/')
	run -3 "$unguarded"
}

@test "a_hole_is_never_returned: true as long as nobody calls malloc_trim" {
	run -1 experiment a_hole_is_never_returned
	untrimmed=$(edited a_hole_is_never_returned 's/^\tmalloc_trim\(0\);//')
	run -0 "$untrimmed"
}

@test "a_hole_is_never_returned: holes that hold whole pages are no control" {
	large=$(edited a_hole_is_never_returned 's/make_holes\(page_bytes\(\) \/ 2\)/make_holes(4 * page_bytes())/')
	run -3 "$large"
}

@test "realloc_and_shrink: what is not mapped does not shrink" {
	run -0 experiment realloc_and_shrink
	run -1 experiment realloc_and_shrink --tunables=glibc.malloc.mmap_max=0
	failed 2
}

@test "realloc_and_shrink: a heap block at the top does give memory back" {
	at_the_top=$(edited realloc_and_shrink '/^static void heap/,/^\}/s/shrink\(true\)/shrink(false)/')
	run -1 "$at_the_top"
	failed 3
}

@test "realloc_and_shrink: a control with a block on top sees nothing leave" {
	guarded=$(edited realloc_and_shrink 's/shrink\(false\)/shrink(true)/')
	run -3 "$guarded"
}

@test "freeing_everything_empties_the_heap: without a tcache it does" {
	run -1 experiment freeing_everything_empties_the_heap
	run -0 experiment freeing_everything_empties_the_heap --tunables=glibc.malloc.tcache_count=0
}

@test "freeing_everything_empties_the_heap: so it does with blocks too large for the tcache" {
	run -0 experiment freeing_everything_empties_the_heap bytes=8K
}

@test "freeing_everything_empties_the_heap: a live block on top spoils the control" {
	guarded=$(edited freeing_everything_empties_the_heap 's/^\trecord\("written", 0\);/\tmust_malloc(32 * KiB);\n&/')
	run -3 "$guarded"
	failed 3
}

@test "free_merges_neighbours: it does where no fastbin takes the blocks" {
	run -1 experiment free_merges_neighbours
	run -0 experiment free_merges_neighbours bytes=200
	run -0 experiment free_merges_neighbours --tunables=glibc.malloc.mxfast=0
}

@test "free_merges_neighbours: a control that never merges is found out" {
	run -3 "$(edited free_merges_neighbours 's/^\tmalloc_trim\(0\);//')"
	run -3 "$(edited free_merges_neighbours 's/free_neighbours\(2 \* KiB\)/free_neighbours(24)/')"
}

@test "madv_free_waits: MADV_DONTNEED does not, and without a shortage nothing is taken" {
	run experiment madv_free_waits
	[[ $status -ne 77 ]] || skip "$output"
	[[ $status -eq 0 ]]
	fails "MADV_FREE takes nothing out of resident memory at once" "$(edited madv_free_waits 's/give_back\(MADV_FREE, "MADV_FREE", false\)/give_back(MADV_DONTNEED, "MADV_DONTNEED", false)/')"
	fails "MADV_DONTNEED takes the whole block out of resident memory at once" "$(edited madv_free_waits 's/give_back\(MADV_DONTNEED,/give_back(MADV_FREE,/')"
	no_shortage=$(edited madv_free_waits '/advise\(block, MADV_PAGEOUT/d')
	fails "MADV_FREE: the kernel takes the whole block when it needs memory" "$no_shortage"
	fails "MADV_FREE: in the end, no page has kept its bytes" "$no_shortage"
}

@test "madv_free_waits: a control that is not written again is none" {
	run experiment madv_free_waits
	[[ $status -ne 77 ]] || skip "$output"
	run -3 "$(edited madv_free_waits 's/give_back\(MADV_FREE, "MADV_FREE", true\)/give_back(MADV_FREE, "MADV_FREE", false)/')"
}

@test "free_trims_a_large_top: a raised threshold that is not raised is no control" {
	fails "threshold raised: the break goes down as soon as the top has grown to it" "$(edited free_trims_a_large_top 's/must_pin_thresholds\(DEFAULT_THRESHOLD, threshold\);//')"
}

@test "a_hole_is_never_returned: a free() that trims, and holes that are none, show" {
	fails "free() leaves the break where it is" "$(edited a_hole_is_never_returned '/^\t\tmust_malloc\(1\);/d')"
	fails "free() leaves resident memory as it is" "$(edited a_hole_is_never_returned '/^\t\tmust_malloc\(1\);/d')"
	fails "small holes: malloc counts all of them as free" "$(edited a_hole_is_never_returned 's/^\t\tfree\(block\[i\]\)/\t\t/')"
}

@test "realloc_and_shrink: a block that is moved, and one that is copied, show" {
	moved=$(edited realloc_and_shrink 's/must_realloc\(block, bytes\)/must_malloc(bytes);\n\t\twrite_pages(smaller, bytes)/')
	fails "the block never moves" "$moved"
	fails "shrinking causes no page fault" "$moved"
}

@test "freeing_everything_empties_the_heap: a heap that never grew cannot shrink" {
	fails "before the frees, the heap had grown by all that was allocated" "$(edited freeing_everything_empties_the_heap 's/must_malloc\(bytes\)/must_malloc(bytes \/ 4)/; /write_bytes/d')"
}

@test "free_merges_neighbours: blocks that are not freed stay in use" {
	fails "small blocks: malloc no longer counts them as in use" "$(edited free_merges_neighbours 's/^\t\tfree\(block\[i\]\);/\t\tif (i % 2)\n\t&/')"
}
