# SPDX-License-Identifier: MIT
# valgrind 3.19 (Debian 12) gives up on the DWARF 5 that clang writes; it needs none of it here.
$(BUILD)/7_fragmentation/leak_checkers_do_not_see_it: EXTRA_LINK = -Wl,--strip-debug
