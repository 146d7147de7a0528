# SPDX-License-Identifier: MIT
"""Tests how scaling measures what a command costs."""
from pathlib import Path

import pytest
from touchstone.scaling import cost_of

MIB = 1 << 20


def test_a_small_process_does_not_have_the_peak_of_the_one_that_measures_it() -> None:
    ballast = bytearray(200 * MIB)
    ballast[::4096] = b"x" * len(ballast[::4096])
    assert cost_of(["true"], Path("/")).mib < 20


def test_a_large_process_has_its_own_peak_and_times() -> None:
    code = f"block = bytes({100 * MIB}); block = None; sum(range(3000000))"
    cost = cost_of(["/usr/bin/python3", "-c", code], Path("/"))
    assert 5 < cost.mib < 100  # calloc: nothing of it was written
    cost = cost_of(["/usr/bin/python3", "-c", code.replace("bytes(", "b'x' * (")], Path("/"))
    assert 100 < cost.mib < 150 and cost.wall > 0 and cost.cpu > 0


def test_a_command_that_fails_ends_the_script_with_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cost_of(["sh", "-c", "echo the words >&2; exit 2"], Path("/"))
    assert "sh -c failed: the words" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cost_of(["/nowhere/program"], Path("/"))
    assert "/nowhere/program failed: " in capsys.readouterr().err
