#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Chapter 1: the cause of each claim is removed or inverted, and its verdict changes.
#
# USAGE
#   bats tests/1_address_space.bats      after make build
# OVERHEADS: compiles an edited copy for about half of the tests, 0.3 s each.
load helper

@test "regions_come_in_order: not in the old layout" {
	run -0 experiment regions_come_in_order
	run -0 experiment regions_come_in_order --aslr
	changed=$(edited regions_come_in_order 's/"as it is", as_it_is/& , .before_exec = ask_for_old_layout/')
	run -1 "$changed"
	failed 2
}

@test "regions_come_in_order: upside down nothing is in order" {
	changed=$(edited regions_come_in_order 's/(record_y\("[a-z -]*", [0-9], )(.*)\);$/\1-(\2));/')
	run -3 "$changed"
	none_held
}

@test "regions_come_in_order: where a container refuses the old layout, the rest is asked" {
	LD_PRELOAD=$(shim refuse_personality) run -0 --separate-stderr "$(program regions_come_in_order)"
	run -1 grep -q '^old layout,' <<<"$output"
	LD_PRELOAD=$(shim refuse_personality) run -77 experiment heap_grows_up_stack_grows_down
	[[ $output == *ADDR_COMPAT_LAYOUT* ]]
}

# without_a_limit CLAIM: in a shell whose stack has none.
without_a_limit() (ulimit -s unlimited && experiment "$1")

@test "what hangs on the usual layout is unsupported with a stack without limit" {
	(ulimit -s unlimited) || skip "the hard limit of the stack cannot be lifted"
	run -77 without_a_limit regions_come_in_order
	[[ $output == *"ulimit -s 8192"* ]]
	run -0 without_a_limit heap_grows_up_stack_grows_down
	[[ -e $BUILD/1_address_space/a_32_bit_process_has_4_gib.m32 ]] || return 0
	run -77 without_a_limit a_32_bit_process_has_4_gib
}

@test "regions_come_in_order: not when the linker puts read-only data first" {
	command -v ld.lld >/dev/null || skip "lld is not installed"
	changed=$(edited regions_come_in_order 's/Control:/Control, linked by lld:/')
	"${CC:-cc}" -std=gnu11 -O2 -fno-builtin -fPIE -Ilib -fuse-ld=lld -o "$changed" "$changed.c" \
		"$BUILD/libtouchstone.a" -pie -pthread -Wl,-z,now
	run -1 "$changed"
}

@test "regions_come_in_order: a control in the usual layout is no control" {
	changed=$(edited regions_come_in_order 's/^\tmust_have_endless_stack.*//; s/.before_exec = ask_for_endless_stack//')
	run -3 "$changed"
}

@test "regions_come_in_order: unsupported below a hard limit of the stack" {
	under_a_hard_limit() (ulimit -Ss 8192 && ulimit -Hs 8192 && experiment regions_come_in_order)
	run -77 under_a_hard_limit
	[[ $output == *"ulimit -Hs"* ]]
}

@test "heap_grows_up_stack_grows_down: blocks that are mapped grow down" {
	run -0 experiment heap_grows_up_stack_grows_down
	run -0 experiment heap_grows_up_stack_grows_down --aslr
	run -1 experiment heap_grows_up_stack_grows_down step=200K
	run -1 experiment heap_grows_up_stack_grows_down --tunables=glibc.malloc.mmap_threshold=4096
}

@test "heap_grows_up_stack_grows_down: calls that return in between grow nothing" {
	changed=$(edited heap_grows_up_stack_grows_down 's/^\tif \(step \+ 1 < STEPS\)/\tif (false)/; s/^\tcall\(0\);/\tfor (int64_t i = 0; i < STEPS; i++)\n\t\tcall(i);/')
	run -1 "$changed"
	failed 1
}

@test "heap_grows_up_stack_grows_down: mappings grow up in the old layout" {
	changed=$(edited heap_grows_up_stack_grows_down 's/"mappings", mappings/& , .before_exec = ask_for_old_layout/')
	run -1 "$changed"
	changed=$(edited heap_grows_up_stack_grows_down 's/mappings_in_old_layout, .control/mappings, .control/; s/^\t\t    .before_exec = ask_for_old_layout/\t\t/')
	run -3 "$changed"
}

@test "stack_stops_at_its_limit: not where the limit was moved in between" {
	run -0 experiment stack_stops_at_its_limit
	run -0 experiment stack_stops_at_its_limit limit=3M
	run -0 experiment stack_stops_at_its_limit --aslr
	changed=$(edited stack_stops_at_its_limit 's/^\tif \(child == 0\)/\tif (child == 0)\n\t\tlimit_the_stack(9 * MiB);\n&/; s/^\tint64_t part = .*/&\n\twrite_pages(frame, bytes);/; s/^\t\twrite_pages\(at, part\);/&\n\t\twrite_pages(must_map(page_bytes()), page_bytes());/')
	run -3 "$changed"
	none_held
	changed=$(edited stack_stops_at_its_limit 's/, .before_exec = at_limit/, .before_exec = at_half/')
	run -1 "$changed"
	failed 2
}

@test "stack_stops_at_its_limit: a frame that is filled on entry is not lazy" {
	changed=$(edited stack_stops_at_its_limit 's/^\tint64_t part = .*/&\n\twrite_pages(frame, bytes);/')
	run -1 "$changed"
	failed 2
}

@test "stack_stops_at_its_limit: unsupported below a hard limit" {
	under_a_hard_limit() (ulimit -Ss 8192 && ulimit -Hs 8192 && experiment stack_stops_at_its_limit "$@")
	run -77 under_a_hard_limit
	[[ $output == *"ulimit -Hs"* ]]
	run -0 under_a_hard_limit limit=4M
}

@test "a_64_bit_process_has_256_tib: the program's half on x86-64" {
	[[ $(uname -m) == x86_64 ]] || skip "other processors divide their addresses otherwise"
	run -1 experiment a_64_bit_process_has_256_tib
	failed 3
	! grep -q -w la57 /proc/cpuinfo || skip "five levels of page tables"
	run -0 experiment a_64_bit_process_has_256_tib bits=47
	run -0 experiment a_64_bit_process_has_256_tib bits=47 --aslr
}

@test "a_64_bit_process_has_256_tib: a count that misses its limit is no count" {
	changed=$(edited a_64_bit_process_has_256_tib 's/, .before_exec = limit_addresses//')
	run -3 "$changed"
}

@test "a_64_bit_process_has_256_tib: unsupported under ulimit -v" {
	with_few_addresses() (ulimit -v 8000000 && experiment a_64_bit_process_has_256_tib)
	run -77 with_few_addresses
	[[ $output == *"ulimit -v"* ]]
}

@test "physical_addresses_have_40_bits: as many as the processor says" {
	grep -q '^address sizes' /proc/cpuinfo || skip "no address sizes in /proc/cpuinfo"
	bits=$(sed -n 's/^address sizes.*: \([0-9]*\) bits physical.*/\1/p' /proc/cpuinfo | head -n 1)
	run -0 experiment physical_addresses_have_40_bits bits="$bits"
	run -1 experiment physical_addresses_have_40_bits bits=$((bits + 1))
	changed=$(edited physical_addresses_have_40_bits 's/strtoll\(sizes, NULL, 10\)/5/')
	run -3 "$changed"
	none_held
}

# helpers PROGRAM: the helpers of both word sizes go with an edited copy.
helpers() {
	local size
	for size in m32 m64; do
		cp "$BUILD/1_address_space/a_32_bit_process_has_4_gib.$size" "$1.$size"
	done
}

@test "a_32_bit_process_has_4_gib: not as a 64-bit program, nor with 3 GiB" {
	[[ -e $BUILD/1_address_space/a_32_bit_process_has_4_gib.m32 ]] || skip "needs gcc-multilib"
	run -0 experiment a_32_bit_process_has_4_gib
	run -0 experiment a_32_bit_process_has_4_gib --aslr
	changed=$(edited a_32_bit_process_has_4_gib 's/"32-bit", bits_32 /"32-bit", bits_64 /')
	helpers "$changed"
	run -1 "$changed"
	changed=$(edited a_32_bit_process_has_4_gib 's/"32-bit", bits_32 /"32-bit", bits_32_limit_3_gib /')
	helpers "$changed"
	run -1 "$changed"
	changed=$(edited a_32_bit_process_has_4_gib 's/"32-bit", bits_32 /"32-bit", bits_64 /; s/"64-bit", bits_64,/"64-bit", bits_32,/; s/i686 --3gb/i686/')
	helpers "$changed"
	run -3 "$changed"
	none_held
}

@test "a_32_bit_process_has_4_gib: without -m32 it builds, and says what to install" {
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
	run -77 "$built"
	[[ $output == *gcc-multilib* ]]
}

@test "pmap_shows_what_is_touched: one page more written is one page more Dirty" {
	command -v pmap >/dev/null || skip "pmap is not installed"
	run -0 experiment pmap_shows_what_is_touched
	run -0 experiment pmap_shows_what_is_touched pages=7
	changed=$(edited pmap_shows_what_is_touched 's/^\twrite_quarter\(mapping\);/&\n\twrite_pages(mapping + page_bytes(), page_bytes());/')
	run -1 "$changed"
	failed 4
	changed=$(edited pmap_shows_what_is_touched 's/^\twrite_quarter\(mapping\);//')
	run -1 "$changed"
	failed 2
	changed=$(edited pmap_shows_what_is_touched 's/file, 0\) == MAP_FAILED\)/& || munmap(room + bytes, page) != 0)/; s/MAP_FAILED\) \|\|/MAP_FAILED ||/')
	run -1 "$changed"
	failed 2
}

@test "pmap_shows_what_is_touched: controls that write are none" {
	command -v pmap >/dev/null || skip "pmap is not installed"
	changed=$(edited pmap_shows_what_is_touched '/^static void only_read/,/^}/s/read_half\(mapping\);/write_pages(mapping, pages * page_bytes());/; /^static void anonymous_read/,/^}/s/read_half/write_quarter/; s/^\tshow\(map_apart\(MAP_PRIVATE\)\);/\tchar *mapping = map_apart(MAP_PRIVATE);\n\twrite_quarter(mapping);\n\tshow(mapping);/')
	run -3 "$changed"
	none_held '^# control'
}
