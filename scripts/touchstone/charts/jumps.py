# SPDX-License-Identifier: MIT
"""Writes the names of system calls on the jumps of curves that they made, where they cover nothing."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from touchstone import colours
from touchstone.charts import events
from touchstone.charts.axis import Axis
from touchstone.charts.gnuplot import quote

if TYPE_CHECKING:
    from touchstone.charts.curves import Curve, Curves

MOST_NAMED = 4       # arms whose jumps are named
MOST_EVENTS = 7      # of one name that are written on the curves of an arm
OF_A_ROW = (6, 4, 8, 2, 10)  # twelfths of a long row of jumps where its name may stand, the best first
ALONG = (0.5, 0.3, 0.7)      # shares of a jump where its name may stand, the best first
LEAST_JUMP = 0.04    # share of the axis: a lower one is not named
NEAR = 0.05          # shares of the axes: jumps so near have their name once
AT_THE_EDGE = 0.1    # share of the axis within which a name begins at the jump, or ends there
CHARACTER_WIDTH, LINE_HEIGHT = 0.0095, 0.05  # of a name, in shares of the axes
ABOVE, BELOW_MARK, ABOVE_MARK = 0.8, 0.02, 0.05  # lines from a row to its name; what the name of a mark covers
PARTS_OF_A_LINE = 8  # at whose ends it is seen whether a text covers it


@dataclass
class Jump:
    """From one point of a curve to the next; of a step the upright part."""
    across: Axis
    axis: Axis
    x0: float
    y0: float
    x1: float
    y1: float

    def at(self, share: float) -> tuple[float, float]:
        return self.across.between(self.x0, self.x1, share), self.axis.between(self.y0, self.y1, share)

    def place(self, share: float = 0.5) -> tuple[float, float]:
        """Returns a point of it in shares of the axes."""
        x, y = self.at(share)
        return self.across.share(x), self.axis.share(y)

    def rise(self) -> float:
        return self.axis.share(self.y1) - self.axis.share(self.y0)

    def is_near(self, other: Jump) -> bool:
        return all(abs(a - b) < NEAR for a, b in zip(self.place(), other.place()))


@dataclass
class Box:
    """What a text covers, in shares of the axes."""
    left: float
    right: float
    bottom: float
    top: float

    def covers(self, other: Box) -> bool:
        return (self.left < other.right and other.left < self.right
                and self.bottom < other.top and other.bottom < self.top)


class Choice(NamedTuple):
    """A place for a name: so far along a jump, on it (0), or above (1) or below (-1) a long row of them."""
    jump: Jump
    share: float
    side: int

    def align(self) -> str:
        """Beside a row: above it on the side from which it rises, or below it on the other."""
        if self.side:
            return "right" if (self.jump.rise() > 0) == (self.side > 0) else "left"
        share = self.jump.place()[0]
        return "left" if share < AT_THE_EDGE else "right" if share > 1 - AT_THE_EDGE else "center"

    def aside(self) -> float:
        """Returns how many characters the name stands to the side."""
        return {"left": 1, "right": -1, "center": 0}[self.align()] * (1 if self.side else 0.5)

    def box(self, chart: Curves, text: str) -> Box:
        paper = chart.paper
        wide, high = (1 / paper.columns, 1 / paper.plot_lines) if paper.is_text else \
            (CHARACTER_WIDTH * chart.grid.across, LINE_HEIGHT * chart.grid.down)
        x, y = self.jump.place(self.share)
        left = x + wide * (self.aside() + {"left": 0, "right": -1, "center": -0.5}[self.align()] * len(text))
        middle = y + high * self.side * ABOVE
        return Box(left, left + wide * len(text), middle - high / 2, middle + high / 2)


@dataclass
class Event:
    """What stands at a jump, or at a row of them: a name, and the arms whose jump it is."""
    jumps: list[Jump]
    name: str
    text: str
    arms: list[str]


def write_events(chart: Curves, covered: Sequence[Box] = ()) -> None:
    """Names each jump that a system call made, in the colour of its arm; where the same jump of several arms coincides,
    once and in grey.  covered: where no name may stand."""
    events_seen: list[Event] = []
    for arm, jumps, name, text in named_jumps(chart):
        same = next((event for event in events_seen if event.text == text and jumps[0].is_near(event.jumps[0])), None)
        if same:
            same.arms.append(arm)
        else:
            events_seen.append(Event(jumps, name, text, [arm]))
    shares = [mark.axis.share(mark.value) for mark in chart.marks if mark.axis is not chart.x and not mark.is_far_off]
    taken = [*covered, *(Box(0, 1, share - BELOW_MARK, share + ABOVE_MARK) for share in shares)]
    for event in events_seen:
        write_event(chart, event, taken)


def colour_of(chart: Curves, arms: Sequence[str]) -> str:
    """Returns the colour of the only arm, where it has one curve; else grey."""
    looks = {curve.look for curve in chart.curves if curve.arm in arms}
    return colours.of_curve(looks.pop()) if len(looks) == 1 else "#333333"


def write_event(chart: Curves, event: Event, taken: list[Box]) -> None:
    """Writes a name on a jump, or beside a long row of them; where it covers nothing, if there is such a place."""
    jumps, text = event.jumps, event.text
    is_row = len(jumps) > 1
    choices = [Choice(jump, 0.5, side) for side in (1, -1) for jump in jumps] if is_row else \
        [Choice(jumps[0], share, 0) for share in ALONG]
    free = []
    for choice in choices:
        box = choice.box(chart, text)
        if not any(box.covers(other) for other in taken):
            free.append((choice, box))
    best = next((one for one in free if not is_row or not is_on_a_curve(chart, one[1])), free[0] if free else None)
    if best is None:
        return
    choice, box = best
    taken.append(box)
    jump, look = choice.jump, chart.picture(f" boxed tc rgb '{colour_of(chart, event.arms)}'")
    x, y = jump.at(choice.share)
    chart.write(f"set label {quote(text)} at first {chart.x.place(x)}, {jump.axis.first} {jump.axis.place(y)} "
                f"{choice.align()} offset {choice.aside():g},{choice.side * ABOVE:g} front{look} font ',13'")


def is_on_a_curve(chart: Curves, box: Box) -> bool:
    """Also where it would be off the chart, which is as bad."""
    if box.left < 0 or box.right > 1:
        return True
    return any(box.covers(Box(x, x, y, y)) for curve in chart.curves for x, y in along(chart, curve))


def along(chart: Curves, curve: Curve) -> Iterator[tuple[float, float]]:
    """Yields points along a curve, in shares of the axes."""
    axis = chart.charted[curve.column]
    points = [(chart.x.share(x), axis.share(spread.median)) for x, spread in curve.points]
    if chart.form == "steps":
        points = [corner for (x0, y0), (x1, y1) in pairwise(points) for corner in ((x0, y0), (x1, y0), (x1, y1))]
    for (x0, y0), (x1, y1) in pairwise(points):
        for i in range(PARTS_OF_A_LINE + 1):
            share = i / PARTS_OF_A_LINE
            yield x0 + (x1 - x0) * share, y0 + (y1 - y0) * share


def named_jumps(chart: Curves) -> Iterator[tuple[str, list[Jump], str, str]]:
    """Yields (arm, jumps, name, text): each that is high enough to be seen; of a long row some, for one name of all."""
    arms = list(dict.fromkeys(curve.arm for curve in chart.curves))
    for arm in arms if len(arms) <= MOST_NAMED else ():
        for name, jumps in jumps_of(chart, arm).items():
            if len(jumps) > MOST_EVENTS:
                row = [jump for jump in (jumps[len(jumps) * i // 12] for i in OF_A_ROW) if jump]
                if row:
                    yield arm, row, name, f"{name} × {len(jumps)}"
            else:
                yield from ((arm, [jump], name, name) for jump in jumps if jump and abs(jump.rise()) > LEAST_JUMP)


def jumps_of(chart: Curves, arm: str) -> dict[str, list[Jump | None]]:
    """Returns name -> a jump for each time; None where no curve jumps."""
    known = {column: [spread.median for _, spread in chart.points(arm, column)] for column in events.COLUMNS}
    count = max(map(len, known.values()))
    # Skip y, which need not depend on these columns, and columns that were not measured in every record.
    curves = [curve for curve in chart.curves
              if curve.arm == arm and curve.column != "y" and len(curve.points) == count]
    found: dict[str, list[Jump | None]] = {}
    for index, name in sorted(events.events(known).items()):
        found.setdefault(name, []).append(highest_jump(chart, curves, index))
    return found


def highest_jump(chart: Curves, curves: list[Curve], index: int) -> Jump | None:
    """Returns the highest jump of these curves before the record with this index; None where no curve jumps."""
    jumps = []
    for curve in curves:
        (x0, before), (x1, after) = curve.points[index - 1:index + 1]
        x0 = x1 if chart.form == "steps" else x0
        jumps.append(Jump(chart.x, chart.charted[curve.column], x0, before.median, x1, after.median))
    highest = max(jumps, key=lambda jump: abs(jump.rise()), default=None)
    return highest if highest and highest.rise() else None
