# SPDX-License-Identifier: MIT
"""One result -> the commands with which gnuplot draws its chart: a title, and a form or the experiment's own .gp."""
from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from touchstone import colours
from touchstone.charts import drawing
from touchstone.charts.annotations import texts
from touchstone.charts.form import Undrawable
from touchstone.charts.hooks import bet_of, noted
from touchstone.charts.gnuplot import HEIGHT, Paper, quote, quote_lines, quote_words, wrap
from touchstone.files import ROOT
from touchstone.results import Result
from touchstone.sides import Side

LOOK = Path(__file__).resolve().parent / "look.gp"
TITLE_SIZE, TITLE_LINES = 16, 4
TITLE_CHARACTERS = 95        # of a line
NOTE_CHARACTERS = 80         # of a line of an annotation above the chart, which is bold
TITLE_LEADING = 8            # px
TITLE_ROOM = 0.02            # share of the picture, below the title


def finding_of(result: Result) -> tuple[str, str]:
    """Returns two sentences: the claim with its verdict; what is true instead, which control failed, or why."""
    failed = [finding.sentence for finding in result.findings
              if finding.kind == "control" and finding.outcome != "held"]
    second = ""
    if result.instead:
        second = f"instead: {result.instead}"
    elif result.verdict == "inconclusive" and failed:
        second = f"this control failed: {failed[0]}"
    elif result.reason:
        second = f"reason: {result.reason}"
    verdict = result.verdict_in_words.replace(result.verdict, result.verdict.upper(), 1)
    return f"{verdict}: {result.metadata['claim']}", second


def title_of(finding: tuple[str, str], paper: Paper) -> list[str]:
    """Returns the lines; all charts have the same size of type, and side by side look alike."""
    first, second = finding
    width = paper.columns - 6 if paper.is_text else TITLE_CHARACTERS
    lines = wrap(first, width, 2 if second else TITLE_LINES)
    return lines + wrap(second, width, TITLE_LINES - len(lines))


@dataclass
class Heading:
    """What stands above a chart: the finding, and in a chart without curves the annotations, which have no point."""
    title: list[str]
    notes: list[str]
    paper: Paper

    @property
    def line(self) -> float:
        """The height of a line, a share of the picture."""
        return 1 / self.paper.plot_lines if self.paper.is_text else (TITLE_SIZE + TITLE_LEADING) / HEIGHT

    @property
    def height(self) -> float:
        count = len(self.title) + (0 if self.paper.is_text else len(self.notes))
        return count * self.line + (0 if self.paper.is_text else TITLE_ROOM)

    def commands(self) -> list[str]:
        """The title is a label, since it stands above the key, and the plot is made less high."""
        top = 1 if self.paper.is_text else 0.96
        said = [f"set label 1000 title at screen 0.02, screen {top} left font ',{TITLE_SIZE}'"]
        for number, note in enumerate([] if self.paper.is_text else self.notes, len(self.title)):
            said.append(f"set label {1001 + number} {quote(note)} at screen 0.02, screen "
                        f"{top - number * self.line:.5g} left font 'DejaVu Sans:Bold,{TITLE_SIZE}' "
                        f"tc rgb '{colours.BLUE}'")
        return [*said, f"set size 1, {1 - self.height:.6g}"]


@dataclass
class Chart:
    finding: str
    heading: Heading
    commands: list[str]
    shown: str = ""                                 # the same in words
    below: list[str] = field(default_factory=list)  # what a text chart has no place for
    hover: list[str] = field(default_factory=list)  # the name of each plot, shown where the pointer rests; or nothing
    tells: list[bool] = field(default_factory=list)  # whether each plot shows what the claim is about
    panels_tell: list[bool] = field(default_factory=list)  # whether each panel shows an arm of the claim
    bet: dict[str, Any] | None = None               # what a place on an axis is worth
    has_hooks: bool = True                          # whether parts of it can be covered


def heading_of(result: Result, paper: Paper) -> Heading:
    has_curves = result.metadata.get("chart", "lines") in ("lines", "steps", "stages") and not own_drawing(result)
    notes = [] if has_curves else [line for _, text in texts(result) for line in wrap(text, NOTE_CHARACTERS)]
    return Heading(title_of(finding_of(result), paper), notes, paper)


def variables(result: Result, paper: Paper, output: Path) -> list[str]:
    """Returns the names that a .gp of the experiment's own may use: scripts/chart describes them."""
    side, about = Side("", [result]), result.metadata
    texts = {"csv": os.path.realpath(result.path), "output": str(output), "format": paper.form,
             "claim": about["claim"], "verdict": result.verdict, "instead": about.get("instead", ""),
             "x_label": result.axis("x").text, "y_label": result.axis("y").text}
    lists = {"arms": side.arms(), "full_names": list(map(side.full_name, side.arms())), "colours": colours.OF_CURVES}
    return [*(f"{name} = {quote(text)}" for name, text in texts.items()),
            *(f"{name} = {quote_words(words)}" for name, words in lists.items())]


def setup(result: Result, paper: Paper, output: Path, heading: Heading) -> list[str]:
    """Returns the commands for the terminal, the look and the title."""
    return ["set encoding utf8", f"set terminal {paper.terminal()}", *variables(result, paper, output),
            f"title = {quote_lines(heading.title)}", "set output output", f"load {quote(str(LOOK))}",
            *heading.commands(), *(["unset grid"] if paper.is_text else [])]


def panels_of(output: Path) -> Path:
    """Returns the file in which gnuplot notes where the panels of a picture are."""
    return output.with_suffix(".panels")


def own_drawing(result: Result) -> Path | None:
    """Returns the .gp beside the source, where there is one.  A result may come from anywhere: only a file of this
    project counts."""
    source = result.metadata.get("source", "")
    path = ROOT / re.sub(r"c$", "gp", source)
    return path if re.fullmatch(r"experiments/.*\.c", source) and ".." not in source and path.is_file() else None


def chart_of(result: Result, paper: Paper, output: Path) -> Chart:
    """Returns the chart that gnuplot is to draw into the file output; raises Undrawable."""
    if result.why_no_result() or result.damage:
        raise Undrawable(result.why_no_result() or f"is {result.damage}; run the experiment again")
    if not result.rows:
        raise Undrawable()
    heading = heading_of(result, paper)
    chart = Chart(" - ".join(filter(None, finding_of(result))), heading, setup(result, paper, output, heading))
    own = own_drawing(result)
    if own:
        drawn = ["set datafile separator comma", "set datafile columnheaders", f"load {quote(str(own))}"]
    else:
        form = drawing.of_result(result, paper)
        form.title_height = heading.height
        drawn = form.commands()
        chart.shown, chart.below, chart.hover, chart.tells = form.shown(), form.below, form.hover, form.tells
        chart.bet, chart.panels_tell, chart.has_hooks = bet_of(form), form.panels_tell(), form.has_hooks
    chart.commands += noted(drawn, str(panels_of(output)))
    chart.below += [text for _, text in texts(result)]
    done = quote(str(output.with_suffix(".done")))
    chart.commands += ["unset output", f"set print {done}", "print 1", "set print", ""]
    return chart
