#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # the made-up machine expands what stands in single quotes
#
# Tests scripts/setup and scripts/doctor on made-up machines that lack things. A machine is a folder of commands, which is
# the whole PATH, a list of tools, and an apt that logs its arguments and "installs" a tool by putting a command into the
# folder. The tests need no root and no network, and change nothing on this machine.

bats_require_minimum_version 1.7.0
load assertions

setup() {
	project=$BATS_TEST_TMPDIR/project
	bin=$BATS_TEST_TMPDIR/bin
	log=$BATS_TEST_TMPDIR/log
	mkdir -p "$project/scripts/shell" "$bin"
	cp "$BATS_TEST_DIRNAME"/../scripts/{setup,doctor} "$project/scripts/"
	cp "$BATS_TEST_DIRNAME"/../scripts/shell/{cli.sh,tools.sh,tools.tsv} "$project/scripts/shell/"
	: >"$log"
	for command in awk bash cat df dirname env fold getconf grep head mktemp nproc rm sed stat tail \
		timeout tr uname; do
		ln -s "$(type -P "$command")" "$bin/$command"
	done
	known=' ' offline=no unfit=none
}

# command_is NAME LINE...: puts a shell script on the machine.
command_is() {
	local name=$1
	shift
	printf '%s\n' '#!/bin/bash' "$@" >"$bin/$name"
	chmod +x "$bin/$name"
}

machine_has() {
	local name
	for name; do
		command_is "$name" 'while [[ $1 = -x ]] && read -r _; do :; done; echo "version 1.2.3"'
	done
}

# tools_are LINE...: writes the list of tools; blanks separate the fields, and _ stands for a blank.
tools_are() {
	printf '%s\n' "$@" | tr ' _' '\t ' >"$project/scripts/shell/tools.tsv"
}

small_list() {
	tools_are 'cc compiler cc gcc any measure no_building' \
		'make command make make any measure no_rules' \
		'plotter command plotter plotter-nox any chart no_charts_at_all' \
		'tracer command tracer tracer any experiment no_traces'
}

# user_is NUMBER: makes id -u print this number.
user_is() {
	command_is id "echo $1"
}

# apt_knows PACKAGE...: puts an apt-get on the machine that knows these packages. Of the alternatives in each argument it
# "installs" the first one that it knows, and it fails when it knows none; a dry run installs nothing.
apt_knows() {
	known=" $* "
	command_is apt-get \
		"[[ ' '\$*' ' = *' -s '* ]] || echo \"\${DEBIAN_FRONTEND-} apt-get \$*\" >> '$log'" \
		"[[ $offline = no || ' '\$*' ' = *' -s '* ]] || exit 100" \
		"[[ ' '\$*' ' != *' $unfit '* ]] || exit 100" \
		"known='$known' bin='$bin' chmod='$(type -P chmod)'" \
		'installing=no' \
		'for argument; do' \
		'	case $argument in satisfy) installing=yes; continue ;; -*) continue ;; esac' \
		'	[[ $installing = yes ]] || continue' \
		'	chosen=""' \
		'	for name in ${argument//|/ }; do' \
		'		[[ $chosen || $known != *" $name "* ]] || chosen=$name' \
		'	done' \
		'	[[ $chosen ]] || exit 100' \
		'	[[ " $* " != *" -s "* ]] || continue' \
		'	chosen=${chosen%-nox} chosen=${chosen%%[0-9]*}' \
		'	printf "#!/bin/bash\n" > "$bin/$chosen"; "$chmod" +x "$bin/$chosen"' \
		'done'
}

on_it() {
	run env -i PATH="$bin" HOME="$HOME" "$bin/bash" "$project/scripts/$1" "${@:2}" </dev/null
}

says() {
	[[ $output = *"$1"* ]] || {
		printf 'expected: %s\nin:\n%s\n' "$1" "$output"
		return 1
	}
}

says_not() {
	[[ $output != *"$1"* ]] || {
		printf 'unexpected: %s\nin:\n%s\n' "$1" "$output"
		return 1
	}
}

# fails COMMAND ...: succeeds when the command fails. A plain ! makes a test fail only on its last line.
fails() {
	! "$@"
}

# ---- the list -----------------------------------------------------------------

@test "every line of the list of tools is complete and has a check of its kind" {
	. "$project/scripts/shell/tools.sh"
	count=0
	while IFS= read -r line; do
		[[ $line != '#'* ]] || continue
		IFS=$'\t' read -r name kind what package machine role cost rest <<<"$line"
		echo "$line"
		assert [ -n "$cost" ]
		assert_equal "$rest" ""
		assert_equal "$(type -t "has_$kind")" function
		[[ " $roles " = *" $role "* ]] || fail "$role"
		[[ $package =~ ^[a-z0-9.|+-]+$ ]]
		[[ $machine = any || $machine = x86_64 ]]
		count=$((count + 1))
	done <"$project/scripts/shell/tools.tsv"
	[ "$count" -ge 20 ]
}

@test "measuring needs a compiler, the libc headers and make, and nothing else" {
	run awk -F '\t' '$6 == "measure" { print $4 }' "$project/scripts/shell/tools.tsv"
	assert_output $'gcc\nlibc6-dev\nmake'
}

@test "the check of each kind tells what is there from what is missing" {
	. "$project/scripts/shell/tools.sh"
	has_command cat
	fails has_command no-such-command
	has_compiler cat
	fails has_compiler no-such-compiler
	CC='cat -u' has_compiler no-such-compiler
	has_library libc.so.6
	fails has_bats no-such-library
	fails has_library libnosuchlibrary.so.1
	fails has_module nosuchmodule
	[ ! -x /usr/bin/python3 ] || has_module json
	type cc || skip 'no C compiler here'
	has_compile -pthread
	fails has_compile -lnosuchlibrary
}

@test "setup leaves out a tool for another kind of machine" {
	tools_are 'here command none-here a any test x' 'there command none-there b pdp11 test x' \
		'cc command cat c any measure x'
	on_it setup --check
	says here
	says_not there
}

# ---- setup ----------------------------------------------------------------------

@test "setup asks apt for nothing when everything is here" {
	small_list
	user_is 0
	apt_knows make
	machine_has cc make plotter tracer
	on_it setup
	assert_success
	assert_output 'setup: everything is here'
	assert [ ! -s "$log" ]
}

@test "setup --check names what is missing, changes nothing and exits 1" {
	small_list
	user_is 0
	apt_knows make plotter-nox
	machine_has cc make tracer
	on_it setup --check
	assert_failure 1
	assert_output 'missing: plotter (Debian package plotter-nox, for: chart): no charts at all'
	assert [ ! -s "$log" ]
	machine_has plotter
	on_it setup --check
	assert_success
}

@test "setup installs only what is missing, after one update, and asks no questions" {
	small_list
	user_is 0
	apt_knows gcc make plotter-nox tracer
	machine_has cc tracer
	on_it setup
	assert_success
	says 'everything is here'
	assert_equal "$(wc -l <"$log")" 2
	[[ $(sed -n 1p "$log") = 'noninteractive apt-get '*' update' ]]
	[[ $(sed -n 2p "$log") = 'noninteractive apt-get '*' satisfy -y --no-remove --no-install-recommends make plotter-nox' ]]
	: >"$log"
	on_it setup
	assert_success
	assert [ ! -s "$log" ]
}

@test "setup takes the package name that this release knows" {
	tools_are 'cc compiler cc gcc any measure x' 'lib command lib lib4|lib4t64 any experiment x'
	user_is 0
	apt_knows lib4t64
	machine_has cc
	on_it setup
	grep -q 'recommends lib4 | lib4t64$' "$log"
	[ -x "$bin/lib" ]
}

@test "setup skips a package that apt does not know, and says so" {
	small_list
	user_is 0
	apt_knows plotter-nox
	machine_has cc make
	on_it setup
	assert_success
	says 'skipped tracer: not known to apt here, or it does not fit'
	says 'missing: tracer (Debian package tracer, for: experiment): no traces'
	says_not 'missing: plotter'
	grep -q 'recommends plotter-nox$' "$log"
}

@test "setup leaves out a package that would remove others, and installs the rest" {
	unfit=tracer
	small_list
	user_is 0
	apt_knows plotter-nox tracer
	machine_has cc make
	on_it setup
	assert_success
	says 'skipped tracer: not known to apt here, or it does not fit what is installed'
	grep -q 'recommends plotter-nox$' "$log"
}

@test "without a network setup says what is missing and what that costs, and lets measuring go on" {
	offline=yes
	small_list
	user_is 0
	apt_knows plotter-nox tracer
	machine_has cc make
	on_it setup
	assert_success
	says 'apt-get update failed'
	says 'missing: plotter (Debian package plotter-nox, for: chart): no charts at all'
	says 'measuring goes on without'
}

@test "without a network and without make setup fails and says why" {
	offline=yes
	small_list
	user_is 0
	apt_knows make
	machine_has cc plotter tracer
	on_it setup
	assert_failure 2
	says 'measuring cannot start without make'
}

@test "setup fails when the compiler cannot build" {
	offline=yes
	tools_are 'cc compiler cc gcc any measure x' 'headers compile -pthread libc6-dev any measure x'
	user_is 0
	apt_knows libc6-dev
	command_is cc 'while read -r _; do :; done; exit 1'
	on_it setup
	assert_failure 2
	says 'measuring cannot start without headers'
}

@test "setup installs through sudo for an ordinary user" {
	small_list
	user_is 1000
	apt_knows plotter-nox
	machine_has cc make tracer
	command_is sudo "echo \"sudo \$*\" >> '$log'; [[ \$1 != -n ]] || exit 0; exec \"\$@\""
	on_it setup
	assert_success
	grep -q '^sudo env DEBIAN_FRONTEND=noninteractive apt-get .* update$' "$log"
	grep -q '^sudo env DEBIAN_FRONTEND=noninteractive apt-get .* plotter-nox$' "$log"
}

@test "setup shows the command for root to a user without sudo" {
	small_list
	user_is 1000
	apt_knows make plotter-nox
	machine_has cc make tracer
	on_it setup
	assert_success
	says 'apt-get update && apt-get satisfy -y --no-remove --no-install-recommends '\''plotter-nox'\'
	assert [ ! -s "$log" ]
	rm "$bin/make"
	command_is sudo 'exit 1'
	on_it setup
	assert_failure 2
	says "no-install-recommends 'make, plotter-nox'"
	assert [ ! -s "$log" ]
}

@test "without apt setup names the packages, and those of dnf where there is dnf" {
	small_list
	user_is 0
	machine_has cc make dnf
	on_it setup
	assert_success
	says 'by their Debian names: plotter-nox, tracer'
	says 'dnf install gcc make'
	rm "$bin/make" "$bin/dnf"
	on_it setup
	assert_failure 2
	says 'Debian names: make, plotter-nox, tracer'
	says_not dnf
}

@test "setup tests fetches the tools of the browser tests once by npm, and runs none of their scripts" {
	small_list
	user_is 0
	machine_has cc make plotter tracer
	mkdir -p "$project/tests/browser/node_modules"
	touch -d yesterday "$project/tests/browser/package-lock.json"
	on_it setup --check tests
	assert_failure 1
	says 'missing: playwright-core and axe-core (by npm ci in tests/browser, for: test)'
	on_it setup tests
	assert_success
	says 'missing: playwright-core and axe-core'
	command_is npm "echo \"\$*\" >> '$log'; exit 1"
	on_it setup tests
	assert_success
	says 'npm ci failed'
	says 'missing: playwright-core and axe-core'
	on_it setup
	says 'everything is here'
	command_is npm "echo \"\$*\" >> '$log'; : > node_modules/.package-lock.json"
	on_it setup tests
	on_it setup tests
	assert_output 'setup: everything is here'
	assert_equal "$(grep -c '^ci --ignore-scripts ' "$log")" 2
}

@test "setup leaves out what only tests and linters use, setup tests installs it, and setup refuses any other word" {
	tools_are 'cc compiler cc gcc any measure x' 'tester command tester tester any test no_tests' \
		'linter command linter linter any lint no_linting' 'plotter command plotter plotter any chart x'
	user_is 0
	apt_knows tester linter plotter
	machine_has cc
	on_it setup
	assert_success
	assert_output 'setup: everything is here'
	grep -q 'recommends plotter$' "$log"
	on_it setup --check
	assert_success
	on_it setup --check tests
	assert_failure 1
	says 'missing: tester (Debian package tester, for: test): no tests'
	on_it setup tests
	assert_success
	grep -q 'recommends tester linter$' "$log"
	on_it setup charts
	assert_failure 2
	says 'there is no "charts" to set up'
}

@test "setup and doctor say so when their list of tools is missing" {
	rm "$project/scripts/shell/tools.tsv"
	for script in setup doctor; do
		on_it "$script"
		assert_failure 2
		says "$script: cannot read"
	done
}

# ---- doctor ---------------------------------------------------------------------

@test "doctor exits with 0 when measuring works, and shows versions" {
	small_list
	machine_has cc make plotter tracer
	on_it doctor
	assert_success
	[[ $output =~ here\ +plotter\ +1\.2\.3\ +chart ]] || fail "$output"
	assert_equal "${lines[-1]}" 'Measuring works, and every tool is here.'
}

@test "doctor names a missing tool, what its absence costs, and how to install it" {
	small_list
	machine_has cc make tracer
	on_it doctor
	assert_success
	[[ $output =~ MISSING\ +plotter\ +plotter-nox\ +chart:\ no\ charts\ at\ all ]] || fail "$output"
	says 'Measuring works, without plotter.'
	says 'To install: scripts/setup, or as root: apt-get install plotter-nox'
}

@test "doctor names what only tests and linters lack in a line of its own" {
	tools_are 'cc compiler cc gcc any measure x' 'tester command tester tester any test no_tests' \
		'linter command linter linter any lint no_linting'
	machine_has cc
	on_it doctor
	[ "$status" -eq 0 ]
	says 'Measuring works, and every tool for it is here.'
	[ "${lines[-1]}" = 'The tests lack tester, linter: scripts/setup tests installs what they use.' ]
}

@test "doctor fails when measuring does not work" {
	small_list
	machine_has cc plotter tracer
	on_it doctor
	assert_failure 2
	assert_equal "${lines[-1]}" 'doctor: measuring does not work without make: run scripts/setup'
	on_it doctor now
	assert_failure 2
}

@test "doctor shows the page size, the kernel and the limits of this machine" {
	small_list
	machine_has cc make plotter tracer
	on_it doctor
	[[ $output =~ page\ size\ +$(getconf PAGESIZE)\ bytes ]] || fail "$output"
	[[ $output =~ kernel\ +$(uname -r) ]] || fail "$output"
	[[ $output =~ max_map_count\ +$(cat /proc/sys/vm/max_map_count)\  ]] || fail "$output"
	ulimit -S -s 4096
	on_it doctor
	[[ $output =~ stack\ \(-s\)\ +4\ MiB ]] || fail "$output"
	[[ $output =~ addresses\ \(-v\)\ +unlimited ]] || skip 'addresses are limited here'
	ulimit -S -v 8388608
	on_it doctor
	[[ $output =~ addresses\ \(-v\)\ +8\ GiB ]] || fail "$output"
}

@test "doctor shows that personality(2) is refused, and that the files lie in memory" {
	small_list
	machine_has cc make plotter tracer
	command_is setarch exit
	on_it doctor
	[[ $output =~ holding\ it\ still\ +allowed ]] || fail "$output"
	command_is setarch 'exit 1'
	rm "$bin/df"
	command_is df 'echo Type; echo tmpfs'
	on_it doctor
	assert_success
	[[ $output =~ holding\ it\ still\ +refused ]] || fail "$output"
	[[ $output =~ file\ system\ +tmpfs\ +.*unsupported ]] || fail "$output"
}

@test "doctor writes at most 100 columns, whatever is missing" {
	on_it doctor
	assert_failure 2
	says MISSING
	while IFS= read -r line; do
		echo "$line"
		[ "${#line}" -le 100 ]
	done < <(grep -v '^doctor: ' <<<"$output")
}
