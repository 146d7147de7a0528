#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests that each room of lib/ uses only the rooms below it (README.md, "Where things are").

load helper

# The rooms, from the lowest to the highest. A room may use those that stand before it in this list.
floors=(end pool probe experiment film harness actions)

# Prints the room of a file in lib/: its folder, or the name of a file that lies in no folder.
room_of() {
	local path=${1#lib/}
	case $path in
	*/*) echo "${path%%/*}" ;;
	*) echo "${path%.*}" ;;
	esac
}

# Prints "FROM TO REASON" for each #include of one room in another.
includes() {
	local file header found
	while IFS=: read -r file header; do
		found=$(find lib -name "$header")
		[[ -z $found ]] || echo "$(room_of "$file") $(room_of "$found") $file:#include-$header"
	done < <(grep -rnoP '^#include "\K[^"]+' lib --include='*.[ch]' | sed -E 's/:[0-9]+:/:/')
}

# Prints "FROM TO REASON" for each symbol of one room that another one uses.
calls() {
	(cd "$BUILD" && find lib -name '*.o' -exec nm -A -P {} +) | awk '
		{
			sub(/:$/, "", $1)
			room = $1
			sub(/^lib\//, "", room)
			room = room ~ /\// ? substr(room, 1, index(room, "/") - 1) : substr(room, 1, length(room) - 2)
			if ($3 ~ /^[TDBRC]$/) home[$2] = room
			else if ($3 == "U") { user[++n] = room; used[n] = $2; file[n] = $1 }
		}
		END {
			for (i = 1; i <= n; i++)
				if (used[i] in home) print user[i], home[used[i]], file[i] ":" used[i]
		}'
}

# Prints each line of "FROM TO REASON" in which FROM stands on a lower floor than TO.
upward() {
	local from to reason i
	declare -A floor
	for i in "${!floors[@]}"; do floor[${floors[i]}]=$i; done
	while read -r from to reason; do
		[[ -n ${floor[$from]-} && -n ${floor[$to]-} ]] || echo "no floor for $from or $to: $reason"
		((${floor[$from]-0} >= ${floor[$to]-0})) || echo "$from -> $to: $reason"
	done
}

@test "no room of lib/ includes a header or calls a function of a room above it" {
	includes >"$BATS_TEST_TMPDIR/arrows"
	calls >>"$BATS_TEST_TMPDIR/arrows"
	(($(wc -l <"$BATS_TEST_TMPDIR/arrows") > 100))
	run upward <"$BATS_TEST_TMPDIR/arrows"
	echo "$output"
	[[ -z $output ]]
}

@test "this test finds an include of a higher room, and a room that has no place in the list" {
	run upward <<<"probe harness lib/probe/probe.c:#include-harness.h"
	[[ $output == "probe -> harness: "* ]]
	run upward <<<"cellar probe lib/cellar/wine.c:probe_open"
	[[ $output == "no floor for cellar"* ]]
}
