# SPDX-License-Identifier: MIT
# What the tests share. Each .bats file begins with `load helper`.
bats_require_minimum_version 1.7.0
source "${BASH_SOURCE[0]%/*}/assertions.bash"

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${BUILD:-$ROOT/build}
[[ $BUILD == /* ]] || BUILD=$ROOT/$BUILD
export BUILD
ROOMS=(-I"$ROOT/lib" $(printf -- "-I%s " "$ROOT"/lib/*/))
# Tests that run at the same time do not wait for each other to have measured.
export TURN=${BATS_RUN_TMPDIR:-/tmp}/turn.$BASHPID
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

# talk PROGRAM [argument ...]: what an experiment says on stderr: its findings and its verdict. The result,
# on stdout, is dropped.
talk() {
	"$@" 2>&1 >/dev/null
}

# experiment CLAIM [argument ...]: what a claim's program says.
experiment() {
	talk "$(program "$1")" "${@:2}"
}

# ---- findings and verdicts --------------------------------------------------

# findings_in: reads a result, or what a program says, from stdin. Prints its findings, those that are
# equal once: KIND, OUTCOME, LINE and SENTENCE with tabs in between.
findings_in() {
	awk -F ' [|] ' '/^# (expect|control|true_instead): / {
		split($1, word, /[#: ]+/)
		sentence = $6
		for (i = 7; i <= NF; i++)
			sentence = sentence " | " $i
		if (!seen[word[2], word[3], sentence]++)
			printf "%s\t%s\t%s\t%s\n", word[2], word[3], $5, sentence
	}'
}

# sentences OUTCOME [SENTENCE]: the findings with this outcome in what `run` printed last, or those of
# them with this sentence. In both, * stands for any text.
sentences() {
	local kind outcome sentence
	findings_in <<<"$output" | while IFS=$'\t' read -r kind outcome _ sentence; do
		# shellcheck disable=SC2053 # both are patterns
		[[ $outcome != $1 || $sentence != ${2-*} ]] || echo "$sentence"
	done
}

# what_came_out: shows what `run` printed last, without the rows, when a test fails.
what_came_out() {
	echo "status $status:"
	grep -v '^[^#]*,' <<<"$output" || true
}

# run_until_clear ANSWER COMMAND ...: `run COMMAND ...`, then ANSWER, which is a function of the test:
# it returns 0 for yes, 1 for no, and 2 where the spread of the timings is too wide to tell. Where the
# run compared timings, one busy second can turn the answer, so after anything but a yes the experiment
# is asked again, twice. The test fails when it was no three times; when a run could not tell, it is
# skipped.
run_until_clear() {
	local answer unclear=''
	for _ in 1 2 3; do
		run "${@:2}"
		answer=0
		"$1" || answer=$?
		((answer != 0)) || return 0
		what_came_out
		((answer != 2)) || unclear=$(sentences unclear | head -n 1)
		((answer == 2)) || compared_timings || return 1
	done
	[[ -z $unclear ]] || skip "this machine is too busy to tell: $unclear"
	return 1
}

# compared_timings: does a finding in what `run` printed last rest on timings? Such findings show quartiles.
compared_timings() {
	grep -q '^# [a-z]*: .* (quartiles ' <<<"$output"
}

# The exit status of each verdict.
declare -gA STATUS=([reproduced]=0 [refuted]=1 [broken]=2 [inconclusive]=3 [unsupported]=77)

# verdict_is VERDICT: the answer to: did it come out so? An inconclusive run in which no control
# failed, and some finding is unclear, is no answer.
verdict_is() {
	if ((status == STATUS[inconclusive])) && [[ -n $(sentences unclear) ]] &&
		! grep -q '^# control: failed' <<<"$output"; then
		return 2
	fi
	((status == STATUS[$1])) || { echo "does not come out $1" && return 1; }
}

# comes_out VERDICT [run's option ...] PROGRAM [argument ...]: runs an experiment, which must have this
# verdict.
comes_out() {
	local verdict=$1
	verdict_as_told() { verdict_is "$verdict"; }
	run_until_clear verdict_as_told "${@:2}"
}

# finding_is OUTCOME SENTENCE: the answer to: did this expectation or control come out so? * stands for any
# text. Timings whose spread is too wide are no answer.
finding_is() {
	[[ -z $(sentences "$1" "$2") ]] || return 0
	[[ -z $(sentences unclear "$2") ]] || return 2
	echo "is not $1: $2" && return 1
}

# finding_fails SENTENCE PROGRAM [argument ...]: this expectation or control must fail; * stands for any
# text. Where others fail with it, the verdict does not tell whether it can.
finding_fails() {
	local wanted=$1
	finding_as_told() { finding_is failed "$wanted"; }
	run_until_clear finding_as_told "${@:2}"
}

# failed_findings_are SENTENCE ...: these findings failed in what `run` printed last, and no others; * stands
# for any text.
failed_findings_are() {
	local sentence
	for sentence; do
		[[ -n $(sentences failed "$sentence") ]] || { echo "does not fail: $sentence" && what_came_out && return 1; }
	done
	no_others_failed "$@"
}

# no_others_failed SENTENCE ...: nothing failed in what `run` printed last but what these stand for.
no_others_failed() {
	local sentence others listed=$'\n'
	for sentence; do
		listed+=$(sentences failed "$sentence")$'\n'
	done
	others=$(sentences failed | grep -vxF -e "$listed") || return 0
	echo "fails too: $others" && return 1
}

# ---- programs that lie elsewhere --------------------------------------------

# compiled FILE.c [flag ...]: compiles an experiment that lies elsewhere; prints the program's path.
# Without debug information: see leak_checkers_do_not_see_it.mk.
compiled() {
	"${CC:-cc}" -std=gnu11 -O2 -fno-builtin -fPIE "${ROOMS[@]}" -o "${1%.c}" "$1" "${@:2}" \
		"$BUILD/libtouchstone.a" -pie -pthread -ldl -Wl,-z,now,--strip-debug >&2 || return
	echo "${1%.c}"
}

# shim NAME: tests/shims/NAME.c as a library for LD_PRELOAD; prints its path.
shim() {
	"${CC:-cc}" -std=gnu11 -O2 -fno-builtin -fPIC -shared -o "$BATS_TEST_TMPDIR/$1.so" "tests/shims/$1.c" >&2
	echo "$BATS_TEST_TMPDIR/$1.so"
}
