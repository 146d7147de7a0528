# SPDX-License-Identifier: MIT
"""Writes annotations: a few words beside a point of a curve, where they cover nothing, with a line that leads there."""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from touchstone import colours
from touchstone.charts.gnuplot import quote_lines, wrap
from touchstone.charts.jumps import Box, is_on_a_curve
from touchstone.lines import DeclaredAnnotation
from touchstone.results import Result
from touchstone.sides import Spread

if TYPE_CHECKING:
    from touchstone.charts.curves import Curve, Curves

SIZE = 15
CHARACTERS = 34                   # of a line
WIDTH, HEIGHT = 0.0125, 0.055     # of a character and of a line, in shares of the plot
STEPS = (0.02, 0.05, 0.1, 0.16, 0.23, 0.3, 0.4, 0.5, 0.6, 0.7)  # from a point to its text, the best first
NO_LEADER = 0.04                  # share of the plot: nearer than this no line leads to the point


def texts(result: Result) -> list[tuple[DeclaredAnnotation, str]]:
    """Returns annotations with their numbers, those whose finding is there: a run that could not tell has none."""
    found = []
    for note in result.annotations:
        try:
            found.append((note, note.words(result.findings)))
        except ValueError:
            continue
    return found


def point_of(chart: Curves, curve: Curve, note: DeclaredAnnotation) -> tuple[float, float] | None:
    """Returns (x, y) of the point that is meant."""
    points: Sequence[tuple[float, Spread]]
    if chart.form == "stages":
        place = chart.stages.index(note.stage) + 1 if note.stage in chart.stages else note.x
        points = [point for point in curve.points if point[0] == place]
    elif note.stage:
        records = chart.side.over_records(curve.arm, curve.column)
        points = [(x, spread) for x, stage, spread in records if stage == note.stage][-1:]
    else:
        points = sorted(curve.points, key=lambda point: abs(point[0] - note.x))[:1]
    return (points[0][0], points[0][1].median) if points else None


def write_annotations(chart: Curves) -> list[Box]:
    """Writes those of this panel; returns what they cover."""
    taken: list[Box] = []
    for note, text in texts(chart.result):
        curve = next((curve for curve in chart.curves if curve.arm == note.arm), None)
        point = point_of(chart, curve, note) if curve else None
        if curve and point:
            taken += _write(chart, curve, point, wrap(text, CHARACTERS / chart.grid.across ** 0.5), taken)
    return taken


def _places(x: float, y: float, wide: float, high: float) -> list[Box]:
    """Returns boxes around a point, the nearest first."""
    found = []
    for aside in STEPS:
        for away in STEPS:
            for left in {x + aside, x - aside - wide}:
                for bottom in {y + away, y - away - high}:
                    found.append((max(aside, away), Box(left, left + wide, bottom, bottom + high)))
    return [box for _, box in sorted(found, key=lambda one: (one[0], -one[1].left, -one[1].bottom))]


def _write(chart: Curves, curve: Curve, point: tuple[float, float], lines: list[str], taken: list[Box]) -> list[Box]:
    axis, across = chart.charted[curve.column], chart.x
    x, y = across.share(point[0]), axis.share(point[1])
    wide = WIDTH * chart.grid.across * max(map(len, lines))
    high = HEIGHT * chart.grid.down * len(lines)
    box = next((box for box in _places(x, y, wide, high) if 0 <= box.bottom and box.top <= 1.02
                and not is_on_a_curve(chart, box) and not any(box.covers(other) for other in taken)), None)
    if box is None:
        return []
    middle = (box.bottom + box.top) / 2
    is_right = box.left >= x

    def at(share_x: float, share_y: float) -> str:
        return (f"first {across.place(across.between(*across.ends, share_x))}, "
                f"{axis.first} {axis.place(axis.between(*axis.ends, share_y))}")

    look = chart.picture(f" font 'DejaVu Sans:Bold,{SIZE}' tc rgb '{colours.of_curve(curve.look)}'")
    edge = box.left if is_right else box.right
    chart.write(f"set label {quote_lines(lines)} at {at(edge, middle)} {'left' if is_right else 'right'} "
                f"offset 0,{(len(lines) - 1) / 2:g} front{look}")
    near = min(max(x, box.left), box.right), min(max(y, box.bottom), box.top)
    if not chart.paper.is_text and max(abs(near[0] - x), abs(near[1] - y)) > NO_LEADER:
        chart.write(f"set arrow from {at(*near)} to {at(x, y)} front nohead lc rgb '#777777' lw 1.2")
    return [box]
