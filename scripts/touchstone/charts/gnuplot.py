# SPDX-License-Identifier: MIT
"""Speaks gnuplot: texts, looks, and the processes that draw charts.

    commands.append(f"set label {quote(text)} at graph 0.5, graph 0.5")
    for number, error in draw(folder, [0, 1, 2]): ...
"""
from __future__ import annotations

import os
import re
import subprocess
import textwrap
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from touchstone import colours

SHAPES = (7, 5, 9, 11, 13, 15)      # filled; the hollow one stands before each
WIDTH, HEIGHT = 900, 520            # px of a picture
LINES_BELOW = 3                     # of a text chart, for its labels
FEWEST_LINES = 10                   # of a text chart without them
THICKEST, THINNEST, THINNER = 5, 2.5, 1.5  # widths of the first curve and of the last, and from one to the next


# ---- texts ---------------------------------------------------------------------

def without_control(text: str) -> str:
    """Returns the text without control characters, which would not be XML."""
    return re.sub(r"[\x00-\x1f]", " ", text)


def quote(text: str) -> str:
    return "'" + without_control(text).replace("'", "''") + "'"


def quote_lines(lines: Iterable[str]) -> str:
    """Returns a gnuplot expression for a text of several lines."""
    return '."\\n".'.join(map(quote, lines)) or "''"


def quote_tic(lines: Iterable[str]) -> str:
    """Returns the name of a tic, which gnuplot reads as a format."""
    return quote_lines([line.replace("%", "%%") for line in lines])


def quote_words(texts: Iterable[str]) -> str:
    """Returns a text whose word(...) in gnuplot is one of these texts each; none has a double quote afterwards."""
    return quote(" ".join('"' + text.replace('"', "”") + '"' for text in texts))


def wrap(text: str, width: float, most: int | None = None) -> list[str]:
    """Returns lines of at most so many characters; no word is broken, and what is beyond the last line ends in dots."""
    wrapper = textwrap.TextWrapper(int(width), max_lines=most, placeholder=" ...", break_long_words=False,
                                   break_on_hyphens=False)
    return wrapper.wrap(" ".join(text.split()))


# ---- looks ---------------------------------------------------------------------

@dataclass(frozen=True)
class Paper:
    """What the chart goes on; columns and lines: of a text chart, in characters."""
    form: str  # svg, png or text
    columns: int = 100
    lines: int = 30

    @property
    def is_text(self) -> bool:
        return self.form == "text"

    @property
    def plot_lines(self) -> int:
        """The lines of a text chart without the labels below it."""
        return max(FEWEST_LINES, self.lines - LINES_BELOW)

    def terminal(self) -> str:
        if self.is_text:
            return f"dumb noenhanced mono size {self.columns},{self.plot_lines}"
        # Both in pixels: pngcairo's points are a third larger than those of SVG.
        return (f"{'pngcairo fontscale 0.75 pointscale 1.5' if self.form == 'png' else 'svg'} noenhanced"
                f" size {WIDTH},{HEIGHT} background rgb 'white' font 'DejaVu Sans,14'")

    def colour(self, number: int) -> str:
        return f" lt {number + 1}" if self.is_text else f" lc rgb '{colours.of_curve(number)}'"

    def marker(self, number: int, control: bool) -> str:
        """Returns a filled marker for a claim's arm, a hollow one for a control's."""
        if self.is_text:
            return f" pt {number + 1} ps 1"
        return f" pt {SHAPES[number % len(SHAPES)] - control} ps {1.2 if control else 1}"

    def line(self, number: int, control: bool) -> str:
        """Returns the look of a curve: solid, the first one thick and each later one thinner; a control's is dashed.
        Curves that coincide all show."""
        if self.is_text:
            return self.colour(number)
        if control:
            return self.colour(number) + (" lw 2.5 dt (12,8)" if number % 2 else " lw 1.7 dt (4,8)")
        return f"{self.colour(number)} lw {max(THINNEST, THICKEST - number * THINNER):g} dt solid"


# ---- the processes ----------------------------------------------------------------

def draw(folder: str | Path, numbers: Iterable[int]) -> Iterator[tuple[int, str]]:
    """Runs NUMBER.gp of a folder, each of which leaves NUMBER.done; yields (number, error) of those that fail.

    Each has a gnuplot of its own, as many at a time as there are CPUs: in one that has drawn before, pens and names
    of the last chart get into the next, and a chart would depend on its neighbours.
    """
    numbers = list(numbers)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, error in zip(numbers, pool.map(lambda number: draw_one(folder, number), numbers)):
            if error:
                yield number, error


def draw_one(folder: str | Path, number: int) -> str:
    """Returns why a chart could not be drawn; nothing where it was."""
    ended = subprocess.run(["gnuplot", "-d", f"{number}.gp"], cwd=folder,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
    if Path(folder, f"{number}.done").exists():
        return ""
    lines = [line for line in ended.stderr.splitlines() if line.strip(" \t^")]
    return lines[-1].strip() if lines else "it ended early"
