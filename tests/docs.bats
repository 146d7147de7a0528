#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests the documents: what they tell the reader to type must work, and must show what they say.

load helper

# sandbox: makes a copy of the project with the experiment that first_experiment.md starts from, and goes there.
sandbox() {
	project "$BATS_TEST_TMPDIR/project" malloc_is_lazy
	unset BUILD RESULTS
	export ROUNDS=2 # rounds of make hypothesis: enough to see that it does what the page says
}

# bats test_tags=long
@test "first_experiment.md has only commands that work and numbers that these commands show" {
	[ "$(getconf PAGE_SIZE)" -eq 4096 ] || skip 'the document shows a machine with 4 KiB pages'
	sandbox
	run -0 "$ROOT/tests/run_document.py" "$ROOT/docs/first_experiment.md"
	run -1 grep Careful results/latest/journal/reading_the_pages.md # no warning, because the reader changed one thing only
}

# bats test_tags=long
@test "an_experiment_from_nothing.md has only commands that work and shows what these commands show" {
	[ "$(getconf PAGE_SIZE)" -eq 4096 ] || skip 'the document shows a machine with 4 KiB pages'
	sandbox
	run -0 "$ROOT/tests/run_document.py" "$ROOT/docs/an_experiment_from_nothing.md"
}

@test "run_document.py accepts a correct document, and names each wrong command, number, target and difference in another" {
	sandbox
	printf '%s\n' '    echo 4,096 pages' '```text' '4,096 ... pages' '```' 'It shows 4096.' >good.md
	run -0 "$ROOT/tests/run_document.py" good.md
	printf '%s\n' '    false' '```text' 'pages' '```' 'It shows 4,097, `make nonsense`.' '```diff' '--- good.md' '-absent' '+x' '```' >bad.md
	run -1 "$ROOT/tests/run_document.py" bad.md
	assert_contains "$output" 'false: exit 1' 'not shown: pages' 'nothing has shown 4,097' 'no target nonsense' 'good.md has no'
}

# bats test_tags=long
@test "the commands of the lesson and of the lab in teaching.md work, one after the other" {
	export HOME=$BATS_TEST_TMPDIR PREDICT=1 ROUNDS=1
	mapfile -t claims < <(sed -n '/^## A lesson/,/^## How a prediction/p' docs/teaching.md | grep -oE 'CLAIM=[a-z0-9_.]+|FROM=[a-z]\w+' | sed 's/.*=//' | grep -v what_we_believe | sort -u)
	[ "$(scripts/claims 3.1) $(scripts/claims 3.2)" = '3_residency/malloc_is_lazy 3_residency/resident_memory_comes_in_pages' ]
	mapfile -t commands < <(sed -n '/^## A lesson/,/^## How a prediction/p' docs/teaching.md | grep -oE '`make [^`]+=[^`]+`' | tr -d '`' |
		grep -vE '^make (run-all|predict-all|handin|class)|^make confound CLAIM=\w+$')
	[ "${#commands[@]}" -ge 10 ]
	mapfile -t named < <(for claim in "${claims[@]}"; do scripts/claims "$claim"; done | sort -u)
	project "$BATS_TEST_TMPDIR/project" "${named[@]}"
	cp "$ROOT/experiments/3_residency/README.md" experiments/3_residency # it puts the claims in order
	unset BUILD RESULTS
	mkdir -p results
	for command in "${commands[@]}"; do
		[[ $command != *BASE=* ]] || cp -r results/latest results/neighbour
		bash -c "$command" </dev/null >said 2>&1 || {
			echo "$command"
			cat said
			false
		}
	done
}

# every PATTERN: prints each text in teaching.md that matches an extended regular expression, each once.
every() { grep -oE "$1" docs/teaching.md | sort -u; }

@test "teaching.md names only claims, commands, chapters and files that exist" {
	local word
	while read -r word; do
		[[ $word == what_we_believe ]] || grep -q "/$word\$" <(scripts/claims) || {
			echo "no claim $word"
			return 1
		}
	done < <({
		every '^\| `[a-z0-9]+_[a-z0-9_]+`'
		every '(CLAIM|FROM)=[a-z]\w+'
	} | sed 's/.*=//; s/[|` ]//g')
	while read -r word; do
		grep -q "^${word#make }:" Makefile || {
			echo "no target $word"
			return 1
		}
	done < <(every 'make [a-z]+-?[a-z]+( [A-Z]|`)' | grep -oE 'make [a-z-]+')
	while read -r word; do
		[ -e "${word#*=}" ] || [ -e "docs/${word#](}" ] || [ -e "experiments/${word#*=}" ] || {
			echo "no $word"
			return 1
		}
	done < <(every '\]\([^)#]+|CHAPTER=[0-9]\w+')
}
