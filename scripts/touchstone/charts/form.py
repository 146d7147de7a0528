# SPDX-License-Identifier: MIT
"""What every form of a chart shares: its marks, its axes, and the commands for gnuplot that it collects.

Columns move as sides.py says: y as it is, any other as growth since the first record.
"""
from dataclasses import dataclass

from touchstone import prediction
from touchstone.charts.gnuplot import Axis, align_zeros, quote, quote_lines, quote_tic, wrap
from touchstone.sides import Side
from touchstone.words import words_of

MOST_BESIDE = 8     # arms, or groups of bars, that stand side by side; more lie one below the other
DASHED, GREY, PURPLE = " lc rgb '#555555' lw 1.5 dt (4,4)", " lc rgb '#777777'", "#a0008c"


class Undrawable(Exception):
    """Says what keeps a result from having a chart; without a word: it measured nothing of what it charts."""


@dataclass
class Mark:
    axis: Axis
    value: float
    label: str
    is_prediction: bool = False
    is_far_off: bool = False

    def look_how_far(self):
        """A prediction far off must not flatten what was measured."""
        most = max(abs(self.axis.high or 0), abs(self.axis.low or 0))
        self.is_far_off = self.is_prediction and 0 < most * (1e6 if self.axis.log else 8) < abs(self.value)


def longest_word(text):
    return max(map(len, text.split()), default=0)


class Form:
    """Collects what to show, settles the axes on it, and writes it down.  A form has collect(), set_x() and emit()."""
    room = 0.06               # above the data
    prediction_shift = "0.6"  # of its name, from its line

    def __init__(self, result, paper):
        self.side, self.about, self.paper = Side("", [result]), result.metadata, paper
        self.arms, self.stages = self.side.arms(), list(dict.fromkeys(row["stage"] for row in result.rows))
        self.written, self.plots, self.below, self.longest_title = [], [], [], 0
        self.x, self.y, self.y2 = Axis("x", result.unit_of("x"), has_zero=False), Axis("y"), Axis("y2")
        self.is_lying = False  # names at the left, values to the right
        self.charted = {}  # column -> Axis
        for column in result.charted:
            if column not in result.columns:
                raise Undrawable(f"'# charted:' names '{column}', which is no column of it")
            self.charted[column] = self._axis_for(result.unit_of(column))
        self.marks = [*self._declared(result), *self._predictions(result)]

    def _axis_for(self, unit):
        for axis in (self.y, self.y2):
            if axis.unit == unit or axis not in self.charted.values():
                axis.unit = unit
                return axis
        raise Undrawable("'# charted:' names columns of three units, and a chart has two axes: leave one out")

    def _declared(self, result):
        self.y.log = "y" in result.log
        self.x.log = "x" in result.log and any((row["x"] or 0) > 0 for row in result.rows)
        for mark in result.marks:
            yield Mark(self.x if mark.axis == "x" else self.y, mark.value, mark.label)

    def _predictions(self, result):
        for column, value, label in prediction.marks(result):
            axis = self.x if column == "x" else self.charted.get(column)
            if axis:
                yield Mark(axis, value, label, is_prediction=True)

    def commands(self):
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
        if self.y.is_used and self.y2.is_used and not self.y.log:
            align_zeros(self.y, self.y2)
        for axis in (self.y, self.y2):
            if axis.is_used:
                self.set_axis(axis, self.value_label(axis), self.room)
        self.set_x()
        self.emit()
        self.draw_marks()
        # gnuplot takes every letter for a wide one, and would set the key in fewer columns than it has room for.
        self.write(f"set key width {0 if self.paper.is_text else -0.2 * self.longest_title:.3g}")
        return [*self.written, "plot " + ", \\\n     ".join(self.plots)]

    def many(self):
        """How many names stand on an axis that could as well be upright."""
        return 0

    # What forms write with.

    def write(self, *commands):
        self.written += commands

    def block(self, name, rows):
        self.write(f"{name} << END_OF_DATA", *rows, "END_OF_DATA")

    def at(self, place, value):
        """Where something stands: beside its name's place, as far out as its value."""
        return (value, place) if self.is_lying else (place, value)

    def picture(self, look):
        """What only a picture has: characters have no colour, width or dashes."""
        return "" if self.paper.is_text else look

    def title(self, text):
        self.longest_title = max(self.longest_title, len(text))
        return f"title {quote(text)}"

    def explain(self, look, text):
        """One more entry of the key, in grey."""
        if not self.paper.is_text:
            self.plots.append(f"keyentry {look}{GREY} {self.title(text)}")

    def trials(self, arm):
        return f"{len(self.side.trials(arm))} trials"

    # Words.

    def full_name(self, arm):
        return arm + (" (control)" if self.side.is_control(arm) else "")

    def words_of(self, column):
        return self.side.words_of(column) + (", right axis" if self.charted[column] is self.y2 else "")

    def key_name(self, arm, column):
        if len(self.charted) == 1:
            return self.full_name(arm)
        return (f"{arm}: " if len(self.arms) > 1 else "") + self.words_of(column) + self.full_name(arm)[len(arm):]

    def shown(self):
        """For those who cannot see the chart, and for search."""
        x = f"; x: {self.x_text()}" if self.x_text() else ""
        return (f"Chart of {', '.join(self.side.words_of(column) for column in self.charted)}{x}; "
                f"arms: {', '.join(map(self.full_name, self.arms))}.")

    def x_text(self):
        return self.side.first.axis("x").text

    def value_label(self, axis):
        """What stands beside a vertical axis."""
        shown = [column for column, on in self.charted.items() if on is axis]
        grown = [words_of(column) + (": growth" if axis.unit == "bytes" else "") for column in shown if column != "y"]
        parts = [f"{'growth' if len(grown) > 1 else grown[0]} since the first record"] if grown else []
        if "y" in shown:
            parts.append(self.side.first.axis("y").text or "y")
        return ("right axis: " if axis is self.y2 else "") + "; ".join(parts)

    # Axes.

    def set_axis(self, axis, text, room):
        """Characters cannot be turned: the labels of a text chart are printed below it."""
        self.write(*axis.settle(room))
        text, width = axis.label(text), 88 if axis.name == "x" else 46
        if not self.paper.is_text:
            self.write(f"set {axis.name}label {quote_lines(wrap(text, width * 1.2, 2))} "
                       f"font ',{12 if len(text) > width else 14}'")
        elif text:
            self.below.append({"x": "across: ", "y": "up: ", "y2": ""}[axis.name] + text)
        if axis is self.y2:
            self.write("set y2tics nomirror", "set border 11")

    def set_names(self, names, places, low, high):
        """Categories below the x axis: on one line, wrapped, or turned where they are too long."""
        is_text, count = self.paper.is_text, len(names)
        self.x.scale, self.x.log, self.x.has_names = 1, False, True
        if self.is_lying:
            tics = ", ".join(f"{quote_tic(wrap(name, 40, 1))} {at:.6g}" for name, at in zip(names, places))
            self.write(f"set ytics ({tics}) scale 0", f"set yrange [{high:.6g}:{low:.6g}]")
            return
        width = max(6, (self.paper.columns - 16 if is_text else 98) // count - 1)
        size = 14 if count <= 14 else 10
        turned = any(len(name) > width and (width < 9 or longest_word(name) > width + 1 or len(wrap(name, width)) > 3)
                     for name in names)
        if turned and is_text:
            self.below += [f"{i} = {name}" for i, name in enumerate(names, 1)]
            names = map(str, range(1, count + 1))
        texts = [wrap(name, 34 if turned else width, 1 if turned and count > 12 else 3) for name in names]
        look = self.picture(f" rotate by 30 right font ',{size}'") if turned else ""
        tics = ", ".join(f"{quote_tic(text)} {at:.6g}" for text, at in zip(texts, places))
        self.write(f"set xtics ({tics}) scale 0{look}", f"set xrange [{low:.6g}:{high:.6g}]")
        if turned and not is_text:
            self.make_room_for_turned([max(map(len, lines)) * size / 14 for lines in texts])
        elif not is_text:
            self.write(f"set bmargin {1.5 + 1.2 * max(map(len, texts)):.6g}")

    def make_room_for_turned(self, lengths):
        """In characters, of which about 98 stand side by side: names lead down to the left, beyond the axis."""
        beyond = max(0.87 * length - 98 * (place + 0.5) / len(lengths) for place, length in enumerate(lengths))
        self.write(f"set bmargin {2 + 0.24 * max(lengths):.3g}", *([f"set lmargin {beyond:.3g}"] if beyond > 10 else []),
                   *(["set rmargin 3"] if not self.y2.is_used else []))

    # Marks.

    def draw_marks(self):
        beside, predictions = 0, 0
        for mark in self.marks:
            if mark.axis.has_names or mark.axis.log and mark.value <= 0 and not mark.is_far_off:
                continue
            if mark.is_prediction:
                self.draw_prediction(mark, 0.02 + 0.25 * predictions % 1)
                predictions += 1
            else:
                beside = max(beside, self.draw_mark(mark))
        if beside:
            self.write(f"set rmargin {beside + 1}")

    def draw_rule(self, mark, look):
        at = f"{mark.axis.first} {mark.axis.place(mark.value)}"
        ends = f"{at}, graph 0 to {at}, graph 1" if mark.axis.name == "x" else f"graph 0, {at} to graph 1, {at}"
        self.write(f"set arrow from {ends} nohead {look}")

    def draw_mark(self, mark):
        """Its name stands inside the chart, or beside it; how many characters wide that is."""
        at, label, beside = f"first {mark.axis.place(mark.value)}", quote(mark.label), 0
        if mark.axis.name == "x":
            where = f"{at}, graph 0.975 left offset 0.6,0 front boxed"
        elif self.y2.is_used:
            where = f"graph 0.01, {at} left offset 0,0.6 front boxed"
        else:
            lines = wrap(mark.label, 12, 3)
            label, beside = quote_lines(lines), max(longest_word(mark.label), min(len(mark.label), 12))
            where = f"graph 1.01, {at} left offset 0,{(len(lines) - 1) / 2:g}"
        self.draw_rule(mark, "back" + self.picture(DASHED))
        self.write(f"set label {label} at {where} font ',13'")
        return beside

    def draw_prediction(self, mark, side):
        """A line of its own look, named inside the chart; far off: the name alone, with an arrow."""
        axis, across = mark.axis, mark.axis.name == "x"
        at = "graph 0.97" if mark.is_far_off else f"{axis.first} {axis.place(mark.value)}"
        arrow = (" →" if across else " ↑") if mark.is_far_off else ""
        if not mark.is_far_off:
            self.draw_rule(mark, "front" + self.picture(f" lc rgb '{PURPLE}' lw 2.5 dt (10,5)"))
        if across:
            is_right = mark.is_far_off or axis.share(mark.value) > 0.6
            where = f"{at}, graph {0.88 - side / 3:g} {'right offset -0.6,0' if is_right else 'left offset 0.6,0'}"
        else:
            where = f"graph {side:g}, {at} left offset 0,{self.prediction_shift if mark.value > 0 else '0.6'}"
        look = self.picture(f" boxed tc rgb '{PURPLE}'")
        self.write(f"set label {quote(mark.label + arrow)} at {where} front{look} font ',13'")
