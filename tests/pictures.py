# SPDX-License-Identifier: MIT
"""Checks the charts of a folder of results: pictures.py CHECK FOLDER, a CHECK of those below.

Prints what is wrong, one chart on a line, and ends with 1 where anything is.
"""
from __future__ import annotations

import json
import math
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

from touchstone import prediction
from touchstone.charts import coincide, drawing
from touchstone.charts.commands import own_drawing
from touchstone.charts.curves import Curves
from touchstone.charts.form import Undrawable
from touchstone.charts.gnuplot import Paper
from touchstone.charts.pages import Pages
from touchstone.charts.rows import Rows
from touchstone.results import Result, read_result
from touchstone.words import no_number

SVG = "{http://www.w3.org/2000/svg}"
NARROW = 0.52     # of the size of its type: how wide a letter of DejaVu Sans is at least, on average
TITLE, LEAST_TYPE = 16, 12
INNARDS = re.compile(r"gnuplot_plot|\$|column\(")


def texts_of(root: ElementTree.Element) -> Iterator[tuple[float, float, str, float, str]]:
    """Yields x, y, text-anchor, size of the type and text; what is turned is left out."""
    for group in root.iter(f"{SVG}g"):
        place = re.fullmatch(r"translate\(([-\d.]+),([-\d.]+)\)", group.get("transform", "none"))
        if not place:
            continue
        for text in group.findall(f"{SVG}text"):
            size = float(re.sub(r"[^\d.]", "", group.get("font-size", "0")) or 0)
            yield (float(place[1]), float(place[2]), group.get("text-anchor", "start"), size,
                   "".join(text.itertext()).strip())


def inside(root: ElementTree.Element, _result: Result) -> Iterator[str]:
    _, _, wide, high = map(float, root.get("viewBox", "0 0 0 0").split())
    for x, y, anchor, size, text in texts_of(root):
        length = NARROW * size * len(text)
        left = x - {"start": 0, "middle": length / 2, "end": length}.get(anchor, 0)
        if left < 0 or left + length > wide or not 0 < y <= high:
            yield f"'{text}' lies at {left:.0f} to {left + length:.0f}, {y:.0f}"
    markers = {path for defs in root.iter(f"{SVG}defs") for path in defs.iter(f"{SVG}path")}  # in sizes of their own
    for element in set(root.iter(f"{SVG}path")) - markers:
        for x, y in re.findall(r"[ML] ?(-?[\d.]+),(-?[\d.]+)", element.get("d", "")):
            if not (-1 <= float(x) <= wide + 1 and -1 <= float(y) <= high + 1):
                yield f"a line leads to {x},{y}"
                break
    for element in root.iter(f"{SVG}polygon"):
        corners = [float(x) for x in re.findall(r"(-?[\d.]+),", element.get("points", ""))]
        if corners and not -1 <= min(corners) <= max(corners) <= wide + 1:
            yield f"an area reaches from {min(corners):g} to {max(corners):g}"


def names(root: ElementTree.Element, result: Result) -> Iterator[str]:
    known = " ".join([row["stage"] + " " + row["arm"] for row in result.rows])
    for group in root.iter(f"{SVG}g"):
        title = group.find(f"{SVG}title")
        if group.get("id", "").startswith("gnuplot_plot") and title is not None:
            text = "".join(title.itertext())
            if INNARDS.search(text) or "\\n" in text and text not in known:
                yield f"the pointer shows '{text}'"


def type_(root: ElementTree.Element, _: Result) -> Iterator[str]:
    sizes = {size: text for _, _, _, size, text in texts_of(root) if text}
    yield from (f"'{text}' has type of {size:g} px" for size, text in sizes.items() if size < LEAST_TYPE)
    title = [size for x, _, _, size, text in texts_of(root) if re.match(r"[A-Z]{5,}( with .*)?: ", text)]
    if title and title[0] != TITLE:
        yield f"the title has {title[0]:g} px"


def apart(_: ElementTree.Element, result: Result) -> Iterator[str]:
    form = drawing.of_result(result, Paper("svg"))
    if not isinstance(form, Curves):
        return
    form.commands()
    for panel in form.panels:
        for number, one in enumerate(panel):
            for other in panel[number + 1:]:
                if coincide.coincide(form, one, other):
                    yield f"{one.arm}: {one.column} and {other.arm}: {other.column} coincide"


def annotated(root: ElementTree.Element, result: Result) -> Iterator[str]:
    shown = " ".join(text for *_, text in texts_of(root))
    for note in result.annotations:
        try:
            text = note.words(result.findings)
        except ValueError as error:
            yield str(error)
            continue
        if not all(word in shown for word in text.split()):
            yield f"'{text}' is not in it"


def uncovered(root: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """Yields what is seen while the claim is covered: the picture without what has the class, and without the title."""
    if root.get("class") in ("covered", "headline"):
        return
    yield root
    for child in root:
        yield from uncovered(child)


def covered(root: ElementTree.Element, result: Result) -> Iterator[str]:
    """What has no part of the class is covered as a whole."""
    if all(element.get("class") != "covered" for element in root.iter()):
        return
    seen = " ".join("".join(element.itertext()).strip() for element in uncovered(root) if element.tag == f"{SVG}text")
    for note in result.annotations:
        text = note.words(result.findings)
        if not any(arm.name == note.arm and arm.control for arm in result.arms) and text in seen:
            yield f"'{text}' is not covered"
    if result.verdict.upper() in seen:
        yield "the verdict is not covered"
    if own_drawing(result) or not isinstance(drawing.of_result(result, Paper("svg")), Curves):
        return
    drawn, shown = ([element.findtext(f"{SVG}title", "") for element in elements
                     if element.get("id", "").startswith("gnuplot_plot")]
                    for elements in (root.iter(), uncovered(root)))
    for arm in result.arms:
        longer = tuple(other.name for other in result.arms if len(other.name) > len(arm.name))
        is_drawn, is_seen = (any(name.startswith(arm.name) and not name.startswith(longer) for name in names)
                             for names in (drawn, shown))
        if is_drawn and is_seen != arm.control:
            yield f"the arm {arm.name} is {'seen' if is_seen else 'covered'}"


def corners(root: ElementTree.Element) -> Iterator[tuple[float, float]]:
    """Yields the points of all curves, dots and bars."""
    for group in root.iter(f"{SVG}g"):
        for element in group.iter() if group.get("id", "").startswith("gnuplot_plot") else ():
            text = " ".join(element.get(name, "") for name in ("d", "points", "transform"))
            yield from ((float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", text))


def bet(root: ElementTree.Element, result: Result) -> Iterator[str]:
    """What was measured must lie where data-bet puts it: on a point of a curve, or at the end of a bar."""
    question = prediction.question_of(result)
    answer = question.answer(result) if question else None
    axis = json.loads(root.get("data-bet", "null"))
    if axis is None or answer is None or no_number(answer):
        return
    value = axis["offset"] + axis["factor"] * answer
    low, high, value = (math.log(end) if axis["log"] else end for end in (axis["low"], axis["high"], value))
    share = (value - low) / (high - low)
    for panel in (rect for rect in root.iter(f"{SVG}rect") if rect.get("class") == "panel"):
        x, y, wide, tall = (float(panel.get(name, 0)) for name in ("x", "y", "width", "height"))
        place = x + share * wide if axis["axis"] == "x" else y + (1 - share) * tall
        if any(abs((one if axis["axis"] == "x" else other) - place) < 2 for one, other in corners(root)):
            return
    yield f"{answer:g} was measured and would lie at {share:.3f} of the {axis['axis']} axis, where nothing is drawn"


def recorded(_: ElementTree.Element, result: Result) -> Iterator[str]:
    """No line leads through a stage that its arm did not record."""
    form = drawing.of_result(result, Paper("svg"))
    if not isinstance(form, Curves) or result.metadata.get("chart") != "stages":
        return
    form.commands()
    for curve in (curve for panel in form.panels for curve in panel):
        places = [x for x, _ in curve.points]
        for number, (before, after) in enumerate(zip(places, places[1:]), 1):
            if after > before + 1 and number not in curve.breaks:
                yield f"{curve.arm}: a line leads through '{form.stages[round(before)]}'"


def numbers(root: ElementTree.Element, result: Result) -> Iterator[str]:
    """Where a chart is dots, squares or ratios, the numbers of its claim stand in it."""
    shown = [text for *_, text in texts_of(root)]
    form = drawing.of_result(result, Paper("svg"))
    if isinstance(form, Rows):
        form.commands()
        for number in (number for group in form.groups.values() for number in group):
            if form.text_of(number) not in shown:
                yield f"{number.arm}: {form.text_of(number)} is not in it"
    if isinstance(form, Pages) and not any(re.match(r"[+-]?\d", text) for text in shown):
        yield "it has no number"


CHECKS = {"inside": inside, "names": names, "type": type_, "apart": apart, "annotations": annotated,
          "covered": covered, "bet": bet, "recorded": recorded, "numbers": numbers}


def main(check: str, folder: str) -> int:
    is_wrong = False
    for path in sorted(Path(folder).glob("*/*.svg")):
        result = read_result(path.with_suffix(".csv"))
        try:
            for what in CHECKS[check](ElementTree.parse(path).getroot(), result):
                print(f"{path.parent.name}/{path.stem}: {what}")
                is_wrong = True
        except Undrawable:
            continue
    return is_wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
