#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests that the suite compiles with headers of glibc 2.28 and with those of musl, and that a program of
# 32 bits gives the verdict of 64 bits or says that the claim is about them.

# bats file_tags=long
load helper

@test "no file needs a name that is newer than the headers of glibc 2.28 and Linux 4.18" {
	local file
	cat >"$BATS_TEST_TMPDIR/old.h" <<-'EOF_H'
		#include <linux/mman.h>
		#include <sys/mman.h>
		#include <sys/ptrace.h>
		#include <unistd.h>
		#undef PTRACE_GET_SYSCALL_INFO
		#undef MADV_COLD
		#undef MADV_PAGEOUT
		#undef MADV_POPULATE_READ
		#undef MADV_POPULATE_WRITE
		#pragma GCC poison PTRACE_GET_SYSCALL_INFO __ptrace_syscall_info PTRACE_SYSCALL_INFO_ENTRY
	EOF_H
	while read -r file; do
		gcc -std=gnu11 -D_GNU_SOURCE= -fno-builtin "${ROOMS[@]}" \
			-DTOUCHSTONE_LIBRARY -include "$BATS_TEST_TMPDIR/old.h" -fsyntax-only "$file"
	done < <(ls lib/*.c lib/*/*.c experiments/[0-8]*/*.c)
}

# built_for_32_bits CLAIM ...: builds these claims with gcc -m32.
built_for_32_bits() {
	local claim programs=()
	echo 'int main(void) { return 0; }' | gcc -m32 -x c - -o "$BATS_TEST_TMPDIR/tiny" 2>/dev/null || skip "needs gcc-multilib"
	for claim; do
		programs+=("$BATS_FILE_TMPDIR/m32/$(scripts/claims "$claim")")
	done
	make -s CC='gcc -m32' BUILD="$BATS_FILE_TMPDIR/m32" "${programs[@]}"
	export BUILD=$BATS_FILE_TMPDIR/m32
}

@test "claims about 64 bits say so where the program has 32" {
	local claim claims=(a_64_bit_process_has_256_tib a_32_bit_process_has_4_gib malloc_never_fails mallinfo_wraps_at_2_gib
		the_threshold_moves_by_itself threads_get_their_own_arenas fewer_arenas_take_less_memory)
	built_for_32_bits "${claims[@]}"
	for claim in "${claims[@]}"; do
		comes_out unsupported experiment "$claim"
		assert_output --partial "this asks about 64 bits, and this program was built for 32"
	done
}

@test "other claims come out with 32 bits as with 64" {
	local claim claims=(mappings_run_out free_keeps_a_heap_block refaulting_is_the_price
		churning_large_blocks_burns_kernel_time heap_grows_up_stack_grows_down)
	built_for_32_bits "${claims[@]}" mmap_starts_at_128_kib
	for claim in "${claims[@]}"; do
		comes_out reproduced experiment "$claim"
	done
	comes_out refuted experiment mmap_starts_at_128_kib
	assert_equal "$(sentences failed)" "first request of a process: first size that is mapped"
}

@test "with musl a claim gives its verdict, or says that it is about glibc's malloc" {
	command -v musl-gcc >/dev/null || skip "needs musl-gcc"
	local file musl=$BATS_TEST_TMPDIR/musl
	while read -r file; do
		musl-gcc -std=gnu11 -D_GNU_SOURCE= -fno-builtin "${ROOMS[@]}" -DTOUCHSTONE_LIBRARY -fsyntax-only "$file"
	done < <(ls lib/*.c lib/*/*.c experiments/[0-8]*/*.c)
	make -s CC=musl-gcc BUILD="$musl" "$musl"/{1_address_space/regions_come_in_order,5_cost_of_mmap/mappings_run_out}
	BUILD=$musl comes_out reproduced experiment regions_come_in_order
	BUILD=$musl comes_out unsupported experiment mappings_run_out
	assert_output --partial "this is about glibc's malloc, and this program uses another C library"
}
