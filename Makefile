# SPDX-License-Identifier: MIT
#
#   experiments/CHAPTER/CLAIM.c -> build/CHAPTER/CLAIM -> results/latest/CHAPTER/CLAIM.csv -> CLAIM.svg -> index.html
#                                                                          CLAIM.observed/ -^
# A file added to experiments/ is an experiment more: all of them are found by wildcard.

BUILD   ?= build
RESULTS ?= results/latest
CC      ?= cc
OPT     ?= -O2
CHART   ?= svg

# An empty setting (RESULTS=) is as good as none.
ifeq ($(strip $(BUILD)),)
override BUILD := build
endif
ifeq ($(strip $(RESULTS)),)
override RESULTS := results/latest
endif
ifneq ($(words $(BUILD)),1)
$(error BUILD="$(BUILD)": make cannot build in a folder with a blank in its name; give another one)
endif

# What a reader may set reaches the recipes as "$$NAME", so that quotes and blanks in it do no harm.
export BUILD RESULTS CHART KNOBS DEEP CLAIM CHAPTER FROM NAME HYPOTHESIS PREDICT BASE WITH KNOB TO STEP Y ORIGIN

# -fno-builtin: malloc and memset stay calls; -z now: no symbol is looked up while an arm runs;
# -ldl: dlopen() lay in a library of its own until glibc 2.34.
WARN    = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wno-missing-field-initializers
FLAGS   = -std=gnu11 $(OPT) -g -fno-builtin -fPIE $(WARN)
LINK    = -pie -pthread -ldl -Wl,-z,now

# V=1 shows the compiler's command lines.
Q = $(if $(V),,@echo '  CC $<';)

CHART_OPTION = $(if $(filter-out svg,$(CHART)),"--$$CHART")

# Some scripts are in Python; without it the shell would say that they are not there.
HAVE_PYTHON = { [ -x /usr/bin/python3 ] || { echo 'python3 is missing, and with it reports and comparisons: scripts/setup installs it' >&2; false; }; }

SOURCES     := $(sort $(wildcard experiments/*/*.c))
EXPERIMENTS := $(SOURCES:experiments/%.c=$(BUILD)/%)
LIBRARY     := $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/*.c))
HEADERS     := $(wildcard lib/*.h)

help: ## show this text
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{ printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo '  RESULTS=results/monday  puts results elsewhere     DEEP=1  longer, finer runs'
	@echo '  CHART=png, CHART=text   draws PNG, or text in the terminal (run, charts)'

build: $(EXPERIMENTS) ## compile all experiments

run-all: ## measure everything, draw the charts, write the report
	@$(MAKE) --no-print-directory -k build || true
	@scripts/run; status=$$?; [ $$status -le 1 ] || exit $$status; \
	scripts/observe; \
	if $(HAVE_PYTHON); then scripts/chart -- "$$RESULTS"/*/*.csv; scripts/address_map; scripts/report -- "$$RESULTS"; fi; \
	scripts/summary || exit; \
	[ $$status -eq 0 ] || { echo 'some gave no result this time (see above); the table shows their last one' >&2; exit $$status; }

run: ## run one claim: make run CLAIM=malloc_is_lazy KNOBS="block=256M"
	@claim=$$(scripts/claims "$$CLAIM") && $(MAKE) --no-print-directory "$(BUILD)/$$claim" && \
		scripts/run "$$claim" && { $(HAVE_PYTHON) || exit 77; } && scripts/chart $(CHART_OPTION) -- "$$RESULTS/$$claim.csv"; \
		status=$$?; { $(HAVE_PYTHON) && scripts/report -- "$$RESULTS"; } || true; exit $$status

observe: ## look at one claim, or all, from outside with ps and pmap: make observe CLAIM=malloc_is_lazy
	@$(MAKE) --no-print-directory build
	@scripts/observe $(if $(CLAIM),"$$CLAIM")
	@$(HAVE_PYTHON) || exit 0; scripts/address_map $(if $(CLAIM),"$$CLAIM") || [ $$? -eq 77 ]

predict: ## say first what will be measured, then run: make predict CLAIM=malloc_is_lazy (PREDICT=64K: without asking)
	@scripts/predict $(CHART_OPTION) "$$CLAIM"; \
		status=$$?; [ $$status -eq 2 ] || scripts/report -- "$$RESULTS" || true; exit $$status

predict-all: ## the same for a whole chapter: make predict-all CHAPTER=3_residency
	@scripts/predict $(CHART_OPTION) --all "$$CHAPTER"; \
		status=$$?; [ $$status -eq 2 ] || scripts/report -- "$$RESULTS" || true; exit $$status

new: ## fork an experiment: make new FROM=malloc_is_lazy NAME=reading_the_pages HYPOTHESIS="reading takes no memory"
	@scripts/new "$$FROM" "$$NAME" "$$HYPOTHESIS"
	@$(MAKE) --no-print-directory run CLAIM="9_mine/$$NAME"
	@echo "experiments/9_mine/$$NAME.c is yours: change one thing in it, then make predict CLAIM=$$NAME"

predict predict-all compare sweep hypothesis confound bench charts report reference: python

python:
	@$(HAVE_PYTHON)

# CLAIM=, Y= and the like stay empty where they are not given: each script knows what to take then.
compare: ## lay two runs over each other: make compare BASE=results/monday WITH=results/latest
	@scripts/compare "$$BASE" "$$WITH" $(if $(CLAIM),--claim "$$CLAIM")

sweep: ## one run for each value of a knob: make sweep CLAIM=mmap_starts_at_128_kib KNOB=freed FROM=256K TO=64M STEP=x2
	@scripts/sweep "$$CLAIM" "$$KNOB" "$$FROM" "$$TO" "$$STEP" "$$Y"

hypothesis: ## your fork beside its origin, and a page for the journal: make hypothesis CLAIM=reading_the_pages
	@scripts/hypothesis "$$CLAIM" --origin "$$ORIGIN"

confound: ## change one condition at a time: which of them turn the verdict? make confound CLAIM=malloc_is_lazy
	@scripts/confound "$$CLAIM"

bench: ## the instrument beside its peers: one table of ratios, into results/bench (some minutes)
	@$(MAKE) --no-print-directory build
	@$(if $(filter file,$(origin RESULTS)),RESULTS=results/bench) scripts/maintain/bench

charts: ## draw the charts again
	@ls "$$RESULTS"/*/*.csv >/dev/null 2>&1 || { echo "$$RESULTS holds no results yet: make run-all measures" >&2; exit 2; }
	@scripts/chart $(CHART_OPTION) -- "$$RESULTS"/*/*.csv

report: ## write the report again
	@scripts/report -- "$$RESULTS"

check: build lint test ## all tests, linters included

test: build
	@command -v bats >/dev/null || { echo 'bats is missing: scripts/setup test installs it' >&2; exit 2; }
	@bats tests "$$(scripts/maintain/mutations)"

lint: ## compilers' warnings as errors, static analysis, formatting
	@scripts/maintain/lint

doctor: ## what is here, what is missing, and what that costs
	@scripts/doctor

reference: ## measure everything into results/reference/ and fill the texts from it (some minutes)
	@$(MAKE) --no-print-directory build
	@rm -rf results/reference
	@RESULTS=results/reference scripts/run
	@scripts/chart results/reference/*/*.csv
	@RESULTS=results/reference/bench scripts/maintain/bench >/dev/null
	@scripts/maintain/scaling >results/reference/bench/scaling.md
	@scripts/maintain/reference --fill

clean: ## remove what was built; results stay
	rm -rf $(BUILD)

# ---- how things are built ------------------------------------------------------

# Rare flags of one experiment: a same-named .mk sets EXTRA_FLAGS, EXTRA_LINK for its target.
-include $(wildcard experiments/*/*.mk)

$(BUILD)/lib/%.o: lib/%.c $(HEADERS) $(BUILD)/.flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) -DTOUCHSTONE_LIBRARY -DCOMPILER_FLAGS='"$(CC) $(OPT) -fno-builtin"' -c -o $@ $<

$(BUILD)/libtouchstone.a: $(LIBRARY)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/%: experiments/%.c $(HEADERS) $(BUILD)/libtouchstone.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) $(EXTRA_FLAGS) -Ilib -o $@ $< $(BUILD)/libtouchstone.a $(LINK) $(EXTRA_LINK)

# Other flags than last time: build everything again.
$(BUILD)/.flags: FORCE
	@{ mkdir -p $(@D) && { echo '$(CC) $(FLAGS) $(LINK)' | cmp -s - $@ || echo '$(CC) $(FLAGS) $(LINK)' > $@; }; } 2>/dev/null || \
		{ echo 'cannot build in $(BUILD): give another folder with BUILD=...' >&2; exit 1; }

.PHONY: help build run-all run observe predict predict-all new compare sweep hypothesis confound bench charts report check test lint doctor reference clean python FORCE
.DELETE_ON_ERROR:
