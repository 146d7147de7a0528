#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # stderr and stderr_lines are set by run
# Tests what all verbs have in common. Every file of scripts/ and scripts/maintain/ is a verb, and a wildcard finds it.

load helper

verbs() { find scripts scripts/maintain -maxdepth 1 -type f; }

@test "every verb answers --help and -h with its own header, which has a purpose, USAGE and OVERHEADS" {
	local verb option
	for verb in $(verbs); do
		for option in --help -h; do
			run -0 --separate-stderr "$verb" "$option"
			[[ -z $stderr && $output == *USAGE*"$verb"*OVERHEADS* ]] || { echo "$verb $option: $output$stderr" && false; }
			grep -qF "${lines[0]}" "$verb"
			refute_output --partial "SPDX"
			refute_output --partial 'set -e'
			refute_output --partial 'import '
		done
	done
}

@test "every verb answers --help from any folder, after any argument, and where nothing can be measured" {
	cd /
	local verb
	for verb in $(cd "$ROOT" && verbs); do
		RESULTS=/nowhere BUILD=/nowhere TMPDIR=/nowhere run -0 "$ROOT/$verb" --help
		assert_output --partial "OVERHEADS"
	done
	run -0 "$ROOT/scripts/run" malloc_is_lazy --help
	[[ ${lines[0]} == 'run - '* ]]
}

@test "the scripts behind the verbs answer --help, and refuse any other wrong call with one sentence and status 2" {
	local script
	for script in scripts/shell/{observer,report-after,for-reading}; do
		run -0 --separate-stderr "$script" --help
		[[ -z $stderr && $output == *USAGE*"$script"*OVERHEADS* ]] || { echo "$script: $output$stderr" && false; }
		for wrong in --nonsense ''; do
			run -2 --separate-stderr "$script" ${wrong:+"$wrong"}
			[[ -z $output && ${#stderr_lines[@]} -eq 1 && $stderr == "$script: "* ]] || { echo "$script: $output$stderr" && false; }
		done
	done
	OBSERVED=/nowhere run -2 scripts/shell/observer $$ arm stage 1 0
	OBSERVED=$BATS_TEST_TMPDIR run -2 scripts/shell/observer 0 arm stage 1 0
}

@test "every verb refuses an unknown option with status 2 and one sentence that names it" {
	local verb
	for verb in $(verbs); do
		run -2 --separate-stderr "$verb" --nonsense
		[[ -z $output && ${#stderr_lines[@]} -eq 1 && $stderr == *--nonsense* ]] || { echo "$verb: $output$stderr" && false; }
	done
}

@test "refresh-mutations takes the name of a claim, and answers a wrong one" {
	run -0 scripts/maintain/refresh-mutations malloc_is_lazy
	assert_equal "$output" ""
	run -2 scripts/maintain/refresh-mutations malloc_is_lasy
	assert_output --partial 'there is no claim "malloc_is_lasy"; the nearest are:'
}

@test "a verb that takes no argument, or one, refuses more of them, and does nothing" {
	local call
	for call in summary run-all doctor maintain/check maintain/mutations 'claims malloc_is_lazy' 'run-one malloc_is_lazy'; do
		read -ra call <<<"$call"
		RESULTS=$BATS_TEST_TMPDIR/results run -2 --separate-stderr scripts/"${call[0]}" "${call[@]:1}" surplus
		[[ -z $output && ${#stderr_lines[@]} -eq 1 && $stderr == *surplus* ]] || { echo "${call[*]}: $output$stderr" && false; }
	done
	assert [ ! -e "$BATS_TEST_TMPDIR/results" ]
}

@test "every verb in Python has only a few lines, which call the package" {
	local verb
	for verb in $(verbs); do
		head -n 1 "$verb" | grep -q python || continue
		[ "$(sed '1,/^"""$/d' "$verb" | wc -l)" -le 12 ]
		grep -q '^    from touchstone\..* import main$' "$verb"
	done
}

@test "importing a module of the package changes nothing, and only modules that draw need matplotlib or jinja2" {
	mkdir "$BATS_TEST_TMPDIR/without"
	echo 'raise ImportError' | tee "$BATS_TEST_TMPDIR/without/"{matplotlib,jinja2,markupsafe}.py >/dev/null
	PYTHONPATH=$BATS_TEST_TMPDIR/without:scripts run -0 --separate-stderr /usr/bin/python3 -B - <<-'PYTHON'
		import importlib, os, pathlib, signal, sys
		before = lambda: (sys.stdout, sys.stdout.errors, sys.stderr.errors, sys.excepthook, os.getcwd(), signal.getsignal(signal.SIGTERM))
		was = before()
		drawing = {"touchstone.pages", "touchstone.compare_page", "touchstone.classroom.page", "touchstone.classroom.sheet", "touchstone.report.page", "touchstone.report.claim", "touchstone.report.pictures", "touchstone.report.series"}
		for path in sorted(pathlib.Path("scripts").glob("touchstone/**/*.py")):
		    name = str(path.relative_to("scripts").with_suffix("")).replace("/", ".")
		    if name not in drawing and path.name != "__main__.py":
		        importlib.import_module(name)
		    assert before() == was, name
	PYTHON
	assert_equal "$output$stderr" ""
}

@test "no two classes of the package have the same name" {
	run -0 /usr/bin/python3 - <<-'PYTHON'
		import ast, collections, pathlib
		found = collections.defaultdict(list)
		for path in sorted(pathlib.Path("scripts/touchstone").rglob("*.py")):
		    for node in ast.parse(path.read_text()).body:
		        if isinstance(node, ast.ClassDef):
		            found[node.name].append(str(path))
		print({name: paths for name, paths in found.items() if len(paths) > 1} or "none")
	PYTHON
	assert_output none
}
