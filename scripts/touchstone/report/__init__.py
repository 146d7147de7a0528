# SPDX-License-Identifier: MIT
"""The report: one page that stands alone."""
