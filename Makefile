# SPDX-License-Identifier: MIT
#   experiments/CHAPTER/CLAIM.c -> build/CHAPTER/CLAIM -> results/latest/CHAPTER/CLAIM.csv -> CLAIM.svg -> index.html
# A new file in experiments/ is a new experiment: everything here is found by wildcard.

BUILD   ?= build
RESULTS ?= results/latest
CC      ?= cc
OPT     ?= -O2
WARN    ?= -Wall -Wextra -Wshadow -Wmissing-prototypes
# -fno-builtin: malloc and memset stay calls; -z now: no symbol is looked up while an arm runs.
FLAGS    = -std=gnu11 $(OPT) -g -fno-builtin -fPIE $(WARN)
LINK     = -pie -pthread -Wl,-z,now

SOURCES     := $(sort $(wildcard experiments/*/*.c))
EXPERIMENTS := $(SOURCES:experiments/%.c=$(BUILD)/%)
LIBRARY     := $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/*.c))

build: $(EXPERIMENTS)

# A file's own flags: EXTRA_FLAGS, EXTRA_LINK in a same-named .mk, target-specific.
-include $(wildcard experiments/*/*.mk)

$(BUILD)/lib/%.o: lib/%.c $(wildcard lib/*.h) $(BUILD)/.flags
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -DTOUCHSTONE_LIBRARY -DCOMPILER_FLAGS='"$(CC) $(OPT) -fno-builtin"' -c -o $@ $<

$(BUILD)/libtouchstone.a: $(LIBRARY)
	@rm -f $@ && ar rcs $@ $^

$(BUILD)/%: experiments/%.c $(wildcard lib/*.h) $(BUILD)/libtouchstone.a
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(EXTRA_FLAGS) -Ilib -o $@ $< $(BUILD)/libtouchstone.a $(LINK) $(EXTRA_LINK)

$(BUILD)/.flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(FLAGS) $(LINK)' | cmp -s - $@ || echo '$(CC) $(FLAGS) $(LINK)' > $@
FORCE:
