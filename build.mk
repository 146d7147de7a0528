# SPDX-License-Identifier: MIT
#
# What the Makefile's targets share: settings, and how programs are built.

.DEFAULT_GOAL := help

# ---- settings --------------------------------------------------------------------

# bench keeps its run apart from the last run of everything, unless RESULTS names a folder.
ifeq ($(origin RESULTS),undefined)
bench: RESULTS := results/bench
endif

BUILD   ?= build
RESULTS ?= results/latest
CC      ?= cc
OPT     ?= -O2
CHART   ?= svg

# An empty setting (RESULTS=) counts as none.
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
ASKED := BUILD RESULTS CHART KNOBS DEEP CLAIM CHAPTER FROM NAME COURSE HYPOTHESIS PREDICT REASON BASE WITH KNOB TO STEP Y FIND ORIGIN ROUNDS HANDIN CLASS ONLY
export $(ASKED)

# A variable on make's command line that nothing reads is a mistake: make itself would go on without a word.
USED_IN_BUILDING := CC OPT WARN FLAGS LINK EXTRA_FLAGS EXTRA_LINK V
OF_THE_SHELL     := PATH SHELL TMPDIR TURN LD_PRELOAD MAKEFLAGS
GIVEN   := $(foreach name,$(.VARIABLES),$(if $(findstring command line,$(origin $(name))),$(name)))
UNKNOWN := $(filter-out $(ASKED) $(USED_IN_BUILDING) $(OF_THE_SHELL) -*-%,$(GIVEN))
ifneq ($(UNKNOWN),)
$(error there is no variable $(firstword $(UNKNOWN)): make knows $(ASKED), and for building $(USED_IN_BUILDING); \
	a knob of an experiment goes into KNOBS="$(firstword $(UNKNOWN))=...")
endif

# The option of scripts/run-one, predict and chart for CHART=png and CHART=text.
CHART_OPTION = $(if $(filter-out svg,$(CHART)),"--$$CHART")

# Where make new writes: git ignores mine, and keeps a course's chapter.
MINE = $(if $(COURSE),course_$(COURSE),mine)

# ---- how things are built --------------------------------------------------------

# -fno-builtin: malloc and memset stay calls.  -z now: no symbol is looked up while an arm runs.
# -ldl: dlopen() was in a library of its own until glibc 2.34.
WARN  = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wno-missing-field-initializers
FLAGS = -std=gnu11 $(OPT) -g -fno-builtin -fPIE $(WARN)
LINK  = -pie -pthread -ldl -Wl,-z,now

# V=1 shows the compiler's command lines.
Q = $(if $(V),,@echo '  CC $<';)

SOURCES     := $(sort $(wildcard experiments/*/*.c))
EXPERIMENTS := $(SOURCES:experiments/%.c=$(BUILD)/%)
# The library, room by room.
LIBRARY     := $(patsubst %.c,$(BUILD)/%.o,$(sort $(shell find lib -name '*.c')))
HEADERS     := $(sort $(shell find lib -name '*.h'))
ROOMS       := $(patsubst %/,-I%,$(sort $(dir $(HEADERS))))

# A same-named .mk beside an experiment sets EXTRA_FLAGS and EXTRA_LINK for its target.
-include $(wildcard experiments/*/*.mk)

$(BUILD)/lib/%.o: lib/%.c $(HEADERS) $(BUILD)/.flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) $(ROOMS) -DTOUCHSTONE_LIBRARY -DCOMPILER_FLAGS='"$(CC) $(OPT) -fno-builtin"' -c -o $@ $<

$(BUILD)/libtouchstone.a: $(LIBRARY)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/%: experiments/%.c $(HEADERS) $(BUILD)/libtouchstone.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) $(EXTRA_FLAGS) $(ROOMS) -o $@ $< $(BUILD)/libtouchstone.a $(LINK) $(EXTRA_LINK)

# With other flags than last time, everything is built again.
$(BUILD)/.flags: FORCE
	@{ mkdir -p $(@D) && { echo '$(CC) $(FLAGS) $(LINK)' | cmp -s - $@ || echo '$(CC) $(FLAGS) $(LINK)' > $@; }; } 2>/dev/null || \
		{ echo 'cannot build in $(BUILD): give another folder with BUILD=...' >&2; exit 1; }

# Builds on all CPUs, where make was not told on how many (-j).  What does not build stops nothing:
# scripts/run calls it broken and measures the others.
build-what-builds:
	@$(MAKE) --no-print-directory -k $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 1)) build || true

.PHONY: build-what-builds FORCE
.DELETE_ON_ERROR:
