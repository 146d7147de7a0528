# SPDX-License-Identifier: MIT
"""A number for each arm, as a dot on a logarithmic axis, the names at the left: judged ratios, and slopes."""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from touchstone import colours
from touchstone.charts.axis import Axis
from touchstone.charts.form import LABEL_SIZE, Form, gained
from touchstone.charts.gnuplot import HEIGHT, quote, quote_lines, quote_tic, wrap
from touchstone.charts.marks import OF_PREDICTIONS
from touchstone.charts.predictions import in_row
from touchstone.growth import median, quartiles
from touchstone.prediction import Question, question_of
from touchstone.words import quantity, ratio

LEFT, RIGHT, GAP, BOTTOM = 0.27, 0.95, 0.05, 0.15  # shares of the picture
NAME_CHARACTERS, TITLE_CHARACTERS = 28, 40
TITLES_CHARACTERS = 66            # of one line above all panels
PANEL_LINE = 19 / HEIGHT
NUMBER_SIZE = 14
NUMBER_ROOM = (0.3, 0.6)          # shares of an axis for the last number: of one panel, and of several
PEERS = "#777777"                 # the colour of arms that only stand beside the claim's
FEW = 4                           # times that an axis spans, below which it has tics at each of 1, 2, 5


@dataclass
class Number:
    arm: str
    median: float
    low: float
    high: float
    unit: str = ""


class Rows(Form):
    """A dot for each number, a line from its lower to its upper quartile, and the number beside it."""
    spread = "line: quartiles of the trials"
    lines_of_name, room_above = 2, 0.0

    def collect(self) -> None:
        self.groups = self.numbers()
        self.y.see(*(number.median for numbers in self.groups.values() for number in numbers))
        self.marks = []

    def numbers(self) -> dict[str, list[Number]]:
        """Returns title of a panel -> its numbers, from the top down."""
        raise NotImplementedError

    def text_of(self, number: Number) -> str:
        raise NotImplementedError

    def axis_of(self, column: str) -> Axis | None:
        """Its axis has ratios or slopes, and nothing that was recorded."""
        return None

    def set_x(self) -> None:
        pass

    def emit(self) -> None:
        pass

    def _settle_axes(self) -> None:
        numbers = [number for group in self.groups.values() for number in group]
        self.value = Axis("x", self.y.unit, log=True)
        self.value.see(*(end for number in numbers for end in (number.low, number.high) if end > 0))
        if self.has_reference():
            self.value.see(1)
        self.value.narrow = len(self.groups)

    def has_reference(self) -> bool:
        """Returns whether 1 has a line."""
        return False

    def axis_of_panel(self, _title: str) -> Axis:
        """Returns the axis of a panel."""
        return self.value

    def figure(self) -> list[str]:
        count, top = len(self.groups), 1 - self.title_height - 0.02
        most = max(len(wrap(self.title_of(title), self.title_characters())) for title in self.groups)
        width = (RIGHT - LEFT - GAP * (count - 1)) / count
        commands = ["unset key", "set tics scale 0", "set multiplot"]
        names = list(dict.fromkeys(number.arm for group in self.groups.values() for number in group))
        room = NUMBER_ROOM[count > 1]
        for place, (title, numbers) in enumerate(self.groups.items()):
            left = LEFT + place * (width + GAP)
            axis = self.axis_of_panel(title).settle(room)
            commands += [*(line.replace(" times'", " ×'") for line in axis),
                         f"set lmargin at screen {left:.5g}", f"set rmargin at screen {left + width:.5g}",
                         f"set tmargin at screen {top - PANEL_LINE * most if count > 1 else top:.5g}",
                         f"set bmargin at screen {BOTTOM}", *self.panel(title, names, numbers),
                         "unset label", "unset arrow"]
        return [*commands, "unset multiplot"]

    def raised(self, row: int) -> float:
        """Returns how much higher than by its number a row stands."""
        return self.room_above if row == 0 else 0

    def name_of_row(self, arm: str) -> str:
        return self.full_name(arm)

    def title_of(self, title: str) -> str:
        """Returns what stands above a panel, whose axis is settled."""
        return title

    def title_characters(self) -> int:
        """Returns how many characters a line above a panel has."""
        return min(TITLE_CHARACTERS, TITLES_CHARACTERS // len(self.groups))

    def panel(self, title: str, names: list[str], numbers: list[Number]) -> Iterator[str]:
        is_first = numbers is next(iter(self.groups.values()))
        shown = [wrap(self.name_of_row(name), NAME_CHARACTERS, self.lines_of_name) if is_first else [""]
                 for name in names]
        tics = ", ".join(f"{quote_tic(lines)} {i - self.raised(i):g}" for i, lines in enumerate(shown))
        yield f"set ytics ({tics})"
        yield f"set yrange [{len(names) - 0.4:g}:{-0.6 - self.room_above:g}]"
        lines = wrap(self.title_of(title), self.title_characters())
        if title and len(self.groups) > 1:
            yield (f"set label {quote_lines(lines)} at graph 0, graph 1 left offset 0,{len(lines) - 0.4:g} "
                   f"font 'DejaVu Sans:Bold,{LABEL_SIZE}'")
        if is_first:
            label = wrap("; ".join(filter(None, (self.label(), self.spread))), 100, 2)
            yield f"set label {quote_lines(label)} at screen 0.5, screen 0.06 center font ',{LABEL_SIZE}'"
        if self.has_reference():
            yield "set arrow from first 1, graph 0 to first 1, graph 1 nohead lc rgb '#333333' lw 1.5 dt (6,4) back"
        yield from self.predicted(names, title, self.axis_of_panel(title))
        yield from self.dots(names, numbers, self.axis_of_panel(title))

    def dots(self, names: list[str], numbers: list[Number], axis: Axis) -> Iterator[str]:
        plots = ["NaN notitle"]
        self.hover.append("")
        self.tells.append(False)
        for i, number in enumerate(numbers):
            place, colour = names.index(number.arm), self.colour_of(number)
            row = place - self.raised(place)
            data = f"$row{i}"
            at, end = axis.place(number.median), axis.place(max(number.high, number.median))
            where = "graph 0" if end == "NaN" else f"first {end}"  # 0 has no place on a logarithmic axis
            yield (f"set label {quote(self.text_of(number))} at {where}, first {row} left offset 1.2,0 front "
                   f"font 'DejaVu Sans:Bold,{NUMBER_SIZE}' tc rgb '{colour}'")
            if at == "NaN":
                continue
            yield from (f"{data} << END_OF_DATA", f"{at} {row} {axis.place(number.low)} {axis.place(number.high)}",
                        "END_OF_DATA")
            shape = 6 if self.side.is_control(number.arm) else 7
            plots.append(f"{data} using 3:2:($4-$3):(0) with vectors nohead lw 4 lc rgb '{colour}66' notitle"
                         .replace(f"{colour}66", "#99" + colour[1:]))
            plots.append(f"{data} using 1:2 with points pt {shape} ps 1.5 lw 3 lc rgb '{colour}' notitle")
            self.hover += [number.arm, number.arm]
            self.tells += 2 * [not self.side.is_control(number.arm)]
        yield "plot " + ", ".join(plots)

    def predicted(self, names: list[str], title: str, axis: Axis) -> Iterator[str]:
        """Marks each prediction on the row that it is about."""
        def is_shown(question: Question) -> bool:
            panels = {question.end, gained([question.column])} if len(self.groups) > 1 else {title}
            return question.unit == axis.unit and question.arm in names and title in panels

        question = question_of(self.result)
        for value, words in in_row(self, is_shown):
            at, row = axis.place(value), names.index(question.arm if question else "")
            if at == "NaN" or not 0 <= axis.graph(value) <= 1:
                at = "graph 0.05"
                words += " →" if value > axis.extent[1] else " ←"
            else:
                yield (f"set arrow from first {at}, first {row - 0.3:g} to first {at}, first {row + 0.3:g} "
                       f"nohead front lc rgb '{OF_PREDICTIONS}' lw 3")
                at = f"first {at}"
            yield (f"set label {quote(words)} at {at}, first {row + 0.3:g} left offset 0.5,0 front "
                   f"font ',{LABEL_SIZE}' tc rgb '{OF_PREDICTIONS}'")

    def label(self) -> str:
        return self.result.axis("y").words()

    def colour_of(self, number: Number) -> str:
        if self.side.is_control(number.arm):
            return colours.VERMILION
        return colours.BLUE if self.is_claimed(number) else PEERS

    def is_claimed(self, number: Number) -> bool:
        """Returns whether the claim is about this number."""
        return True


class Ratios(Rows):
    """The ratios that judge() found, those of one sentence in a panel; at 1 stands a line."""

    def numbers(self) -> dict[str, list[Number]]:
        groups: dict[str, list[Number]] = {}
        for finding in self.result.findings:
            ends = finding.quartiles()
            if finding.unit != "times" or not ends or not finding.arms or finding.kind == "true_instead":
                continue
            sentence = re.sub(rf"^{re.escape(finding.arms[0])}: ", "", finding.sentence)
            low, high = map(float, ends)
            groups.setdefault(sentence, []).append(Number(finding.arms[0], float(finding.sides()[1]), low, high))
        return groups

    def collect(self) -> None:
        super().collect()
        self.y.unit = "times"

    def has_reference(self) -> bool:
        return True

    def text_of(self, number: Number) -> str:
        return f"{ratio(number.median)} ×"

    def label(self) -> str:
        return "how many times"

    def is_claimed(self, number: Number) -> bool:
        return number.arm == self.arms[0]


class Slopes(Rows):
    """What one more of x costs in y, for each arm: from the first record of its longest stage to the last."""

    def numbers(self) -> dict[str, list[Number]]:
        found = []
        for arm in self.arms:
            slopes = [slope for rows in self.side.trials(arm) if (slope := self.slope(rows)) is not None]
            if slopes:
                low, _, high = quartiles(slopes)
                found.append(Number(arm, median(slopes), low, high))
        return {"": sorted(found, key=lambda number: -number.median)}

    @staticmethod
    def slope(rows: list[dict]) -> float | None:
        stages = [row["stage"] for row in rows]
        longest = max(set(stages), key=lambda stage: (stages.count(stage), stage))
        known = [row for row in rows if row["stage"] == longest and row["x"] is not None and row["y"] is not None]
        if len(known) < 2 or known[-1]["x"] <= known[0]["x"]:
            return None
        return (known[-1]["y"] - known[0]["y"]) / (known[-1]["x"] - known[0]["x"])

    def text_of(self, number: Number) -> str:
        return quantity(number.median, self.y.unit)

    def label(self) -> str:
        return f"{self.result.axis('y').words()}, for one more of: {self.result.axis('x').words()}"
