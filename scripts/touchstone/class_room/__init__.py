# SPDX-License-Identifier: MIT
"""What a class does with the experiments: bets on paper."""
