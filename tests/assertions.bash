# SPDX-License-Identifier: MIT
# bats-assert, and what it lacks. Each of them prints what was there when it fails.
bats_load_library bats-support
bats_load_library bats-assert

# assert_contains TEXT PART ...: these parts stand in the text, in this order. One pattern for all of
# them: to cut off the text part by part takes bash a minute for a page of 2 MB.
assert_contains() {
	local pattern='*' part
	for part in "${@:2}"; do
		part=${part//\\/\\\\} part=${part//\*/\\*} part=${part//\?/\\?}
		part=${part//\[/\\[} part=${part//\(/\\(}
		pattern+=$part'*'
	done
	# shellcheck disable=SC2053 # it is a pattern
	[[ $1 == $pattern ]] || fail "not found, in this order: $(printf '\n  %s' "${@:2}")"$'\n'"in: $1"
}

# refute_contains TEXT PART: the part does not stand in the text.
refute_contains() {
	[[ $1 != *"$2"* ]] || fail "found: $2"$'\n'"in: $1"
}
