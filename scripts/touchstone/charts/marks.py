# SPDX-License-Identifier: MIT
"""The lines across a chart: marks that the experiment declares, and predictions."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from touchstone.charts.axis import Axis
from touchstone.charts.gnuplot import quote, quote_lines, wrap
from touchstone.words import no_number

if TYPE_CHECKING:
    from touchstone.charts.form import Form

DASHED = " lc rgb '#555555' lw 1.5 dt (4,4)"
OF_PREDICTIONS = "#a0008c"          # no curve has this colour
FAR_OFF, FAR_OFF_LOG = 8, 1e6       # times the largest number that was measured
BESIDE_CHARACTERS = 12              # a label beside the chart is so wide, and has three lines at most
LABEL_SIZE = 13
TOP_OF_CHART, NEAR_THE_END = 0.97, 0.6  # shares of the chart
ARROWS = ((" ↓", " ↑"), (" ←", " →"))  # upright and across: towards less, and towards more
FIRST_PREDICTION, NEXT_PREDICTION = 0.02, 0.25  # where the names of predictions stand along their lines


@dataclass
class Mark:
    """A line at a value of an axis, with its name."""
    axis: Axis
    value: float
    label: str
    is_prediction: bool = False
    is_far_off: bool = False

    def look_how_far(self) -> None:
        """Sees whether it is a prediction far off: that must not flatten what was measured."""
        bound = self.axis.largest * (FAR_OFF_LOG if self.axis.log else FAR_OFF)
        self.is_far_off = self.is_prediction and 0 < bound < abs(self.value)

    def has_a_place(self) -> bool:
        has_room = not self.axis.has_names and (not self.axis.log or self.value > 0 or self.is_far_off)
        return has_room and not no_number(self.value)


def longest_word(text: str) -> int:
    return max(map(len, text.split()), default=0)


def draw_marks(form: Form) -> None:
    beside, predictions = 0, 0
    for mark in filter(Mark.has_a_place, form.marks):
        if mark.is_prediction:
            if form.has_predictions:
                continue
            _draw_prediction(form, mark, FIRST_PREDICTION + NEXT_PREDICTION * predictions % 1)
            predictions += 1
        else:
            beside = max(beside, _draw_mark(form, mark))
    if beside:
        form.right = max(form.right, beside + 1)


def _draw_rule(form: Form, mark: Mark, look: str) -> None:
    at = f"{mark.axis.first} {mark.axis.place(mark.value)}"
    ends = f"{at}, graph 0 to {at}, graph 1" if mark.axis.name == "x" else f"graph 0, {at} to graph 1, {at}"
    form.write(f"set arrow from {ends} nohead {look}")


def _draw_mark(form: Form, mark: Mark) -> int:
    """Draws the line and its name, inside the chart or beside it; returns how many characters wide it is there."""
    at, label, beside = f"first {mark.axis.place(mark.value)}", quote(mark.label), 0
    if mark.axis.name == "x":
        where = f"{at}, graph 0.975 left offset 0.6,0 front boxed"
    elif form.y2.is_used:
        where = f"graph 0.01, {at} left offset 0,0.6 front boxed"
    else:
        lines = wrap(mark.label, BESIDE_CHARACTERS, 3)
        label = quote_lines(lines)
        beside = max(longest_word(mark.label), min(len(mark.label), BESIDE_CHARACTERS))
        where = f"graph 1.01, {at} left offset 0,{(len(lines) - 1) / 2:g}"
    _draw_rule(form, mark, "back" + form.picture(DASHED))
    form.write(f"set label {label} at {where} font ',{LABEL_SIZE}'")
    return beside


def _draw_prediction(form: Form, mark: Mark, side: float) -> None:
    """Draws a line of its own look, named inside the chart; far off: the name alone, with an arrow.
    side: where the name stands along the line, a share of the chart."""
    axis, across = mark.axis, mark.axis.name == "x"
    at = f"{axis.first} {axis.place(mark.value)}"
    arrow = ""
    if mark.is_far_off:
        at = f"graph {TOP_OF_CHART if mark.value > 0 else 1 - TOP_OF_CHART}"
        arrow = ARROWS[across][mark.value > 0]
    if not mark.is_far_off:
        _draw_rule(form, mark, "front" + form.picture(f" lc rgb '{OF_PREDICTIONS}' lw 2.5 dt (10,5)"))
    if across:
        is_right = mark.value > 0 if mark.is_far_off else axis.share(mark.value) > NEAR_THE_END
        where = f"{at}, graph {0.88 - side / 3:g} {'right offset -0.6,0' if is_right else 'left offset 0.6,0'}"
    else:
        where = f"graph {side:g}, {at} left offset 0,{form.prediction_shift if mark.value > 0 else '0.6'}"
    look = form.picture(f" boxed tc rgb '{OF_PREDICTIONS}'")
    form.write(f"set label {quote(mark.label + arrow)} at {where} front{look} font ',{LABEL_SIZE}'")
