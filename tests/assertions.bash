# SPDX-License-Identifier: MIT
# bats-assert, and what it lacks. Each of them prints what was there when it fails.
bats_load_library bats-support
bats_load_library bats-assert

# assert_contains TEXT PART ...: these parts stand in the text, in this order.
assert_contains() {
	local rest=$1 part
	for part in "${@:2}"; do
		[[ $rest == *"$part"* ]] || fail "not found: $part"$'\n'"in: $1" || return
		rest=${rest#*"$part"}
	done
}

# refute_contains TEXT PART: the part does not stand in the text.
refute_contains() {
	[[ $1 != *"$2"* ]] || fail "found: $2"$'\n'"in: $1"
}
