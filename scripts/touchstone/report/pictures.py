# SPDX-License-Identifier: MIT
"""A chart as a part of the page: its identifiers, styles and links may reach nothing else."""
import re
import xml.etree.ElementTree as ET

from markupsafe import Markup

SVG = "{http://www.w3.org/2000/svg}"
ET.register_namespace("", SVG[1:-1])
ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")
UNWANTED = {SVG + tag for tag in ("script", "foreignObject", "metadata", "a")}


def own_references(text, prefix):
    """#id and url(#id) under the claim's own prefix; None for what leads out of the page."""
    if "url(" not in text:
        return text
    if re.search(r"url\(\s*(?!['\"]?#)", text):
        return None
    return re.sub(r"url\(\s*['\"]?#([^'\")]+)['\"]?\s*\)", rf"url(#{prefix}-\1)", text)


def own_attributes(element, prefix):
    for name, text in list(element.attrib.items()):
        bare = name.rpartition("}")[2]
        if bare == "id":
            text = f"{prefix}-{text}"
        elif bare == "href":
            text = f"#{prefix}-{text[1:]}" if text.startswith("#") else text if text.startswith("data:image/") else None
        else:
            text = None if bare.lower().startswith("on") else own_references(text, prefix)
        if text is None:
            del element.attrib[name]
        else:
            element.set(name, text)


def own_style(text, prefix):
    """A style sheet in a chart must not reach the rest of the page."""
    text = own_references(re.sub(r"@import[^;]*;?", "", text), prefix) or ""
    text = re.sub(r"#([A-Za-z_][\w-]*)(?=[^{}]*\{)", rf"#{prefix}-\1", text)
    return re.sub(r"(^|[{}])([^{}@]+)(?=\{)",
                  lambda rule: rule[1] + ", ".join(f"#{prefix}-chart {one.strip()}" for one in rule[2].split(",")), text)


def chart(path, prefix, label):
    """The SVG as markup for this page; None when there is none or it is no SVG.  Without a label its own text is taken."""
    try:
        svg = ET.parse(path).getroot()
    except (OSError, ET.ParseError):
        return None
    if svg.tag != SVG + "svg":
        return None
    label = label or svg.findtext(SVG + "desc", "")
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
    svg.attrib.update({"id": f"{prefix}-chart", "role": "img", "aria-label": label})
    return Markup(ET.tostring(svg, encoding="unicode"))
