# SPDX-License-Identifier: MIT
"""Checks the charts of a folder of results: pictures.py inside | names | type | apart | annotations FOLDER.

Prints what is wrong, one chart on a line, and ends with 1 where anything is.
"""
from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

from touchstone.charts import coincide, drawing
from touchstone.charts.curves import Curves
from touchstone.charts.form import Undrawable
from touchstone.charts.gnuplot import Paper
from touchstone.results import Result, read_result

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


CHECKS = {"inside": inside, "names": names, "type": type_, "apart": apart, "annotations": annotated}


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
