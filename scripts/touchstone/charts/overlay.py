# SPDX-License-Identifier: MIT
"""Draws two sides of a comparison over each other, and a series of runs over its knob.

    if overlay.missing(): ...               # the sentence that says how to get matplotlib
    overlay.save(overlay.of_comparison(comparison), "claim.png")

The base is dashed and hollow, the other side solid and filled, so that they are told apart without
colour (Okabe and Ito's colours, which colour-blind readers can tell apart).  Two charts: a panel an
arm with both curves over x or over the stages; for bars and dots a line a quantity with both on it.
"""
import io
import re
import textwrap
from importlib import import_module

from touchstone.comparison import pair_text
from touchstone.files import write_whole
from touchstone.results import VERDICTS
from touchstone.words import label_in, quantity, scale_of

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX"
MOST_MARKERS = 14
MOST_LINES = 40   # of a chart with a line a quantity
MOST_PANELS = 12


def missing():
    """Why nothing can be drawn, or nothing."""
    try:
        import_module("matplotlib")
    except ImportError:
        return "no chart: python3-matplotlib is missing; scripts/setup installs it"
    return ""


def _figure(title, subtitle, wide=1, high=1, height=4.6, heights=None):
    """A figure with the finding above its panels, and the list of these."""
    import matplotlib
    from matplotlib.figure import Figure
    matplotlib.rcParams.update({"font.size": 12, "axes.spines.top": False, "axes.spines.right": False,
                                "axes.grid": True, "grid.color": "#dddddd", "svg.hashsalt": "touchstone"})
    # A number and its unit stay on one line.
    together = re.compile(r"(?<=\d) (?=[KMGTP]?i?B\b|bytes?\b|[nµm]?s\b)|(?<=→) ")
    first, second = (textwrap.wrap(together.sub("\u00a0", text), width) for text, width in ((title, 86), (subtitle, 112)))
    room = 0.26 * len(first[:3]) + 0.20 * len(second[:2]) + 0.25
    height += room
    figure = Figure(figsize=(10.4, height))
    panels = figure.subplots(high, wide, squeeze=False, gridspec_kw={"height_ratios": heights} if heights else None)
    figure.text(0.012, 1 - 0.10 / height, "\n".join(first[:3]), va="top", size=14, weight="bold")
    figure.text(0.012, 1 - (0.14 + 0.26 * len(first[:3])) / height, "\n".join(second[:2]), va="top", size=11,
                color="#444444")
    figure.room = room / height
    return figure, list(panels.flat)


def save(figure, path):
    """PNG or SVG by the name."""
    write_whole(path, picture(figure, str(path).rpartition(".")[2]))


def picture(figure, form):
    buffer = io.BytesIO()
    figure.savefig(buffer, format=form, dpi=110, metadata={"Date": None} if form == "svg" else {"Software": None})
    return buffer.getvalue()


# ---- axes ----------------------------------------------------------------------

def _scale(axes, which, values, unit, text, log=False, zero=True):
    """Scale, limits and label of one axis ("x" or "y") for values in their own unit; zero: the axis shows 0."""
    import matplotlib.ticker as ticker
    axis, set_label = getattr(axes, f"{which}axis"), getattr(axes, f"set_{which}label")
    if log and max(values, default=0) > 0:
        set_label(text)
        return _log_scale(axes, which, values, unit)
    low, high = min(values, default=0), max(values, default=0)
    if zero:
        low, high = min(low, 0), max(high, 0)
    scale, name = scale_of(max(abs(low), abs(high)), unit)
    room = (high - low) * 0.1 or scale
    getattr(axes, f"set_{which}lim")(low - (room if not zero or low < 0 else room / 4), high + room)
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value / scale:,.6g}"))
    axis.set_major_locator(ticker.MaxNLocator(6, steps=[1, 2, 2.5, 5, 10], integer=unit == "count"))
    if unit == "bytes":  # whole and halved KiB, MiB ...: powers of two
        step = scale / 8 if scale > 1 else 1
        while (high - low) / step > 7:
            step *= 2
        axis.set_major_locator(ticker.MultipleLocator(step))
    return set_label(label_in(text, unit, name))


def _log_scale(axes, which, values, unit):
    """A logarithmic axis; where some values are not above 0, one that is linear around 0."""
    import matplotlib.ticker as ticker
    axis, set_scale = getattr(axes, f"{which}axis"), getattr(axes, f"set_{which}scale")
    base, positive = 2 if unit == "bytes" else 10, [value for value in values if value > 0]
    if len(positive) < len(values):
        set_scale("symlog", base=base, linthresh=min(positive))
        getattr(axes, f"set_{which}lim")(min(values) - min(positive) / 4, max(positive) * 2)
    else:
        set_scale("log", base=base)
        factor = (max(positive) / min(positive)) ** 0.06 if max(positive) > min(positive) else 2  # panels share them
        getattr(axes, f"set_{which}lim")(min(positive) / factor, max(positive) * factor)
        room = 12 // axes.get_subplotspec().get_gridspec().ncols if which == "x" else 12  # labels must not touch
        axis.set_major_locator(ticker.LogLocator(base=base, numticks=max(room, 3)))
    if max(positive) / min(positive) < 8 and len(set(values)) <= 8:
        axis.set_major_locator(ticker.FixedLocator(sorted(set(values))))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: quantity(round(value), unit)))
    axis.set_minor_locator(ticker.NullLocator())


def _legend(axes, figure, first=(), columns=4):
    handles = {}
    for one in axes:
        for handle, label in zip(*one.get_legend_handles_labels()):
            handles.setdefault(label, handle)
    rows = -(-len(handles) // columns)
    labels = [*first, *(label for label in handles if label not in first)]
    figure.legend([handles[label] for label in labels], labels, loc="lower left", ncol=columns, frameon=False,
                  handlelength=4, bbox_to_anchor=(0.01, 0), borderaxespad=0.3, fontsize=11)
    figure.tight_layout(rect=(0, (0.24 * rows + 0.1) / figure.get_figheight(), 1, 1 - figure.room), w_pad=2)


# ---- two sides -----------------------------------------------------------------

BASE = {"color": "#D55E00", "linestyle": (0, (4, 2.5)), "linewidth": 1.8, "marker": "o", "markersize": 10,
        "markerfacecolor": "white", "markeredgewidth": 1.8, "zorder": 4}
OTHER = {"color": "#0072B2", "linestyle": "solid", "linewidth": 3.4, "marker": "o", "markersize": 6, "zorder": 3}


def _sides(comparison):
    """The side with its look and its name; the base last, so that it lies on top and lets the other show."""
    return ((comparison.other, OTHER), (comparison.base, BASE))


def _arms(comparison):
    return list(dict.fromkeys(comparison.base.arms() + comparison.other.arms()))


def _with_role(comparison, arm):
    return arm + (" (control)" if comparison.base.is_control(arm) or comparison.other.is_control(arm) else "")


def _stages(comparison):
    return list(dict.fromkeys(row["stage"] for side in (comparison.base, comparison.other) for row in side.first.rows))


def _curve(axes, comparison, arm, column):
    """Both sides of a column of an arm, over x or over the stages; gives what the axes must hold."""
    form, values, across = comparison.base.metadata.get("chart"), [], []
    for side, look in _sides(comparison):
        if form == "stages":
            points = [(_stages(comparison).index(stage), spread) for stage, spread in side.over_stages(arm, column).items()]
        else:
            points = [(x, spread) for x, _, spread in side.over_records(arm, column)]
        xs, spreads = [x for x, _ in points], [spread for _, spread in points]
        axes.plot(xs, [spread.median for spread in spreads], label=side.label, markevery=-(-len(xs) // MOST_MARKERS) or 1,
                  drawstyle="steps-post" if form == "steps" else "default", **look)
        if any(spread.low != spread.high for spread in spreads):
            axes.fill_between(xs, [spread.low for spread in spreads], [spread.high for spread in spreads],
                              color=look["color"], alpha=0.2, linewidth=0)
        values += [bound for spread in spreads for bound in (spread.low, spread.high)]
        across += xs
    return values, across


def _panel_axes(axes, comparison, column, values, across, width):
    base = comparison.base.first
    _scale(axes, "y", values, base.unit_of(column), base.words_of(column), "y" in base.log)
    if base.metadata.get("chart") == "stages":
        stages = _stages(comparison)
        axes.set_xticks(range(len(stages)), ["\n".join(textwrap.wrap(stage, 18)) for stage in stages], size=10,
                        rotation=35, ha="right", rotation_mode="anchor")
        axes.set_xlim(-0.3, len(stages) - 0.7)
    else:
        _scale(axes, "x", across, base.unit_of("x"), base.axis("x").text or "x", "x" in base.log, zero=False)
        axes.set_xlabel("\n".join(textwrap.wrap(axes.get_xlabel(), width)))


def _curves(comparison, columns, titles):
    """A panel an arm and column; the panels of a column share their axes."""
    arms, most = _arms(comparison), MOST_PANELS // len(columns)
    if len(arms) > most:
        changed = {change.arm for change in comparison.changes}
        arms = sorted(arms, key=lambda arm: arm not in changed)[:most]
    wide = min(len(arms), 3)
    high = -(-len(arms) // wide)
    rows = high * len(columns)
    figure, panels = _figure(*titles, wide, rows, 4.0 if rows == 1 else 2.2 * rows + 0.6)
    for number, column in enumerate(columns):
        block = panels[number * wide * high:(number + 1) * wide * high]
        extents = [_curve(axes, comparison, arm, column) for axes, arm in zip(block, arms)]
        values, across = ([value for extent in extents for value in extent[which]] for which in (0, 1))
        for place, axes in enumerate(block):
            axes.set_visible(place < len(arms))
            if place < len(arms):
                axes.set_title("\n".join(textwrap.wrap(_with_role(comparison, arms[place]), 90 // wide)), size=12)
                _panel_axes(axes, comparison, column, values, across, 96 // wide)
                if place % wide:
                    axes.set_ylabel("")
                    axes.tick_params(labelleft=False)
    _legend(panels[:1], figure, (comparison.base.label, comparison.other.label))
    return figure


def _quantities(side, arm, column):
    """stage -> Spread: y under each stage; of any other column its growth to the last record."""
    end = None if column == "y" else side.at_end(arm, column)
    return side.over_stages(arm, column) if column == "y" else {"": end} if end else {}


def _lines(comparison, column):
    """[(name, base, other)]: one line a quantity, for bars and dots."""
    found = []
    for arm in _arms(comparison):
        base, other = (_quantities(side, arm, column) for side in (comparison.base, comparison.other))
        stages = dict.fromkeys((*base, *other))
        for stage in stages:
            name = _with_role(comparison, arm) + (f": {stage}" if len(stages) > 1 else "")
            found.append((name, base.get(stage), other.get(stage)))
    return found[:MOST_LINES]


def _pair(axes, y, base, other):
    """One quantity: a hollow circle for the base, a filled one for the other, an arrow where it moved."""
    if base and other and base.differs(other):
        axes.annotate("", (other.median, y), (base.median, y), zorder=2,
                      arrowprops={"arrowstyle": "-|>", "color": "#888888", "linewidth": 1.8, "shrinkA": 6, "shrinkB": 4})
    for spread, look in ((other, OTHER), (base, BASE)):
        if spread and spread.low != spread.high:
            axes.plot((spread.low, spread.high), (y, y), color=look["color"], linewidth=6, alpha=0.3)
        if spread:
            through = look is BASE and other and not base.differs(other)  # the other side shows inside it
            inside = "none" if through else look.get("markerfacecolor", look["color"])
            axes.plot(spread.median, y, **{**look, "markerfacecolor": inside, "markersize": look["markersize"] + 2})


def _said(base, other, unit):
    if base and other:
        return pair_text(base.median, other.median, unit)
    return " → ".join(quantity(spread.median, unit) if spread else "–" for spread in (base, other))


def _pairs(comparison, columns, titles):
    """A panel a column, a line a quantity."""
    measured = comparison.base.first
    lines = {column: _lines(comparison, column) for column in columns}
    heights = [1.1 + 0.40 * len(own) for own in lines.values()]
    figure, panels = _figure(*titles, 1, len(columns), sum(heights) + 0.4, heights)
    longest = 0
    for axes, (column, own) in zip(panels, lines.items()):
        unit = measured.unit_of(column)
        for y, (_, base, other) in enumerate(own):
            _pair(axes, y, base, other)
            text = _said(base, other, unit)
            longest = max(longest, len(text))
            axes.text(1.01, y, text, va="center", size=10.5, transform=axes.get_yaxis_transform(),
                      weight="bold" if not (base and other) or base.differs(other) else "normal")
        values = [bound for _, *sides in own for spread in sides if spread for bound in (spread.low, spread.high)]
        _scale(axes, "x", values, unit, measured.words_of(column), "y" in measured.log)
        axes.set_yticks(range(len(own)), ["\n".join(textwrap.wrap(name, 34)) for name, *_ in own], size=10.5)
        axes.set_ylim(len(own) - 0.4, -0.6)
    for side, look in reversed(_sides(comparison)):
        panels[0].plot([], [], label=side.label, **{**look, "linestyle": "none"})
    _legend(panels[:1], figure, (comparison.base.label, comparison.other.label))
    figure.subplots_adjust(right=0.985 - 0.0092 * longest)
    return figure


def of_comparison(comparison):
    """The figure of a claim under two conditions, or None where there is nothing to draw."""
    columns = [column for column in comparison.base.charted() or comparison.other.charted()
               if column in comparison.other.columns() and column in comparison.base.columns()][:2]
    if not columns:
        return None
    shown = "" if columns == ["y"] else "Shown: growth since the arm's first record. "
    claim = comparison.base.metadata.get("claim", "")
    titles = (f"{comparison.name.rpartition('/')[2]}: {comparison.headline()}",
              f"{comparison.base.label} → {comparison.other.label}. {shown}Claim: {claim}")
    draw = _pairs if comparison.base.metadata.get("chart") in ("bars", "dots") else _curves
    return draw(comparison, columns, titles)


# ---- a series over a knob ----------------------------------------------------------

def _look(number, control):
    """Each arm its colour and shape; a control hollow and dashed; the first thick, so that arms that coincide all show."""
    colour = COLOURS[number % len(COLOURS)]
    return {"color": colour, "marker": MARKERS[number % len(MARKERS)], "markersize": 11 - 1.6 * min(number, 4),
            "markerfacecolor": "white" if control else colour, "markeredgewidth": 1.6, "zorder": 3 + number,
            "linestyle": (0, (4, 2.5)) if control else "solid", "linewidth": 1.6 if control else max(1.6, 4.6 - number)}


def _verdict_changes(axes, points):
    """A line where the verdict changes, with both names."""
    for before, after in zip(points, points[1:]):
        if before[1] != after[1]:
            at = (before[0] + after[0]) / 2 if axes.get_xscale() == "linear" else (before[0] * after[0]) ** 0.5
            axes.axvline(at, color="#666666", linestyle=":", linewidth=1.5)
            axes.text(at, 1.0, f"{before[1]} | {after[1]}", transform=axes.get_xaxis_transform(),
                      ha="center", va="bottom", size=10, color="#444444")


def of_series(side, points, title, log):
    """The figure of a series: y of each arm over the knob.  points: (knob's value, verdict) of each run."""
    series = side.first
    figure, (axes,) = _figure(title, "claim: " + series.metadata.get("claim", ""))
    curves = {arm: found for arm in side.arms() if (found := side.over_x(arm))}
    values = [bound for found in curves.values() for spread in found.values() for bound in (spread.low, spread.high)]
    judged = series.metadata.get("column") == "verdict"  # the same in every arm: one curve stands for all
    for number, (arm, found) in enumerate(list(curves.items())[:1] if judged else curves.items()):
        look = _look(number, side.is_control(arm) and not judged)
        name = arm + (" (control)" if side.is_control(arm) else "")
        axes.plot(list(found), [spread.median for spread in found.values()], label="verdict" if judged else name, **look)
        axes.fill_between(list(found), [spread.low for spread in found.values()],
                          [spread.high for spread in found.values()], color=look["color"], alpha=0.15)
    wide = min(values) > 0 and max(values) / min(values) >= 16
    _scale(axes, "y", values, series.unit_of("y"), series.axis("y").text or "y", log and wide)
    _scale(axes, "x", [x for found in curves.values() for x in found], series.unit_of("x"), series.axis("x").text or "x", log,
           zero=False)
    axes.set_ylabel("\n".join(textwrap.wrap(axes.get_ylabel(), 40)))
    if judged:
        axes.set_yticks(range(len(VERDICTS)), VERDICTS)
        axes.set_ylim(len(VERDICTS) - 0.5, -0.5)
        axes.set_ylabel("verdict")
    else:
        _verdict_changes(axes, points)
    _legend([axes], figure)
    return figure
