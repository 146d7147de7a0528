# SPDX-License-Identifier: MIT
"""What a class does with the suite: sheets of questions, journals, hand-ins, and the page of all of them."""
