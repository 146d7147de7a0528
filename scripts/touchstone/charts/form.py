# SPDX-License-Identifier: MIT
"""What every form of a chart shares: its axes, its words, and the commands for gnuplot that it collects.

Columns move as sides.py says: y as it is, any other as growth since the first record.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from touchstone import prediction
from touchstone.charts.axis import Axis, align_zeros
from touchstone.charts.gnuplot import Paper, quote, quote_lines, quote_tic, wrap
from touchstone.charts.marks import Mark, draw_marks, longest_word
from touchstone.results import Result
from touchstone.sides import Side
from touchstone.words import unit_of, words_of

MOST_BESIDE = 8     # arms, or groups of bars, that stand side by side; more lie one below the other
GREY = " lc rgb '#777777'"
LABEL_SIZE = 13
LABEL_CHARACTERS, LABEL_CHARACTERS_UPRIGHT = 100, 50  # of a line along an axis

# Names below the x axis, in characters.
ACROSS, BESIDE_THE_TEXT = 98, 16      # that stand side by side below a picture; those of a text chart that do not
LEAST_NAME, LEAST_WORD = 6, 9         # room for a name; with less than the second words would be broken
LINES_OF_NAME = 3
TURNED_CHARACTERS = 34                # on a line of a turned name
LYING_CHARACTERS = 40                 # of a name at the left
MANY_NAMES = 12                       # turned names of which each has one line
MANY_SMALL = 14                       # names; more are written smaller
SMALL = 12
TURNED_WIDTH, TURNED_HEIGHT = 0.87, 0.24  # of a character of a turned name: to the left, and down in lines
KEY_TOO_WIDE = 0.1                    # of a character, by which gnuplot takes each for too wide
LEFT_MARGIN = 10                      # that gnuplot leaves by itself

GAINED = {"resident_bytes": "resident memory gained", "virtual_bytes": "address space gained",
          "page_table_bytes": "page tables gained",
          "heap_top_bytes": "how far the break has moved", "minor_fault_count": "minor faults",
          "major_fault_count": "major faults", "heap_in_use_bytes": "heap in use, gained",
          "cpu_user_ns": "user time", "cpu_system_ns": "system time"}


class Undrawable(Exception):
    """Says what keeps a result from having a chart; without a word: it measured nothing of what it charts."""


class Form:
    """Collects what to show, settles the axes on it, and writes it down.  A form has collect(), set_x() and emit()."""
    room = 0.06               # above the data
    prediction_shift = "0.6"  # of its name, from its line
    has_hooks = True          # for lecture mode: whether parts of the picture can be covered (hooks.py)
    has_predictions = False   # drawn: no line across the chart need stand for them

    def __init__(self, result: Result, paper: Paper) -> None:
        self.result, self.side, self.paper = result, Side("", [result]), paper
        self.arms, self.full_name = self.side.arms(), self.side.full_name
        self.stages = list(dict.fromkeys(row["stage"] for row in result.rows))
        self.written: list[str] = []
        self.plots: list[str] = []
        self.hover: list[str] = []  # the name of each plot, or nothing
        self.tells: list[bool] = []  # whether a plot shows what the claim is about, and no control or key
        self.below: list[str] = []
        self.longest_title = 0
        self.right = 0.0           # characters of the widest text beside the chart
        self.title_height = 0.0    # a share of the picture
        self.lines_below = 1       # of the names below the x axis
        self.x, self.y, self.y2 = Axis("x", result.unit_of("x"), has_zero=False), Axis("y"), Axis("y2")
        self.is_lying = False  # names at the left, values to the right
        self.charted: dict[str, Axis] = {}
        for column in result.charted:
            if column not in result.columns:
                raise Undrawable(f"'# charted:' names '{column}', which is no column of it")
            self.charted[column] = self._axis_for(result.unit_of(column))
        self.marks = [*self._declared(), *self._predictions()]

    def collect(self) -> None:
        """Gathers the data, and shows them to the axes."""
        raise NotImplementedError

    def set_x(self) -> None:
        raise NotImplementedError

    def emit(self) -> None:
        """Writes the data down."""
        raise NotImplementedError

    def many(self) -> int:
        """Returns how many names stand on an axis that could as well be upright."""
        return 0

    def _axis_for(self, unit: str) -> Axis:
        for axis in (self.y, self.y2):
            if axis.unit == unit or axis not in self.charted.values():
                axis.unit = unit
                return axis
        raise Undrawable("'# charted:' names columns of three units, and a chart has two axes: leave one out")

    def _declared(self) -> Iterator[Mark]:
        self.y.log = "y" in self.result.log
        self.x.log = "x" in self.result.log and any((row["x"] or 0) > 0 for row in self.result.rows)
        for mark in self.result.marks:
            yield Mark(self.x if mark.axis == "x" else self.y, mark.value, mark.label)

    def _predictions(self) -> Iterator[Mark]:
        for column, value, label in prediction.marks(self.result):
            axis = self.x if column == "x" else self.charted.get(column)
            if axis:
                yield Mark(axis, value, label, is_prediction=True)

    def panels_tell(self) -> list[bool]:
        """Returns whether each panel, in the order in which they are drawn, shows an arm of the claim."""
        return []

    def axis_of(self, column: str) -> Axis | None:
        """Returns the axis on which x or a charted column stands; None where none is drawn."""
        return self.x if column == "x" else self.charted.get(column)

    def commands(self) -> list[str]:
        """Returns gnuplot's commands; raises Undrawable."""
        self.collect()
        if not (self.y.is_used or self.y2.is_used):
            raise Undrawable()
        if self.many() > MOST_BESIDE and not (self.paper.is_text or self.y2.is_used):
            self.is_lying, self.x.name, self.y.name = True, "y", "x"
        for mark in self.marks:
            mark.look_how_far()
        for mark in self.marks:
            if not mark.is_far_off:
                mark.axis.see(mark.value)
        self._settle_axes()
        return self.figure()

    def figure(self) -> list[str]:
        """Returns the commands for all that was settled."""
        self.emit()
        draw_marks(self)
        self.settle_margin()
        self.settle_key()
        return [*self.written, "plot " + ", \\\n     ".join(self.plots)]

    def settle_margin(self) -> None:
        """Leaves room for what stands beside the chart at the right."""
        if self.right:
            self.write(f"set rmargin {self.right:.4g}")

    def settle_key(self) -> None:
        """gnuplot takes every letter for a wide one, and would set the key in fewer columns than it has room for."""
        self.write(f"set key width {0 if self.paper.is_text else -KEY_TOO_WIDE * self.longest_title:.3g}")

    def _settle_axes(self) -> None:
        if self.y.is_used and self.y2.is_used and not self.y.log:
            align_zeros(self.y, self.y2)
        for axis in (self.y, self.y2):
            if axis.is_used:
                self.set_axis(axis, self.value_label(axis), self.room)
        self.set_x()

    # What forms write with.

    def write(self, *commands: str) -> None:
        self.written += commands

    def plot(self, command: str, name: str = "", arm: str = "") -> None:
        """name: what is shown where the pointer rests; arm: whose rows it shows."""
        self.plots.append(command)
        self.hover.append(name)
        self.tells.append(not command.startswith("keyentry") and not (arm and self.side.is_control(arm)))

    def block(self, name: str, rows: Iterable[str]) -> None:
        self.write(f"{name} << END_OF_DATA", *rows, "END_OF_DATA")

    def at(self, place: str, value: str) -> tuple[str, str]:
        """Returns where something stands: beside its name's place, as far out as its value."""
        return (value, place) if self.is_lying else (place, value)

    def picture(self, look: str) -> str:
        """Returns what only a picture has: characters have no colour, width or dashes."""
        return "" if self.paper.is_text else look

    def title(self, text: str) -> str:
        """Returns an entry of the key."""
        self.longest_title = max(self.longest_title, len(text))
        return f"title {quote(text)}"

    def explain(self, look: str, text: str) -> None:
        """Adds an entry to the key, in grey."""
        if not self.paper.is_text:
            self.plot(f"keyentry {look}{GREY} {self.title(text)}")

    def trials(self, arm: str) -> str:
        return f"{len(self.side.trials(arm))} trials"

    # Words.

    def words_of(self, column: str) -> str:
        return self.side.words_of(column) + (", right axis" if self.charted[column] is self.y2 else "")

    def key_name(self, arm: str, column: str) -> str:
        if len(self.charted) == 1:
            return self.full_name(arm)
        return (f"{arm}: " if len(self.arms) > 1 else "") + self.words_of(column) + self.full_name(arm)[len(arm):]

    def shown(self) -> str:
        """Returns what the chart shows in words, for those who cannot see it, and for search."""
        x = f"; x: {self.x_text()}" if self.x_text() else ""
        return (f"Chart of {', '.join(self.side.words_of(column) for column in self.charted)}{x}; "
                f"arms: {', '.join(map(self.full_name, self.arms))}.")

    def x_text(self) -> str:
        return self.result.axis("x").text

    def value_label(self, axis: Axis) -> str:
        """Returns what stands beside a vertical axis."""
        shown = [column for column, on in self.charted.items() if on is axis]
        grown = [column for column in shown if column != "y"]
        parts = [gained(grown)] if grown else []
        if "y" in shown:
            parts.append(self.result.axis("y").text or "y")
        return ("right axis: " if axis is self.y2 else "") + "; ".join(parts)

    # Axes.

    def set_axis(self, axis: Axis, text: str, room: float) -> None:
        """Characters cannot be turned: the labels of a text chart are printed below it."""
        self.write(*axis.settle(room))
        text, width = axis.label(text), LABEL_CHARACTERS if axis.name == "x" else LABEL_CHARACTERS_UPRIGHT
        if not self.paper.is_text:
            self.write(f"set {axis.name}label {quote_lines(wrap(text, width, 2))} font ',{LABEL_SIZE}'")
        elif text:
            self.below.append({"x": "across: ", "y": "up: ", "y2": ""}[axis.name] + text)
        if axis is self.y2:
            self.write("set y2tics nomirror", "set border 11")

    def set_names(self, names: Sequence[str], places: Iterable[float], low: float, high: float) -> None:
        """Sets names at these places of an axis from low to high: at the left, or below."""
        self.x.scale, self.x.log, self.x.has_names = 1, False, True
        if not self.is_lying:
            self.x.span = low, high
            self._set_names_below(names, places, low, high)
            return
        tics = ", ".join(f"{quote_tic(wrap(name, LYING_CHARACTERS, 1))} {at:.6g}" for name, at in zip(names, places))
        self.write(f"set ytics ({tics}) scale 0", f"set yrange [{high:.6g}:{low:.6g}]")

    def _set_names_below(self, names: Sequence[str], places: Iterable[float], low: float, high: float) -> None:
        """On one line, wrapped, or turned where they are too long; in a text chart numbers then stand for them."""
        is_text, count = self.paper.is_text, len(names)
        width = max(LEAST_NAME, (self.paper.columns - BESIDE_THE_TEXT if is_text else ACROSS) // count - 1)
        turned = any(is_too_long(name, width) for name in names)
        if turned and is_text:
            self.below += [f"{i} = {name}" for i, name in enumerate(names, 1)]
            names = list(map(str, range(1, count + 1)))
        lines = 1 if turned and count > MANY_NAMES else LINES_OF_NAME
        texts = [wrap(name, TURNED_CHARACTERS if turned else width, lines) for name in names]
        size = LABEL_SIZE if count <= MANY_SMALL else SMALL
        look = self.picture(f" rotate by 30 right font ',{size}'") if turned else ""
        tics = ", ".join(f"{quote_tic(text)} {at:.6g}" for text, at in zip(texts, places))
        self.write(f"set xtics ({tics}) scale 0{look}", f"set xrange [{low:.6g}:{high:.6g}]")
        if turned and not is_text:
            self._make_room_for_turned([max(map(len, text)) * size / LABEL_SIZE for text in texts])
        elif not is_text:
            self.lines_below = max(map(len, texts))
            self.write(f"set bmargin {1.5 + 1.2 * self.lines_below:.6g}")

    def _make_room_for_turned(self, lengths: Sequence[float]) -> None:
        """Makes room for names that lead down to the left, beyond the axis.  lengths: in characters."""
        share = ACROSS / len(lengths)
        beyond = max(TURNED_WIDTH * length - share * (place + 0.5) for place, length in enumerate(lengths))
        self.write(f"set bmargin {2 + TURNED_HEIGHT * max(lengths):.3g}")
        if beyond > LEFT_MARGIN:
            self.write(f"set lmargin {beyond:.3g}")
        if not self.y2.is_used:
            self.write("set rmargin 3")


def gained(columns: Sequence[str]) -> str:
    """Returns what an axis of these columns shows, which are drawn as growth since the first record."""
    if len(columns) > 1:
        return {"bytes": "memory gained", "ns": "time taken"}.get(unit_of(columns[0]), "counted since the start")
    return GAINED.get(columns[0]) or f"{words_of(columns[0])}{'' if columns[0].endswith('_ns') else ' gained'}"


def is_too_long(name: str, width: int) -> bool:
    """Returns whether a name has no place below its tic, however it is wrapped."""
    if len(name) <= width:
        return False
    return width < LEAST_WORD or longest_word(name) > width + 1 or len(wrap(name, width)) > LINES_OF_NAME
