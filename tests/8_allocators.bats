#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Chapter 8: each verdict changes when its cause is removed.
# bats file_tags=timed

load helper

has_jemalloc() {
	LD_PRELOAD=libjemalloc.so.2 true 2>&1 | grep -q . && skip "jemalloc is not installed: scripts/setup installs it"
	return 0
}

# What of it is not judged takes half of its time.
judged='/\{ "glibc: (one arena|no tcache)"/,/environment/d; /two a CPU/d'
without_others="$judged; "'s/ARMS_OF_OTHER_ALLOCATORS\(one_thread_and_more\),//'

@test "glibc_slows_down_with_threads: it does with one arena, one lock and no tcache" {
	crowded=$(edited glibc_slows_down_with_threads "$judged; "'s/ARMS_OF_OTHER_ALLOCATORS\(one_thread_and_more\),/{ "jemalloc", one_thread_and_more, .environment = "GLIBC_TUNABLES=glibc.malloc.arena_max=1:glibc.malloc.tcache_count=0" },/')
	fails "glibc: slowdown with own blocks" "$crowded" trials=5
	none_held 'jemalloc: '
	alone=$(edited glibc_slows_down_with_threads "$without_others")
	timed 0 "$alone" trials=5 --tunables=glibc.malloc.arena_max=1:glibc.malloc.tcache_count=0
}

@test "glibc_slows_down_with_threads: a control without its lock is none" {
	unlocked=$(edited glibc_slows_down_with_threads "$without_others; "'s/arena_max=1:glibc.malloc.tcache_count=0/arena_max=16/')
	timed 3 "$unlocked" trials=3
}

# Two busy CPUs that are one core's threads slow glibc by some ns a pair, and a list by hand by
# none.  So the list shares a counter here, that it has a price to be compared with.
@test "glibc_slows_down_with_threads: what a thread freed itself was not passed on" {
	timed 1 "$(edited glibc_slows_down_with_threads "$without_others")" trials=5
	[[ $output == *"held | glibc: what a pair takes more with blocks passed on"* ]]
	kept=$(edited glibc_slows_down_with_threads "$without_others; "'s/batch\[\(me \+ 1\) % threads\]/batch[me]/; s/^static void give_by_hand/static _Atomic int64_t shared;\n\n&/; s/^\t(\*\(void \*\*\)block = recycled|recycled = \*block);/\tshared++;\n&/')
	fails "glibc: what a pair takes more with blocks passed on" "$kept" trials=3
}

@test "glibc_slows_down_with_threads: rounds in which not all threads run do not count" {
	shared=$(edited glibc_slows_down_with_threads 's/nth % cpus\(\)/0/; s/MOST_ROUNDS = 2000/MOST_ROUNDS = 50/')
	run -77 "$shared"
	[[ $output == *"ran at the same time in only"* ]]
}

@test "glibc_slows_down_with_threads: one CPU cannot tell" {
	run -77 taskset -c 0 "$(program glibc_slows_down_with_threads)"
	[[ $output == *"one CPU"* ]]
}

@test "glibc_fragments_more: an allocator that purges at once makes it true" {
	has_jemalloc
	purging=$(edited glibc_fragments_more 's/ARMS_OF_OTHER_ALLOCATORS\(as_it_is\),/{ "jemalloc", as_it_is, .environment = "LD_PRELOAD=libjemalloc.so.2 MALLOC_CONF=dirty_decay_ms:0,muzzy_decay_ms:0" },/')
	run -0 "$purging" idle=1
	run -1 experiment glibc_fragments_more idle=1
	none_held '^# expect'
}

@test "glibc_fragments_more: a trim that gives nothing back, a decay that never comes, spoil the controls" {
	has_jemalloc
	kept=$(edited glibc_fragments_more 's/^\tmust_trim_heap\(\);//; s/decay_ms:0/decay_ms:-1/g')
	run -3 "$kept" idle=1
	none_held '^# control'
}

@test "glibc_fragments_more: with no other allocator it says so" {
	lonely=$(edited glibc_fragments_more 's/ARMS_OF_OTHER_ALLOCATORS\(as_it_is\),//; s/libjemalloc.so.2/libnot_installed.so.9/')
	run -77 "$lonely" idle=1
	[[ $output == *"scripts/setup"* ]]
}

@test "a_pool_beats_them_all: a pool that gives its memory back does not" {
	timed 0 experiment a_pool_beats_them_all trials=5
	giving=$(edited a_pool_beats_them_all 's/pool_reset\(pool\)/(pool_destroy(pool), pool = must_create_pool(0))/')
	timed 1 "$giving" trials=5 objects=10000
}

@test "a_pool_beats_them_all: a pool that takes a page for each block, and never gives it back" {
	wasting=$(edited a_pool_beats_them_all '/^static void pool_keeps/,/^}/s/pool_alloc\(pool, bytes\), pool_reset\(pool\), .*/pool_alloc(pool, bytes + 8 * KiB), pool = must_create_pool(0), );/')
	timed 1 "$wasting" trials=3 objects=2000 rounds=3
	none_held '^# expect'
}

@test "a_pool_beats_them_all: a control that keeps its memory is none" {
	keeping=$(edited a_pool_beats_them_all 's/\(pool_destroy\(pool\), pool = must_create_pool\(0\)\)/pool_reset(pool)/')
	timed 3 "$keeping" trials=5 objects=10000
}

@test "fewer_arenas_take_less_memory: not where there is one anyway" {
	run -0 experiment fewer_arenas_take_less_memory
	run -1 experiment fewer_arenas_take_less_memory --tunables=glibc.malloc.arena_max=1
	failed 2
	run -1 experiment fewer_arenas_take_less_memory threads=1
}

@test "fewer_arenas_take_less_memory: a control that leaves holes is none" {
	holes=$(edited fewer_arenas_take_less_memory '/^static void all_at_once/,/^}/s/let\(&allocate\[i\]\);/&let(\&release[i]);/')
	run -3 "$holes"
}

@test "a_pool_serves_requests: a pool that is made anew for each request is no faster" {
	swapped=$(edited a_pool_serves_requests 's/"pool", pool_keeps/"pool", pool_gives_back/; s/"pool: a new one", pool_gives_back/"pool: a new one", pool_keeps/')
	timed 3 "$swapped" trials=3
	none_held
}
