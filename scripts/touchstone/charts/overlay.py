# SPDX-License-Identifier: MIT
"""Draws two sides of a comparison over each other.

    panels.save(overlay.of_comparison(comparison), "claim.png")

The base is dashed and hollow, the other side solid and filled, so that they are told apart without colour.  Two forms:
a panel for each arm with both curves, over x or over the stages; for bars and dots a line for each quantity with both
on it.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from touchstone import colours
from touchstone.charts.panels import Sheet, set_scale, wrapped
from touchstone.comparison import Comparison, pair_text
from touchstone.sides import Side, Spread
from touchstone.words import quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_COLUMNS = 2
MOST_MARKERS = 14
MOST_LINES = 40           # of a chart with a line for each quantity
MOST_PANELS, MOST_BESIDE = 12, 3
ROW_HEIGHT, ONE_ROW_HEIGHT = 2.2, 4.0  # of panels, in inches
LINE_HEIGHT = 0.40        # of a quantity, in inches
NAME_CHARACTERS, STAGE_CHARACTERS = 34, 18
TITLE_CHARACTERS, LABEL_CHARACTERS = 90, 96  # of all panels side by side
NUMBER_WIDTH = 0.0092     # of a character at the right, a share of the figure
GREY = "#888888"

BASE: dict[str, Any] = {
    "color": colours.VERMILION, "linestyle": (0, (4, 2.5)), "linewidth": 1.8, "marker": "o", "markersize": 10,
    "markerfacecolor": "white", "markeredgewidth": 1.8, "zorder": 4}
OTHER: dict[str, Any] = {
    "color": colours.BLUE, "linestyle": "solid", "linewidth": 3.4, "marker": "o", "markersize": 6, "zorder": 3}


class Quantity(NamedTuple):
    """A quantity, as both sides have it."""
    name: str
    base: Spread | None
    other: Spread | None

    def differs(self) -> bool:
        """Returns whether one lacks it, or the ranges do not touch."""
        return not (self.base and self.other) or self.base.differs(self.other)


def _sides(comparison: Comparison) -> tuple[tuple[Side, dict], tuple[Side, dict]]:
    """Returns each side with its look; the base last, so that it lies on top and lets the other show."""
    return ((comparison.other, OTHER), (comparison.base, BASE))


def _arms(comparison: Comparison) -> list[str]:
    return list(dict.fromkeys(comparison.base.arms() + comparison.other.arms()))


def _full_name(comparison: Comparison, arm: str) -> str:
    side = comparison.base if comparison.base.is_control(arm) else comparison.other
    return side.full_name(arm)


def _stages(comparison: Comparison) -> list[str]:
    sides = (comparison.base, comparison.other)
    return list(dict.fromkeys(row["stage"] for side in sides for row in side.first.rows))


# ---- curves ----------------------------------------------------------------------

def _points(comparison: Comparison, side: Side, arm: str, column: str) -> list[tuple[float, Spread]]:
    """Returns (x, spread) over the stages, or over x."""
    if side.metadata.get("chart") == "stages":
        stages = _stages(comparison)
        return [(stages.index(stage), spread) for stage, spread in side.over_stages(arm, column).items()]
    return [(x, spread) for x, _, spread in side.over_records(arm, column)]


def _draw_curves(axes: Axes, comparison: Comparison, arm: str, column: str) -> tuple[list[float], list[float]]:
    """Draws both sides of a column of an arm; returns what the axes must hold: of y, and of x."""
    style = "steps-post" if comparison.base.metadata.get("chart") == "steps" else "default"
    values: list[float] = []
    across: list[float] = []
    for side, look in _sides(comparison):
        points = _points(comparison, side, arm, column)
        xs, spreads = [x for x, _ in points], [spread for _, spread in points]
        axes.plot(xs, [spread.median for spread in spreads], label=side.label, drawstyle=style,
                  markevery=-(-len(xs) // MOST_MARKERS) or 1, **look)
        if any(spread.is_wide() for spread in spreads):
            axes.fill_between(xs, [spread.low for spread in spreads], [spread.high for spread in spreads],
                              color=look["color"], alpha=0.2, linewidth=0)
        values += [bound for spread in spreads for bound in (spread.low, spread.high)]
        across += xs
    return values, across


def _set_axes(axes: Axes, comparison: Comparison, column: str, values: list[float], across: list[float],
              width: int) -> None:
    """width: characters that the label below may have on a line."""
    base = comparison.base.first
    set_scale(axes, "y", values, base.unit_of(column), base.words_of(column), "y" in base.log)
    if base.metadata.get("chart") == "stages":
        stages = _stages(comparison)
        axes.set_xticks(range(len(stages)), [wrapped(stage, STAGE_CHARACTERS) for stage in stages], size=10,
                        rotation=35, ha="right", rotation_mode="anchor")
        axes.set_xlim(-0.3, len(stages) - 0.7)
    else:
        set_scale(axes, "x", across, base.unit_of("x"), base.axis("x").text or "x", "x" in base.log, zero=False)
        axes.set_xlabel(wrapped(axes.get_xlabel(), width))


def _arms_to_draw(comparison: Comparison, most: int) -> list[str]:
    """Returns them all, or those first that changed."""
    arms = _arms(comparison)
    if len(arms) <= most:
        return arms
    changed = {change.arm for change in comparison.changes}
    return sorted(arms, key=lambda arm: arm not in changed)[:most]


def _curves(comparison: Comparison, columns: Sequence[str], title: str, subtitle: str) -> Figure:
    """A panel for each arm and column; the panels of a column share their axes."""
    arms = _arms_to_draw(comparison, MOST_PANELS // len(columns))
    wide = min(len(arms), MOST_BESIDE)
    high = -(-len(arms) // wide)
    rows = high * len(columns)
    sheet = Sheet(title, subtitle, wide, rows, ONE_ROW_HEIGHT if rows == 1 else ROW_HEIGHT * rows + 0.6)
    for number, column in enumerate(columns):
        block = sheet.panels[number * wide * high:(number + 1) * wide * high]
        extents = [_draw_curves(axes, comparison, arm, column) for axes, arm in zip(block, arms)]
        values = [value for of_y, _ in extents for value in of_y]
        across = [x for _, of_x in extents for x in of_x]
        for axes in block[len(arms):]:
            axes.set_visible(False)
        for place, (axes, arm) in enumerate(zip(block, arms)):
            axes.set_title(wrapped(_full_name(comparison, arm), TITLE_CHARACTERS // wide), size=12)
            _set_axes(axes, comparison, column, values, across, LABEL_CHARACTERS // wide)
            if place % wide:
                axes.set_ylabel("")
                axes.tick_params(labelleft=False)
    sheet.add_key((comparison.base.label, comparison.other.label))
    return sheet.figure


# ---- a line for each quantity -------------------------------------------------------

def _quantities(side: Side, arm: str, column: str) -> dict[str, Spread]:
    """Returns stage -> y; of any other column its growth to the last record, under no name."""
    if column == "y":
        return side.over_stages(arm, column)
    end = side.at_end(arm, column)
    return {"": end} if end else {}


def _lines(comparison: Comparison, column: str) -> list[Quantity]:
    lines = []
    for arm in _arms(comparison):
        base, other = (_quantities(side, arm, column) for side in (comparison.base, comparison.other))
        stages = dict.fromkeys((*base, *other))
        for stage in stages:
            name = _full_name(comparison, arm) + (f": {stage}" if len(stages) > 1 else "")
            lines.append(Quantity(name, base.get(stage), other.get(stage)))
    return lines[:MOST_LINES]


def _draw_line(axes: Axes, y: int, line: Quantity) -> None:
    """Draws a hollow circle for the base, a filled one for the other, an arrow where it moved."""
    base, other = line.base, line.other
    if base and other and line.differs():
        axes.annotate("", (other.median, y), (base.median, y), zorder=2,
                      arrowprops={"arrowstyle": "-|>", "color": GREY, "linewidth": 1.8, "shrinkA": 6, "shrinkB": 4})
    for spread, look in ((other, OTHER), (base, BASE)):
        if spread and spread.is_wide():
            axes.plot((spread.low, spread.high), (y, y), color=look["color"], linewidth=6, alpha=0.3)
        if spread:
            is_through = look is BASE and not line.differs()  # the other side shows inside it
            inside = "none" if is_through else look.get("markerfacecolor", look["color"])
            axes.plot(spread.median, y, **{**look, "markerfacecolor": inside, "markersize": look["markersize"] + 2})


def _numbers(line: Quantity, unit: str) -> str:
    """Returns what stands at the right."""
    if line.base and line.other:
        return pair_text(line.base.median, line.other.median, unit)
    return " → ".join(quantity(spread.median, unit) if spread else "–" for spread in (line.base, line.other))


def _draw_lines(axes: Axes, comparison: Comparison, column: str, lines: Sequence[Quantity]) -> int:
    """Draws a panel; returns how many characters its longest numbers have."""
    measured = comparison.base.first
    unit, longest = measured.unit_of(column), 0
    for y, line in enumerate(lines):
        _draw_line(axes, y, line)
        text = _numbers(line, unit)
        longest = max(longest, len(text))
        axes.text(1.01, y, text, va="center", size=10.5, transform=axes.get_yaxis_transform(),
                  weight="bold" if line.differs() else "normal")
    spreads = [spread for line in lines for spread in (line.base, line.other) if spread]
    values = [bound for spread in spreads for bound in (spread.low, spread.high)]
    set_scale(axes, "x", values, unit, measured.words_of(column), "y" in measured.log)
    axes.set_yticks(range(len(lines)), [wrapped(line.name, NAME_CHARACTERS) for line in lines], size=10.5)
    axes.set_ylim(len(lines) - 0.4, -0.6)
    return longest


def _pairs(comparison: Comparison, columns: Sequence[str], title: str, subtitle: str) -> Figure:
    """A panel for each column, in it a line for each quantity."""
    lines = {column: _lines(comparison, column) for column in columns}
    heights = [1.1 + LINE_HEIGHT * len(own) for own in lines.values()]
    sheet = Sheet(title, subtitle, 1, len(columns), sum(heights) + 0.4, heights)
    longest = max(_draw_lines(axes, comparison, column, own)
                  for axes, (column, own) in zip(sheet.panels, lines.items()))
    for side, look in reversed(_sides(comparison)):
        sheet.panels[0].plot([], [], label=side.label, **{**look, "linestyle": "none"})
    sheet.add_key((comparison.base.label, comparison.other.label))
    sheet.figure.subplots_adjust(right=0.985 - NUMBER_WIDTH * longest)
    return sheet.figure


def of_comparison(comparison: Comparison) -> Figure | None:
    """Returns the figure of a claim under two conditions, or None where there is nothing to draw."""
    base, other = comparison.base, comparison.other
    columns = [column for column in base.charted() or other.charted()
               if column in other.columns() and column in base.columns()][:MOST_COLUMNS]
    if not columns:
        return None
    shown = "" if columns == ["y"] else "Shown: growth since the arm's first record. "
    title = f"{comparison.name.rpartition('/')[2]}: {comparison.headline()}"
    subtitle = f"{base.label} → {other.label}. {shown}Claim: {base.metadata.get('claim', '')}"
    draw = _pairs if base.metadata.get("chart") in ("bars", "dots") else _curves
    return draw(comparison, columns, title, subtitle)
