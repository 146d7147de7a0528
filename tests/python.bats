#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Runs pytest on tests/python/, which tests the functions of scripts/touchstone/ that compute and write texts.

load helper

@test "the functions of scripts/touchstone pass their tests under pytest" {
	/usr/bin/python3 -c 'import pytest' 2>/dev/null || skip 'pytest is missing: scripts/setup tests installs it'
	run -0 /usr/bin/python3 -B -m pytest --quiet
}
