# SPDX-License-Identifier: MIT
"""Runs the suite on other systems: behind scripts/maintain/worlds."""
