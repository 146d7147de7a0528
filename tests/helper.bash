# SPDX-License-Identifier: MIT
# What the tests share. Each .bats file begins with `load helper`.
bats_require_minimum_version 1.5.0

ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
BUILD=${BUILD:-$ROOT/build}
[[ $BUILD == /* ]] || BUILD=$ROOT/$BUILD
export BUILD
ROOMS=(-I"$ROOT/lib" $(printf -- "-I%s " "$ROOT"/lib/*/))
unset RESULTS KNOBS DEEP OBSERVER MAKEFLAGS MAKELEVEL
cd "$ROOT" || exit

# program CLAIM: the path of a claim's program.
program() {
	echo "$BUILD/$(scripts/claims "$1")"
}

# project FOLDER CLAIM ...: a copy of the project with these claims alone and what is built of them
# here, so that only what a test changes is compiled; goes there.
project() {
	local claim
	mkdir -p "$1/build"
	cp -a Makefile build.mk lib scripts "$1"
	cp -a "$BUILD"/{lib,libtouchstone.a,.flags} "$1/build"
	for claim in "${@:2}"; do
		claim=$(scripts/claims "$claim")
		mkdir -p "$1"/{experiments,build}/"${claim%/*}"
		cp -a "experiments/$claim".* "$1/experiments/${claim%/*}"
		cp -a "$BUILD/$claim" "$1/build/${claim%/*}"
	done
	cd "$1" || return
	BUILD=$PWD/build
}

# experiment CLAIM [argument ...]: runs it; what it says is kept, the result dropped.
# With `run -1 experiment ...` the verdict is the exit status: 0 reproduced,
# 1 refuted, 3 inconclusive, 77 unsupported, 2 broken.
experiment() {
	"$(program "$1")" "${@:2}" 2>&1 >/dev/null
}

# findings: what `run` printed last, without the rows.
findings() {
	grep -v '^[^#]*,' <<<"$output" || true
}

# timed STATUS COMMAND ...: `run -STATUS` for an experiment on timings. While a spread that is
# too wide hides what it must find, it is asked again, twice; then the test is skipped.
timed() {
	local attempt
	for attempt in 1 2 3; do
		run "${@:2}"
		if ((status != 3)) || grep -q '^# control: failed' <<<"$output" || ! grep -q ': unclear |' <<<"$output"; then
			((status == $1)) && return
			echo "status $status, not $1:"
			findings
			return 1
		fi
	done
	skip "this machine is too busy to tell: $(grep -m 1 ': unclear |' <<<"$output")"
}

# compiled FILE.c: compiles an experiment that lies elsewhere; prints the program's path.
compiled() {
	"${CC:-cc}" -std=gnu11 -O2 -fno-builtin -fPIE "${ROOMS[@]}" -o "${1%.c}" "$1" \
		"$BUILD/libtouchstone.a" -pie -pthread -ldl -Wl,-z,now >&2
	echo "${1%.c}"
}

# edited CLAIM SED_SCRIPT: an edited copy of a claim, compiled; prints the program's
# path. An edit that changes nothing is a test that tests nothing: it fails.
edited() {
	local source copy
	source=experiments/$(scripts/claims "$1").c
	copy=$(mktemp -d "$BATS_TEST_TMPDIR/edited.XXXXXX")/$1.c
	sed -E "$2" "$source" >"$copy"
	if cmp -s "$source" "$copy"; then
		echo "the edit \"$2\" changes nothing in $source" >&2
		return 1
	fi
	compiled "$copy"
}

# fails TEXT PROGRAM [argument ...]: one expectation or control, the one whose words begin so, fails.
# Where others fail with it, the exit status does not tell whether it can. As in timed, a
# spread that is too wide is no answer.
fails() {
	local attempt
	for attempt in 1 2 3; do
		run "${@:2}"
		if grep -qF ": failed | $1" <<<"$output"; then return; fi
		grep -qF ": unclear | $1" <<<"$output" || {
			echo "does not fail: $1"
			findings
			return 1
		}
	done
	skip "this machine is too busy to tell: $1"
}

# shim NAME: tests/shims/NAME.c as a library for LD_PRELOAD; prints its path.
shim() {
	"${CC:-cc}" -std=gnu11 -O2 -fno-builtin -fPIC -shared -o "$BATS_TEST_TMPDIR/$1.so" "tests/shims/$1.c" >&2
	echo "$BATS_TEST_TMPDIR/$1.so"
}

# failed NUMBER: so many different findings failed in what `run` printed last. A verdict
# alone does not tell whether each of several expectations can fail.
failed() {
	local found
	found=$(grep -E '^# (expect|control): failed' <<<"$output" | sort -u)
	[[ $(grep -c . <<<"$found") -eq $1 ]] || { echo "failed: $found" && return 1; }
}

# none_held [PATTERN]: not one finding held in what `run` printed last, or not one of those
# whose lines match. So each of them can fail, however many there are on this machine.
none_held() {
	local found
	found=$(grep -E '^# (expect|control): ' <<<"$output" | grep -E -e "${1:-.}") || { echo "no finding: $1" && return 1; }
	if grep -F ': held | ' <<<"$found"; then return 1; fi
}
