# SPDX-License-Identifier: MIT
"""Speaks gnuplot: texts, axes, and the processes that draw charts.

    axis = Axis("y", unit="bytes")
    axis.see(0, 67108864)
    commands += axis.settle(room=0.06)      # range and tics; axis.place(value) says where a value goes
    for number, error in draw(folder, [0, 1, 2]): ...
"""
import math
import os
import re
import subprocess
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from touchstone.words import label_in, quantity, scale_of, without_unit

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")  # Okabe and Ito's
SHAPES = (7, 5, 9, 11, 13, 15)  # filled; the hollow one stands before each


# ---- texts ---------------------------------------------------------------------

def without_control(text):
    """A stray control character would not be XML."""
    return re.sub(r"[\x00-\x1f]", " ", text)


def quote(text):
    return "'" + without_control(text).replace("'", "''") + "'"


def quote_lines(lines):
    return '."\\n".'.join(map(quote, lines)) or "''"


def quote_tic(lines):
    """gnuplot reads the name of a tic as a format."""
    return quote_lines([line.replace("%", "%%") for line in lines])


def wrap(text, width, most=None):
    """Lines of at most so many characters; no word is broken, and what is beyond the last line ends in dots."""
    return textwrap.wrap(" ".join(text.split()), int(width), max_lines=most, placeholder=" ...", break_long_words=False,
                         break_on_hyphens=False)


@dataclass(frozen=True)
class Paper:
    """What the chart goes on; columns and lines: of a text chart, in characters."""
    form: str  # svg, png or text
    columns: int = 100
    lines: int = 30

    @property
    def is_text(self):
        return self.form == "text"

    @property
    def plot_lines(self):
        return max(10, self.lines - 3)  # the labels stand below

    def terminal(self):
        if self.is_text:
            return f"dumb noenhanced mono size {self.columns},{self.plot_lines}"
        # Both in pixels: pngcairo's points are a third larger than those of SVG.
        return (f"{'pngcairo fontscale 0.75 pointscale 1.5' if self.form == 'png' else 'svg'} noenhanced size 900,520"
                " background rgb 'white' font 'DejaVu Sans,14'")

    def colour(self, number):
        return f" lt {number + 1}" if self.is_text else f" lc rgb '{COLOURS[number % len(COLOURS)]}'"

    def marker(self, number, control):
        """Filled for a claim's arm, hollow for a control's."""
        if self.is_text:
            return f" pt {number + 1} ps 1"
        return f" pt {SHAPES[number % len(SHAPES)] - control} ps {1.2 if control else 1}"

    def line(self, number, control):
        """Solid and thick beneath, each later one thinner, a control's dashed: curves that coincide all show."""
        if self.is_text:
            return self.colour(number)
        if control:
            return self.colour(number) + (" lw 2.5 dt (12,8)" if number % 2 else " lw 1.7 dt (4,8)")
        return f"{self.colour(number)} lw {max(2.5, 5 - number * 1.5):g} dt solid"


# ---- an axis ---------------------------------------------------------------------

@dataclass
class Axis:
    """It sees what it has to show, settles on a range and a unit, and then says where a value goes."""
    name: str              # x, y or y2: where it lies
    unit: str = "count"
    log: bool = False
    has_zero: bool = True    # a length is seen from 0 on
    has_names: bool = False  # categories stand on it
    low: float = None
    high: float = None
    least: float = None    # above 0: where a logarithmic axis begins
    foot: str = "0"        # where bars stand
    scale: int = 1
    unit_name: str = ""

    @property
    def is_used(self):
        return self.low is not None

    @property
    def plot(self):
        return " axes x1y2" if self.name == "y2" else " axes x1y1"

    @property
    def first(self):
        """The system in which gnuplot's labels and arrows are placed."""
        return "second" if self.name == "y2" else "first"

    def see(self, *values):
        seen = [value for value in (self.low, self.high, *values) if value is not None]
        self.low, self.high = min(seen), max(seen)
        self.least = min((value for value in (self.least, *values) if value is not None and value > 0), default=None)

    def place(self, value):
        """NaN where a logarithmic axis has no place for it."""
        if self.log:
            return f"{value:.12g}" if value > 0 else "NaN"
        return f"{value / self.scale:.12g}"

    def share(self, value):
        """How far from the lowest to the highest it has seen, 0 to 1."""
        if self.log:
            return math.log(max(value, self.least) / self.least) / math.log(max(self.high / self.least, 2))
        return (value - self.low) / ((self.high - self.low) or 1)

    def between(self, a, b, share=0.5):
        """The value so far from a to b, to the eye."""
        return a * (b / a) ** share if self.log and a > 0 and b > 0 else a + (b - a) * share

    def places(self, spread):
        return f"{self.place(spread.median)} {self.place(spread.low)} {self.place(spread.high)}"

    def settle(self, room):
        """Range and tics; room: how much of it to leave above the data."""
        self.log = self.log and self.least is not None
        return self._logarithmic(room) if self.log else self._linear(room)

    def label(self, text):
        """With the unit of its numbers; on a logarithmic axis each has its own."""
        return without_unit(text) or text if self.log else label_in(text, self.unit, self.unit_name)

    def _logarithmic(self, room):
        span = max(self.high / self.least, 2)
        low, high = self.least / span ** 0.06 / 1.1, self.high * span ** room * 1.1
        self.foot = f"{low:.6g}"
        return [f"set {self.name}range [{low:.6g}:{high:.6g}]", f"set logscale {self.name}",
                f"set {self.name}tics ({', '.join(self._powers(low, high))})"]

    def _powers(self, low, high):
        base = 2 if self.unit == "bytes" else 10
        first, last = math.ceil(math.log(low, base) - 1e-9), math.floor(math.log(high, base) + 1e-9)
        step = max(1, math.ceil((last - first + 1) / (9 if self.name == "x" else 8)))
        step = 10 if base == 2 and 5 < step < 10 else step  # 1 KiB, 1 MiB, 1 GiB
        between = (2, 5) if base == 10 and last - first < 2 else ()
        tics = []
        for power in range(math.ceil(first / step) * step, last + 1, step):
            tics.append(f"{quote(quantity(base ** power, self.unit))} {base}.**{power}")
            tics += [f"{quote(quantity(digit * 10 ** power, self.unit))} {digit}e{power}" for digit in between]
        return tics or [f"{quote(quantity(value, self.unit))} {value:.12g}"
                        for value in sorted({self.least, self.high})]

    def _linear(self, room):
        margin = 0 if self.has_zero else 0.02
        if self.has_zero:
            self.see(0)
        self.scale, self.unit_name = scale_of(max(abs(self.low), abs(self.high)), self.unit)
        low, high = self.low / self.scale, self.high / self.scale
        if low == high:
            high += 1
        span, tics = high - low, []
        if self.scale == 1 and span <= 5:
            tics = [f"set {self.name}tics 1"]  # nothing here counts in fractions
        elif self.unit == "bytes":
            tics = [f"set {self.name}tics 2.**{math.ceil(math.log2(span / 5) - 0.4)}"]
        elif span > 1000:
            tics = [f"set {self.name}tics ({', '.join(self._thousands(low, high))})"]
        low -= (margin or (room if low < 0 else 0)) * span
        high += (margin or room) * span
        return [*tics, f"set {self.name}range [{low:.12g}:{high:.12g}]", f"set format {self.name} '%.10g'"]

    def _thousands(self, low, high):
        """gnuplot would set no commas."""
        least = (high - low) / 8
        step = min(step for step in (digit * 10 ** math.floor(math.log10(least)) for digit in (1, 2, 5, 10)) if step >= least)
        return [f"{quote(quantity(i * step, 'count'))} {i * step}" for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def align_zeros(*axes):
    """Vertical axes have their 0 at the same height."""
    for axis in axes:
        axis.see(0)
    below = min(0.9, max(-axis.low / ((axis.high - axis.low) or 1) for axis in axes))
    for axis in axes if below > 0 else ():
        axis.high = max(axis.high, -axis.low * (1 - below) / below)
        axis.low = -axis.high * below / (1 - below)


# ---- the process -----------------------------------------------------------------

def draw(folder, numbers):
    """Runs NUMBER.gp of a folder, each of which leaves NUMBER.done; yields (number, error) of those that fail.

    Each has a gnuplot of its own, as many at a time as there are CPUs: in one that has drawn before, pens and names
    of the last chart get into the next, and a chart would depend on its neighbours.
    """
    numbers = list(numbers)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, error in zip(numbers, pool.map(lambda number: draw_one(folder, number), numbers)):
            if error:
                yield number, error


def draw_one(folder, number):
    """Why a chart could not be drawn; empty where it was."""
    ended = subprocess.run(["gnuplot", "-d", f"{number}.gp"], cwd=folder,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
    if Path(folder, f"{number}.done").exists():
        return ""
    said = [line for line in ended.stderr.splitlines() if line.strip(" \t^")]
    return said[-1].strip() if said else "it ended early"
