# SPDX-License-Identifier: MIT
# valgrind 3.19 (Debian 12) cannot read the debug information that clang writes (DWARF 5). It is
# not needed here, so it is left out of the program.
$(BUILD)/4_giving_back/a_double_free_is_noticed: EXTRA_LINK = -Wl,--strip-debug
