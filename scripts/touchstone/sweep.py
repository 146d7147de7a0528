# SPDX-License-Identifier: MIT
"""Runs an experiment once for each value of a knob and draws what comes of it: behind scripts/sweep."""
from __future__ import annotations

import argparse
import contextlib
import re
import shutil
import sys
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path

from touchstone import prediction
from touchstone.arguments import Parser
from touchstone.charts import over_knob, panels
from touchstone.charts.gnuplot import Paper
from touchstone.charts.main import Run
from touchstone.cli import stop
from touchstone.lines import DeclaredAxis, Knob
from touchstone.programs import RESULTS, Condition, declaration, find_claim, must_build, prepare
from touchstone.results import VERDICTS
from touchstone.series import Series, check_column, complete, settings_text, y_axis
from touchstone.sides import Side, Spread
from touchstone.tables import terminal
from touchstone.words import quantity, short_size, size

MOST_POINTS = 1000
MOST_CHARTS = 32     # of single points, which a slider of the report shows
Curve = dict[int, Spread]  # the knob's value -> y


def bound(name: str, text: str) -> int:
    """Returns FROM or TO as a number; stops with a sentence where it is none."""
    if not text:
        stop(f"give {name}=: a number, as in FROM=64K TO=4M")
    number = size(text)
    if number is None:
        stop(f"{name}={text}: is not a whole number (K, M or G may follow it)")
    return number


def values_of(first: str, last: str, step: str) -> list[int]:
    """Returns [FROM ... TO] by STEP; stops with a sentence where these make no range."""
    low, high = bound("FROM", first), bound("TO", last)
    if low > high:
        stop(f"FROM={first} is above TO={last}; a sweep goes up")
    times = step[:1] in "xX*"
    factor = re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", step[1:]) if times else None
    by = Fraction(factor[0]) if factor else Fraction(0) if times else Fraction(size(step) or 0)
    if times and (by <= 1 or low == 0) or not times and by <= 0:
        from_zero = ", and a FROM above 0" if low == 0 else ""
        stop(f"STEP={step}: give a factor above 1, as in x2{from_zero}, or a number to add, as in 64K")
    found, exact = [low], Fraction(low)
    for _ in range(MOST_POINTS):
        exact = exact * by if times else exact + by
        if exact > high:
            return found
        if round(exact) > found[-1]:
            found.append(round(exact))
    stop(f"FROM={first} TO={last} STEP={step} is more than {MOST_POINTS} runs: take a larger STEP")


def told(curve: Curve, unit: str, yunit: str) -> str:
    """Returns first → last, by way of the highest or lowest where that lies between."""
    ys = [spread.median for spread in curve.values()]
    turn = next(((x, spread.median) for pick in (max, min) for x, spread in curve.items()
                 if spread.median == pick(ys) and spread.median not in (ys[0], ys[-1])), None)
    middle = f" → {quantity(turn[1], yunit)} (at {quantity(turn[0], unit)})" if turn else ""
    return f"{quantity(ys[0], yunit)}{middle} → {quantity(ys[-1], yunit)}"


def width(curve: Curve) -> float:
    """Returns how far the medians of a curve are apart."""
    ys = [spread.median for spread in curve.values()]
    return max(ys) - min(ys)


def finding(side: Side, series: Series, knob: str, unit: str) -> str:
    """Returns the sentence above the chart: the way of the arm that moved most."""
    if series.y == "verdict":
        return series.runs_of_verdicts()
    curves = {arm: curve for arm in side.arms() if (curve := side.over_x(arm))}
    xs = sorted({row["x"] for row in side.first.rows})
    words = series.axes["y"].words() if series.y == "predict" else side.words_of(series.y)
    start = f"{knob} {quantity(xs[0], unit)} → {quantity(xs[-1], unit)}: {words}"
    still = sum(not width(curve) for curve in curves.values())
    if still == len(curves):
        return f"{start}: the same everywhere"
    most = max(curves, key=lambda arm: (arm == series.about.get("asked_arm"),
                                        width(curves[arm]) > 0 and not side.is_control(arm), width(curves[arm])))
    return f"{start} {told(curves[most], unit, side.unit_of('y'))} ({most})" + \
        (f"; {still} of {len(curves)} arms stand still" if still else "")


def print_points(side: Side, series: Series, unit: str) -> None:
    """Prints the table for the terminal: a line a value, a column an arm."""
    curves = {} if series.y == "verdict" else {arm: side.over_x(arm) for arm in side.arms()}
    yunit, rows = side.unit_of("y"), []
    for point in series.points.values():
        x = point.rows[0]["x"] if point.rows else None
        cells = [quantity(curve[x].median, yunit) if x in curve else "–" for curve in curves.values()]
        rows.append([quantity(x, unit) if point.rows else point.label, point.verdict, *cells, point.note])
    print(terminal([series.axes["x"].text, "verdict", *curves, ""], rows, right=range(2, 2 + len(curves))))


def draw(side: Side, series: Series, title: str, factor: bool) -> None:
    """Draws the chart and prints its path, or why there is none."""
    why = panels.missing()
    if why:
        print(why, file=sys.stderr)
        return
    points = [(point.rows[0]["x"], point.verdict) for point in series.points.values() if point.rows]
    panels.save(over_knob.of_series(side, points, title, factor), series.path.with_suffix(".png"))
    print(f"chart: {series.path.with_suffix('.png')}")


def draw_points(series: Series) -> None:
    """Draws the chart of each point, for the slider of the report; of too many points, of some evenly spaced ones."""
    paths = [path for label in series.points if (path := folder_of(series) / f"{label}.csv").is_file()]
    step = -(-len(paths) // MOST_CHARTS)
    for path in paths[step:]:
        if paths.index(path) % step:
            path.unlink()
    if shutil.which("gnuplot"):
        Run(Paper("svg"), paths[::step] if step else []).all()


def folder_of(series: Series) -> Path:
    """Returns the folder for the results of the points themselves."""
    return series.path.with_suffix("")


def forget_kept(series: Series) -> None:
    """Removes the results of the points, and the folder around them where nothing else is in it."""
    shutil.rmtree(folder_of(series), ignore_errors=True)
    with contextlib.suppress(OSError):
        folder_of(series).parent.rmdir()


def measure(series: Series, conditions: list[Condition], program: str) -> None:
    """Measures; the first result tells whether the column can be had, and which one the chart shows."""
    for _, result in series.measure(conditions, program):
        if "column" in series.about or not result.rows:
            continue
        series.y = series.y or result.charted[0]
        why = check_column(series.y, result)
        if why:
            forget_kept(series)
            stop(why)
        series.axes["y"], series.about["column"] = y_axis(series.y, result), series.y
        question = prediction.question_of(result)
        if series.y == "predict" and question:
            series.about["asked_arm"] = question.arm
        once = len(result.rows) == len({(row["arm"], row["trial"]) for row in result.rows})
        if once and series.y not in ("y", "verdict", "predict"):
            print(f"{result.name} records once in each arm, so no column grows; Y=y or Y=verdict may show more",
                  file=sys.stderr)


def resume(series: Series) -> None:
    """Goes on with an unfinished file, or begins anew, without the results that an earlier sweep has kept."""
    series.resume()
    series.kept = folder_of(series)
    if not series.points:
        shutil.rmtree(series.kept, ignore_errors=True)


def sweep(series: Series, conditions: list[Condition], program: str) -> None:
    """Measures one point after the other."""
    resume(series)
    measure(series, conditions, program)


def find_border(series: Series, at: Callable[[int], Condition], ends: tuple[int, int], program: str) -> None:
    """Halves the range between two values of different verdicts until they are neighbours: one run a step."""
    def verdict_at(value: int) -> str:
        condition = at(value)
        measure(series, [condition], program)
        point = series.points[condition.label]
        if point.verdict not in VERDICTS:
            stop(f"{condition.label} has no verdict ({point.note}), so the border cannot be searched for")
        return point.verdict

    resume(series)
    low, high = ends
    first, last = verdict_at(low), verdict_at(high)
    if first == last:
        stop(f"{at(low).label} and {at(high).label} are both {first}: give a FROM and a TO of different verdicts")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if verdict_at(middle) == first else (low, middle)
    series.points = dict(sorted(series.points.items(), key=lambda item: item[1].rows[0]["x"] if item[1].rows else 0))
    series.about["border"] = f"{at(low).label}: {first}; {at(high).label}: {verdict_at(high)}"


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = Parser()
    parser.add_argument("claim", metavar="CLAIM")
    parser.add_argument("knob", metavar="KNOB")
    parser.add_argument("first", metavar="FROM")
    parser.add_argument("last", metavar="TO")
    parser.add_argument("step", nargs="?", default="", metavar="STEP", help="x2 multiplies (default), 64K adds")
    parser.add_argument("y", nargs="?", default="", metavar="Y", help="a column, y or verdict")
    parser.add_argument("--find", choices=("verdict",), help="bisect the border between two verdicts, to the byte")
    options = parser.parse_args(argv)
    if options.find and (options.step or options.y not in ("", "verdict")):
        stop("FIND=verdict halves the range itself: leave STEP and Y out")
    options.step = options.step or "x2"
    return options


def knob_of(claim: str, program: str, name: str) -> Knob:
    """Returns a knob of the program, or one of the harness's settings; stops where there is no such knob."""
    declared = declaration(program)
    knobs = declared.knobs | declared.settings
    if not name:
        stop(f"give KNOB=: {claim} has {', '.join(knobs)}")
    if name not in knobs:
        stop(f"{claim} has no knob \"{name}\"; it has: {', '.join(knobs)}")
    return knobs[name]


def ends_of(first: str, last: str) -> list[int]:
    """Returns [FROM, TO]; stops with a sentence where these make no range."""
    low, high = bound("FROM", first), bound("TO", last)
    if low >= high:
        stop(f"FROM={first} is not below TO={last}: the border is searched for between them")
    return [low, high]


def series_of(options: argparse.Namespace, name: str, program: str, values: list[int], unit: str) -> Series:
    """Returns the series, empty; a search for a border keeps its points apart from those of a sweep."""
    knob, factor = options.knob, options.step[0] in "xX*" and not options.find
    own = {"find": options.find} if options.find else {"step": options.step, "y": options.y}
    settings = settings_text(program, knob=knob, values=f"{values[0]}..{values[-1]}", **own)
    return Series(f"{RESULTS}/sweeps/{name}.{knob}{'.border' if options.find else ''}.csv", options.find or options.y,
                  DeclaredAxis(f"{knob}, {unit}" if unit != "count" else knob, unit),
                  {"charted": "y", "chart": "lines", "swept": knob, "settings": settings},
                  log=("x",) if factor else ())


def main(argv: list[str] | None = None) -> int:
    """Sweeps, prints and draws; returns the exit status."""
    options = arguments(argv)
    prepare()
    claim = find_claim(options.claim)
    name, knob, factor = claim.partition("/")[2], options.knob, options.step[0] in "xX*"
    values = ends_of(options.first, options.last) if options.find else \
        values_of(options.first, options.last, options.step)
    program = must_build(claim)
    unit = knob_of(claim, program, knob).unit or "count"
    series = series_of(options, name, program, values, unit)

    def at(value: int) -> Condition:
        setting = f"{knob}={short_size(value) if unit == 'bytes' else value}"
        return Condition(setting, value, [setting])

    measuring = partial(find_border, series, at, (values[0], values[-1]), program) if options.find else \
        partial(sweep, series, [at(value) for value in values], program)
    side = Side("", [complete(series, measuring)])
    if series.y == "predict":
        question = prediction.question_of(declaration(program))
        print(question.asked if question else "", end="\n\n")
    print_points(side, series, unit)
    title = f"{name}: {series.about.get('border') or finding(side, series, knob, unit)}"
    print(f"\n{title}\nresult: {series.path}")
    draw(side, series, title, factor and not options.find)
    draw_points(series)
    return 0
