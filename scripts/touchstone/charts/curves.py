# SPDX-License-Identifier: MIT
"""Lines, steps and stages: a curve for each column of each arm, and the names of the system calls that made its jumps."""
from dataclasses import dataclass
from itertools import pairwise

from touchstone.charts import events
from touchstone.charts.form import Form
from touchstone.charts.gnuplot import Axis, quote

MOST_POINTS = 2000  # of all curves together
MOST_TOLD = 4       # arms whose jumps are named
MOST_EVENTS = 7     # of one name that are written on the curves of an arm
LEAST_JUMP = 0.04   # share of the axis: a lower one is not named


@dataclass
class Curve:
    """A column of an arm; points: [(x, Spread)]."""
    number: int
    arm: str
    column: str
    points: list

    def is_spread(self):
        return any(spread.is_wide() for _, spread in self.points)


@dataclass
class Jump:
    """From one point of a curve to the next; of a step the upright part."""
    across: Axis
    axis: Axis
    x0: float
    y0: float
    x1: float
    y1: float

    def at(self, share):
        return self.across.between(self.x0, self.x1, share), self.axis.between(self.y0, self.y1, share)

    def place(self, share=0.5):
        x, y = self.at(share)
        return self.across.share(x), self.axis.share(y)

    def rise(self):
        return self.axis.share(self.y1) - self.axis.share(self.y0)

    def is_near(self, other):
        return all(abs(a - b) < 0.05 for a, b in zip(self.place(), other.place()))


@dataclass
class Box:
    """What a text covers, in shares of the axes."""
    left: float
    right: float
    bottom: float
    top: float

    def covers(self, other):
        return self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top


class Curves(Form):
    def collect(self):
        self.form, self.curves = self.about.get("chart"), []
        for arm in sorted(self.arms, key=self.side.is_control):
            for column, axis in self.charted.items():
                points = self.points(arm, column)
                if points:
                    self.curves.append(Curve(len(self.curves), arm, column, points))
                for x, spread in points:
                    self.x.see(x)
                    axis.see(spread.low, spread.high)

    def points(self, arm, column):
        if self.form == "stages":
            found = self.side.over_stages(arm, column)
            return [(place, found[stage]) for place, stage in enumerate(self.stages, 1) if stage in found]
        return [(x, spread) for x, _, spread in self.side.over_records(arm, column) if x > 0 or not self.x.log]

    def set_x(self):
        if self.form == "stages":
            self.set_names(self.stages, range(1, len(self.stages) + 1), 0.7, len(self.stages) + 0.3)
        else:
            self.set_axis(self.x, self.x_text(), 0.03)

    def thinned(self, curve):
        """(index, whether it is marked): markers on about a dozen points, each curve's on others where there are enough."""
        count, curves = len(curve.points), len(self.curves)
        every = -(-count // 14)
        if self.form != "stages" and count >= 3 * curves:
            every = max(every, min(curves, 3))
        if count * curves <= MOST_POINTS:
            yield from ((i, (i - curve.number) % every == 0) for i in range(count))
            return
        before = -1
        for i in self.telling(curve):
            yield i, i // every != before // every
            before = i

    def telling(self, curve):
        """Of too many points only the lowest and highest of each stretch, so that no peak is lost."""
        spreads = [spread for _, spread in curve.points]
        last = len(spreads) - 1
        kept = list(range(len(spreads)))
        if self.form == "steps":  # between two steps nothing happens
            kept = [i for i in kept if i in (0, last) or spreads[i] != spreads[i - 1]]
        stride = max(1, -(-2 * len(kept) * len(self.curves) // MOST_POINTS))
        if stride <= 2:
            return kept
        found = {last}
        for begin in range(0, len(kept), stride):
            stretch = kept[begin:begin + stride]
            found |= {min(stretch, key=lambda i: spreads[i].median), max(stretch, key=lambda i: spreads[i].median)}
        return sorted(found)

    def rows(self, curve):
        """x, median, lowest, highest, and the median once more where a marker stands."""
        axis = self.charted[curve.column]
        for i, is_marked in self.thinned(curve):
            x, spread = curve.points[i]
            if self.form == "steps" and i:
                yield f"{self.x.place(x)} {axis.places(curve.points[i - 1][1])} NaN"
            yield f"{self.x.place(x)} {axis.places(spread)} {axis.place(spread.median) if is_marked else 'NaN'}"

    def emit(self):
        paper, lines = self.paper, []
        for curve in self.curves:
            data, axes = f"$curve{curve.number + 1}", self.charted[curve.column].plot
            look = curve.number, self.side.is_control(curve.arm)
            line, marker, colour = paper.line(*look), paper.marker(*look), paper.colour(curve.number)
            self.block(data, self.rows(curve))
            if curve.is_spread() and not paper.is_text:
                self.plots.append(f"{data} using 1:3:4{axes} with filledcurves{colour} fs transparent solid 0.15 noborder "
                                  "notitle")
            lines += [f"{data} using 1:2{axes} with lines{line} notitle",
                      f"{data} using 1:5{axes} with points{marker}{self.picture(' lw 1.5')}{colour} notitle",
                      f"keyentry with linespoints{line}{marker} {self.title(self.key_name(curve.arm, curve.column))}"]
        self.plots += lines
        self.write_events()
        spread = next((curve.arm for curve in self.curves if curve.is_spread()), None)
        if spread:
            self.explain("with filledcurves fs solid 0.2 noborder", f"lowest to highest of {self.trials(spread)}")

    # What made the jumps.

    def write_events(self):
        """The name of a system call on the jump that it made; where jumps of several arms coincide, once."""
        places = []  # [[jumps, {name: text}]]
        for jumps, name, text in self.named_jumps():
            names = next((names for others, names in places if jumps[0].is_near(others[0])), None)
            if names is None:
                places.append([jumps, names := {}])
            names.setdefault(name, text)
        taken = [Box(0, 1, mark.axis.share(mark.value) - 0.02, mark.axis.share(mark.value) + 0.05) for mark in self.marks
                 if mark.axis is not self.x and not mark.is_far_off]
        for jumps, names in places:
            self.write_event(jumps, ", ".join(names.values()), taken)

    def write_event(self, jumps, text, taken):
        """On a jump, or beside a long row of them; where it covers nothing, if there is such a place."""
        choices = [(jump, share, 0) for jump in jumps for share in (0.5, 0.3, 0.7)] if len(jumps) == 1 else \
            [(jump, 0.5, side) for side in (1, -1) for jump in jumps]
        boxes = [self.box(text, *choice) for choice in choices]
        free = [i for i, box in enumerate(boxes) if not any(box.covers(other) for other in taken)]
        best = next((i for i in free if len(jumps) == 1 or not self.is_on_a_curve(boxes[i])), free[0] if free else None)
        if best is None:
            return
        taken.append(boxes[best])
        (jump, share, side), look = choices[best], self.picture(" boxed tc rgb '#333333'")
        x, y = jump.at(share)
        self.write(f"set label {quote(text)} at first {self.x.place(x)}, {jump.axis.first} {jump.axis.place(y)} "
                   f"{self.align(jump, side)} offset {self.aside(jump, side):g},{side * 0.8:g} front{look} font ',13'")

    def align(self, jump, side):
        """Beside a row: above it on the side from which it rises, or below it on the other."""
        if side:
            return "right" if (jump.rise() > 0) == (side > 0) else "left"
        share = jump.place()[0]
        return "left" if share < 0.1 else "right" if share > 0.9 else "center"

    def aside(self, jump, side):
        return {"left": 1, "right": -1, "center": 0}[self.align(jump, side)] * (1 if side else 0.5)

    def box(self, text, jump, share, side):
        wide, high = (1 / self.paper.columns, 1 / self.paper.plot_lines) if self.paper.is_text else (0.0095, 0.05)
        x, y = jump.place(share)
        left = x + wide * (self.aside(jump, side) + {"left": 0, "right": -1, "center": -0.5}[self.align(jump, side)] * len(text))
        return Box(left, left + wide * len(text), y + high * (side * 0.8 - 0.5), y + high * (side * 0.8 + 0.5))

    def is_on_a_curve(self, box):
        """Also off the chart, which is as bad."""
        if box.left < 0 or box.right > 1:
            return True
        for curve in self.curves:
            axis = self.charted[curve.column]
            points = [(self.x.share(x), axis.share(spread.median)) for x, spread in curve.points]
            if self.form == "steps":
                points = [corner for (x0, y0), (x1, y1) in pairwise(points) for corner in ((x0, y0), (x1, y0), (x1, y1))]
            for (x0, y0), (x1, y1) in pairwise(points):
                for i in range(9):
                    x, y = x0 + (x1 - x0) * i / 8, y0 + (y1 - y0) * i / 8
                    if box.covers(Box(x, x, y, y)):
                        return True
        return False

    def named_jumps(self):
        """(jumps, name, text): each that is high enough to be seen; of a long row of them some, for one name of all."""
        for arm in dict.fromkeys(curve.arm for curve in self.curves) if len(self.arms) <= MOST_TOLD else ():
            known = {column: [spread.median for _, spread in self.points(arm, column)] for column in events.COLUMNS}
            # The experiment's own y need not hang on them; nor is what was not measured each time told where it jumped.
            count = max(map(len, known.values()))
            curves = [curve for curve in self.curves if curve.arm == arm and curve.column != "y" and len(curve.points) == count]
            found = {}
            for index, name in sorted(events.events(known).items()):
                found.setdefault(name, []).append(self.jump(curves, index))
            for name, jumps in found.items():
                if len(jumps) > MOST_EVENTS:
                    row = [jump for jump in (jumps[len(jumps) * i // 12] for i in (6, 4, 8, 2, 10)) if jump]
                    if row:
                        yield row, name, f"{name} × {len(jumps)}"
                else:
                    yield from (([jump], name, name) for jump in jumps if jump and abs(jump.rise()) > LEAST_JUMP)

    def jump(self, curves, index):
        """The highest one before the record; None where no curve jumps."""
        jumps = []
        for curve in curves:
            (x0, before), (x1, after) = curve.points[index - 1:index + 1]
            x0 = x1 if self.form == "steps" else x0
            jumps.append(Jump(self.x, self.charted[curve.column], x0, before.median, x1, after.median))
        highest = max(jumps, key=lambda jump: abs(jump.rise()), default=None)
        return highest if highest and highest.rise() else None
