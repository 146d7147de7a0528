# SPDX-License-Identifier: MIT
"""Tests which values a sweep takes."""
import pytest
from touchstone.sweep import values_of


@pytest.mark.parametrize("first, last, step, values", [
    ("1M", "4M", "x2", [1 << 20, 2 << 20, 4 << 20]), ("0", "8", "4", [0, 4, 8]), ("1", "8", "x1.5", [1, 2, 3, 5, 8]),
    ("64K", "64K", "x2", [65536]), ("1", "1000", "1", list(range(1, 1001))),
])
def test_values(first: str, last: str, step: str, values: list[int]) -> None:
    assert values_of(first, last, step) == values


@pytest.mark.parametrize("first, last, step, sentence", [
    ("1", "1001", "1", "is more than 1000 runs"), ("1", "64M", "x1.0000001", "is more than 1000 runs"),
    ("1", "64M", "x1e999999999", "give a factor above 1"), ("1", "64M", "x3/0", "give a factor above 1"),
    ("1", "9" * 5000, "x2", "is not a whole number"), ("1", "99999999999G", "x2", "is not a whole number"),
])
def test_a_range_that_is_none_is_refused(capsys: pytest.CaptureFixture[str], first: str, last: str, step: str,
                                         sentence: str) -> None:
    with pytest.raises(SystemExit):
        values_of(first, last, step)
    assert sentence in capsys.readouterr().err
