# SPDX-License-Identifier: MIT
"""Writes the name of each curve at its right end, in its colour, where all of them fit."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from touchstone import colours
from touchstone.charts.gnuplot import HEIGHT, quote_lines, wrap

if TYPE_CHECKING:
    from touchstone.charts.curves import Curve, Curves

SIZE = 13
WIDEST, MOST_LINES = 20, 4    # characters of a line, and lines of a name
LINE = 17 / (0.7 * HEIGHT)    # the height of a line, a share of the plot
FARTHEST = 0.2                # share of the plot: how far from its curve's end a name may stand
AT_THE_END = 0.9              # share of the x axis from which on a curve ends at the right edge
CHARACTER = 0.98              # of a name, in widths of gnuplot's characters


@dataclass
class Name:
    curve: Curve
    lines: list[str]
    end: float      # of its curve, a share of the plot's height
    at: float       # where it stands

    @property
    def height(self) -> float:
        return LINE * (len(self.lines) + 0.3)


def name_curves(chart: Curves) -> bool:
    """Returns whether all curves have their names now; if not, they are left to the key."""
    if chart.paper.is_text or chart.y2.is_used or len(chart.curves) < 2:
        return False
    names = [name_of(chart, curve) for curve in chart.curves]
    if any(chart.x.graph(curve.points[-1][0]) < AT_THE_END * chart.x.graph(chart.x.extent[1])
           for curve in chart.curves):
        return False
    spread(names)
    if any(abs(name.at - name.end) > FARTHEST or len(name.lines) > MOST_LINES for name in names):
        return False
    for name in names:
        shift = (len(name.lines) - 1) / 2
        chart.write(f"set label {quote_lines(name.lines)} at graph 1.012, graph {name.at:.4g} left offset 0,{shift:g} "
                    f"front font ',{SIZE}' tc rgb '{colours.of_curve(name.curve.look)}'")
    longest = max(len(line) for name in names for line in name.lines)
    chart.right = max(chart.right, CHARACTER * longest + 1.5)
    return True


def name_of(chart: Curves, curve: Curve) -> Name:
    last = len(curve.points) - 1
    if last in curve.breaks and curve.points[last - 1][0] == curve.points[last][0]:  # a point of its own, as far right
        last -= 1
    end = chart.charted[curve.column].graph(curve.points[last][1].median)
    return Name(curve, wrap(chart.name_of(curve), WIDEST), end, end)


def spread(names: list[Name]) -> None:
    """Moves names apart that would touch, each as little as it takes; none leaves the plot."""
    names.sort(key=lambda name: (name.end, -name.curve.number))
    for _ in range(200):
        for below, above in zip(names, names[1:]):
            missing = (below.height + above.height) / 2 - (above.at - below.at)
            if missing > 1e-6:
                below.at -= missing / 2
                above.at += missing / 2
        for name in names:
            name.at = min(max(name.at, name.height / 2 - 0.03), 1 - name.height / 2 + 0.05)
