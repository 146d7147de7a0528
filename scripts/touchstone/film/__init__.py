# SPDX-License-Identifier: MIT
"""The film of an experiment: chunks and pages at every record."""
