# SPDX-License-Identifier: MIT
#
#   experiments/CHAPTER/CLAIM.c -> build/CHAPTER/CLAIM -> results/latest/CHAPTER/CLAIM.csv -> CLAIM.svg -> index.html
#                                                                          CLAIM.observed/ -^
# A file added to experiments/ is one more experiment: make finds all of them by wildcard.
# Settings, and how programs are built: build.mk.  The lines with two # are what `make help` shows.

include build.mk

##   RESULTS=results/monday  puts results elsewhere     DEEP=1  longer, finer runs
##   CHART=png, CHART=text   draws PNG, or text in the terminal (run, charts)

help: ## show this text
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{ printf "  make %-12s %s\n", $$1, $$2 } sub(/^## /, "") { notes = notes "\n" $$0 } END { print notes }' Makefile

build: $(EXPERIMENTS) ## compile all experiments

run-all: build-what-builds ## measure everything, draw the charts, write the report
	@scripts/run-all

run: ## run one claim: make run CLAIM=malloc_is_lazy KNOBS="block=256M"
	+@scripts/shell/report-after scripts/run-one $(CHART_OPTION) "$$CLAIM"

observe: build ## look at one claim, or all, from outside with ps and pmap: make observe CLAIM=malloc_is_lazy
	@scripts/observe $${CLAIM:+"$$CLAIM"} && { scripts/shell/python scripts/address_map $${CLAIM:+"$$CLAIM"} || [ $$? -eq 77 ]; } && \
	echo "make report puts it into the report"

predict: ## say first what will be measured, then run: make predict CLAIM=3.1 (PREDICT=64K, PREDICT="15x 64M, 5x 0": without asking)
	@scripts/shell/report-after scripts/shell/python scripts/predict $(CHART_OPTION) "$$CLAIM"

predict-all: ## predict for each claim of a chapter: make predict-all CHAPTER=3_residency
	@scripts/shell/report-after scripts/shell/python scripts/predict $(CHART_OPTION) --all "$$CHAPTER"

sheet: ## a chapter's questions to print, for bets on paper, and the teacher's key: make sheet CHAPTER=3_residency
	@scripts/shell/python scripts/sheet "$$CHAPTER"

new: ## copy an experiment: make new FROM=malloc_is_lazy NAME=reading_the_pages HYPOTHESIS="reading takes no memory" (no FROM: a skeleton; COURSE=os: for a course)
	@scripts/new "$$FROM" "$$NAME" "$$HYPOTHESIS" && $(MAKE) --no-print-directory run CLAIM="$(MINE)/$$NAME" && \
	echo "experiments/$(MINE)/$$NAME.c is yours: change one thing in it, then make predict CLAIM=$$NAME"

compare: ## lay two runs over each other: make compare BASE=results/monday WITH=results/latest
	@scripts/shell/python scripts/compare "$$BASE" "$$WITH" $${CLAIM:+--claim "$$CLAIM"}

sweep: ## one run for each value of a knob: make sweep CLAIM=mmap_starts_at_128_kib KNOB=freed FROM=256K TO=64M STEP=x2
	@scripts/shell/python scripts/sweep "$$CLAIM" "$$KNOB" "$$FROM" "$$TO" "$$STEP" "$$Y" $${FIND:+--find "$$FIND"}

hypothesis: ## your copy beside its origin, and a page for the journal: make hypothesis CLAIM=reading_the_pages
	@scripts/shell/python scripts/hypothesis "$$CLAIM" --origin "$$ORIGIN"

confound: ## change one condition at a time: which of them turn the verdict? make confound CLAIM=malloc_is_lazy
	@scripts/shell/python scripts/confound "$$CLAIM" $${WITH:+--with "$$WITH"}

handin: ## pack this run for the teacher: make handin NAME=pair-7
	@scripts/shell/python scripts/handin "$$NAME"

class: ## one page for a whole class: make class FROM='handin/*'
	@scripts/shell/python scripts/class $$FROM

bench: build ## the instrument beside its peers: one table of ratios, into results/bench (some minutes)
	@scripts/shell/python scripts/maintain/bench

charts: ## draw the charts again
	@scripts/chart $(CHART_OPTION) -- "$$RESULTS" && echo "charts: $$RESULTS/CHAPTER/CLAIM.$$CHART"

report: ## write the report again
	@scripts/shell/python scripts/report -- "$$RESULTS" && echo "report: $$RESULTS/index.html"

check: build ## is the suite right on this machine? The tests, and the quick linters (6 minutes)
	@scripts/maintain/check
check-all: build ## can each finding fail, with each compiler? All tests and linters (a quarter of an hour)
	@scripts/maintain/check --all
check-edges: build ## each claim with other mallocs, at the ends of its knobs, and with sanitizers (a quarter of an hour)
	@bats --timing --jobs "$$(nproc)" "$$(scripts/maintain/edges)"
test: build
	@scripts/maintain/check --no-lint
lint: ## compilers' warnings as errors, static analysis, formatting
	@scripts/maintain/lint
doctor: ## what is here, what is missing, and what that costs
	@scripts/doctor
reference: build ## measure everything into results/reference/ and fill the texts from it (some minutes); CLAIM=name: that one
	@scripts/shell/python scripts/maintain/reference --measure $${CLAIM:+"$$CLAIM"}
worlds: build ## run the suite on other systems: make worlds ONLY=debian11,linux-6.1 (up to two hours for all)
	@scripts/shell/python scripts/maintain/worlds $${ONLY:+"$$ONLY"}
worlds-check: ## is every verdict that differs between the systems explained?
	@scripts/shell/python scripts/maintain/worlds --check
clean: ## remove what was built; results stay
	rm -rf $(BUILD)

.PHONY: help build run-all run observe predict predict-all sheet new compare sweep hypothesis confound handin class bench charts report check check-all check-edges test lint doctor reference worlds worlds-check clean
