# shellcheck shell=bash disable=SC2034 # what is set here is used where this is sourced
# SPDX-License-Identifier: MIT
#
# measuring.sh - what run and observe do alike: settings, turns, folders, and an end that leaves nothing half-written.
#
# USAGE (sourced, from the project's folder; "$@" is handed on):
#   build, results, knobs   from BUILD, RESULTS and KNOBS
#   bound                   stands before a program, which then ends with this script, even where that is killed outright
#   part, talk              what is half done, removed at the end; the file of a program's talk
#   name_claims NAME ...    sets claims to CHAPTER/CLAIM of each, of all where none is named
#   make_folder FOLDER      or a sentence, and exit 2
#   wait_for_turn           two measurements at a time would disturb each other: the second one waits, for a
#                           lock on $TURN, or on a file in the build folder where that is not set
#   is_built CLAIM          is its program here, and no older than what it is made of?
#
# OVERHEADS: two processes, once: 3 ms.
build=${BUILD:-build}
results=${RESULTS:-results/latest}
read -ra knobs <<<"${KNOBS:-}"

part=''
talk=''
clean_up() {
	trap '' HUP INT TERM # a second Ctrl-C must not leave half of it
	rm -f "$talk"
	[[ -z $part ]] || rm -rf "$part"*
}
trap clean_up EXIT
trap 'echo >&2; echo "interrupted; finished results are kept in $results" >&2; exit 130' INT TERM
trap 'exit 129' HUP

# A kill of make ends the shell between make and this script, and that one hands on nothing: the kernel tells it.
bound=()
if setpriv --pdeathsig KILL true 2>/dev/null; then
	bound=(setpriv --pdeathsig KILL)
	[[ -z ${MAKELEVEL-} ]] || MAKELEVEL='' exec setpriv --pdeathsig TERM "scripts/${0##*/}" "$@"
fi

if [[ ! -r /proc/self/statm ]]; then
	echo "/proc is not mounted, so nothing can be measured: mount -t proc proc /proc" >&2
	exit 2
fi

if ! talk=$(mktemp 2>/dev/null); then
	echo "cannot write temporary files to ${TMPDIR:-/tmp}: give another folder with TMPDIR=..." >&2
	exit 2
fi

name_claims() {
	local name claim
	claims=()
	if (($# == 0)); then
		mapfile -t claims < <(scripts/claims)
		return
	fi
	for name; do
		claim=$(scripts/claims "$name") || exit 2
		claims+=("$claim")
	done
}

cannot_write() {
	echo "cannot write $1: give another folder with $2=..., or its owner the right to write" >&2
	exit 2
}

make_folder() {
	[[ -d $1 ]] || mkdir -p "$1" 2>/dev/null || true
	[[ -d $1 && -w $1 ]] || cannot_write "results to $1" RESULTS
}

wait_for_turn() {
	{ mkdir -p "$build" && : >>"$build/.measuring"; } 2>/dev/null || cannot_write "to $build" BUILD
	exec 9>>"${TURN:-$build/.measuring}"
	command -v flock >/dev/null || return 0
	flock --nonblock 9 && return
	echo "another measurement is running; waiting for it to end" >&2
	flock 9
}

is_built() {
	local source
	[[ -x $build/$1 ]] || return
	for source in "experiments/$1.c" lib/*.[ch] lib/*/*; do
		[[ ! -f $source || ! $source -nt $build/$1 ]] || return
	done
}
