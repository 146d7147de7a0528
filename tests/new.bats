#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests scripts/new, which copies an experiment: what it writes, and what it refuses.

load helper

# Makes a copy of the project with a few experiments.
setup() {
	mkdir -p "$BATS_TEST_TMPDIR/project/experiments/1_address_space"
	project "$BATS_TEST_TMPDIR/project" malloc_is_lazy mallinfo_fields_are_size_classes leak_checkers_do_not_see_it
	export BUILD=build
	unset FROM NAME HYPOTHESIS
}

@test "make new makes a copy that builds, runs, says where it came from, and is in the report" {
	run -0 make new FROM=malloc_is_lazy NAME=reading_the_pages HYPOTHESIS='reading "takes" no memory, not even 1 \ page'
	[[ $output == *'mine/reading_the_pages '*reproduced*"experiments/mine/reading_the_pages.c is yours: change one thing in it, then make predict CLAIM=reading_the_pages" ]] || fail "$output"
	assert_equal "$(sed -n 2p experiments/mine/reading_the_pages.c)" '/* copy of experiments/3_residency/malloc_is_lazy.c */'
	grep -qxF '# hypothesis: reading "takes" no memory, not even 1 \ page' results/latest/mine/reading_the_pages.csv
	if [[ -e results/latest/index.html ]]; then
		grep -q 'Hypothesis: “reading &#34;takes&#34; no memory' results/latest/index.html
	fi
	# Except for those two lines the copy equals its origin, and no other file was left behind.
	diff <(sed '2d; /^\t\.hypothesis = /d' experiments/mine/reading_the_pages.c) experiments/3_residency/malloc_is_lazy.c
	assert_equal "$(ls -A experiments/mine)" reading_the_pages.c
}

@test "new asks for a hypothesis in the copy when none was given" {
	scripts/new malloc_is_lazy reading_the_pages
	grep -qx $'\t.hypothesis = "write your hypothesis here",' experiments/mine/reading_the_pages.c
}

@test "a copy of a copy names that copy as its origin, and has one hypothesis" {
	scripts/new 3_residency/malloc_is_lazy first 'a first, long one'
	sed -i 's/^\t.hypothesis = .*/\t.hypothesis = "of two, "\n\t\t"lines",/' experiments/mine/first.c
	scripts/new first second 'the second'
	assert_equal "$(sed -n 2p experiments/mine/second.c)" "/* copy of experiments/mine/first.c */"
	assert_equal "$(grep -c 'copy of' experiments/mine/second.c)" 1
	diff <(sed '2d; /^\t\.hypothesis = "the second",$/d' experiments/mine/second.c) experiments/3_residency/malloc_is_lazy.c
}

@test "new also copies the build flags and the chart that an experiment has of its own" {
	scripts/new mallinfo_fields_are_size_classes my_fields
	cmp experiments/mine/my_fields.gp experiments/7_fragmentation/mallinfo_fields_are_size_classes.gp
	scripts/new leak_checkers_do_not_see_it my_leak
	grep -q '^\$(BUILD)/mine/my_leak: EXTRA_LINK = ' experiments/mine/my_leak.mk
	run -0 make -n V=1 build/mine/my_leak
	assert_contains "$output" '-o build/mine/my_leak ' "--strip-debug"
}

# bats test_tags=long
@test "make new without FROM writes a skeleton that builds without a warning, runs, has a control and asks for a prediction" {
	run -0 make new NAME=my_claim HYPOTHESIS='a "new" claim \ of mine' WARN='-Wall -Wextra -Wshadow -Wmissing-prototypes -Werror -Wno-missing-field-initializers'
	assert_contains "$output" 'docs/an_experiment_from_nothing.md' 'mine/my_claim ' reproduced
	grep -qxF '# claim: a "new" claim \ of mine' results/latest/mine/my_claim.csv
	grep -q '^# control: held' results/latest/mine/my_claim.csv
	run -0 make predict CLAIM=my_claim PREDICT='2 pages'
	assert_output --partial 'Exactly as predicted.'
	sed -i '/the cause: put yours here/d' experiments/mine/my_claim.c
	run -0 make run CLAIM=my_claim
	assert_output --partial refuted
}

# bats test_tags=long
@test "COURSE= writes into a course's chapter, which git keeps, and which sheet and the report know" {
	run -0 make new NAME=of_the_course COURSE=os
	assert_contains "$output" 'course_os/of_the_course ' 'experiments/course_os/of_the_course.c is yours'
	run -0 make new FROM=leak_checkers_do_not_see_it NAME=my_leak COURSE=os
	grep -q '^\$(BUILD)/course_os/my_leak: EXTRA_LINK = ' experiments/course_os/my_leak.mk
	run -0 make sheet CHAPTER=course_os
	run -1 grep of_the_course results/latest/sheets/course_os.html
	if git -C "$ROOT" rev-parse --git-dir >/dev/null 2>&1; then
		run -1 git -C "$ROOT" check-ignore experiments/course_os/of_the_course.c
	fi
}

@test "new refuses a name that is taken in any chapter with status 2, and overwrites nothing" {
	mkdir experiments/mine
	echo mine >experiments/mine/taken.c
	run -2 scripts/new malloc_is_lazy taken
	assert_output --partial "there is experiments/mine/taken.c already; choose another NAME"
	assert_equal "$(<experiments/mine/taken.c)" mine
	run -2 make new FROM=malloc_is_lazy NAME=leak_checkers_do_not_see_it
	assert_output --partial 'there is experiments/7_fragmentation/leak_checkers_do_not_see_it.c already'
	assert_equal "$(ls experiments/mine)" taken.c
}

@test "new refuses a bad name, no name and a wrong source with one sentence and status 2, and writes nothing" {
	local bad
	for bad in Reading reading-pages 'reading pages' ../escape 9lives _x 'a;b' 'a"b' "$(printf 'a%.0s' {1..65})" größe; do
		run -2 scripts/new malloc_is_lazy "$bad"
		assert_output --partial "\"$bad\" cannot be its name: a lower case letter, then lower case letters, digits and underscores"
	done
	run -2 make new FROM=malloc_is_lazy NAME='a"; echo "hurt'
	assert_output --partial 'cannot be its name'
	refute_output --partial $'\nhurt'
	run -2 make new FROM=malloc_is_lazy
	assert_output --partial 'what shall it be called? make new FROM=malloc_is_lazy NAME='
	COURSE=../os run -2 scripts/new malloc_is_lazy reading_the_pages
	assert_output --partial 'COURSE=../os: a lower case letter'
	run -2 make new FROM=malloc_is_lasy NAME=reading_the_pages
	assert_contains "$output" 'there is no claim "malloc_is_lasy"; the nearest are:' "malloc_is_lazy"
	run -2 scripts/new malloc_is_lazy reading_the_pages $'two\nlines'
	assert_output --partial 'a hypothesis is one line of text'
	run -2 scripts/new malloc_is_lazy
	assert_output --partial "usage"
	assert [ ! -e experiments/mine ]
}

@test "new exits with 2 when it cannot write to the folder or the source has no declaration" {
	touch experiments/mine
	run -2 scripts/new malloc_is_lazy reading_the_pages
	assert_output --partial "cannot write to experiments/mine"
	rm experiments/mine
	echo 'int main(void) { return 0; }' >experiments/3_residency/bare.c
	run -2 scripts/new bare reading_the_pages
	assert_output --partial "has no line 'const struct experiment experiment = {'"
}

@test "git does not see copies, so git pull does not change them" {
	git -C "$ROOT" rev-parse --git-dir >/dev/null 2>&1 || skip 'this is no clone'
	git -C "$ROOT" check-ignore -q experiments/mine/reading_the_pages.c
}

@test "a change in the copy changes the verdict of the copy, and not that of its origin" {
	scripts/new malloc_is_lazy reading_the_pages
	sed -i '0,/write_pages/s//read_pages/' experiments/mine/reading_the_pages.c
	run -0 make predict CLAIM=reading_the_pages PREDICT=64M
	assert_output --partial "refuted"
	run -0 make run CLAIM=malloc_is_lazy
	assert_output --partial "reproduced"
}
