# SPDX-License-Identifier: MIT
# Builds the helper for both word sizes, beside the experiment.  Where the compiler has
# no -m32 there is no .m32, and the experiment says what to install.
THIS_32_BIT   := $(BUILD)/1_address_space/a_32_bit_process_has_4_gib
HELPER_32_BIT := experiments/1_address_space/helper/address_space.c lib/address_space.c lib/procfs.c

# Order-only (after the bar), because a missing .m32 must not make the experiment out of
# date each time.
$(THIS_32_BIT): | $(THIS_32_BIT).m64 $(THIS_32_BIT).m32

$(THIS_32_BIT).m64: $(HELPER_32_BIT) $(wildcard lib/*.h)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) -Ilib -o $@ $(HELPER_32_BIT) $(LINK)

$(THIS_32_BIT).m32: $(HELPER_32_BIT) $(wildcard lib/*.h)
	@mkdir -p $(@D)
	@$(CC) $(FLAGS) -m32 -Ilib -o $@ $(HELPER_32_BIT) $(LINK) 2>/dev/null || rm -f $@
