# SPDX-License-Identifier: MIT
"""Dots: one for each trial, and a line at their median."""
from touchstone.charts.form import Form
from touchstone.charts.gnuplot import quote
from touchstone.growth import moved
from touchstone.sides import Spread
from touchstone.words import quantity


class Dots(Form):
    """Every trial, and the median; over x where that varies, else over the arms, by each trial's last value: a warm-up
    is no second trial."""
    room = 0.08

    def collect(self):
        found = {(arm, column): self.records(arm, column) for arm in self.arms for column in self.charted}
        self.over_x = len({x for trials in found.values() for records in trials for x, _ in records}) > 1
        self.clouds = {}  # (arm, column) -> {x: values}
        for number, ((arm, column), trials) in enumerate(found.items()):
            cloud = self.clouds[arm, column] = {}
            beside = number % len(self.charted) * 0.3 - 0.15 if len(self.charted) > 1 else 0
            for records in trials:
                for x, value in records if self.over_x else records[-1:]:
                    x = x if self.over_x else self.arms.index(arm) + 1 + beside
                    if x > 0 or not self.x.log:
                        cloud.setdefault(x, []).append(value)
                        self.x.see(x)
                        self.charted[column].see(value)

    def many(self):
        return 0 if self.over_x else len(self.arms)

    def records(self, arm, column):
        """[(x, value)] of each trial; the first record is where growth begins."""
        return [[(row["x"] or 0, value) for row in (rows if column == "y" else rows[1:])
                 if (value := moved(row, rows[0], column)) is not None] for rows in self.side.trials(arm)]

    def set_x(self):
        if self.over_x:
            self.set_axis(self.x, self.x_text(), 0.06)
        else:
            self.set_names(list(map(self.full_name, self.arms)), range(1, len(self.arms) + 1), 0.5, len(self.arms) + 0.7)

    def jittered(self, x, number):
        """A little to the side, and always the same: dots of one group must not hide each other."""
        shift = number * 0.618034 % 1 - 0.5
        if not self.over_x:
            return self.x.place(x + 0.24 * shift)
        if self.x.log:
            return self.x.place(x * (self.x.high / self.x.least + 1) ** (shift * 0.012))
        return self.x.place(x + shift * 0.012 * (self.x.high - self.x.low))

    def emit(self):
        labels, paper = [], self.paper
        for number, ((arm, column), cloud) in enumerate(self.clouds.items()):
            if not cloud:
                continue
            axis, control = self.charted[column], self.side.is_control(arm)
            data, medians = f"$dots{number + 1}", {x: Spread.of(values).median for x, values in cloud.items()}
            self.block(data, [" ".join(self.at(self.jittered(x, i), axis.place(value)))
                              for x, values in cloud.items() for i, value in enumerate(values, 1)])
            self.block(f"$medians{number + 1}", self.median_rows(medians, axis))
            labels += self.median_labels(medians, axis)
            title = self.title(self.key_name(arm, column)) if self.over_x or len(self.charted) > 1 else "notitle"
            self.plots.append(f"{data} using 1:2{axis.plot} with points{paper.marker(number, control)}"
                              f"{paper.colour(number)}{self.picture(' lw 1.5')} {title}")
            look = paper.line(number, control) if self.over_x or paper.is_text else " lc rgb 'black' lw 3"
            self.plots.append(f"$medians{number + 1} using 1:2{axis.plot} with lines{look} notitle")
        if len(self.side.trials(self.arms[0])) > 1:
            what = "line, and number at the right" if self.is_lying else "line"
            self.explain("with lines lw 3", f"{what}: median of {self.trials(self.arms[0])}")
        if not self.over_x or len(labels) <= 8:
            self.write(*labels, *(["set rmargin 10"] if self.is_lying else []))

    def median_rows(self, medians, axis):
        if self.over_x:
            return [f"{self.x.place(x)} {axis.place(median)}" for x, median in medians.items()]
        half = 0.35 if self.is_lying else 0.2
        ends = [[self.at(f"{x + end:.6g}", axis.place(median)) for end in (-half, half)] for x, median in medians.items()]
        return [f"{' '.join(one)}\n{' '.join(other)}\n" for one, other in ends]

    def median_labels(self, medians, axis):
        """Beside the line; of arms one below the other at the right, where they cover no dot."""
        for x, median in medians.items():
            at, offset = (self.x.place(x), "0.8,0.8") if self.over_x else (f"{x + 0.2:.6g}", "0.6,0")
            where = f"{at}, {axis.first} {axis.place(median)} left offset {offset} front boxed font ',13'"
            if self.is_lying:
                where = f"graph 1.01, first {x:.6g} left front font ',13'"
            yield f"set label {quote(quantity(median, axis.unit))} at {where}"
