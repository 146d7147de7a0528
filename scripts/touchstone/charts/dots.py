# SPDX-License-Identifier: MIT
"""Dots: one for each trial, and a line at their median."""
from __future__ import annotations

from collections.abc import Iterator

from touchstone.charts.axis import Axis
from touchstone.charts.form import Form
from touchstone.charts.gnuplot import quote
from touchstone.growth import moved
from touchstone.sides import Spread
from touchstone.words import quantity

GOLDEN_SECTION = 0.618034   # numbers times this, without their whole part, are spread evenly
ROOM_BESIDE = 0.06          # of the dots, a share of the x axis
SPREAD_OVER_ARMS, SPREAD_OVER_X = 0.24, 0.012  # how far dots are jittered: of the way to the next name, of the x axis
COLUMN_APART = 0.3          # of the way to the next name, between two columns of one arm
MOST_LABELS = 8             # medians over x whose numbers are written
HALF_LINE, HALF_LINE_LYING = 0.2, 0.35  # of a median's line, of the way to the next name
LABEL_SIZE = 13

Cloud = dict[float, list[int]]  # x -> the values of the trials


class Dots(Form):
    """Every trial, and the median; over x where that varies, else over the arms, by each trial's last value: a warm-up
    is no second trial."""
    room = 0.08

    def collect(self) -> None:
        found = {(arm, column): self.records(arm, column) for arm in self.arms for column in self.charted}
        self.over_x = len({x for trials in found.values() for records in trials for x, _ in records}) > 1
        self.clouds: dict[tuple[str, str], Cloud] = {}
        for number, ((arm, column), trials) in enumerate(found.items()):
            beside = 0.0
            if len(self.charted) > 1:
                beside = number % len(self.charted) * COLUMN_APART - COLUMN_APART / 2
            self.clouds[arm, column] = self.cloud(arm, trials, beside)
            for x, values in self.clouds[arm, column].items():
                self.x.see(x)
                self.charted[column].see(*values)

    def cloud(self, arm: str, trials: list[list[tuple[float, int]]], beside: float) -> Cloud:
        """beside: how far it stands from the name of its arm."""
        cloud: Cloud = {}
        for records in trials:
            for x, value in records if self.over_x else records[-1:]:
                x = x if self.over_x else self.arms.index(arm) + 1 + beside
                if x > 0 or not self.x.log:
                    cloud.setdefault(x, []).append(value)
        return cloud

    def many(self) -> int:
        return 0 if self.over_x else len(self.arms)

    def records(self, arm: str, column: str) -> list[list[tuple[float, int]]]:
        """Returns (x, value) of the records of each trial; where growth begins, the first record is none."""
        return [[(row["x"] or 0, value) for row in (rows if column == "y" else rows[1:])
                 if (value := moved(row, rows[0], column)) is not None] for rows in self.side.trials(arm)]

    def set_x(self) -> None:
        if self.over_x:
            self.set_axis(self.x, self.x_text(), ROOM_BESIDE)
        else:
            count = len(self.arms)
            self.set_names(list(map(self.full_name, self.arms)), range(1, count + 1), 0.5, count + 0.7)

    def jittered(self, x: float, number: int) -> str:
        """Returns a place a little to the side, and always the same: dots of one group must not hide each other."""
        shift = number * GOLDEN_SECTION % 1 - 0.5
        if not self.over_x:
            return self.x.place(x + SPREAD_OVER_ARMS * shift)
        low, high = self.x.extent
        if self.x.log:
            return self.x.place(x * (high / (self.x.least or 1) + 1) ** (shift * SPREAD_OVER_X))
        return self.x.place(x + shift * SPREAD_OVER_X * (high - low))

    def emit(self) -> None:
        labels: list[str] = []
        for number, ((arm, column), cloud) in enumerate(self.clouds.items()):
            if cloud:
                labels += self.emit_cloud(number, arm, column, cloud)
        if len(self.side.trials(self.arms[0])) > 1:
            line = "line, and number at the right" if self.is_lying else "line"
            self.explain("with lines lw 3", f"{line}: median of {self.trials(self.arms[0])}")
        if not self.over_x or len(labels) <= MOST_LABELS:
            self.write(*labels, *(["set rmargin 10"] if self.is_lying else []))

    def emit_cloud(self, number: int, arm: str, column: str, cloud: Cloud) -> Iterator[str]:
        """Writes the dots of a column of an arm, and their medians; returns the labels of these."""
        paper, axis, control = self.paper, self.charted[column], self.side.is_control(arm)
        medians = {x: Spread.of(values).median for x, values in cloud.items()}
        data = f"$dots{number + 1}"
        self.block(data, [" ".join(self.at(self.jittered(x, i), axis.place(value)))
                          for x, values in cloud.items() for i, value in enumerate(values, 1)])
        self.block(f"$medians{number + 1}", self.median_rows(medians, axis))
        title = self.title(self.key_name(arm, column)) if self.over_x or len(self.charted) > 1 else "notitle"
        self.plot(f"{data} using 1:2{axis.plot} with points{paper.marker(number, control)}"
                  f"{paper.colour(number)}{self.picture(' lw 1.5')} {title}", self.key_name(arm, column), arm)
        look = paper.line(number, control) if self.over_x or paper.is_text else " lc rgb 'black' lw 3"
        self.plot(f"$medians{number + 1} using 1:2{axis.plot} with lines{look} notitle", arm=arm)
        return self.median_labels(medians, axis)

    def median_rows(self, medians: dict[float, float], axis: Axis) -> list[str]:
        if self.over_x:
            return [f"{self.x.place(x)} {axis.place(median)}" for x, median in medians.items()]
        half = HALF_LINE_LYING if self.is_lying else HALF_LINE
        ends = [[self.at(f"{x + end:.6g}", axis.place(median)) for end in (-half, half)]
                for x, median in medians.items()]
        return [f"{' '.join(one)}\n{' '.join(other)}\n" for one, other in ends]

    def median_labels(self, medians: dict[float, float], axis: Axis) -> Iterator[str]:
        """Yields them beside the line; of arms one below the other at the right, where they cover no dot."""
        for x, median in medians.items():
            at, offset = (self.x.place(x), "0.8,0.8") if self.over_x else (f"{x + HALF_LINE:.6g}", "0.6,0")
            where = f"{at}, {axis.first} {axis.place(median)} left offset {offset} front boxed font ',{LABEL_SIZE}'"
            if self.is_lying:
                where = f"graph 1.01, first {x:.6g} left front font ',{LABEL_SIZE}'"
            yield f"set label {quote(quantity(median, axis.unit))} at {where}"
