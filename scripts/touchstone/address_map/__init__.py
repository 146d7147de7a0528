# SPDX-License-Identifier: MIT
"""The address map: the regions of a process that was observed, with their real addresses."""
