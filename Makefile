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
export BUILD RESULTS KNOBS DEEP

# -fno-builtin: malloc and memset stay calls; -z now: no symbol is looked up while an arm runs.
WARN    = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wno-missing-field-initializers
FLAGS   = -std=gnu11 $(OPT) -g -fno-builtin -fPIE $(WARN)
LINK    = -pie -pthread -Wl,-z,now

# V=1 shows the compiler's command lines.
Q = $(if $(V),,@echo '  CC $<';)

CHART_OPTION = $(filter-out --svg,--$(CHART))

SOURCES     := $(sort $(wildcard experiments/*/*.c))
EXPERIMENTS := $(SOURCES:experiments/%.c=$(BUILD)/%)
LIBRARY     := $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/*.c))
HEADERS     := $(wildcard lib/*.h)

help: ## show this text
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{ printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo '  RESULTS=results/monday  puts results elsewhere     DEEP=1  longer, finer runs'
	@echo '  CHART=png, CHART=text   draws PNG, or text in the terminal (run, charts)'

build: $(EXPERIMENTS) ## compile all experiments

run-all: ## measure everything, draw the charts, write the report
	@$(MAKE) --no-print-directory -k build || true
	@scripts/run || [ $$? -eq 1 ]
	@scripts/observe || true
	@scripts/chart $(RESULTS)/*/*.csv || true
	@scripts/report $(RESULTS) || true
	@scripts/summary

run: ## run one claim: make run CLAIM=malloc_is_lazy KNOBS="block=256M"
	@claim=$$(scripts/claims "$(CLAIM)") && $(MAKE) --no-print-directory $(BUILD)/$$claim && \
		scripts/run $$claim && scripts/chart $(CHART_OPTION) $(RESULTS)/$$claim.csv; \
		status=$$?; scripts/report $(RESULTS) || true; exit $$status

observe: ## look at one claim, or all, from outside with ps and pmap: make observe CLAIM=malloc_is_lazy
	@$(MAKE) --no-print-directory build
	@scripts/observe $(CLAIM)

charts: ## draw the charts again
	@scripts/chart $(CHART_OPTION) $(RESULTS)/*/*.csv

report: ## write the report again
	@scripts/report $(RESULTS)

check: build lint test ## all tests, linters included

test: build
	@bats tests

lint: ## compilers' warnings as errors, static analysis, formatting
	@scripts/lint

doctor: ## what is here, what is missing, and what that costs
	@scripts/doctor

reference: ## measure everything into results/reference/ and fill the texts from it
	@$(MAKE) --no-print-directory build
	@rm -rf results/reference
	@RESULTS=results/reference scripts/run
	@scripts/chart results/reference/*/*.csv
	@scripts/reference --fill

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
	@mkdir -p $(@D)
	@echo '$(CC) $(FLAGS) $(LINK)' | cmp -s - $@ || echo '$(CC) $(FLAGS) $(LINK)' > $@

.PHONY: help build run-all run observe charts report check test lint doctor reference clean FORCE
.DELETE_ON_ERROR:
