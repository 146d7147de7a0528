#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A limit of the shell, of a control group or of the machine, and a personality of the shell: a claim
# that cannot be asked under it is unsupported, and the reason names the setting.

load helper

# under SETTING CLAIM [argument ...]: runs a claim in a shell that has made the setting.
under() {
	talk bash -c "$1"' || exit; exec "${@:2}"' - "$1" "$(program "$2")" "${@:3}"
}

# in_a_group BYTES CLAIM [argument ...]: runs a claim in a control group with this limit (version 1).
in_a_group() {
	local group
	group=/sys/fs/cgroup/memory$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup)/touchstone.$BASHPID
	mkdir "$group"
	echo "$1" >"$group/memory.limit_in_bytes"
	(echo "$BASHPID" >"$group/cgroup.procs" && experiment "${@:2}") || local ended=$?
	rmdir "$group"
	return "${ended-0}"
}

must_have_groups() {
	[[ -w /sys/fs/cgroup/memory && $UID == 0 ]] || skip "needs root and version 1 of control groups"
}

@test "a layout or a split that the shell asked for is not inherited" {
	setarch -L true || skip "personality(2) is refused here"
	local claim
	for claim in regions_come_in_order heap_grows_up_stack_grows_down; do
		comes_out reproduced talk setarch -L "$(program "$claim")"
		comes_out reproduced talk setarch -L "$(program "$claim")" --aslr
	done
	run -0 setarch -L -X -Z -3 "$(program malloc_is_lazy)"
	assert_line "# personality: none"
	[[ -e $BUILD/1_address_space/a_32_bit_process_has_4_gib.m32 ]] || return 0
	comes_out reproduced talk setarch -3 "$(program a_32_bit_process_has_4_gib)"
	comes_out reproduced talk setarch -L "$(program a_32_bit_process_has_4_gib)"
}

@test "a layout that cannot be cleared is named" {
	setarch -L true || skip "personality(2) is refused here"
	kept=$(shim keep_personality)
	for claim in regions_come_in_order heap_grows_up_stack_grows_down; do
		comes_out unsupported talk setarch -L env LD_PRELOAD="$kept" "$(program "$claim")"
		assert_output --partial ADDR_COMPAT_LAYOUT
	done
	run -0 setarch -L env LD_PRELOAD="$kept" "$(program malloc_is_lazy)"
	assert_line "# personality: ADDR_COMPAT_LAYOUT (inherited, and not to be cleared)"
}

@test "where personality(2) is refused altogether, no arm is said to have the old layout" {
	LD_PRELOAD=$(shim no_personality) comes_out unsupported experiment heap_grows_up_stack_grows_down
	assert_output --partial ADDR_COMPAT_LAYOUT
	LD_PRELOAD=$(shim no_personality) comes_out reproduced "$(program regions_come_in_order)"
	refute_line --regexp '^old layout,'
	assert_line "# personality: unknown: personality(2) was refused"
}

@test "huge pages that prctl(2) does not switch off are printed as not switched off" {
	LD_PRELOAD=$(shim refuse_thp) run "$(program malloc_is_lazy)"
	assert_line "# huge_pages: not switched off: prctl(PR_SET_THP_DISABLE) was refused"
}

@test "a stack that is too small is named" {
	comes_out unsupported under 'ulimit -s 256' heap_grows_up_stack_grows_down
	assert_output --partial "ulimit -s 256"
	comes_out reproduced under 'ulimit -s 256' heap_grows_up_stack_grows_down step=4K
}

@test "a limit on addresses is named where it refuses memory" {
	comes_out unsupported under 'ulimit -v 4194304' mallinfo_wraps_at_2_gib
	assert_output --partial "ulimit -v 4194304"
	comes_out unsupported under 'ulimit -v 1048576' fewer_arenas_take_less_memory
	assert_output --partial "ulimit -v 1048576"
	comes_out unsupported under 'ulimit -v 1000000' mappings_run_out
	assert_output --partial "ulimit -v 1000000"
}

@test "a limit on data is named where it refuses memory" {
	comes_out unsupported under 'ulimit -d 100000' mallinfo_wraps_at_2_gib
	assert_output --partial "ulimit -d 100000"
	comes_out unsupported under 'ulimit -d 100000' fewer_arenas_take_less_memory
	assert_output --partial "ulimit -d 100000"
	comes_out unsupported under 'ulimit -d 100000' malloc_never_fails
	assert_output --partial "ulimit -d"
}

@test "a limit that an arm sets itself is not taken for one of the shell" {
	cat >"$BATS_TEST_TMPDIR/own.c" <<-'EXPERIMENT'
		#include <sys/resource.h>
		#include "experiment.h"
		#include "memory.h"
		static void limit(void) { setrlimit(RLIMIT_AS, &(struct rlimit){ GiB, GiB }); }
		static void arm(void) { must_malloc(2 * GiB); }
		static void judge(void) { }
		const struct experiment experiment = { .claim = "c", .asked = "q", .judge = judge,
			.arms = { { "arm", arm, .before_exec = limit } } };
	EXPERIMENT
	comes_out broken talk "$(compiled "$BATS_TEST_TMPDIR/own.c")"
	assert_output --partial "malloc of 2147483648 bytes failed"
}

@test "a limit on files is named where it refuses one" {
	comes_out unsupported under 'ulimit -f 100' free_trims_a_large_top
	assert_output --partial "ulimit -f 100"
	comes_out reproduced under 'ulimit -S -f 100' free_trims_a_large_top # the harness raises it
	comes_out unsupported under 'ulimit -f 1000' a_major_fault_waits_for_the_disk
	assert_output --partial "ulimit -f 1000"
}

@test "the limit of a control group is named, whether it is seen before or kills an arm" {
	must_have_groups
	local claim
	for claim in malloc_is_lazy mappings_run_out fewer_arenas_take_less_memory leak_checkers_do_not_see_it; do
		comes_out unsupported in_a_group 48M "$claim"
		assert_output --partial "memory.limit_in_bytes"
	done
	comes_out reproduced in_a_group 48M malloc_is_lazy block=16M
	comes_out broken in_a_group 48M malloc_is_lazy block=100M
	assert_output --partial "the memory that a process may take here"
}

@test "an arm that a control group's limit kills is not broken" {
	must_have_groups
	cat >"$BATS_TEST_TMPDIR/own.c" <<-'EXPERIMENT'
		#include "experiment.h"
		#include "memory.h"
		static void arm(void) { write_pages(must_malloc(100 * MiB), 100 * MiB); }
		static void child(void) { pid_t pid = fork_arm(); if (pid == 0) { arm(); _exit(0); } wait_for(pid); }
		static void judge(void) { }
		const struct experiment experiment = { .claim = "c", .asked = "q", .judge = judge,
			.arms = { { "arm", ARM } } };
	EXPERIMENT
	for arm in arm child; do
		own=$(compiled "$BATS_TEST_TMPDIR/own.c" -DARM=$arm -include unistd.h)
		program() { echo "$own"; }
		comes_out unsupported in_a_group 48M own
		assert_output --partial "arm arm takes more memory than the control group allows: 50331648 bytes"
	done
}

@test "every address is counted where the kernel's search ends early, as up to Linux 6.1 for most users" {
	[[ $(uname -m) == x86_64 ]] || skip "other processors divide their addresses otherwise"
	! grep -q -w la57 /proc/cpuinfo || skip "five levels of page tables"
	LD_PRELOAD=$(shim search_ends_early) comes_out reproduced experiment a_64_bit_process_has_256_tib bits=47
	LD_PRELOAD=$(shim search_ends_early) comes_out reproduced experiment a_64_bit_process_has_256_tib bits=47 --aslr
}

@test "a tool that cannot run is named, and is not called broken" {
	command -v valgrind >/dev/null || skip "valgrind is not installed"
	comes_out unsupported under 'ulimit -n 16' leak_checkers_do_not_see_it
	assert_output --partial "ulimit -n"
}

@test "a command that ends with 127 is not said to be missing for certain" {
	cat >"$BATS_TEST_TMPDIR/own.c" <<-'EXPERIMENT'
		#include "experiment.h"
		static void arm(void) { record("x", ask("sh -c 'exit 127'")); }
		static void judge(void) { }
		const struct experiment experiment = { .claim = "c", .asked = "q", .judge = judge,
			.arms = { { "arm", arm } } };
	EXPERIMENT
	comes_out unsupported talk "$(compiled "$BATS_TEST_TMPDIR/own.c")"
	assert_output --partial "ended with 127"
	assert_output --partial "or that failed with this status itself"
}

@test "without /sys nobody says that this kernel has no huge pages" {
	unshare -m true 2>/dev/null || skip "needs root"
	comes_out unsupported talk unshare -m sh -c 'umount -l /sys && exec "$1"' - "$(program huge_pages_come_2_mib_at_a_time)"
	assert_output --partial "/sys is not mounted"
}

@test "malloc_never_fails reads the setting without a tool" {
	comes_out refuted talk env PATH=/nowhere "$(program malloc_never_fails)"
}
