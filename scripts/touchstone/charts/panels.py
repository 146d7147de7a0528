# SPDX-License-Identifier: MIT
"""Figures of matplotlib: panels with the finding above them, axes in whole units, a key below.

    if panels.missing(): ...               # the sentence that says how to get matplotlib
    sheet = Sheet("the finding", "how it was measured", wide=2, high=1)
    panels.save(sheet.figure, "claim.png")

This module and those that use it import matplotlib only where they draw: importing it takes 0.4 s.
"""
from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from touchstone.files import write_whole
from touchstone.words import label_in, no_number, quantity, scale_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, DPI = 10.4, 110       # of a figure, in inches, and its dots an inch
TITLE_LINE, SUBTITLE_LINE, TITLE_MARGIN = 0.26, 0.20, 0.25  # inches
TITLE_CHARACTERS, SUBTITLE_CHARACTERS = 86, 112
MOST_TITLE_LINES, MOST_SUBTITLE_LINES = 3, 2
KEY_LINE, KEY_MARGIN = 0.24, 0.1  # inches
LEFT = 0.012                 # share of the figure
ROOM = 0.1                   # beyond the data, a share of what an axis shows
LOG_ROOM = 0.06              # the same of a logarithmic axis, in decades
MOST_STEPS = 7               # of an axis of bytes
MOST_TICKS_LOG = 12          # of all panels side by side
NARROW, FEW = 8, 8           # a logarithmic axis that spans less than this factor has a tick at each of few values

# A number and its unit stay on one line.
TOGETHER = re.compile(r"(?<=\d) (?=[KMGTP]?i?B\b|bytes?\b|[nµm]?s\b)|(?<=→) ")


def missing() -> str:
    """Returns why nothing can be drawn, or nothing."""
    try:
        import_module("matplotlib")
    except ImportError:
        return "no chart: python3-matplotlib is missing; scripts/setup installs it"
    return ""


def save(figure: Figure, path: str | Path) -> None:
    """Writes PNG or SVG, by the name."""
    write_whole(path, picture(figure, str(path).rpartition(".")[2]))


def picture(figure: Figure, form: str) -> bytes:
    """Returns a figure as "png" or "svg"; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=form, dpi=DPI, metadata={"Date": None} if form == "svg" else {"Software": None})
    return buffer.getvalue()


def wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width))


class Sheet:
    """A figure with the finding above its panels."""

    def __init__(self, title: str, subtitle: str, wide: int = 1, high: int = 1, height: float = 4.6,
                 heights: Sequence[float] | None = None) -> None:
        """height: inches without the title; heights: those of the rows of panels, in relation to each other."""
        import matplotlib
        from matplotlib.figure import Figure
        matplotlib.rcParams.update({"font.size": 12, "axes.spines.top": False, "axes.spines.right": False,
                                    "axes.grid": True, "grid.color": "#dddddd", "svg.hashsalt": "touchstone"})
        first = textwrap.wrap(TOGETHER.sub("\u00a0", title), TITLE_CHARACTERS)[:MOST_TITLE_LINES]
        second = textwrap.wrap(TOGETHER.sub("\u00a0", subtitle), SUBTITLE_CHARACTERS)[:MOST_SUBTITLE_LINES]
        title_height = TITLE_LINE * len(first)
        room = title_height + SUBTITLE_LINE * len(second) + TITLE_MARGIN
        height += room
        self.room = room / height
        self.figure = Figure(figsize=(WIDTH, height))
        ratios = {"height_ratios": heights} if heights else None
        self.panels: list[Axes] = list(self.figure.subplots(high, wide, squeeze=False, gridspec_kw=ratios).flat)
        self.figure.text(LEFT, 1 - 0.10 / height, "\n".join(first), va="top", size=14, weight="bold")
        self.figure.text(LEFT, 1 - (0.14 + title_height) / height, "\n".join(second), va="top", size=11,
                         color="#444444")

    def add_key(self, first: Sequence[str] = (), columns: int = 4) -> None:
        """Adds the key of the first panel, these names before the others; after it, nothing may be added."""
        handles: dict[str, Any] = {}
        for handle, label in zip(*self.panels[0].get_legend_handles_labels()):
            handles.setdefault(label, handle)
        labels = [*first, *(label for label in handles if label not in first)]
        self.figure.legend([handles[label] for label in labels], labels, loc="lower left", ncol=columns, frameon=False,
                           handlelength=4, bbox_to_anchor=(0.01, 0), borderaxespad=0.3, fontsize=11)
        key = KEY_LINE * -(-len(handles) // columns) + KEY_MARGIN
        self.figure.tight_layout(rect=(0, key / self.figure.get_figheight(), 1, 1 - self.room), w_pad=2)


# ---- axes ----------------------------------------------------------------------

def set_scale(axes: Axes, which: str, values: Sequence[float], unit: str, text: str, log: bool = False,
              zero: bool = True) -> None:
    """Sets scale, limits and label of one axis ("x" or "y") for values in their own unit.  zero: the axis shows 0.
    What stands for no number (never) lies beyond the limits."""
    values = [value for value in values if not no_number(value)]
    set_label = getattr(axes, f"set_{which}label")
    if log and max(values, default=0) > 0:
        set_label(text)
        _set_log_scale(axes, which, values, unit)
    else:
        set_label(label_in(text, unit, _set_linear_scale(axes, which, values, unit, zero)))


def _set_linear_scale(axes: Axes, which: str, values: Sequence[float], unit: str, zero: bool) -> str:
    """Returns the name of the unit of its numbers."""
    import matplotlib.ticker as ticker
    axis = getattr(axes, f"{which}axis")
    low, high = min(values, default=0), max(values, default=0)
    if zero:
        low, high = min(low, 0), max(high, 0)
    scale, name = scale_of(max(abs(low), abs(high)), unit)
    room = (high - low) * ROOM or scale
    getattr(axes, f"set_{which}lim")(low - (room if not zero or low < 0 else room / 4), high + room)
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value / scale:,.6g}"))
    axis.set_major_locator(ticker.MaxNLocator(6, steps=[1, 2, 2.5, 5, 10], integer=unit == "count"))
    if unit == "bytes":  # whole and halved KiB, MiB ...: powers of two
        step = scale / 8 if scale > 1 else 1
        while (high - low) / step > MOST_STEPS:
            step *= 2
        axis.set_major_locator(ticker.MultipleLocator(step))
    return name


def _set_log_scale(axes: Axes, which: str, values: Sequence[float], unit: str) -> None:
    """Sets a logarithmic scale; where some values are not above 0, one that is linear around 0."""
    import matplotlib.ticker as ticker
    axis, set_axis_scale = getattr(axes, f"{which}axis"), getattr(axes, f"set_{which}scale")
    set_limits = getattr(axes, f"set_{which}lim")
    base, positive = 2 if unit == "bytes" else 10, [value for value in values if value > 0]
    least, most = min(positive), max(positive)
    if len(positive) < len(values):
        set_axis_scale("symlog", base=base, linthresh=least)
        set_limits(min(values) - least / 4, most * 2)
    else:
        set_axis_scale("log", base=base)
        factor = (most / least) ** LOG_ROOM if most > least else 2  # panels share them
        set_limits(least / factor, most * factor)
        wide = axes.get_subplotspec().get_gridspec().ncols if which == "x" else 1  # labels must not touch
        axis.set_major_locator(ticker.LogLocator(base=base, numticks=max(MOST_TICKS_LOG // wide, 3)))
    if most / least < NARROW and len(set(values)) <= FEW:
        axis.set_major_locator(ticker.FixedLocator(sorted(set(values))))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: quantity(round(value), unit)))
    axis.set_minor_locator(ticker.NullLocator())
