# SPDX-License-Identifier: MIT
"""Lines, steps and stages: a curve for each column of each arm."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from touchstone.charts.form import Form
from touchstone.charts.jumps import write_events
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

    def is_spread(self) -> bool:
        return any(spread.is_wide() for _, spread in self.points)


class Curves(Form):
    """A curve for each column of each arm, over x or over the stages, and the names of what made its jumps."""

    def collect(self) -> None:
        self.form = self.result.metadata.get("chart")
        self.curves: list[Curve] = []
        for arm in sorted(self.arms, key=self.side.is_control):
            for column, axis in self.charted.items():
                points = self.points(arm, column)
                if points:
                    self.curves.append(Curve(len(self.curves), arm, column, points))
                for x, spread in points:
                    self.x.see(x)
                    axis.see(spread.low, spread.high)

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
            if self.form == "steps" and i:
                yield f"{self.x.place(x)} {axis.places(curve.points[i - 1][1])} NaN"
            yield f"{self.x.place(x)} {axis.places(spread)} {axis.place(spread.median) if is_marked else 'NaN'}"

    def emit(self) -> None:
        lines: list[str] = []
        for curve in self.curves:
            lines += self.emit_curve(curve)
        self.plots += lines
        write_events(self)
        spread = next((curve.arm for curve in self.curves if curve.is_spread()), None)
        if spread:
            self.explain("with filledcurves fs solid 0.2 noborder", f"lowest to highest of {self.trials(spread)}")

    def emit_curve(self, curve: Curve) -> list[str]:
        """Writes the data and the area of the spread, which lies below all curves; returns the curve."""
        paper, data, axes = self.paper, f"$curve{curve.number + 1}", self.charted[curve.column].plot
        control, colour = self.side.is_control(curve.arm), paper.colour(curve.number)
        line, marker = paper.line(curve.number, control), paper.marker(curve.number, control)
        self.block(data, self.rows(curve))
        if curve.is_spread() and not paper.is_text:
            self.plots.append(f"{data} using 1:3:4{axes} with filledcurves{colour} fs transparent solid 0.15 noborder "
                              "notitle")
        return [f"{data} using 1:2{axes} with lines{line} notitle",
                f"{data} using 1:5{axes} with points{marker}{self.picture(' lw 1.5')}{colour} notitle",
                f"keyentry with linespoints{line}{marker} {self.title(self.key_name(curve.arm, curve.column))}"]
