# SPDX-License-Identifier: MIT
"""What stands behind the scripts in Python: a verb in scripts/ is a door to a module of this package."""
