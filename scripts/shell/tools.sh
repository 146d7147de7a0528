# shellcheck shell=bash disable=SC2034 # what is set here is used where this is sourced
# SPDX-License-Identifier: MIT
#
# tools.sh - reads tools.tsv and looks whether each tool is here; for setup, doctor and report
#
# USAGE (sourced)
#   each_tool FUNCTION  calls FUNCTION for each line that concerns this machine, with
#                       name, kind, what, package, role and cost set
#   present             within FUNCTION: is the tool here?  Sets found to the alternative that is.
#   for_tests           within FUNCTION: is it of use to tests and linters alone?
#   summed_up TEXT...   prints the texts, each once, in order, separated by ", "
#
# OVERHEADS: a command 0 ms, a library 2 ms, a Python module 20 ms, a compilation 40 ms.

tools_list=${BASH_SOURCE[0]%/*}/tools.tsv
roles='measure chart report observe lab experiment allocator test lint'

each_tool() {
	local name kind what package machine role cost here
	here=$(uname -m)
	while IFS=$'\t' read -r -u 9 name kind what package machine role cost; do
		case $name in '' | '#'*) continue ;; esac
		[[ $machine != any && $machine != "$here" ]] || "$1"
	done 9<"$tools_list"
}

present() {
	local alternatives
	IFS='|' read -ra alternatives <<<"$what"
	for found in "${alternatives[@]}"; do
		! "has_$kind" "$found" || return 0
	done
	return 1
}

has_command() {
	command -v "$1" >/dev/null
}

# As the Makefile does, takes CC from the environment, where it may have options.
has_compiler() {
	local words
	read -ra words <<<"${CC:-$1}"
	has_command "${words[0]}"
}

# stdio.h brings in the headers of the C library, pthread.h those of the kernel.
has_compile() {
	local scratch status=0
	scratch=$(mktemp -d)
	# shellcheck disable=SC2086 # both are lists of words
	printf '%s\n' '#include <pthread.h>' '#include <stdio.h>' 'int main(void) { return 0; }' |
		${CC:-cc} -x c - -o "$scratch/program" $1 2>/dev/null || status=1
	rm -rf "$scratch"
	return "$status"
}

# Asks the dynamic linker itself: it complains on stderr where it finds none.
has_library() {
	[[ -z $(LD_PRELOAD=$1 cat /dev/null 2>&1) ]]
}

# Where Debian's bats finds what `bats_load_library` loads.
has_bats() {
	[[ -e /usr/lib/bats/$1/load.bash ]]
}

has_module() {
	/usr/bin/python3 -c 'import importlib.util, sys; sys.exit(not importlib.util.find_spec(sys.argv[1]))' \
		"$1" 2>/dev/null
}

for_tests() {
	[[ $role == test || $role == lint ]]
}

summed_up() {
	local text list=', '
	for text; do
		[[ $list = *", $text, "* ]] || list+="$text, "
	done
	list=${list#, }
	printf '%s' "${list%, }"
}
