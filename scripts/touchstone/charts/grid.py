# SPDX-License-Identifier: MIT
"""Sets panels with the same axes beside each other, or, over stages, below each other."""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from touchstone import colours
from touchstone.charts.gnuplot import HEIGHT, WIDTH, quote_lines, wrap

if TYPE_CHECKING:
    from touchstone.charts.curves import Curves

LEFT, RIGHT, GAP = 92 / WIDTH, 0.975, 26 / WIDTH
NAME, KEY, BELOW = 30 / HEIGHT, 24 / HEIGHT, 62 / HEIGHT  # heights: of a panel's name, the key, the x axis
LINE = 17 / HEIGHT
NAME_SIZE, NAME_CHARACTER = 14, 9.8  # px: of the type, and the width of a character
LABEL_AT = 16         # px from the bottom: the label of the x axis
MOST_ACROSS = 4
KEY_CHARACTERS, KEY_SAMPLE = 92, 8  # of a line of the key, and those that an entry takes beside its name


@dataclass(frozen=True)
class Grid:
    across: int
    down: int

    @classmethod
    def of(cls, count: int, is_over_stages: bool) -> Grid:
        if is_over_stages and count <= MOST_ACROSS:
            return cls(1, count)
        across = count if count <= MOST_ACROSS else -(-count // 2) if count <= 2 * MOST_ACROSS else 3
        return cls(across, -(-count // across))

    @property
    def width(self) -> float:
        """That of a panel, a share of the picture."""
        return (RIGHT - LEFT - GAP * (self.across - 1)) / self.across

    def place(self, number: int, top: float, bottom: float, lines: int) -> list[str]:
        """Returns the commands that set a panel between these heights.  lines: of its name."""
        column, row = number % self.across, number // self.across
        height, name = (top - bottom) / self.down, NAME + LINE * (lines - 1)
        left, upper = LEFT + column * (self.width + GAP), top - row * height - name
        return [f"set {side}margin at screen {at:.5g}" for side, at in
                (("l", left), ("r", left + self.width), ("t", upper), ("b", upper - height + name))]


def unnamed(tics: str) -> str:
    """Returns a command for tics that have no names."""
    if "(" not in tics:
        return tics
    return re.sub(r"'(?:[^']|'')*'(?:\.\"\\n\"\.'(?:[^']|'')*')*(?= [\d.\-])", "''", tics)


def without_names(axes: Sequence[str], name: str) -> list[str]:
    """Returns an axis' commands again, without names at its tics and beside it."""
    tics = [unnamed(line) for line in axes if line.startswith(f"set {name}tics")]
    return [*tics, f"set format {name} ''", f"unset {name}label"]


def rows_of_key(chart: Curves) -> int:
    """Returns the lines of the key.  gnuplot would set it as wide as the first panel, and not as the picture."""
    names = chart.key_names()
    if not names:
        return 0
    across = max(1, KEY_CHARACTERS // (max(map(len, names)) + KEY_SAMPLE))
    return -(-len(names) // across)


def draw_panels(chart: Curves, title_height: float, lines_below: int) -> list[str]:
    """Returns the commands for all panels; the axes are settled."""
    axes, panels, grid = chart.written, chart.panels, chart.grid
    rows = rows_of_key(chart)
    top, bottom = 1 - title_height - KEY * rows, BELOW + LINE * (lines_below - 1)
    commands = [*axes, "set multiplot"]
    width = int(grid.width * WIDTH / NAME_CHARACTER)
    lines = max(len(wrap(chart.panel_name(curves), width)) for curves in panels)
    label = next((line for line in axes if line.startswith("set xlabel ")), "")
    if label:  # once, below all panels
        text = label.removeprefix("set xlabel ")
        at = f" at screen {(LEFT + RIGHT) / 2:.5g}, screen {LABEL_AT / HEIGHT:.5g} center"
        commands.append("set label 999 " + text.replace(" font ", f"{at} font "))
    for number, curves in enumerate(panels):
        chart.written, chart.plots, chart.curves = [], [], curves
        chart.draw_panel(is_first=number == 0)
        is_left, is_last = number % grid.across == 0, number + grid.across >= len(panels)
        commands += [*grid.place(number, top, bottom, lines),
                     *(line for line in axes if re.match(r"set (format |)[xy](tics|label|) ?", line)),
                     *([] if is_left and (number // grid.across == (grid.down - 1) // 2)
                       else ["unset ylabel"]),
                     *([] if is_left else without_names(axes, "y")),
                     *([] if is_last else without_names(axes, "x")),
                     "unset key" if number else f"set key vertical maxrows {rows or 1} at screen 0.5, "
                     f"screen {top + KEY * rows * 0.5:.5g} center",
                     *chart.written, name_of_panel(chart, width), "unset xlabel",
                     "plot " + ", \\\n     ".join(chart.plots), "unset label", "unset arrow"]
    return [*commands, "unset multiplot"]


def name_of_panel(chart: Curves, width: int) -> str:
    """Returns the label above a panel, in the colour of its curve where there is only one.  width: in characters."""
    lines = wrap(chart.panel_name(chart.curves), width)
    first = chart.curves[0]
    colour = colours.of_curve(first.look) if len({curve.look for curve in chart.curves}) == 1 else "#000000"
    return (f"set label {quote_lines(lines)} at graph 0, graph 1 left offset 0,{len(lines) - 0.3:g} "
            f"font 'DejaVu Sans:Bold,{NAME_SIZE}' tc rgb '{colour}'")
