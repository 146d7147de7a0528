# SPDX-License-Identifier: MIT
"""Draws a series of runs over its knob: y of each arm, and where the verdict changes.

    panels.save(over_knob.of_series(side, [(65536, "reproduced"), (131072, "refuted")], title, log=True), "sweep.png")
"""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from touchstone import colours
from touchstone.charts.panels import Sheet, set_scale, wrapped
from touchstone.results import VERDICTS
from touchstone.sides import Side, Spread
from touchstone.words import no_number, quantity, without_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "osD^vPX"
LARGEST_MARKER, SMALLER = 11, 1.6  # of the first arm, and from one to the next
MOST_SIZES = 4
THICKEST, THINNEST = 4.6, 1.6      # lines of the first arm and of the last
LABEL_CHARACTERS = 40
CHARACTER, LINE_OF_TURNED = 8, 2   # px of a name's character, and of it the distance of turned names
WIDE = 16                          # y is logarithmic too where it spans this factor


def look(number: int, control: bool) -> dict[str, Any]:
    """Returns the look of an arm, its own colour and shape; a control hollow and dashed; the first arm thick, so that
    arms that coincide all show."""
    colour = colours.of_curve(number)
    return {"color": colour, "marker": MARKERS[number % len(MARKERS)],
            "markersize": LARGEST_MARKER - SMALLER * min(number, MOST_SIZES),
            "markerfacecolor": "white" if control else colour, "markeredgewidth": 1.6, "zorder": 3 + number,
            "linestyle": (0, (4, 2.5)) if control else "solid",
            "linewidth": THINNEST if control else max(THINNEST, THICKEST - number)}


def draw_verdict_changes(axes: Axes, points: Sequence[tuple[float, str]]) -> None:
    """Shades what lies between two values with different verdicts, with both names: nothing was measured there, so that
    nobody knows where between them the verdict changes."""
    for (x0, before), (x1, after) in pairwise(points):
        if before != after:
            at = (x0 + x1) / 2 if axes.get_xscale() == "linear" else (x0 * x1) ** 0.5
            axes.axvspan(x0, x1, color="#bbbbbb", alpha=0.4, linewidth=0, zorder=0)
            axes.text(at, 1.0, f"{before} | {after}", transform=axes.get_xaxis_transform(),
                      ha="center", va="bottom", size=10, color="#444444")


def draw_curve(axes: Axes, found: Mapping[int, Spread], name: str, drawn: dict) -> None:
    """found: y at each x; drawn: its look."""
    spreads = found.values()
    axes.plot(list(found), [spread.median for spread in spreads], label=name, **drawn)
    axes.fill_between(list(found), [spread.low for spread in spreads], [spread.high for spread in spreads],
                      color=drawn["color"], alpha=0.15)


def name_points(axes: Axes, values: Sequence[float], unit: str) -> None:
    """Gives each value that was measured a tick, with its name where the names have room; they are turned where they
    would touch."""
    import matplotlib.ticker as ticker
    low, high = axes.get_xlim()
    place = axes.transData.transform
    left, right = (place((end, 0))[0] for end in (low, high))
    found = sorted(set(values))
    names = [quantity(value, unit) for value in found]
    room = (right - left) / CHARACTER
    is_turned = sum(map(len, names)) + 2 * len(names) > room
    shown, last = [], -math.inf
    for value, name in zip(found, names):
        at = (place((value, 0))[0] - left) / CHARACTER
        is_free = at - last >= (LINE_OF_TURNED if is_turned else len(name) + 2)
        shown.append(name if is_free else "")
        last = at if is_free else last
    axes.xaxis.set_major_locator(ticker.FixedLocator(found))
    axes.xaxis.set_major_formatter(ticker.FixedFormatter(shown))
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    if is_turned:
        axes.tick_params(axis="x", labelrotation=45)
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")


def of_series(side: Side, points: Sequence[tuple[float, str]], title: str, log: bool) -> Figure:
    """Returns the figure of a series: y of each arm over the knob.  points: (knob's value, verdict) of each run."""
    series = side.first
    sheet = Sheet(title, "claim: " + series.metadata.get("claim", ""))
    axes = sheet.panels[0]
    curves = {arm: found for arm in side.arms() if (found := side.over_x(arm))}
    judged = series.metadata.get("column") == "verdict"  # the same in every arm: one curve stands for all
    for number, (arm, found) in enumerate(list(curves.items())[:1] if judged else curves.items()):
        name = "verdict" if judged else side.full_name(arm)
        draw_curve(axes, found, name, look(number, side.is_control(arm) and not judged))
    values = [bound for found in curves.values() for spread in found.values() for bound in (spread.low, spread.high)]
    numbers = [value for value in values if not no_number(value)] or [0]
    is_wide = min(numbers) > 0 and max(numbers) / min(numbers) >= WIDE
    set_scale(axes, "y", values, series.unit_of("y"), series.axis("y").text or "y", log and is_wide)
    across = [x for found in curves.values() for x in found]
    set_scale(axes, "x", across, series.unit_of("x"), series.axis("x").text or "x", log, zero=False)
    name_points(axes, across, series.unit_of("x"))
    axes.set_xlabel(without_unit(series.axis("x").text) or "x")  # each name has its unit
    axes.set_ylabel(wrapped(axes.get_ylabel(), LABEL_CHARACTERS))
    if judged:
        axes.set_yticks(range(len(VERDICTS)), VERDICTS)
        axes.set_ylim(len(VERDICTS) - 0.5, -0.5)
        axes.set_ylabel("verdict")
    else:
        draw_verdict_changes(axes, points)
    sheet.add_key()
    return sheet.figure
