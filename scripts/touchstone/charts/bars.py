# SPDX-License-Identifier: MIT
"""Bars: one for each number, with the number on it."""
from dataclasses import dataclass

from touchstone.charts.form import GREY, Form
from touchstone.charts.gnuplot import Axis, quote
from touchstone.growth import moved
from touchstone.sides import Spread
from touchstone.words import quantity

MOST_COLOURS = 7    # series of bars that can be told apart


@dataclass
class Bar:
    arm: str
    series: str  # what its colour stands for
    axis: Axis
    spread: Spread
    x: float = 0
    is_lifted: bool = False  # its number, above that of the bar before


class Bars(Form):
    """A bar for y at each stage; for any other column one for its growth from the first record to the last."""
    room = 0.1
    prediction_shift = "-0.7"  # a bar's number stands on it

    def collect(self):
        self.bars = [Bar(arm, series, axis, spread) for arm in self.arms for column, axis in self.charted.items()
                     for series, spread in self.spreads(arm, column).items()]
        self.series = list(dict.fromkeys(bar.series for bar in self.bars))
        for bar in self.bars:
            bar.axis.see(bar.spread.low, bar.spread.high)

    def spreads(self, arm, column):
        if column == "y":
            found = self.side.over_stages(arm, column)
            return {stage: found[stage] for stage in self.stages if stage in found}
        grown = [moved(rows[-1], rows[0], column) for rows in self.side.trials(arm)]
        grown = [value for value in grown if value is not None]
        return {self.words_of(column): Spread.of(grown)} if grown else {}

    def set_x(self):
        """Bars stand at 1, 2, 3 ... with a gap between two arms; of too many series each bar has its name."""
        gap, groups = 0, {}
        for i, bar in enumerate(self.bars):
            if i and bar.arm != self.bars[i - 1].arm:
                gap += 0.3 if len(self.series) == 1 else 0.7
            bar.x = i + 1 + gap
            name = self.full_name(bar.arm)
            if len(self.series) > MOST_COLOURS:
                name = f"{name}: {bar.series}" if len(self.arms) > 1 else bar.series
            groups.setdefault(name, []).append(bar.x)
        self.set_names(list(groups), [(places[0] + places[-1]) / 2 for places in groups.values()],
                       0.3, self.bars[-1].x + 0.7)

    def many(self):
        return len(self.arms) * (len(self.series) if len(self.series) > MOST_COLOURS else 1)

    def emit(self):
        size = 9 if len(self.bars) > 14 else 11 if len(self.bars) > 8 else 13
        for before, bar in zip([None, *self.bars], self.bars):
            bar.is_lifted = before is not None and not before.is_lifted and self.run_together(before, bar, size)
            self.write_number(bar, size)
        is_explained = False
        for number, series in enumerate(self.series):
            kinds = [[bar for bar in self.bars if bar.series == series and self.side.is_control(bar.arm) == control]
                     for control in (False, True)]
            for control, bars in enumerate(kinds):
                if bars and self.emit_series(number, control, bars, not (control and kinds[0])) and not is_explained:
                    is_explained = True
                    self.explain("with lines lw 3", f"lowest to highest of {self.trials(self.arms[0])}")

    def number(self, bar):
        return quantity(bar.spread.median, bar.axis.unit)

    def run_together(self, a, b, size):
        """Whether two numbers side by side would touch: a digit is about 0.62 of its size wide, the chart 850."""
        width = 0.62 * size * (len(self.number(a)) + len(self.number(b)) + 1) / 2
        return width > 850 * (b.x - a.x) / self.bars[-1].x and abs(a.axis.share(a.spread.high) - b.axis.share(b.spread.high)) < 0.06

    def write_number(self, bar, size):
        axis, is_below = bar.axis, bar.spread.median < 0
        value = axis.place(bar.spread.low if is_below else bar.spread.high)
        value = axis.foot if value == "NaN" else value
        at = ", ".join(self.at(f"{'first ' if axis is self.y2 else ''}{bar.x:.12g}", f"{axis.first} {value}"))
        look = f"center offset 0,{(-0.7 if is_below else 0.6) * (2.2 if bar.is_lifted else 1):g}"
        if self.is_lying:
            look = "right offset -0.5,0" if is_below else "left offset 0.5,0"
        self.write(f"set label {quote(self.number(bar))} at {at} {look} front font ',{size}'")

    def emit_series(self, number, control, bars, is_new):
        """The bars of one colour and look; whether their spread was drawn."""
        data, axis = f"$bars{number + 1}{'c' if control else ''}", bars[0].axis
        self.block(data, [f"{bar.x:.6g} {axis.places(bar.spread)}" for bar in bars])
        look = self.picture(" lw 2 dt (8,5) fs solid 0.25 border" if control else " fs solid 1.0 noborder")
        title = self.title(bars[0].series) if is_new and 1 < len(self.series) <= MOST_COLOURS else "notitle"
        boxes = f"2:1:({axis.foot}):2:($1-0.4):($1+0.4){axis.plot} with boxxyerror" if self.is_lying else f"1:2{axis.plot} with boxes"
        self.plots.append(f"{data} using {boxes}{self.paper.colour(number)}{look} {title}")
        if self.paper.is_text or not any(bar.spread.is_wide() for bar in bars):
            return False
        spread = "3:1:($4-$3):(0)" if self.is_lying else "1:3:(0):($4-$3)"
        self.plots.append(f"{data} using {spread}{axis.plot} with vectors nohead{GREY} lw 3 notitle")
        return True
