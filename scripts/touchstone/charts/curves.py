# SPDX-License-Identifier: MIT
"""Lines, steps and stages: a curve for each column of each arm."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from touchstone.charts import coincide
from touchstone.charts.annotations import write_annotations
from touchstone.charts.form import Form
from touchstone.charts.grid import Grid, draw_panels
from touchstone.charts.jumps import write_events
from touchstone.charts.marks import draw_marks
from touchstone.charts.names import name_curves
from touchstone.charts.predictions import draw_predictions
from touchstone.sides import Spread

MOST_POINTS = 2000   # of all curves together
MARKERS = 14         # on a curve, about
POINTS_FOR_TURNS = 3  # on a curve and for each of them, from which on each curve has its markers on other points
ROOM_BESIDE = 0.03   # of the curves, a share of the x axis


@dataclass
class Curve:
    """A column of an arm."""
    number: int
    arm: str
    column: str
    points: list[tuple[float, Spread]]  # (x, what was measured there)
    breaks: set[int] = field(default_factory=set)  # before the points with these indices nothing was recorded
    columns: tuple[str, ...] = ()  # all that are this curve
    look: int = 0                  # its colour and its marker

    def is_spread(self) -> bool:
        return any(spread.is_wide() for _, spread in self.points)


class Curves(Form):
    """A curve for each column of each arm, over x or over the stages, and the names of what made its jumps."""

    def collect(self) -> None:
        self.form = self.result.metadata.get("chart")
        self.curves: list[Curve] = []
        for arm in sorted(self.arms, key=self.side.is_control):
            for column, axis in self.charted.items():
                points, number = self.points(arm, column), len(self.curves)
                if points:
                    breaks = self.breaks(arm, column, points)
                    self.curves.append(Curve(number, arm, column, points, breaks, (column,), number))
                for x, spread in points:
                    self.x.see(x)
                    axis.see(spread.low, spread.high)

        self.split()

    def split(self) -> None:
        """Gives curves that lie on each other panels of their own; there, a column has one colour in all of them."""
        self.panels, self.grid = [self.curves], Grid(1, 1)
        if self.paper.is_text or self.y2.is_used:
            return
        for axis in (self.x, self.y):
            axis.see(*([0] if axis.has_zero and not axis.log else []))
        self.curves = coincide.merged(self)
        self.panels = coincide.panels(self)
        if len(self.panels) == 1:
            return
        self.grid = Grid.of(len(self.panels), self.form == "stages")
        self.x.narrow, self.y.narrow = self.grid.across, self.grid.down
        columns = list(self.charted)
        if len(columns) > 1:
            for curve in self.curves:
                curve.look = columns.index(curve.column)

    def breaks(self, arm: str, column: str, points: list[tuple[float, Spread]]) -> set[int]:
        """Returns the indices of points before which the line ends: at a stage that was not recorded; where a quantity
        of the experiment's own begins anew, in another stage and not further on."""
        if self.form == "stages":
            return {i for i, (before, after) in enumerate(pairwise(points), 1) if after[0] > before[0] + 1}
        if column != "y":
            return set()
        records = [(x, stage) for x, stage, _ in self.side.over_records(arm, column) if x > 0 or not self.x.log]
        return {i for i, (before, after) in enumerate(pairwise(records), 1)
                if before[1] != after[1] and after[0] <= before[0]}

    def points(self, arm: str, column: str) -> list[tuple[float, Spread]]:
        if self.form == "stages":
            found = self.side.over_stages(arm, column)
            return [(place, found[stage]) for place, stage in enumerate(self.stages, 1) if stage in found]
        return [(x, spread) for x, _, spread in self.side.over_records(arm, column) if x > 0 or not self.x.log]

    def set_x(self) -> None:
        if self.form == "stages":
            self.set_names(self.stages, range(1, len(self.stages) + 1), 0.7, len(self.stages) + 0.3)
        else:
            self.set_axis(self.x, self.x_text(), ROOM_BESIDE)

    def thinned(self, curve: Curve) -> Iterator[tuple[int, bool]]:
        """Yields (index, whether it is marked) of the points to draw: markers on about a dozen points, each curve's on
        others where there are enough."""
        count, curves = len(curve.points), len(self.curves)
        every = -(-count // MARKERS)
        if self.form != "stages" and count >= POINTS_FOR_TURNS * curves:
            every = max(every, min(curves, POINTS_FOR_TURNS))
        if count * curves <= MOST_POINTS:
            yield from ((i, (i - curve.number) % every == 0) for i in range(count))
            return
        before = -1
        for i in self.telling(curve):
            yield i, i // every != before // every
            before = i

    def telling(self, curve: Curve) -> list[int]:
        """Returns, of too many points, only the lowest and highest of each stretch, so that no peak is lost."""
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

    def rows(self, curve: Curve) -> Iterator[str]:
        """Yields x, median, lowest, highest, and the median once more where a marker stands."""
        axis = self.charted[curve.column]
        for i, is_marked in self.thinned(curve):
            x, spread = curve.points[i]
            if i in curve.breaks:
                yield ""
            elif self.form == "steps" and i:
                yield f"{self.x.place(x)} {axis.places(curve.points[i - 1][1])} NaN"
            yield f"{self.x.place(x)} {axis.places(spread)} {axis.place(spread.median) if is_marked else 'NaN'}"

    def emit(self) -> None:
        for curve in self.curves:
            self.emit_spread(curve)
        self.shade()
        for curve in reversed(self.curves):  # the first one, the claim's, lies on top
            self.emit_curve(curve)
        write_events(self, write_annotations(self))
        self.has_predictions = draw_predictions(self)
        if len(self.panels) == 1 and not name_curves(self):
            for curve in self.curves:
                self.emit_entry(curve, self.name_of(curve))
        spread = next((curve.arm for curve in self.curves if curve.is_spread()), None)
        if spread:
            self.explain("with filledcurves fs solid 0.2 noborder", f"lowest to highest of {self.trials(spread)}")

    def emit_spread(self, curve: Curve) -> None:
        """Writes the data, and the area of the spread, which lies below all curves."""
        axes, data = self.charted[curve.column].plot, f"$curve{curve.number + 1}"
        self.block(data, self.rows(curve))
        if curve.is_spread() and not self.paper.is_text:
            self.plot(f"{data} using 1:3:4{axes} with filledcurves{self.paper.colour(curve.look)} "
                      "fs transparent solid 0.15 noborder notitle", self.name_of(curve), curve.arm)

    def shade(self) -> None:
        """Fills what lies between the address space of an arm and its resident memory: promised, and not there."""
        if self.paper.is_text or self.form != "lines":
            return
        for arm in dict.fromkeys(curve.arm for curve in self.curves):
            of = {curve.column: curve for curve in self.curves if curve.arm == arm}
            if not {"virtual_bytes", "resident_bytes"} <= of.keys():
                continue
            upper, lower = of["virtual_bytes"], of["resident_bytes"]
            if [x for x, _ in upper.points] == [x for x, _ in lower.points]:
                axis, data = self.charted["virtual_bytes"], f"$between{upper.number + 1}"
                self.block(data, [f"{self.x.place(x)} {axis.place(high.median)} {axis.place(low.median)}"
                                  for (x, high), (_, low) in zip(upper.points, lower.points)])
                self.plot(f"{data} using 1:2:3{axis.plot} with filledcurves fs solid 0.12 noborder"
                          f"{self.paper.colour(lower.look)} notitle", "address space without memory", arm)

    def looks(self, curve: Curve) -> tuple[str, str]:
        """Returns those of the line and of the marker."""
        control = self.side.is_control(curve.arm)
        return self.paper.line(curve.look, control), self.paper.marker(curve.look, control)

    def emit_curve(self, curve: Curve) -> None:
        data, axes, name = f"$curve{curve.number + 1}", self.charted[curve.column].plot, self.name_of(curve)
        line, marker = self.looks(curve)
        self.plot(f"{data} using 1:2{axes} with lines{line} notitle", name, curve.arm)
        self.plot(f"{data} using 1:5{axes} with points{marker}{self.picture(' lw 1.5')}"
                  f"{self.paper.colour(curve.look)} notitle", name, curve.arm)

    def emit_entry(self, curve: Curve, name: str) -> None:
        line, marker = self.looks(curve)
        self.plot(f"keyentry with linespoints{line}{marker} {self.title(name)}")

    def name_of(self, curve: Curve) -> str:
        """Returns the name of its arm, of its columns, or of both."""
        if len(self.charted) == 1:
            return self.full_name(curve.arm)
        words = " and ".join(map(self.words_of, curve.columns))
        return (f"{curve.arm}: " if len(self.arms) > 1 else "") + words + self.full_name(curve.arm)[len(curve.arm):]

    # Panels.

    def panels_tell(self) -> list[bool]:
        return [not all(self.side.is_control(curve.arm) for curve in panel) for panel in self.panels]

    def figure(self) -> list[str]:
        return super().figure() if len(self.panels) == 1 else draw_panels(self, self.title_height, self.lines_below)

    def key_names(self) -> list[str]:
        """Returns the entries of the key of panels."""
        names = []
        if self.shares_panels():
            names = [self.name_of(curve) for panel in self.panels for curve in panel]
        elif len(self.charted) > 1:
            names = [self.words_of(column) for column in self.charted]
        if any(curve.is_spread() for panel in self.panels for curve in panel):
            names.append(f"lowest to highest of {self.trials(self.arms[0])}")
        return names

    def shares_panels(self) -> bool:
        """Returns whether a panel has several arms: the key then names them all."""
        return any(len({curve.arm for curve in panel}) > 1 for panel in self.panels)

    def draw_panel(self, is_first: bool) -> None:
        """Writes the curves of one panel; the first one has the key for all."""
        self.emit()
        draw_marks(self)
        if is_first and self.shares_panels():
            for curve in (curve for panel in self.panels for curve in panel):
                self.emit_entry(curve, self.name_of(curve))
        elif is_first and len(self.charted) > 1:
            for number, column in enumerate(self.charted):
                self.plot(f"keyentry with lines{self.paper.line(number, False)} {self.title(self.words_of(column))}")
        if is_first:
            self.settle_key()

    def panel_name(self, curves: list[Curve]) -> str:
        """Returns the names of the arms in a panel; where an arm has several panels, those of its curves."""
        arms = list(dict.fromkeys(curve.arm for curve in curves))
        is_split = sum(curve.arm == arms[0] for panel in self.panels for curve in panel) > len(curves)
        if self.shares_panels() and len(arms) > 1:
            return " "
        return self.name_of(curves[0]) if is_split else ", ".join(map(self.full_name, arms))
