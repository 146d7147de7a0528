#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The claims on fragmentation: each comes out as measured, and its verdict changes
# when its cause is removed.

load helper

# An edited copy for valgrind, which cannot read clang's debug information: see
# leak_checkers_do_not_see_it.mk.
edited_for_valgrind() {
	local copy
	copy=$(edited "$@") || return
	strip --strip-debug "$copy"
	echo "$copy"
}

@test "churn_leaves_holes: freed youngest first, nothing stays" {
	run -0 experiment churn_leaves_holes
	nested=$(edited churn_leaves_holes 's/churn\(pick_any\);/churn(pick_youngest);/')
	run -1 "$nested"
}

@test "churn_leaves_holes: a malloc that returns its holes leaves none" {
	trimming=$(edited churn_leaves_holes 's/#include "dice.h"/#include <malloc.h>\n&/; s/^\t\trecord\("freeing", done\);/\t\tmalloc_trim(0);\n&/')
	run -1 "$trimming"
}

@test "churn_leaves_holes: where nothing is freed, bytes in use do not fall" {
	keeping=$(edited churn_leaves_holes '/for \(; count > /,/\}/s/free\(blocks\[place\]\);//')
	run -1 "$keeping"
}

@test "churn_leaves_holes: a control with holes of its own makes it inconclusive" {
	holes=$(edited churn_leaves_holes 's/churn\(pick_youngest\);/churn(pick_any);/')
	run -3 "$holes"
}

@test "churn_leaves_holes: small blocks in the thread cache pin the top of the control" {
	run -3 experiment churn_leaves_holes smallest=16 largest=500
}

@test "leak_checkers_do_not_see_it: a block whose address is lost is seen" {
	command -v valgrind >/dev/null || skip "valgrind is not installed: scripts/setup installs it"
	run -0 experiment leak_checkers_do_not_see_it
	leaking=$(edited_for_valgrind leak_checkers_do_not_see_it 's/^\trecord_y\("freed", 0, .*/\tblocks[KEEP_EVERY - 1] = NULL;\n&/')
	run -1 "$leaking"
}

@test "leak_checkers_do_not_see_it: a heap without holes, told too early, and a control that frees: nothing holds" {
	command -v valgrind >/dev/null || skip "valgrind is not installed: scripts/setup installs it"
	full=$(edited_for_valgrind leak_checkers_do_not_see_it 's/^\t\tif \(i % KEEP_EVERY == KEEP_EVERY - 1\)/\t\tif (i % KEEP_EVERY != KEEP_EVERY - 1)/; s/^\trecord\("filled", 0\);/\tint64_t holes = malloc_info_free_bytes();\n&/; s/^\trecord_y\("freed", 0, malloc_info_free_bytes\(\)\)/\tblocks[0] = NULL;\n\trecord_y("freed", 0, holes)/; /^static void leaking/,/^}/s/write_pages\(must_malloc\(2 \* KiB\), 2 \* KiB\);/free(must_malloc(2 * KiB));/')
	run -3 "$full"
	none_held
}

@test "leak_checkers_do_not_see_it: without valgrind it says what to install" {
	program=$(program leak_checkers_do_not_see_it)
	PATH=/nowhere run -77 "$program"
	[[ $output == *"apt-get install valgrind"* ]]
}

@test "leak_checkers_do_not_see_it: a valgrind that fails is no valgrind that finds nothing" {
	printf '#!/bin/sh\nexit 1\n' >"$BATS_TEST_TMPDIR/valgrind"
	chmod +x "$BATS_TEST_TMPDIR/valgrind"
	PATH=$BATS_TEST_TMPDIR:$PATH run -2 experiment leak_checkers_do_not_see_it
}

@test "mallinfo_fields_are_size_classes: refuted also without fastbins, as in glibc 2.43" {
	run -1 experiment mallinfo_fields_are_size_classes
	failed 2
	new=$(edited mallinfo_fields_are_size_classes 's/tcache_count=0/tcache_count=0:glibc.malloc.mxfast=0/')
	run -1 "$new" --tunables=glibc.malloc.mxfast=0:glibc.malloc.tcache_count=16
}

@test "mallinfo_fields_are_size_classes: fields that were as told would be reproduced" {
	told=$(edited mallinfo_fields_are_size_classes 's/now\.fsmblks - before\.fsmblks/size == 0 ? BLOCKS : 0/; s/now\.smblks - before\.smblks/size == 1 ? BLOCKS : 0/; s/now\.ordblks - before\.ordblks/size == 2 ? BLOCKS : 0/; s/seen \+= grown\("no thread cache", "smblks", size\)/seen += BLOCKS/; s/seen \+= grown\("no thread cache", "ordblks", size\)/seen += 0/')
	run -0 "$told"
}

@test "mallinfo_fields_are_size_classes: where the control caches and neighbours merge nothing holds" {
	cached=$(edited mallinfo_fields_are_size_classes 's/tcache_count=0/tcache_count=5/; /^\t\t\tmust_malloc\(sizes\[size\]\);/d')
	run -3 "$cached"
	none_held
}

@test "mallinfo_wraps_at_2_gib: fields of 64 bits do not wrap" {
	run -0 experiment mallinfo_wraps_at_2_gib
	wide=$(edited mallinfo_wraps_at_2_gib 's/grow\(mallinfo_report\)/grow(mallinfo2_report)/')
	run -1 "$wide"
	failed 1
}

@test "mallinfo_wraps_at_2_gib: blocks of the heap, and blocks that were there before" {
	run -1 experiment mallinfo_wraps_at_2_gib --tunables=glibc.malloc.mmap_max=0
	failed 3
	early=$(edited mallinfo_wraps_at_2_gib 's/^\twake_malloc\(\);/&\n\tmust_malloc(2 * GiB);/')
	run -3 "$early"
}

@test "mallinfo_wraps_at_2_gib: where it is wrong below 2 GiB too, wrapping proves nothing" {
	wrong=$(edited mallinfo_wraps_at_2_gib 's/int64_t shown = .*->y/& + 1/')
	run -3 "$wrong"
}

@test "mallinfo_wraps_at_2_gib: where addresses are short it says so" {
	(ulimit -v 2097152 && run -2 experiment mallinfo_wraps_at_2_gib && [[ $output == *"ulimit -v"* ]])
}

@test "freed_is_not_free_in_the_tcache: another size of the cache hides another number" {
	run -0 experiment freed_is_not_free_in_the_tcache
	run -1 experiment freed_is_not_free_in_the_tcache --tunables=glibc.malloc.tcache_count=5
	failed 2
	run -1 experiment freed_is_not_free_in_the_tcache --tunables=glibc.malloc.tcache_count=0
}

@test "freed_is_not_free_in_the_tcache: blocks above 1,032 bytes do not go there" {
	run -0 experiment freed_is_not_free_in_the_tcache block=1032
	run -3 experiment freed_is_not_free_in_the_tcache block=1033
}

@test "freed_is_not_free_in_the_tcache: a control that has a cache is none" {
	cached=$(edited freed_is_not_free_in_the_tcache 's/tcache_count=0/tcache_count=1/')
	run -3 "$cached"
}

@test "a_pool_gives_everything_back: a pool that is not destroyed does not" {
	run -0 experiment a_pool_gives_everything_back
	# What is kept is one mapping with its neighbours; with a gap in it, two.
	kept=$(edited a_pool_gives_everything_back 's/^\tpool_destroy\(pool\);/\tmust_unmap((char *)must_map(3 * page_bytes()) + page_bytes(), page_bytes());/')
	run -1 "$kept"
	failed 3
}

@test "a_pool_gives_everything_back: what stays in the pool's place in the heap holds it" {
	heap=$(edited a_pool_gives_everything_back 's/pool_alloc\(pool, \(size_t\)bytes\)/must_malloc(bytes)/')
	run -1 "$heap"
	failed 3
}

@test "a_pool_gives_everything_back: without something that stays malloc gives back too" {
	run -3 experiment a_pool_gives_everything_back stays=1000000
}

@test "another malloc leaves no heap report: unsupported" {
	"${CC:-cc}" -shared -fPIC -o "$BATS_TEST_TMPDIR/other.so" -x c - <<-'END'
		#include <stddef.h>
		void *__libc_malloc(size_t bytes);
		void *malloc(size_t bytes) { return __libc_malloc(bytes); }
	END
	for claim in churn_leaves_holes mallinfo_fields_are_size_classes mallinfo_wraps_at_2_gib \
		freed_is_not_free_in_the_tcache a_pool_gives_everything_back; do
		LD_PRELOAD=$BATS_TEST_TMPDIR/other.so run -77 experiment "$claim"
	done
}
