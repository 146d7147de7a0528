# SPDX-License-Identifier: MIT
"""How far a column moved, and the median over trials: the same rules as in judge() (lib/harness/judge.c, statistics.h).

A column moves from a first record to a last one.  Of integers the median is one that was measured, the lower of the
two in the middle; of ratios it is a quantile, linear between neighbours (Hyndman and Fan's type 7).
"""
from __future__ import annotations

import statistics
from collections.abc import Sequence

from touchstone.words import no_number


def moved(row: dict, first: dict, column: str) -> int | None:
    """Returns how far a column has moved since the first row, and y as it is; None where it was not measured."""
    if column == "y":
        return row[column]
    return difference(row, first, column)


def difference(last: dict, first: dict, column: str) -> int | None:
    """Returns last less first; None where one of them was not measured, or never came."""
    if no_number(last.get(column)) or no_number(first.get(column)):
        return None
    return last[column] - first[column]


def between(rows: Sequence[dict], begin: str = "", end: str = "", column: str = "") -> tuple[int, int] | None:
    """Returns where the first record of stage begin stands and the last one of stage end, of any stage where that is
    empty; None where one of them is missing.  Where a column is named, only records that measured it count."""
    counted = [i for i, row in enumerate(rows) if not column or row.get(column) is not None]
    first = next((i for i in counted if begin in ("", rows[i]["stage"])), None)
    last = next((i for i in reversed(counted) if end in ("", rows[i]["stage"])), None)
    return (first, last) if first is not None and last is not None else None


def growth(rows: Sequence[dict], column: str, begin: str = "", end: str = "") -> int | None:
    """Returns how far a column moved from the first record of one stage to the last of another: growth() of judge.c."""
    found = between(rows, begin, end)
    return difference(rows[found[1]], rows[found[0]], column) if found else None


def median(values: Sequence[int] | Sequence[float]) -> float:
    """Returns the median: of integers one that was measured, of ratios a quantile."""
    if all(isinstance(value, int) for value in values):
        return statistics.median_low(values)
    return statistics.median(values)


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Returns the lower quartile, the median and the upper quartile of ratios."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    lower, middle, upper = statistics.quantiles(values, n=4, method="inclusive")
    return lower, middle, upper
