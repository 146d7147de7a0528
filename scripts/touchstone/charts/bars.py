# SPDX-License-Identifier: MIT
"""Bars: one for each number, with the number on it."""
from __future__ import annotations

from dataclasses import dataclass

from touchstone.charts.axis import Axis
from touchstone.charts.form import GREY, Form
from touchstone.charts.gnuplot import quote
from touchstone.growth import moved
from touchstone.sides import Spread
from touchstone.words import quantity

MOST_COLOURS = 7    # series of bars that can be told apart
BAR_HALF = 0.4      # of a bar's width
GAP, GAP_OF_GROUPS = 0.3, 0.7  # between the bars of two arms: of one bar each, of several
SIZES = ((8, 12), (0, 13))  # with more bars than the first number, the type of their numbers has this size
DIGIT_WIDTH = 0.62  # of its size
PLOT_WIDTH = 850    # px
TOO_LEVEL = 0.06    # share of the axis: numbers of bars that differ less may touch
ABOVE, BELOW, ABOVE_A_DOT = 0.6, -0.7, 1.1  # lines from the end of a bar, or from a dot, to its number
LIFTED = 2.2        # times as many where it would touch the one before


@dataclass
class Bar:
    """A number of an arm, and where it stands."""
    arm: str
    series: str  # what its colour stands for
    axis: Axis
    spread: Spread
    x: float = 0
    is_lifted: bool = False  # its number, above that of the bar before

    def number(self) -> str:
        return quantity(self.spread.median, self.axis.unit)


def last_numbers(form: Form, arm: str, column: str) -> dict[str, Spread]:
    """Returns series -> what was measured last: y at each stage, of any other column its growth."""
    if column == "y":
        found = form.side.over_stages(arm, column)
        return {stage: found[stage] for stage in form.stages if stage in found}
    grown = [moved(rows[-1], rows[0], column) for rows in form.side.trials(arm)]
    measured = [value for value in grown if value is not None]
    return {form.words_of(column): Spread.of(measured)} if measured else {}


class Bars(Form):
    """A bar for y at each stage; for any other column one for its growth from the first record to the last."""
    room = 0.1
    prediction_shift = "-0.7"  # a bar's number stands on it

    def collect(self) -> None:
        self.bars = [Bar(arm, series, axis, spread) for arm in self.arms for column, axis in self.charted.items()
                     for series, spread in last_numbers(self, arm, column).items()]
        self.series = list(dict.fromkeys(bar.series for bar in self.bars))
        for bar in self.bars:
            bar.axis.see(bar.spread.low, bar.spread.high)

    def has_many_series(self) -> bool:
        return len(self.series) > MOST_COLOURS

    def set_x(self) -> None:
        """Bars stand at 1, 2, 3 ... with a gap between two arms; of too many series each bar has its name."""
        gap = 0.0
        groups: dict[str, list[float]] = {}
        for i, bar in enumerate(self.bars):
            if i and bar.arm != self.bars[i - 1].arm:
                gap += GAP if len(self.series) == 1 else GAP_OF_GROUPS
            bar.x = i + 1 + gap
            groups.setdefault(self.group_of(bar), []).append(bar.x)
        self.set_names(list(groups), [(places[0] + places[-1]) / 2 for places in groups.values()],
                       0.3, self.bars[-1].x + 0.7)

    def group_of(self, bar: Bar) -> str:
        """Returns the name below a bar."""
        name = self.full_name(bar.arm)
        if not self.has_many_series():
            return name
        return f"{name}: {bar.series}" if len(self.arms) > 1 else bar.series

    def many(self) -> int:
        return len(self.arms) * (len(self.series) if self.has_many_series() else 1)

    def emit(self) -> None:
        size = next(size for count, size in SIZES if len(self.bars) > count)
        before = None
        for bar in self.bars:
            bar.is_lifted = before is not None and not before.is_lifted and self.run_together(before, bar, size)
            self.write_number(bar, size)
            before = bar
        is_explained = False
        for number, series in enumerate(self.series):
            own = [bar for bar in self.bars if bar.series == series]
            kinds = [[bar for bar in own if self.side.is_control(bar.arm) == control] for control in (False, True)]
            for control, bars in zip((False, True), kinds):
                if bars and self.emit_series(number, control, bars, not (control and kinds[0])) and not is_explained:
                    is_explained = True
                    self.explain("with lines lw 3", f"lowest to highest of {self.trials(self.arms[0])}")

    def run_together(self, a: Bar, b: Bar, size: int) -> bool:
        """Returns whether two numbers side by side would touch."""
        width = DIGIT_WIDTH * size * (len(a.number()) + len(b.number()) + 1) / 2
        is_level = abs(a.axis.share(a.spread.high) - b.axis.share(b.spread.high)) < TOO_LEVEL
        return width > PLOT_WIDTH * (b.x - a.x) / self.bars[-1].x and is_level

    def write_number(self, bar: Bar, size: int) -> None:
        axis, is_below = bar.axis, bar.spread.median < 0
        value = axis.place(bar.spread.low if is_below else bar.spread.high)
        value = axis.foot if value == "NaN" else value
        at = ", ".join(self.at(f"{'first ' if axis is self.y2 else ''}{bar.x:.12g}", f"{axis.first} {value}"))
        above = ABOVE_A_DOT if axis.log else ABOVE
        look = f"center offset 0,{(BELOW if is_below else above) * (LIFTED if bar.is_lifted else 1):g}"
        if self.is_lying:
            look = "right offset -0.5,0" if is_below else f"left offset {1.2 if axis.log else 0.5},0"
        self.write(f"set label {quote(bar.number())} at {at} {look} front font ',{size}'")

    def emit_series(self, number: int, control: bool, bars: list[Bar], is_new: bool) -> bool:
        """Writes the bars of one colour and look; returns whether their spread was drawn."""
        data, axis = f"$bars{number + 1}{'c' if control else ''}", bars[0].axis
        self.block(data, [f"{bar.x:.6g} {axis.places(bar.spread)}" for bar in bars])
        look = self.picture(" lw 2 dt (8,5) fs solid 0.25 border" if control else " fs solid 1.0 noborder")
        title = self.title(bars[0].series) if is_new and 1 < len(self.series) <= MOST_COLOURS else "notitle"
        if axis.log:  # a bar is read by its length, and there is no 0 from which to measure it
            self.emit_dots(data, number, control, bars, title)
            return False
        boxes, spread = f"1:2{axis.plot} with boxes", "1:3:(0):($4-$3)"
        if self.is_lying:
            boxes = f"2:1:({axis.foot}):2:($1-{BAR_HALF}):($1+{BAR_HALF}){axis.plot} with boxxyerror"
            spread = "3:1:($4-$3):(0)"
        self.plot(f"{data} using {boxes}{self.paper.colour(number)}{look} {title}", bars[0].series, bars[0].arm)
        if self.paper.is_text or not any(bar.spread.is_wide() for bar in bars):
            return False
        self.plot(f"{data} using {spread}{axis.plot} with vectors nohead{GREY} lw 3 notitle", arm=bars[0].arm)
        return True

    def emit_dots(self, data: str, number: int, control: bool, bars: list[Bar], title: str) -> None:
        axis, places = bars[0].axis, "2:1" if self.is_lying else "1:2"
        marker = self.paper.marker(number, control)
        if not self.paper.is_text:
            marker = f"{marker.rpartition(' ps ')[0]} ps 2 lw 2.5"
        look = marker + self.paper.colour(number)
        self.plot(f"{data} using {places}{axis.plot} with points{look} {title}", bars[0].series, bars[0].arm)
