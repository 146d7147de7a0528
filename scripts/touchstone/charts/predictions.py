# SPDX-License-Identifier: MIT
"""Draws what was predicted: from where the question begins to where each prediction would end; many as a histogram."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from touchstone import prediction
from touchstone.charts.gnuplot import quote_lines
from touchstone.charts.marks import OF_PREDICTIONS
from touchstone.growth import between

if TYPE_CHECKING:
    from touchstone.charts.curves import Curve, Curves
    from touchstone.charts.form import Form

LONGEST = 0.12   # of the bars of a histogram, a share of the plot
NEARER = 0.7     # of the way from what was measured to what was predicted, where the words stand
BIN = 0.06       # height of a bar and its name, a share of the plot
SIZE = 13
WIDTH = 0.24     # of the names beside an arrow, a share of the picture
BEYOND = {True: ("0.94", "above ↑"), False: ("0.05", "below ↓")}


def draw_predictions(chart: Curves) -> bool:
    """Returns whether it has drawn them, and no line across the chart need stand for them."""
    question = prediction.question_of(chart.result)
    if question is None or question.is_jump or chart.paper.is_text:
        return False
    curve = next((curve for curve in chart.curves if curve.arm == question.arm and question.column in curve.columns),
                 None)
    told = prediction.counted(chart.result)
    if not told:
        return False
    if curve is None:  # in the panel of another arm nothing was predicted
        return any(curve.arm == question.arm and question.column in curve.columns
                   for panel in chart.panels for curve in panel)
    if len(told) > prediction.MOST_MARKS:
        _histogram(chart, curve, told, question)
        return True
    return len(told) == 1 and _bracket(chart, curve, question)


def _histogram(chart: Curves, curve: Curve, told: Counter[float], question: prediction.Question) -> None:
    """Draws a bar for each number at the left end of the plot, as long as it was often said."""
    axis, high = chart.charted[curve.column], BIN * chart.grid.down
    bins: dict[int, list[float]] = {}  # where a bar stands -> each number that was said
    beyond = Counter[bool]()
    for value, count in told.items():
        place = question.place(chart.result, value)
        at = axis.graph(place[1]) if place and axis.place(place[1]) != "NaN" else -1 if value < 0 else 2
        if -high < at < 1 + high:
            bins.setdefault(round(at / high), []).extend([value] * count)
        else:
            beyond[at > 1] += count
    most = max(map(len, bins.values()), default=1)
    for number, values in bins.items():
        end, low, top = LONGEST * len(values) / most, question.text(min(values)), question.text(max(values))
        chart.write(f"set arrow from graph 0, graph {number * high:.4g} to graph {end:.4g}, graph {number * high:.4g} "
                    f"nohead front lc rgb '{OF_PREDICTIONS}' lw 9")
        _name(chart, [f"{len(values)} × {low if low == top else f'{low} to {top}'}"],
              f"graph {end + 0.01:.4g}, graph {number * high:.4g} left")
    for is_above, count in beyond.items():
        at_edge, words = BEYOND[is_above]
        _name(chart, [f"{count} × {words}"], f"graph 0.45, graph {at_edge} left")


def _name(chart: Curves, lines: list[str], where: str) -> None:
    chart.write(f"set label {quote_lines(lines)} at {where} front boxed font ',{SIZE}' tc rgb '{OF_PREDICTIONS}'")


def _bracket(chart: Curves, curve: Curve, question: prediction.Question) -> bool:
    """Draws an arrow from what was there where the question begins to what was predicted for its end."""
    mark = next((mark for mark in chart.marks if mark.is_prediction), None)
    rows = chart.side.trials(curve.arm)[0]
    found = between(rows, question.begin, question.end, "y" if question.column == "y" else "")
    if mark is None or mark.is_far_off or found is None or chart.x.log:
        return False
    records = chart.side.over_records(curve.arm, curve.column)
    (x, stage, spread), (last_x, last_stage, last_spread) = (records[i] for i in found)
    if chart.form == "stages":
        x, last_x = chart.stages.index(stage) + 1, chart.stages.index(last_stage) + 1
    axis = mark.axis
    begin, end = axis.place(spread.median), axis.place(mark.value)
    look = chart.picture(f" lc rgb '{OF_PREDICTIONS}' lw 2.5 dt (10,5)")
    first = f"{chart.x.place(x)}, {axis.first}"
    last = f"{chart.x.place(last_x)}, {axis.first}"
    chart.write(f"set arrow from first {first} {begin} to first {last} {end} front filled{look}")
    if end != axis.place(last_spread.median):
        chart.write(f"set arrow from first {last} {end} to first {last} {axis.place(last_spread.median)} front "
                    f"heads lw 1.5 lc rgb '{OF_PREDICTIONS}'")
    measured = question.answer(chart.result)
    words = [mark.label, *([f"measured: {question.text(measured)}"] if measured is not None else [])]
    is_left = chart.x.graph(last_x) + WIDTH * chart.grid.across < 1
    across, side = (chart.x.graph(last_x) + 0.02, "left") if is_left else (chart.x.graph(last_x) - 0.02, "right")
    from_end, to_end = axis.graph(last_spread.median), axis.graph(mark.value)
    middle = from_end + NEARER * (to_end - from_end)
    _name(chart, words, f"graph {across:.4g}, graph {middle:.4g} {side} offset 0,0.5")
    return True


def in_row(chart: Form, is_shown: Callable[[prediction.Question], bool]) -> Iterator[tuple[float, str]]:
    """Yields (number, words) of each prediction about a number that a row of dots or of squares shows."""
    question = prediction.question_of(chart.result)
    if question is None or not is_shown(question):
        return
    for value, count in prediction.counted(chart.result).items():
        yield value, f"predicted: {question.text(value)}" + (f" ({count} ×)" if count > 1 else "")
