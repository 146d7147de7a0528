# SPDX-License-Identifier: MIT
# An independent program that the experiment runs too, to measure the price of a fault in another way.
PRICE_OF_A_FAULT := $(BUILD)/6_page_faults/a_fault_has_a_price

$(PRICE_OF_A_FAULT): | $(PRICE_OF_A_FAULT).plain_loop

$(PRICE_OF_A_FAULT).plain_loop: experiments/6_page_faults/helper/plain_loop.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(OPT) $(WARN) -o $@ $<
