# SPDX-License-Identifier: MIT
"""Hooks by which the report covers what a chart tells, until a class has bet, and takes a click on an axis for a bet.

What is covered has the class "covered", and the title the class "headline"; each panel that shows an arm of the claim
has a rectangle with the class "panel", which is not painted; data-bet of the picture says what a place on its axis is
worth:

    {"axis": "y", "low": 0, "high": 71303168, "log": false, "offset": 4096, "factor": 1}

low and high are the ends of the axis, and a bet of b lies on it at offset + factor * b.
"""
from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from touchstone import prediction
from touchstone.charts.form import Form
from touchstone.charts.gnuplot import HEIGHT, quote
from touchstone.svg import element

if TYPE_CHECKING:
    from touchstone.charts.commands import Heading

PLOT_ENDS = "GPVAL_TERM_XMIN, GPVAL_TERM_XMAX, GPVAL_TERM_YMIN, GPVAL_TERM_YMAX"
NAMES_OF_TICS = "rgb(68,68,68)"  # the colour of the border in look.gp
LABEL = re.compile(r'<g (?=transform="translate\(([\d.]+),([\d.]+)\)" stroke="none" fill="([^"]+)"[^>]*>'
                   r'\s*<text>([^<]*))')
# What leads to an annotation, declared marks, predictions.
POINTER = re.compile(r"<path (?=stroke='rgb\((?:119, 119, 119|85, +85, +85|160, +0, 140)\)'\s*d='M([\d.]+),([\d.]+))")
NEAR = 2  # px


class Panel(NamedTuple):
    """Where the axes of a panel enclose it, in px of the picture."""
    left: float
    right: float
    top: float
    bottom: float

    @classmethod
    def of(cls, line: str) -> Panel:
        left, right, low, high = map(float, line.split())
        return cls(left, right, HEIGHT - high, HEIGHT - low)

    def holds(self, x: float, y: float) -> bool:
        """Returns whether a text stands in it, or beside it at the right."""
        return x >= self.left - NEAR and self.top - NEAR <= y <= self.bottom + NEAR


def telling(lines: str, tells: Sequence[bool]) -> list[Panel]:
    """Returns the panels that show the claim, of those that gnuplot has noted; tells says it of each, or of none."""
    panels = list(map(Panel.of, lines.splitlines()))
    return [panel for panel, tell in zip(panels, tells) if tell] if len(tells) == len(panels) else panels


def noted(commands: Iterable[str], path: str) -> Iterator[str]:
    """Yields the commands so that gnuplot writes the place of each panel into a file; Panel.of() reads a line of it."""
    yield f"set print {quote(path)}"
    for command in commands:
        yield command
        if command.startswith("plot "):
            yield f"print {PLOT_ENDS}"
    yield "set print"


def bet_of(form: Form) -> dict[str, Any] | None:
    """Returns what a place on an axis is worth for the question that the experiment asks; None where the chart has no
    axis of that quantity."""
    question = prediction.question_of(form.result)
    nothing, one = (question.place(form.result, number) if question else None for number in (0, 1))
    axis = form.axis_of(nothing[0]) if nothing else None
    if not (nothing and one and axis and axis.is_used) or axis.has_names or one[1] == nothing[1]:
        return None
    low, high = (end * (1 if axis.log else axis.scale) for end in axis.span)
    return {"axis": axis.name, "low": low, "high": high, "log": axis.log, "offset": nothing[1],
            "factor": one[1] - nothing[1]}


def hooked(svg: str, panels: Sequence[Panel], heading: Heading, bet: dict[str, Any] | None) -> str:
    """Returns gnuplot's SVG with the hooks, except for those of its plots.  panels: those that show the claim."""
    title, notes = ({escape(line) for line in lines} for lines in (heading.title, heading.notes))

    def is_inside(place: re.Match) -> bool:
        return any(panel.holds(float(place[1]), float(place[2])) for panel in panels)

    def label(found: re.Match) -> str:
        if found[4] in title:
            return '<g class="headline" '
        is_told = found[4] in notes or found[3] != NAMES_OF_TICS and is_inside(found)
        return '<g class="covered" ' if is_told else found[0]

    svg = POINTER.sub(lambda found: "<path class='covered' " if is_inside(found) else found[0], LABEL.sub(label, svg))
    places = "".join(element("rect", class_="panel", x=panel.left, y=panel.top, width=panel.right - panel.left,
                             height=panel.bottom - panel.top, fill="none") for panel in panels)
    head, end, tail = svg.rpartition("</svg>")
    svg = head + places + end + tail
    return svg.replace("<svg ", f"<svg data-bet={quoteattr(json.dumps(bet))} ", 1) if bet else svg
