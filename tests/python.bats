#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The functions of scripts/touchstone/ that compute and write texts: tests/python/, by pytest.

load helper

@test "pytest" {
	/usr/bin/python3 -c 'import pytest' 2>/dev/null || skip 'pytest is missing: scripts/setup tests installs it'
	run -0 /usr/bin/python3 -B -m pytest --quiet
}
