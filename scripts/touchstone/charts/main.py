# SPDX-License-Identifier: MIT
"""Draws results, behind scripts/chart: result -> commands.py -> gnuplot -> a file beside the result."""
from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from touchstone.arguments import Parser
from touchstone.charts.commands import Chart, chart_of, panels_of
from touchstone.charts.form import Undrawable
from touchstone.charts.gnuplot import Paper, draw, without_control
from touchstone.charts.hooks import Panel, hooked, telling
from touchstone.cli import stop
from touchstone.files import replace
from touchstone.results import read_result
from touchstone.svg import FONTS

TEXT_SIZE = (100, 30)             # of a text chart where neither COLUMNS and LINES nor a terminal say one
COVERED = ' class="covered"'
LEAST_SIZE, MOST_SIZE = 10, 9999  # that is believed
PLOT = re.compile(r'<g (id="gnuplot_plot_\d+[a-z]?") ><title>.*?</title>', re.DOTALL)


def finished(svg: str, chart: Chart, panels: list[Panel]) -> str:
    """Returns gnuplot's SVG with the finding as its title, with hooks, and with fonts to fall back on.

    gnuplot gives each plot a title, which a browser shows where the pointer rests: the name of a curve where the form
    knows it, and none where gnuplot would show its own number for it or the commands that drew it.
    """
    names, tells = iter(chart.hover), iter(chart.tells)
    svg = PLOT.sub(lambda plot: f"<g {plot[1]}{COVERED * next(tells, True)}>{name_shown(next(names, ''))}", svg)
    svg = hooked(svg, panels, chart.heading, chart.bet) if chart.has_hooks else svg
    for tag, text in (("title", chart.finding), ("desc", chart.shown)):
        element = f"<{tag}>{escape(without_control(text))}</{tag}>".replace("\\", r"\\")
        svg = re.sub(rf"^<{tag}>.*</{tag}>$", element, svg, flags=re.MULTILINE)
    svg = svg.replace('font-family="DejaVu Sans:Bold"', f'font-family="{FONTS}" font-weight="bold"')
    return svg.replace('font-family="DejaVu Sans"', f'font-family="{FONTS}"')


def name_shown(name: str) -> str:
    return f"<title>{escape(without_control(name))}</title>" if name else ""


class Run:
    """Draws results; what cannot be drawn is named, and costs no other its chart."""

    def __init__(self, paper: Paper, paths: list[Path]) -> None:
        self.paper, self.paths, self.status = paper, paths, 0
        self.charts: dict[int, Chart] = {}  # by the number of its path

    def complain(self, message: str) -> None:
        print(f"chart: {message}", file=sys.stderr)
        self.status = 2

    def target(self, number: int) -> Path:
        return self.paths[number].with_suffix(f".{self.paper.form}")

    def remove_stale(self, number: int) -> None:
        """Leaves no chart beside a result that it does not show."""
        if not self.paper.is_text:
            self.target(number).unlink(missing_ok=True)

    def write_commands(self, number: int, output: Path) -> None:
        path = self.paths[number]
        if not path.is_file() or not os.access(path, os.R_OK):
            self.complain(f"{path}: no such file that can be read")
            return
        result = read_result(path)
        try:
            self.charts[number] = chart_of(result, self.paper, output)
            output.with_suffix(".gp").write_text("\n".join(self.charts[number].commands), "utf-8", "surrogateescape")
        except Undrawable as why:
            if not result.why_no_result():
                self.remove_stale(number)
            if str(why):
                self.complain(f"{path}: {why}")
            elif result.verdict not in ("broken", "unsupported"):
                self.complain(f"{path}: has no value in what it charts: nothing to draw")

    def finish(self, number: int, drawn: Path) -> None:
        """drawn: the file that gnuplot wrote."""
        chart = self.charts[number]
        if self.paper.is_text:
            print(drawn.read_text("utf-8").replace("\f", ""), end="")
            print(*(f"  {text}\n" for text in chart.below), sep="", end="")
            return
        is_svg = self.paper.form == "svg"
        try:
            if is_svg:
                panels = telling(panels_of(drawn).read_text("utf-8"), chart.panels_tell)
                replace(self.target(number), finished(drawn.read_text("utf-8"), chart, panels))
            else:
                replace(self.target(number), drawn.read_bytes())
        except OSError as error:
            self.complain(f"cannot write {self.target(number)}: {error.strerror}; give another folder with RESULTS=...")

    def all(self) -> int:
        """Draws all; returns the exit status."""
        with tempfile.TemporaryDirectory() as scratch:
            outputs = {number: Path(scratch, f"{number}.{self.paper.form}") for number, path in enumerate(self.paths)
                       if not path.name.endswith(".film.csv")}  # a film: scripts/film
            for number, output in outputs.items():
                self.write_commands(number, output)
            for number, error in draw(scratch, self.charts):
                self.complain(f"{self.paths[number]}: gnuplot could not draw it: {error}")
                self.remove_stale(number)
                del self.charts[number]
            for number in self.charts:
                self.finish(number, outputs[number])
        return self.status


def results_of(paths: Iterable[Path]) -> Iterator[Path]:
    """Yields the results that are named; a folder stands for all that are in it."""
    for path in paths:
        if path.suffix == ".csv" and not path.is_dir():
            yield path
        else:
            yield from sorted(path.glob("*/*.csv")) or stop(f"{path} holds no results yet: make run-all measures")


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = Parser()
    for form in ("svg", "png", "text"):
        parser.add_argument(f"--{form}", dest="form", action="store_const", const=form, default="svg")
    parser.add_argument("results", nargs="+", type=Path, metavar="RESULT.csv or FOLDER")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    asked = arguments(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what is half done goes
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    known = shutil.get_terminal_size(TEXT_SIZE)  # COLUMNS and LINES, else the terminal's
    columns, lines = (size if LEAST_SIZE <= size <= MOST_SIZE else plain for size, plain in zip(known, TEXT_SIZE))
    try:
        status = Run(Paper(asked.form, columns, lines), list(results_of(asked.results))).all()
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # who reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
