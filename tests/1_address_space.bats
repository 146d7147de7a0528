#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Chapter 1: each claim comes out as measured, also at random addresses, and says what this machine
# or shell does not allow. (What each verdict depends on is tested by mutations/1_address_space.)

load helper

@test "regions_come_in_order is reproduced, also at random addresses" {
	comes_out reproduced experiment regions_come_in_order
	comes_out reproduced experiment regions_come_in_order --aslr
}

@test "regions_come_in_order is judged without the old layout where a container refuses it" {
	LD_PRELOAD=$(shim refuse_personality) comes_out reproduced --separate-stderr "$(program regions_come_in_order)"
	refute_line --regexp '^old layout,'
	LD_PRELOAD=$(shim refuse_personality) comes_out unsupported experiment heap_grows_up_stack_grows_down
	assert_output --partial ADDR_COMPAT_LAYOUT
}

# without_a_limit CLAIM: in a shell whose stack has none.
without_a_limit() (ulimit -s unlimited && experiment "$1")

@test "claims that need the usual layout are unsupported under ulimit -s unlimited" {
	(ulimit -s unlimited) || skip "the hard limit of the stack cannot be lifted"
	comes_out unsupported without_a_limit regions_come_in_order
	assert_output --partial "ulimit -s 8192"
	comes_out reproduced without_a_limit heap_grows_up_stack_grows_down
	[[ -e $BUILD/1_address_space/a_32_bit_process_has_4_gib.m32 ]] || return 0
	comes_out unsupported without_a_limit a_32_bit_process_has_4_gib
}

@test "regions_come_in_order is refuted when the linker puts read-only data first" {
	command -v ld.lld >/dev/null || skip "lld is not installed"
	cp experiments/1_address_space/regions_come_in_order.c "$BATS_TEST_TMPDIR"
	comes_out refuted "$(compiled "$BATS_TEST_TMPDIR/regions_come_in_order.c" -fuse-ld=lld)"
}

@test "regions_come_in_order is unsupported when the stack has a hard limit" {
	under_a_hard_limit() (ulimit -Ss 8192 && ulimit -Hs 8192 && experiment regions_come_in_order)
	comes_out unsupported under_a_hard_limit
	assert_output --partial "ulimit -Hs"
}

@test "heap_grows_up_stack_grows_down is reproduced, also at random addresses" {
	comes_out reproduced experiment heap_grows_up_stack_grows_down
	comes_out reproduced experiment heap_grows_up_stack_grows_down --aslr
}

@test "heap_grows_up_stack_grows_down cannot tell when the blocks are mapped and not in the heap" {
	comes_out inconclusive experiment heap_grows_up_stack_grows_down step=200K
	failed_findings_are "heap blocks that lie above the block before" "blocks that lie in the heap, below the break"
	comes_out inconclusive experiment heap_grows_up_stack_grows_down --tunables=glibc.malloc.mmap_threshold=4096
}

@test "stack_stops_at_its_limit is reproduced, also with another limit and at random addresses" {
	comes_out reproduced experiment stack_stops_at_its_limit
	comes_out reproduced experiment stack_stops_at_its_limit limit=3M
	comes_out reproduced experiment stack_stops_at_its_limit --aslr
}

@test "stack_stops_at_its_limit is unsupported when the hard limit is too low" {
	under_a_hard_limit() (ulimit -Ss 8192 && ulimit -Hs 8192 && experiment stack_stops_at_its_limit "$@")
	comes_out unsupported under_a_hard_limit
	assert_output --partial "ulimit -Hs"
	comes_out reproduced under_a_hard_limit limit=4M
}

@test "a_64_bit_process_has_256_tib is refuted on x86-64, where a program has half of the addresses" {
	[[ $(uname -m) == x86_64 ]] || skip "other processors divide their addresses otherwise"
	comes_out refuted experiment a_64_bit_process_has_256_tib
	failed_findings_are \
		"addresses that mmap gives without a hint" \
		"addresses that mmap gives with a high address as the hint" \
		"first address above the program that mmap refuses"
	! grep -q -w la57 /proc/cpuinfo || skip "five levels of page tables"
	comes_out reproduced experiment a_64_bit_process_has_256_tib bits=47
	comes_out reproduced experiment a_64_bit_process_has_256_tib bits=47 --aslr
}

@test "a_64_bit_process_has_256_tib is unsupported under ulimit -v" {
	with_few_addresses() (ulimit -v 8000000 && experiment a_64_bit_process_has_256_tib)
	comes_out unsupported with_few_addresses
	assert_output --partial "ulimit -v"
}

@test "physical_addresses_have_40_bits is reproduced only with the number of bits that the processor names" {
	grep -q '^address sizes' /proc/cpuinfo || skip "no address sizes in /proc/cpuinfo"
	bits=$(sed -n 's/^address sizes.*: \([0-9]*\) bits physical.*/\1/p' /proc/cpuinfo | head -n 1)
	comes_out reproduced experiment physical_addresses_have_40_bits bits="$bits"
	comes_out refuted experiment physical_addresses_have_40_bits bits=$((bits + 1))
}

@test "physical_addresses_have_40_bits says that only root may read the addresses of devices" {
	grep -q '^address sizes' /proc/cpuinfo || skip "no address sizes in /proc/cpuinfo"
	((UID != 0)) || without=(setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin)
	"${without[@]}" "$(program physical_addresses_have_40_bits)" >"$BATS_TEST_TMPDIR/result.csv" || [ $? -eq 1 ]
	grep -q '^# arm: memory and devices need | test | left out: .* to root alone' "$BATS_TEST_TMPDIR/result.csv"
	grep -q '^# true_instead: held .*the width reaches to the end of the memory$' "$BATS_TEST_TMPDIR/result.csv"
}

@test "a_32_bit_process_has_4_gib is reproduced, also at random addresses" {
	[[ -e $BUILD/1_address_space/a_32_bit_process_has_4_gib.m32 ]] || skip "needs gcc-multilib"
	comes_out reproduced experiment a_32_bit_process_has_4_gib
	comes_out reproduced experiment a_32_bit_process_has_4_gib --aslr
}

@test "a_32_bit_process_has_4_gib builds without -m32 and says what to install" {
	cat >"$BATS_TEST_TMPDIR/cc" <<-'CC'
		#!/usr/bin/env bash
		for word; do [[ $word != -m32 ]] || exit 1; done
		exec cc "$@"
	CC
	chmod +x "$BATS_TEST_TMPDIR/cc"
	built=$BATS_TEST_TMPDIR/build/1_address_space/a_32_bit_process_has_4_gib
	mkdir "$BATS_TEST_TMPDIR/build"
	cp "$BUILD/libtouchstone.a" "$BATS_TEST_TMPDIR/build"
	make CC="$BATS_TEST_TMPDIR/cc" BUILD="$BATS_TEST_TMPDIR/build" -o "$BATS_TEST_TMPDIR/build/libtouchstone.a" "$built"
	comes_out unsupported "$built"
	assert_output --partial gcc-multilib
}

@test "pmap_shows_what_is_touched is reproduced, also with an odd number of pages" {
	command -v pmap >/dev/null || skip "pmap is not installed"
	comes_out reproduced experiment pmap_shows_what_is_touched
	comes_out reproduced experiment pmap_shows_what_is_touched pages=7
}

@test "a_32_bit_process_has_4_gib names setarch among the reasons where it is not on PATH" {
	[[ -e $BUILD/1_address_space/a_32_bit_process_has_4_gib.m32 ]] || skip "needs gcc-multilib"
	comes_out unsupported env PATH=/nowhere "$(program a_32_bit_process_has_4_gib)"
	assert_output --partial "setarch is not on PATH"
}

@test "the_same_address_is_the_same_memory is refuted, whatever the number of processes" {
	comes_out refuted experiment the_same_address_is_the_same_memory
	failed_findings_are "different values that stand at the address"
	comes_out refuted experiment the_same_address_is_the_same_memory children=1
	comes_out refuted experiment the_same_address_is_the_same_memory children=64 --aslr
}

@test "a_thread_costs_8_mib is refuted, also with other stacks and other numbers of threads" {
	comes_out refuted experiment a_thread_costs_8_mib
	failed_findings_are "records that find a whole stack more resident for each thread so far"
	comes_out refuted experiment a_thread_costs_8_mib threads=400 --aslr
	comes_out refuted experiment a_thread_costs_8_mib stack=2M
	assert_output --partial "with stack=2097152, not as told"
}

@test "a_thread_costs_8_mib is unsupported when the hard limit of the stack is too low" {
	under_a_hard_limit() (ulimit -Ss 4096 && ulimit -Hs 4096 && experiment a_thread_costs_8_mib)
	comes_out unsupported under_a_hard_limit
	assert_output --partial "ulimit -Hs"
}
