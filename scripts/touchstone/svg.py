# SPDX-License-Identifier: MIT
"""Writes SVG: elements with escaped texts and attributes.

    svg = Svg()
    svg.box(10, 10, 100, 20, fill="#0072B2")
    svg.text(60, 24, "a < b", text_anchor="middle")
    print(svg.document(200, 40, font_family=FONTS))
"""
from xml.sax.saxutils import escape, quoteattr

FONTS = "DejaVu Sans, Arial, sans-serif"
MONOSPACE = "DejaVu Sans Mono, Menlo, Consolas, monospace"


def number(value: float) -> str:
    """Returns a coordinate with one decimal at most: 12.5, 12."""
    return f"{value:.1f}".removesuffix(".0")


def points(corners: list[tuple[float, float]]) -> str:
    """Returns the corners of a polygon or polyline as its attribute has them."""
    return " ".join(f"{number(x)},{number(y)}" for x, y in corners)


def _attribute(name: str, value: float | str) -> str:
    text = value if isinstance(value, str) else number(value)
    return f" {name.rstrip('_').replace('_', '-')}={quoteattr(text)}"


def element(tag: str, content: str = "", /, **attributes: float | str) -> str:
    """Returns an element around its content, which is markup.  text_anchor is the attribute text-anchor and class_
    is class; an attribute that is an empty text is left out."""
    shown = "".join(_attribute(name, value) for name, value in attributes.items() if value != "")
    return f"<{tag}{shown}>{content}</{tag}>" if content else f"<{tag}{shown}/>"


class Svg:
    """The elements of a picture, in the order in which they are painted."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def add(self, tag: str, content: str = "", /, **attributes: float | str) -> None:
        self.parts.append(element(tag, content, **attributes))

    def text(self, x: float, y: float, text: str, /, **attributes: float | str) -> None:
        """Adds a text whose baseline is at y."""
        self.add("text", escape(text), x=x, y=y, **attributes)

    def box(self, x: float, y: float, width: float, height: float, /, **attributes: float | str) -> None:
        self.add("rect", x=x, y=y, width=width, height=height, **attributes)

    def path(self, data: str, **attributes: float | str) -> None:
        if data:
            self.add("path", **attributes, d=data)

    def line(self, x1: float, y1: float, x2: float, y2: float, /, **attributes: float | str) -> None:
        self.path(f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}", fill="none", **attributes)

    def document(self, width: float, height: float, /, **attributes: float | str) -> str:
        """Returns the whole picture."""
        return element("svg", "\n".join(self.parts), xmlns="http://www.w3.org/2000/svg",
                       viewBox=f"0 0 {number(width)} {number(height)}", **attributes)
