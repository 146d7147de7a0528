#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Chapter 3: each claim comes out as measured, and otherwise where malloc or the kernel is set
# otherwise. (What each verdict depends on is tested by mutations/3_residency.)

load helper

@test "malloc_is_lazy is refuted by a malloc that writes its blocks" {
	comes_out reproduced experiment malloc_is_lazy
	LD_PRELOAD=$(shim prefault) comes_out refuted experiment malloc_is_lazy
	failed_findings_are \
		"after malloc, every page of the block is absent but for the one with its header" \
		"looks that find resident what was written so far, to a page"
}

@test "resident_memory_comes_in_pages is inconclusive when malloc has written the pages before" {
	comes_out reproduced experiment resident_memory_comes_in_pages
	LD_PRELOAD=$(shim prefault) comes_out inconclusive experiment resident_memory_comes_in_pages
	failed_findings_are "all pages with written bytes were absent, except those with a header"
}

@test "a_touched_page_costs_a_page is refuted by the page tables, and unsupported where too few addresses are allowed" {
	comes_out refuted experiment a_touched_page_costs_a_page
	with_few_addresses() (ulimit -v 500000 && experiment a_touched_page_costs_a_page)
	comes_out unsupported with_few_addresses
	assert_output --partial "ulimit -v 500000"
}

@test "the_classic_demo_has_a_bug is reproduced" {
	comes_out reproduced experiment the_classic_demo_has_a_bug
}

@test "reading_costs_no_memory is reproduced" {
	comes_out reproduced experiment reading_costs_no_memory
}

@test "calloc_is_lazy_too is inconclusive when the block comes from the heap" {
	comes_out reproduced experiment calloc_is_lazy_too
	comes_out inconclusive experiment calloc_is_lazy_too --tunables=glibc.malloc.mmap_threshold=33554432
	failed_findings_are \
		"the block that is said to be mapped has a mapping of its own" \
		"calloc of a mapped block makes only the page of its header resident" \
		"malloc and memset make all of a mapped block resident"
}

@test "huge_pages_come_2_mib_at_a_time is reproduced where huge pages are available" {
	run experiment huge_pages_come_2_mib_at_a_time
	[[ $status -ne 77 ]] || skip "$output"
	assert_success
}

@test "fork_shares_until_written is reproduced" {
	comes_out reproduced experiment fork_shares_until_written
}

@test "rss_adds_up is refuted, for the reason that is known" {
	comes_out refuted experiment rss_adds_up
	refute_output --partial "not for the reason"
}

@test "resident_is_the_working_set is refuted, and counts what is used in a small block too" {
	comes_out refuted experiment resident_is_the_working_set
	refute_output --partial "not for the reason"
	comes_out refuted experiment resident_is_the_working_set block=1M used=16K # fits into the TLB
	refute_output --partial "not for the reason"
}

@test "rss_can_be_limited is refuted, and unsupported where the shell forbids even the limit" {
	comes_out refuted experiment rss_can_be_limited
	refute_output --partial "not for the reason"
	run -77 bash -c "ulimit -m 64; exec \"\$@\"" limited "$(program rss_can_be_limited)"
	assert_output --partial "ulimit -m"
}

@test "realloc_can_move_without_copying is inconclusive for a block in the heap" {
	comes_out reproduced experiment realloc_can_move_without_copying
	comes_out inconclusive experiment realloc_can_move_without_copying --tunables=glibc.malloc.mmap_threshold=33554432
	failed_findings_are \
		"the block and its neighbours have mappings of their own" \
		"moving the mapped block causes no minor fault" \
		"moving the mapped block makes nothing resident" \
		"the mapped block gains the addresses of its new half"
}

@test "malloc_never_fails is refuted by a request that exceeds RAM and swap by one page" {
	[[ $(cat /proc/sys/vm/overcommit_memory) -eq 0 ]] || skip "vm.overcommit_memory is not 0"
	[[ $(ulimit -v) == unlimited ]] || skip "a limit on addresses is set"
	comes_out refuted experiment malloc_never_fails
	granted=$("$(program malloc_never_fails)" 2>/dev/null | awk -F, '$1 == "one block" { print $4 }')
	present=$(awk -v page="$(getconf PAGE_SIZE)" '/^(MemTotal|SwapTotal):/ { kib += $2 } END { print kib * 1024 / page }' /proc/meminfo)
	assert_equal "$granted" "$present"
}

@test "malloc_never_fails is unsupported under ulimit -v, and says so" {
	bash -c "ulimit -v 8000000; exec \"\$@\"" limited "$(program malloc_never_fails)" >"$BATS_TEST_TMPDIR/result" || [[ $? -eq 77 ]]
	grep -q '^# reason: .*ulimit -v' "$BATS_TEST_TMPDIR/result"
}

@test "malloc_never_fails does not fill the memory where malloc writes into its blocks" {
	[[ $(ulimit -v) == unlimited ]] || skip "a limit on addresses is set"
	comes_out unsupported experiment malloc_never_fails --tunables=glibc.malloc.perturb=85
	assert_output --partial "glibc.malloc.perturb"
}

@test "each claim of chapter 3 holds for every malloc, or says that it is about glibc's" {
	for library in libjemalloc.so.2 libtcmalloc_minimal.so.4 libmimalloc.so.2; do
		[[ -z $(LD_PRELOAD=$library true 2>&1) ]] || continue
		for claim in malloc_is_lazy resident_memory_comes_in_pages the_classic_demo_has_a_bug reading_costs_no_memory \
			fork_shares_until_written; do
			LD_PRELOAD=$library comes_out reproduced experiment "$claim"
		done
		for claim in calloc_is_lazy_too realloc_can_move_without_copying; do
			LD_PRELOAD=$library comes_out unsupported experiment "$claim"
			assert_output --partial "this is about glibc's malloc, and $library is preloaded"
		done
	done
}

@test "malloc_is_lazy says so when a malloc had reserved the addresses before" {
	[[ -z $(LD_PRELOAD=libmimalloc.so.2 true 2>&1) ]] || skip "libmimalloc.so.2 is not installed"
	LD_PRELOAD=libmimalloc.so.2 comes_out unsupported experiment malloc_is_lazy block=1M
	assert_output --partial "had reserved the addresses before"
}
