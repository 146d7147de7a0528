# SPDX-License-Identifier: MIT
"""What the chart of a result shows, and where: its columns as curves, bars or dots, and its marks.

    drawing = of_result(result, Paper("svg"))
    drawing.commands()                # gnuplot's; raises Undrawable
    drawing.below, drawing.shown()    # what a text chart has no place for; the chart in words

Columns move as comparison.py says: y as it is, any other as growth since the first record.
"""
import re
from dataclasses import dataclass
from itertools import pairwise

import events
import prediction
from comparison import Side, Spread, moved
from gnuplot import Axis, align_zeros, quote, quote_lines, quote_tic, wrap
from touchstone import SIZE, quantity, unit_of, words_of

MOST_POINTS = 2000  # of all curves together
MOST_COLOURS = 7    # series of bars that can be told apart
MOST_BESIDE = 8     # arms, or groups of bars, that stand side by side; more lie one below the other
MOST_TOLD = 4       # arms whose jumps are named
MOST_EVENTS = 7     # of one name that are written on the curves of an arm
LEAST_JUMP = 0.04   # share of the axis: a lower one is not named
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


# ---- what every form shares ----------------------------------------------------------

class Drawing:
    """Collects what to show, settles the axes on it, and writes it down.  A form has collect(), set_x() and emit()."""
    room = 0.06               # above the data
    prediction_shift = "0.6"  # of its name, from its line

    def __init__(self, result, paper):
        self.side, self.about, self.paper = Side("", [result]), result.metadata, paper
        self.arms, self.stages = self.side.arms(), list(dict.fromkeys(row["stage"] for row in result.rows))
        self.written, self.plots, self.below, self.longest_title = [], [], [], 0
        self.x, self.y, self.y2 = Axis("x", unit_of("x", self.about), has_zero=False), Axis("y"), Axis("y2")
        self.is_lying = False  # names at the left, values to the right
        self.charted = {}  # column -> Axis
        for column in self.about.get("charted", "").split() or ["resident_bytes"]:
            if column not in result.columns:
                raise Undrawable(f"'# charted:' names '{column}', which is no column of it")
            self.charted[column] = self._axis_for(unit_of(column, self.about))
        self.marks = [*self._options(), *self._predictions(result)]

    def _axis_for(self, unit):
        for axis in (self.y, self.y2):
            if axis.unit == unit or axis not in self.charted.values():
                axis.unit = unit
                return axis
        raise Undrawable("'# charted:' names columns of three units, and a chart has two axes: leave one out")

    def _options(self):
        for word in self.about.get("chart_options", "").split():
            mark = re.fullmatch(r"mark(-x)?=(-?\d+(?:\.\d+)?)([KMG]?):(.+)", word)
            if mark:
                yield Mark(self.x if mark[1] else self.y, float(mark[2]) * SIZE[mark[3]], mark[4].replace("_", " "))
            elif word == "log-y":
                self.y.log = True
            elif word == "log-x":
                self.x.log = any((row["x"] or 0) > 0 for row in self.side.first.rows)
            else:
                raise Undrawable(f"'# chart_options:' has '{word}': it may be log-x, log-y, "
                                 "mark=VALUE:LABEL or mark-x=VALUE:LABEL")

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
        return words_of(column, self.about) + (", right axis" if self.charted[column] is self.y2 else "")

    def key_name(self, arm, column):
        if len(self.charted) == 1:
            return self.full_name(arm)
        return (f"{arm}: " if len(self.arms) > 1 else "") + self.words_of(column) + self.full_name(arm)[len(arm):]

    def shown(self):
        """For those who cannot see the chart, and for search."""
        x = f"; x: {self.about['x']}" if self.about.get("x") else ""
        return (f"Chart of {', '.join(words_of(column, self.about) for column in self.charted)}{x}; "
                f"arms: {', '.join(map(self.full_name, self.arms))}.")

    def value_label(self, axis):
        """What stands beside a vertical axis."""
        shown = [column for column, on in self.charted.items() if on is axis]
        grown = [words_of(column) + (": growth" if axis.unit == "bytes" else "") for column in shown if column != "y"]
        parts = [f"{'growth' if len(grown) > 1 else grown[0]} since the first record"] if grown else []
        if "y" in shown:
            parts.append(self.about.get("y") or "y")
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


# ---- lines, steps, stages --------------------------------------------------------------

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


class Curves(Drawing):
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
            self.set_axis(self.x, self.about.get("x", ""), 0.03)

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


# ---- bars ------------------------------------------------------------------------------

@dataclass
class Bar:
    arm: str
    series: str  # what its colour stands for
    axis: Axis
    spread: Spread
    x: float = 0
    is_lifted: bool = False  # its number, above that of the bar before


class Bars(Drawing):
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


# ---- dots ------------------------------------------------------------------------------

class Dots(Drawing):
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
            self.set_axis(self.x, self.about.get("x", ""), 0.06)
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


def of_result(result, paper):
    return {"bars": Bars, "dots": Dots}.get(result.metadata.get("chart"), Curves)(result, paper)
