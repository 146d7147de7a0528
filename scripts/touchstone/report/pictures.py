# SPDX-License-Identifier: MIT
"""A chart as a part of the page: its identifiers, styles and links may reach nothing else."""
from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup

TITLE_DROP = 8  # px from the baseline of the title's last line to what is shown
SVG = "{http://www.w3.org/2000/svg}"
ET.register_namespace("", SVG[1:-1])
ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")
UNWANTED = {SVG + tag for tag in ("script", "foreignObject", "metadata", "a")}


def own_references(text: str, prefix: str) -> str | None:
    """Returns #id and url(#id) under the claim's own prefix; None for what leads out of the page."""
    if "url(" not in text:
        return text
    if re.search(r"url\(\s*(?!['\"]?#)", text):
        return None
    return re.sub(r"url\(\s*['\"]?#([^'\")]+)['\"]?\s*\)", rf"url(#{prefix}-\1)", text)


def own_attributes(element: ET.Element, prefix: str) -> None:
    """Puts what an element refers to under the claim's prefix; removes what would run or load something."""
    for name, text in list(element.attrib.items()):
        bare = name.rpartition("}")[2]
        own: str | None
        if bare == "id":
            own = f"{prefix}-{text}"
        elif bare == "href":
            own = f"#{prefix}-{text[1:]}" if text.startswith("#") else text if text.startswith("data:image/") else None
        else:
            own = None if bare.lower().startswith("on") else own_references(text, prefix)
        if own is None:
            del element.attrib[name]
        else:
            element.set(name, own)


def own_style(text: str, prefix: str) -> str:
    """Returns a chart's style sheet so that it does not reach the rest of the page."""
    text = own_references(re.sub(r"@import[^;]*;?", "", text), prefix) or ""
    text = re.sub(r"#([A-Za-z_][\w-]*)(?=[^{}]*\{)", rf"#{prefix}-\1", text)

    def within(rule: re.Match) -> str:
        return rule[1] + ", ".join(f"#{prefix}-chart {selector.strip()}" for selector in rule[2].split(","))

    return re.sub(r"(^|[{}])([^{}@]+)(?=\{)", within, text)


class Picture(NamedTuple):
    """A chart in the page, and what a small copy of it needs: the identifier of what is drawn, and the part to show."""
    markup: Markup
    id: str
    box: str


def end_of_title(svg: ET.Element) -> float:
    """Returns the y below the title that is written into a chart, from its top; 0 where there is none."""
    title, end = " ".join(svg.findtext(SVG + "title", "").split()), 0.0
    for group in svg.iter(SVG + "g"):
        line = " ".join((group.findtext(SVG + "text") or "").split()).removesuffix(" ...")
        place = re.fullmatch(r"translate\(([\d.]+),([\d.]+)\)", group.get("transform", ""))
        if place and line and title.startswith(line):
            title = title[len(line):].lstrip(" -")
            end = float(place[2]) + TITLE_DROP
    return end


def without_title(box: str, end: float) -> str:
    """Returns the part of a picture below its title, which the page says in its own words."""
    x, y, width, height = map(float, box.replace(",", " ").split())
    return f"{x:g} {y + end:g} {width:g} {height - end:g}"


def chart(path: Path, prefix: str, label: str | None) -> Picture | None:
    """Returns the SVG as markup for this page; None when it is none.  Without a label its own text is taken."""
    try:
        svg = ET.parse(path).getroot()
    except (OSError, ET.ParseError):
        return None
    if svg.tag != SVG + "svg":
        return None
    label, end = label or svg.findtext(SVG + "desc", ""), end_of_title(svg)
    for parent in list(svg.iter()):
        for child in list(parent):
            if child.tag in UNWANTED or parent is svg and child.tag in (SVG + "title", SVG + "desc"):
                parent.remove(child)
    for element in svg.iter():
        own_attributes(element, prefix)
        if element.tag == SVG + "style":
            element.text = own_style(element.text or "", prefix)
    width, height = (re.sub(r"[^\d.]", "", svg.attrib.pop(side, "")) for side in ("width", "height"))
    if "viewBox" not in svg.attrib and width and height:
        svg.set("viewBox", f"0 0 {width} {height}")
    svg.attrib.update({"id": f"{prefix}-chart", "role": "img", "aria-label": label or ""})
    drawing = ET.Element(SVG + "g", {"id": f"{prefix}-drawing"})
    drawing.extend(svg)
    svg[:] = [drawing]
    if end:
        svg.set("viewBox", without_title(svg.attrib["viewBox"], end))
    return Picture(Markup(ET.tostring(svg, encoding="unicode")), drawing.attrib["id"], svg.get("viewBox", ""))
