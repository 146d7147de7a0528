# SPDX-License-Identifier: MIT
"""An axis of a chart: its range, its unit and its tics, as commands for gnuplot.

    axis = Axis("y", unit="bytes")
    axis.see(0, 67108864)
    commands += axis.settle(room=0.06)      # range and tics; axis.place(value) says where a value goes
"""
from __future__ import annotations

import math
from dataclasses import dataclass

from touchstone.charts.gnuplot import quote
from touchstone.sides import Spread
from touchstone.words import label_in, no_number, quantity, scale_of, without_unit

MARGIN = 0.02                         # of an axis that need not show 0: below and above, a share of what it shows
LOG_MARGIN, LOG_ROOM_BELOW = 1.1, 0.06  # a factor at both ends, and the share of the decades below the data
LEAST_DECADES = 2                     # a logarithmic axis spans at least this factor
FEW = 5                               # up to this span each whole number has its tic
TICS_OF_BYTES = 5                     # about as many, at powers of two
STEP_UP = 0.4                         # how much of a doubling a step of these may be too small
MOST_THOUSANDS = 8                    # tics of an axis whose numbers need commas
MOST_POWERS = {"x": 9}                # tics of a logarithmic axis; a vertical one has room for fewer
MOST_POWERS_UPRIGHT = 8
KIB_STEP = 10                         # powers of two from one unit to the next: 1 KiB, 1 MiB, 1 GiB
ROUNDING = 1e-9


@dataclass
class Axis:
    """It sees what it has to show, settles on a range and a unit, and then says where a value goes."""
    name: str                # x, y or y2: where it lies
    unit: str = "count"
    log: bool = False
    has_zero: bool = True    # a length is seen from 0 on
    has_names: bool = False  # categories stand on it
    low: float | None = None
    high: float | None = None
    least: float | None = None  # above 0: where a logarithmic axis begins
    foot: str = "0"          # where bars stand
    scale: int = 1
    unit_name: str = ""
    span: tuple[float, float] = (0, 1)  # of the axis itself, in the numbers that gnuplot gets
    narrow: int = 1          # how many panels share its length

    @property
    def is_used(self) -> bool:
        return self.low is not None

    @property
    def plot(self) -> str:
        """What gnuplot's plot needs to use this axis."""
        return " axes x1y2" if self.name == "y2" else " axes x1y1"

    @property
    def first(self) -> str:
        """The system in which gnuplot's labels and arrows are placed."""
        return "second" if self.name == "y2" else "first"

    @property
    def extent(self) -> tuple[float, float]:
        """The lowest and the highest that it has seen; 0 of an axis that has seen nothing."""
        return self.low or 0, self.high or 0

    @property
    def ends(self) -> tuple[float, float]:
        """The values between which share() counts."""
        low, high = self.extent
        return (self.least, max(high, self.least * LEAST_DECADES)) if self.log and self.least else (low, high)

    @property
    def largest(self) -> float:
        """The number farthest from 0 that it has seen."""
        return max(abs(value) for value in self.extent)

    def see(self, *values: float) -> None:
        """Takes note of what it has to show; what stands for no number has no place on it."""
        numbers = [value for value in values if not no_number(value)]
        seen = [value for value in (self.low, self.high, *numbers) if value is not None]
        self.low, self.high = min(seen, default=None), max(seen, default=None)
        self.least = min((value for value in (self.least, *numbers) if value is not None and value > 0), default=None)

    def place(self, value: float) -> str:
        """Returns a coordinate; NaN for what stands for no number, and where a logarithmic axis has no place for the
        value."""
        if no_number(value):
            return "NaN"
        if self.log:
            return f"{value:.12g}" if value > 0 else "NaN"
        return f"{value / self.scale:.12g}"

    def places(self, spread: Spread) -> str:
        return f"{self.place(spread.median)} {self.place(spread.low)} {self.place(spread.high)}"

    def share(self, value: float) -> float:
        """Returns how far from the lowest to the highest it has seen a value lies, 0 to 1."""
        low, high = self.extent
        if self.log and self.least:
            return math.log(max(value, self.least) / self.least) / math.log(max(high / self.least, LEAST_DECADES))
        return (value - low) / ((high - low) or 1)

    def graph(self, value: float) -> float:
        """Returns how far along the axis a value lies, 0 to 1."""
        low, high = self.span
        if self.log:
            return math.log(max(value, low) / low) / math.log(high / low)
        return (value / self.scale - low) / (high - low)

    def between(self, a: float, b: float, share: float = 0.5) -> float:
        """Returns the value that lies so far from a to b, to the eye."""
        return a * (b / a) ** share if self.log and a > 0 and b > 0 else a + (b - a) * share

    def label(self, text: str) -> str:
        """Returns the text with the unit of its numbers; on a logarithmic axis each number has its own."""
        return without_unit(text) or text if self.log else label_in(text, self.unit, self.unit_name)

    def settle(self, room: float) -> list[str]:
        """Returns the commands for range and tics.  room: how much of it to leave above the data."""
        self.log = self.log and self.least is not None
        return self._logarithmic(room) if self.log else self._linear(room)

    def _logarithmic(self, room: float) -> list[str]:
        least, most = self.least or 1, self.extent[1]
        span = max(most / least, LEAST_DECADES)
        low, high = least / span ** LOG_ROOM_BELOW / LOG_MARGIN, most * span ** room * LOG_MARGIN
        self.foot, self.span = f"{low:.6g}", (low, high)
        return [f"set {self.name}range [{low:.6g}:{high:.6g}]", f"set logscale {self.name}",
                f"set {self.name}tics ({', '.join(self._powers(low, high))})"]

    def _powers(self, low: float, high: float) -> list[str]:
        """Returns tics at powers of 2 or 10; where there are few of these, more between them."""
        base = 2 if self.unit == "bytes" else 10
        first, last = math.ceil(math.log(low, base) - ROUNDING), math.floor(math.log(high, base) + ROUNDING)
        most = MOST_POWERS.get(self.name, MOST_POWERS_UPRIGHT) / self.narrow
        step = max(1, math.ceil((last - first + 1) / most))
        if base == 2 and KIB_STEP / 2 < step:
            step = max(step, KIB_STEP)
        between = (2, 5) if base == 10 and (last - first) * self.narrow < 2 else ()
        tics = []
        for power in range(math.ceil(first / step) * step, last + 1, step):
            tics.append(f"{quote(quantity(base ** power, self.unit))} {base}.**{power}")
            tics += [f"{quote(quantity(digit * 10 ** power, self.unit))} {digit}e{power}" for digit in between]
        return tics or [f"{quote(quantity(value, self.unit))} {value:.12g}"
                        for value in sorted({self.least or 1, self.extent[1]})]

    def _linear(self, room: float) -> list[str]:
        if self.has_zero:
            self.see(0)
        self.scale, self.unit_name = scale_of(self.largest, self.unit)
        low, high = (value / self.scale for value in self.extent)
        if low == high:
            high += 1
        span, tics = high - low, self._tics(low, high)
        if self.has_zero:
            low, high = low - (room * span if low < 0 else 0), high + room * span
        else:
            low, high = low - MARGIN * span, high + MARGIN * span
        self.span = low, high
        return [*tics, f"set {self.name}range [{low:.12g}:{high:.12g}]", f"set format {self.name} '%.10g'"]

    def _tics(self, low: float, high: float) -> list[str]:
        """Returns the command for tics of its own, or nothing where gnuplot's serve."""
        span = high - low
        if self.scale == 1 and span <= FEW:
            return [f"set {self.name}tics 1"]  # nothing here counts in fractions
        if self.unit == "bytes":
            step = span / TICS_OF_BYTES * math.sqrt(self.narrow)
            return [f"set {self.name}tics 2.**{math.ceil(math.log2(step) - STEP_UP)}"]
        if span <= 1000:
            return [f"set {self.name}tics {_step(span * self.narrow / MOST_THOUSANDS):g}"] if self.narrow > 1 else []
        return [f"set {self.name}tics ({', '.join(_thousands(low, high, MOST_THOUSANDS // self.narrow))})"]


def _step(least: float) -> float:
    """Returns 1, 2 or 5, times a power of 10: the first that is not below this."""
    power = 10.0 ** math.floor(math.log10(least))
    return min(digit * power for digit in (1, 2, 5, 10) if digit * power >= least)


def _thousands(low: float, high: float, most: int) -> list[str]:
    """Returns at most about so many tics with commas, which gnuplot would not set."""
    step = int(_step((high - low) / max(most, 2)))
    return [f"{quote(quantity(i * step, 'count'))} {i * step}"
            for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def align_zeros(*axes: Axis) -> None:
    """Gives vertical axes their 0 at the same height."""
    for axis in axes:
        axis.see(0)
    below = min(0.9, max(-low / ((high - low) or 1) for low, high in (axis.extent for axis in axes)))
    for axis in axes if below > 0 else ():
        low, high = axis.extent
        axis.high = max(high, -low * (1 - below) / below)
        axis.low = -axis.high * below / (1 - below)
