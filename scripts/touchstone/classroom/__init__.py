# SPDX-License-Identifier: MIT
"""Hands in a run, and lays the runs of a class side by side: behind scripts/handin and scripts/class."""
