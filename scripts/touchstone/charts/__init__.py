# SPDX-License-Identifier: MIT
"""Charts: one result by gnuplot, two runs over each other by matplotlib."""
