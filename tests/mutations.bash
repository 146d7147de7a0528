# SPDX-License-Identifier: MIT
# How one patch of tests/mutations becomes one test. Loaded after helper.bash by the files that
# scripts/maintain/mutations writes. tests/mutations/README.md describes the patches.

# in_head KEY PATCH: the values of "KEY: VALUE" in the lines above the diff, one a line.
in_head() {
	sed -n "/^--- /q; s/^$1: //p" "$2"
}

# claim_of PATCH: the CHAPTER/CLAIM that it changes.
claim_of() {
	local folder=${1#tests/mutations/}
	echo "${folder%/*}"
}

# mutated PATCH: the experiment with the patch applied, compiled, with its helpers beside it; prints
# the program's path. A patch that is stale fails here.
mutated() {
	local claim copy
	claim=$(claim_of "$1")
	copy=$(mktemp -d "$BATS_TEST_TMPDIR/mutated.XXXXXX")/${claim##*/}.c
	if ! patch --fuzz=0 --force --silent --reject-file=- --output="$copy" "experiments/$claim.c" "$1" >&2; then
		echo "$1 is stale: it no longer fits experiments/$claim.c (scripts/maintain/refresh-mutations)" >&2
		return 1
	fi
	if cmp -s "experiments/$claim.c" "$copy"; then
		echo "$1 is stale: it changes nothing in experiments/$claim.c" >&2
		return 1
	fi
	find "$BUILD/${claim%/*}" -name "${claim##*/}.*" -exec cp -t "${copy%/*}" {} +
	compiled "$copy"
}

# needs NAME ...: skips the test where a command or a library is not installed.
needs() {
	local name
	for name; do
		if [[ $name == lib*.so* ]]; then
			[[ -z $(LD_PRELOAD=$name true 2>&1) ]] || skip "$name is not installed: scripts/setup installs it"
		else
			command -v "$name" >/dev/null || skip "$name is not installed: scripts/setup installs it"
		fi
	done
}

# as_it_is: runs the experiment without the patch. Called by mutation, for its variables.
as_it_is() {
	run talk "${under[@]}" "$BUILD/$(claim_of "$patch")" "${arguments[@]}"
}

# leaves_an_arm_out: says whether the experiment without the patch leaves an arm out on this machine.
# Called by mutation, for its variables.
leaves_an_arm_out() {
	"${under[@]}" "$BUILD/$(claim_of "$patch")" "${arguments[@]}" 2>/dev/null | grep -q '^# arm: .* | left out: '
}

# must_fail SENTENCE: the answer to: does this finding fail? Skips the test where there is no such finding
# and the experiment leaves an arm out on this machine. Two arms may have a finding with the same sentence;
# it is enough that one of the two fails.
must_fail() {
	local failed
	failed=$(sentences failed "$1")
	[[ -z $(sentences unclear "$1") ]] || return 2
	if [[ -z $(sentences '*' "$1") ]]; then
		! leaves_an_arm_out || skip "left out on this machine: $1"
		echo "there is no finding: $1" && return 1
	fi
	if [[ -z $failed ]] || sentences held "$1" | grep -qvxF -e "$failed"; then
		echo "does not fail: $1" && return 1
	fi
}

# failures_are_listed: the answer to: do the findings fail that the patch names, and no others?
# Called by mutation, for its variables.
failures_are_listed() {
	local sentence
	local -a must may
	mapfile -t must < <(in_head fails "$patch")
	mapfile -t may < <(in_head 'may fail' "$patch")
	for sentence in "${must[@]}"; do
		must_fail "$sentence" || return
	done
	no_others_failed "${must[@]}" "${may[@]}"
}

# as_the_patch_says: the answer to: did what its head says come out? Skips the test where the experiment
# as it is cannot be asked on this machine either. Called by mutation, for its variables.
as_the_patch_says() {
	if ((status == STATUS[unsupported])) && [[ $verdict != unsupported ]]; then
		as_it_is
		((status != STATUS[unsupported])) || skip "$(grep '^# reason: ' <<<"$output")"
		echo "the patch makes it unsupported" && return 1
	fi
	verdict_is "$verdict" || return
	failures_are_listed
}

# mutation PATCH: compiles the experiment with the patch applied, runs it, and compares what comes out
# with the head of the patch.
mutation() {
	local patch=$1 verdict program
	local -a needed under arguments
	verdict=$(in_head verdict "$patch")
	[[ -n ${STATUS[${verdict:-none}]-} ]] || { echo "$patch: its verdict is none of: ${!STATUS[*]}" && return 1; }
	read -ra needed < <(in_head needs "$patch") || true
	read -ra under < <(in_head under "$patch") || true
	read -ra arguments < <(in_head arguments "$patch") || true
	needs "${needed[@]}"
	program=$(mutated "$patch")
	unset TMPDIR # files must be able to leave memory
	run_until_clear as_the_patch_says talk "${under[@]}" "$program" "${arguments[@]}"
	assert_output --partial "$(in_head reason "$patch")"
}
