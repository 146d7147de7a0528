# SPDX-License-Identifier: MIT
# What must come out of an experiment under an unusual condition: the verdict that it has without
# the condition, or none with a true reason. Loaded after helper.bash by the file that
# scripts/maintain/edges writes. tests/edges.tsv lists the cases in which the sentence really changes.

# The most addresses that a program may have here, KiB: a program that would take more memory than
# that must say so.
MOST_ADDRESSES=$((8 * 1024 * 1024))

# limited COMMAND ...: runs it with the limit on addresses, and for two minutes at most. What chapter 1
# takes is addresses and no memory, so it has no limit.
limited() (
	[[ $* == */1_address_space/* ]] || ulimit -v "$MOST_ADDRESSES"
	exec timeout 120 "$@"
)

# last_line KEY: what run printed last under that key.
last_line() {
	sed -n "s/^# $1: //p" <<<"$output" | tail -n 1
}

# verdict_as_it_is CLAIM: the verdict without any condition; asked once in a run of the tests.
verdict_as_it_is() {
	local kept=$BATS_RUN_TMPDIR/as_it_is/$1
	if [[ ! -e $kept ]]; then
		mkdir -p "${kept%/*}"
		{ limited "$BUILD/$1" 2>/dev/null || true; } | sed -n 's/^# verdict: //p' >"$kept.$$"
		mv "$kept.$$" "$kept"
	fi
	cat "$kept"
}

# is_listed CLAIM CONDITION VERDICT: whether tests/edges.tsv says why.
is_listed() {
	awk -F '\t' -v claim="$1" -v condition="$2" -v verdict="$3" '
		$1 == claim && condition ~ "^(" $2 ")$" && $3 == verdict && $4 != "" { found = 1 }
		END { exit !found }' tests/edges.tsv
}

# fails_with WHY: shows what came out.
fails_with() {
	echo "$1"
	grep -v '^[^#]*,' <<<"$output" | sed -n '/^# verdict\|^# reason\|^# expect: [^h]\|^# control: [^h]\|^[^#]/p'
	return 1
}

# No number of a result is one that stands for none.
no_absurd_number() {
	! grep -qE '922337203685477[0-9]{4}|8192 PiB' <<<"$output" || fails_with 'a number stands for none'
}

# agrees CLAIM CONDITION: what run printed last has the verdict without the condition, or none with a reason.
agrees() {
	local verdict reason as_it_is
	verdict=$(last_line verdict) reason=$(last_line reason)
	no_absurd_number
	as_it_is=$(verdict_as_it_is "$1")
	[[ $verdict != "$as_it_is" ]] || return 0
	[[ -z $(last_line asked_with) || $verdict == broken ]] || return 0
	! is_listed "$1" "$2" "$verdict" || return 0
	case $verdict in
	unsupported | inconclusive) [[ -n $reason ]] || fails_with 'no reason' ;;
	*) fails_with "${verdict:-no verdict} with $2, $as_it_is without" ;;
	esac
}

# corner CLAIM KNOB=VALUE: one knob at the end of its range.
corner() {
	run limited "$BUILD/$1" "$2" time_limit=100
	agrees "$1" "$2"
}

# preloaded CLAIM LIBRARY: with another malloc a claim about glibc's is unsupported and says so; any other
# claim has its verdict.
preloaded() {
	[[ -z $(LD_PRELOAD=$2 true 2>&1) ]] || skip "$2 is not installed: scripts/setup installs it"
	run limited env LD_PRELOAD="$2" "$BUILD/$1"
	no_absurd_number
	[[ $(last_line reason) != "this is about glibc's malloc, and $2 is preloaded" ]] || return 0
	[[ $(last_line verdict) != inconclusive ]] || is_listed "$1" "$2" inconclusive ||
		grep -q '^# \(expect\|control\): unclear' <<<"$output" || fails_with "inconclusive with $2"
	agrees "$1" "$2"
}

# built_with SANITIZERS CLAIM: builds an experiment with these sanitizers, one at a time; prints its path.
built_with() {
	local build=$BUILD/sanitizers/$1
	mkdir -p "$build"
	(
		flock 9
		make -s -j"$(nproc)" BUILD="$build" OPT="-O1 -fsanitize=$1 -fno-sanitize-recover=undefined" "$build/$2" >&2
	) 9>"$build.lock" || return
	echo "$build/$2"
}

# For each block AddressSanitizer's malloc writes an eighth of its size, also where the program writes
# nothing. So larger requests than 1 GiB return NULL.
ADDRESS_SANITIZER=detect_leaks=0:allocator_may_return_null=1:max_allocation_size_mb=1024:verify_asan_link_order=0

# sanitized SANITIZERS CLAIM: it is built, and the sanitizers report nothing; "report" in tests/edges.tsv: they must. The verdict may be another one, because
# AddressSanitizer brings its own malloc, and UndefinedBehaviorSanitizer uses malloc before the program.
sanitized() {
	local program
	program=$(built_with "$1" "$2") || return
	! is_listed "$2" "$1" report || return 0
	run env ASAN_OPTIONS="$ADDRESS_SANITIZER" timeout 120 "$program" time_limit=100
	! grep -E 'ERROR: [A-Za-z]*Sanitizer|runtime error:' <<<"$output" || fails_with 'a sanitizer reports' || return
	[[ -n $(last_line verdict) ]] || fails_with "no verdict, exit status $status" || return
	[[ $(last_line verdict) != broken ]] || is_listed "$2" "$1" broken || fails_with broken
}
