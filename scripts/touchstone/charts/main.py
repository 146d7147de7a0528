# SPDX-License-Identifier: MIT
"""Draws results, behind scripts/chart: result -> drawing.py -> gnuplot -> a file beside the result."""
import os
import re
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

from touchstone.arguments import Parser
from touchstone.charts import drawing
from touchstone.charts.form import Undrawable
from touchstone.charts.gnuplot import Paper, draw, quote, quote_lines, without_control, wrap
from touchstone.cli import stop
from touchstone.files import ROOT, replace
from touchstone.results import read_result

HERE = Path(__file__).resolve().parent


# ---- one result -> gnuplot's commands --------------------------------------------------

def finding_of(result):
    """Two sentences: the claim with its verdict; what is true instead, which control failed, or why."""
    failed = [finding.sentence for finding in result.findings if finding.control and finding.outcome != "held"]
    second = ""
    if result.verdict == "refuted" and result.metadata.get("instead"):
        second = f"instead: {result.metadata['instead']}"
    elif result.verdict == "inconclusive" and failed:
        second = f"this control failed: {failed[0]}"
    elif result.reason:
        second = f"reason: {result.reason}"
    return f"{result.verdict.upper()}: {result.metadata['claim']}", second


def title_of(finding, paper):
    """(lines, size of the type)"""
    first, second = finding
    for size, most in ((18, 3), (15, 4)):  # in smaller type where it would not fit
        width = paper.columns - 6 if paper.is_text else 85 * 18 // size
        lines = wrap(first, width, 2 if second else most)
        lines += wrap(second, width, most - len(lines))
        if not any(line.endswith(" ...") for line in lines):
            break
    return lines, size


def setup(result, paper, output, title, size):
    """The terminal, the names that a .gp of the experiment's own may use, and the title."""
    # It stands above the key, so it is a label, and the plot is made less high.
    height = len(title) * (1 / paper.plot_lines if paper.is_text else (size + 8) / 520) + (0 if paper.is_text else 0.02)
    about = result.metadata
    texts = {"csv": os.path.realpath(result.path), "output": str(output), "format": paper.form,
             "claim": about["claim"], "verdict": result.verdict, "instead": about.get("instead", "")}
    return ["set encoding utf8", f"set terminal {paper.terminal()}",
            *(f"{name} = {quote(text)}" for name, text in texts.items()), f"title = {quote_lines(title)}",
            *(f"{name}_label = {quote(result.axis(name).text)}" for name in ("x", "y")),
            "set output output", f"load {quote(str(HERE / 'look.gp'))}",
            f"set label 1000 title at screen 0.02, screen {1 if paper.is_text else 0.96} left font ',{size}'",
            f"set size 1, {1 - height:.6g}", *(["unset grid"] if paper.is_text else [])]


def own_drawing(result):
    """The .gp beside the source, where there is one.  A result may come from anywhere: only a file of this project counts."""
    source = result.metadata.get("source", "")
    path = ROOT / re.sub(r"c$", "gp", source)
    return path if re.fullmatch(r"experiments/.*\.c", source) and ".." not in source and path.is_file() else None


@dataclass
class Chart:
    finding: str
    commands: list
    shown: str = ""                           # the same in words
    below: list = field(default_factory=list)  # what a text chart has no place for


def chart_of(result, paper, output):
    """Raises Undrawable."""
    if result.why_no_result() or result.damage:
        raise Undrawable(result.why_no_result() or f"is {result.damage}; run the experiment again")
    if not result.rows:
        raise Undrawable()
    finding = finding_of(result)
    chart = Chart(" - ".join(filter(None, finding)), setup(result, paper, output, *title_of(finding, paper)))
    own = own_drawing(result)
    if own:
        chart.commands += ["set datafile separator comma", "set datafile columnheaders", f"load {quote(str(own))}"]
    else:
        drawn = drawing.of_result(result, paper)
        chart.commands += drawn.commands()
        chart.shown, chart.below = drawn.shown(), drawn.below
    chart.commands += ["unset output", f"set print {quote(str(output.with_suffix('.done')))}", "print 1", "set print", ""]
    return chart


def finished(svg, chart):
    """gnuplot's SVG, with the finding as its title and with fonts to fall back on."""
    for tag, text in (("title", chart.finding), ("desc", chart.shown)):
        said = f"<{tag}>{escape(without_control(text))}</{tag}>"
        svg = re.sub(rf"^<{tag}>.*</{tag}>$", lambda _, said=said: said, svg, flags=re.MULTILINE)
    return svg.replace('font-family="DejaVu Sans"', 'font-family="DejaVu Sans, Arial, sans-serif"')


# ---- all of them -----------------------------------------------------------------------

class Run:
    """Draws results; what cannot be drawn is said, and costs no other its chart."""

    def __init__(self, paper, paths):
        self.paper, self.paths, self.status, self.charts = paper, paths, 0, {}

    def complain(self, message):
        print(f"chart: {message}", file=sys.stderr)
        self.status = 2

    def target(self, number):
        return self.paths[number].with_suffix(f".{self.paper.form}")

    def remove_stale(self, number):
        """Leaves no chart beside a result that it does not show."""
        if not self.paper.is_text:
            self.target(number).unlink(missing_ok=True)

    def write_commands(self, number, output):
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
            if str(why) or result.verdict not in ("broken", "unsupported"):
                self.complain(f"{path}: {why}" if str(why) else f"{path}: has no value in what it charts: nothing to draw")

    def finish(self, number, drawn):
        chart = self.charts[number]
        if self.paper.is_text:
            print(drawn.read_text("utf-8").replace("\f", ""), end="")
            print(*(f"  {text}\n" for text in chart.below), sep="", end="")
            return
        svg = self.paper.form == "svg"
        try:
            replace(self.target(number), finished(drawn.read_text("utf-8"), chart) if svg else drawn.read_bytes())
        except OSError as error:
            self.complain(f"cannot write {self.target(number)}: {error.strerror}; give another folder with RESULTS=...")

    def all(self):
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


def results_of(paths):
    """The results that are named; a folder stands for all that are in it."""
    for path in paths:
        if path.suffix == ".csv" and not path.is_dir():
            yield path
        else:
            yield from sorted(path.glob("*/*.csv")) or stop(f"{path} holds no results yet: make run-all measures")


def arguments(argv):
    parser = Parser()
    for form in ("svg", "png", "text"):
        parser.add_argument(f"--{form}", dest="form", action="store_const", const=form, default="svg")
    parser.add_argument("results", nargs="+", type=Path, metavar="RESULT.csv or FOLDER")
    return parser.parse_args(argv)


def main(argv=None):
    asked = arguments(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what is half done goes
    sys.stdout.reconfigure(encoding="utf-8")
    known = shutil.get_terminal_size((100, 30))  # COLUMNS and LINES, else the terminal's
    columns, lines = (size if 10 <= size <= 9999 else plain for size, plain in zip(known, (100, 30)))
    try:
        status = Run(Paper(asked.form, columns, lines), list(results_of(asked.results))).all()
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # who reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
