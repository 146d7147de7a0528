# SPDX-License-Identifier: MIT
"""Tells which curves lie on each other, and gives those panels of their own.

    for curves in panels(chart): ...     # one list of curves for each panel
"""
from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from touchstone.charts.curves import Curve, Curves

NEAR = 0.012        # share of the axis: two curves that lie nearer look like one
MOST_SHARED = 0.7   # share of their points where they may
MOST_PANELS = 9
PANEL_EACH = 4      # up to so many arms have a panel each; of more, those share one that do not coincide


def value_at(curve: Curve, x: float, is_stepped: bool) -> float:
    """Returns the height of a curve at x, which lies between its ends."""
    places = [place for place, _ in curve.points]
    after = bisect_right(places, x)
    (x0, before), (x1, behind) = curve.points[after - 1], curve.points[min(after, len(places) - 1)]
    if is_stepped or x1 <= x0:
        return before.median
    return before.median + (behind.median - before.median) * (x - x0) / (x1 - x0)


def shared(chart: Curves, one: Curve, other: Curve) -> float:
    """Returns the share of the points of two curves at which one covers the other."""
    axis = chart.charted[one.column]
    if axis is not chart.charted[other.column]:
        return 0
    places = [{x for x, _ in curve.points} for curve in (one, other)]
    low, high = max(min(xs) for xs in places), min(max(xs) for xs in places)
    xs = places[0] & places[1] if chart.form == "stages" else {x for x in places[0] | places[1] if low <= x <= high}
    if len(xs) < 2:
        return 0
    near = [x for x in xs if abs(axis.share(value_at(one, x, chart.form == "steps"))
                                 - axis.share(value_at(other, x, chart.form == "steps"))) <= NEAR]
    return len(near) / len(xs)


def coincide(chart: Curves, one: Curve, other: Curve) -> bool:
    return shared(chart, one, other) > MOST_SHARED


def merged(chart: Curves) -> list[Curve]:
    """Returns the curves; two columns of an arm that are one curve throughout become one with both names."""
    kept: list[Curve] = []
    for curve in chart.curves:
        same = next((other for other in kept if other.arm == curve.arm and shared(chart, other, curve) == 1
                     and len(other.points) == len(curve.points)), None)
        if same:
            same.columns += (curve.column,)
        else:
            kept.append(curve)
    return kept


def panels(chart: Curves) -> list[list[Curve]]:
    """Returns the curves of each panel: one panel where no two coincide."""
    pairs = {(one.number, other.number) for one in chart.curves for other in chart.curves
             if one.number < other.number and coincide(chart, one, other)}
    if not pairs:
        return [chart.curves]
    arms = list(dict.fromkeys(curve.arm for curve in chart.curves))
    groups = [[curve for curve in chart.curves if curve.arm == arm] for arm in arms]
    if any((one.number, other.number) in pairs for group in groups for one in group for other in group):
        groups = [[curve] for curve in chart.curves]
    if len(groups) <= PANEL_EACH:
        return groups
    return _packed(groups, pairs)


def _packed(groups: list[list[Curve]], pairs: set[tuple[int, int]]) -> list[list[Curve]]:
    """Returns as few panels as are needed, filled from the first on."""
    filled: list[list[Curve]] = []
    for group in groups:
        free = [panel for panel in filled if not any((one.number, other.number) in pairs
                                                     for one in panel for other in group)]
        if free:
            free[0].extend(group)
        else:
            filled.append(list(group))
    return filled[:MOST_PANELS]
