# SPDX-License-Identifier: MIT
"""Draws address spaces beside each other, low addresses at the bottom.

    draw.svg([Space("64-bit", named=regions), Space("32-bit", why_not="no 32-bit C library")], title, subtitle)
"""
import textwrap
from xml.sax.saxutils import escape

from touchstone.address_map import smaps
from touchstone.address_map.layout import (LINE, MOST_PAGES, Label, Piece, Space, growth, resident_words,
                                           set_common_scale)
from touchstone.address_map.smaps import Region
from touchstone.svg import FONTS, MONOSPACE, Svg, element, number, points
from touchstone.words import region_size

WIDTH, MARGIN, COLUMN = 1000, 10, 484
STRIP, WEDGE, BOX, LABEL = 14, 40, 142, 224  # where these begin in a column, px; the wedge joins strip and boxes
BOX_WIDTH, NUMBER_WIDTH = 70, 62
SIZE_END = COLUMN - NUMBER_WIDTH - 4
DROP = 4.5                                # px from the middle of a text to its baseline
LEAST_BETWEEN_ADDRESSES = 14              # px
LEAST_IN_STRIP = 3                        # px: what is narrower would not be seen
CLUSTER = 200                             # regions closer than this part of the whole are enlarged together
NAME_BESIDE_SIZE, NAME_ALONE = 17, 40     # most characters
WHY_NOT_CHARACTERS, WHY_NOT_LINE = 66, 18
TITLE_ROOM, LEGEND_HEIGHT, TERM_LINE = 78, 122, 20
TERMS = (
    ("header, symbols", "what the loader reads of the file: its headers, the names in it, what is to be relocated"),
    ("relocated data", "pointers that the loader filled in when the program started; read-only since (RELRO)"),
    ("text, data, bss", "instructions; variables with a first value; variables that start as zero and need no place "
                        "in the file"),
    ("vdso, vvar", "code and numbers that the kernel lends every process: the time without a system call"))
KINDS = {  # fill, fill of the resident part: told apart by their names too, and light from dark in grey
    "program": ("#dbe9f6", "#6baed6"), "heap": ("#fdebc8", "#e8a838"), "mapping": ("#d9f0e6", "#5cb997"),
    "library": ("#f3e2ee", "#cf8fb7"), "stack": ("#fbe0d3", "#e08a5f"), "kernel": ("#ececec", "#a6a6a6"),
}
INK, SOFT = "#222", "#444"


class Map(Svg):
    """An SVG with what address maps are made of."""

    def words(self, x: float, y: float, text: str, anchor: str = "start", size: int = 13, **attributes: str) -> None:
        """Writes a text whose middle is at y."""
        self.text(x, y + DROP, text, font_size=size, text_anchor=anchor, **attributes)

    def outline(self, x: float, y: float, width: float, height: float) -> None:
        self.box(x, y, width, height, fill="none", stroke=INK)

    def tear(self, x: float, y: float, width: float) -> None:
        """Draws a white zigzag band: here something is left out."""
        teeth = [(x - 4 + (width + 8) * i / 8, 4 if i % 2 else -4) for i in range(9)]
        upper, lower = ([(at, y + shift + tooth) for at, tooth in teeth] for shift in (-4, 4))
        self.add("polygon", points=points(upper + lower[::-1]), fill="#fff")
        for edge in (upper, lower):
            self.add("polyline", points=points(edge), fill="none", stroke=INK, stroke_width="1.4")

    def arrow(self, x: float, y: float, up: bool) -> None:
        """Draws an arrow 28 px long, its tail at y."""
        way = -1 if up else 1
        self.line(x, y, x, y + way * 16, stroke=INK, stroke_width=5)
        self.add("polygon", points=points([(x - 9, y + way * 14), (x + 9, y + way * 14), (x, y + way * 28)]), fill=INK)

    def address(self, x: float, y: float, value: int) -> None:
        """Writes it in hexadecimal, in fours from the right; what is copied from it has no blanks."""
        digits = f"{value:x}"
        first = len(digits) % 4 or 4
        groups = [digits[i:i + 4] for i in range(first, len(digits), 4)]
        content = digits[:first] + "".join(element("tspan", group, dx=3) for group in groups)
        self.add("text", content, x=x, y=y + DROP, font_size=13, text_anchor="end", font_family=MONOSPACE)


# ---- a column ----------------------------------------------------------------------

def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most - 1] + "…"


def draw_labels(svg: Map, x: float, labels: list[Label]) -> None:
    for label in labels:
        if label.to is not None:
            svg.path(f"M{number(x + BOX + BOX_WIDTH)} {number(label.to)}h3L{number(x + LABEL - 6)} {number(label.y)}h3",
                     fill="none", stroke="#888")
        name = shortened(label.name, NAME_BESIDE_SIZE if label.size else NAME_ALONE)
        svg.words(x + LABEL, label.y, name, size=15 if label.bold else 13, font_weight="bold" if label.bold else "",
                  fill=SOFT if label.soft and not label.bold else "")
        svg.words(x + SIZE_END, label.y, label.size, "end")
        svg.words(x + COLUMN, label.y, label.resident, "end")


def draw_addresses(svg: Map, x: float, stack: list[Piece], limit: int | None) -> None:
    """Writes them where there is room: the ends of runs first, then every border."""
    borders = {0: stack[0].y}
    for piece in stack:
        if piece.region:
            borders[piece.start], borders[piece.end] = piece.y, piece.top
    if limit:
        borders[limit] = next(piece.top for piece in stack if piece.end == limit)
    regions = [piece.region for piece in stack if piece.region]
    starts, ends = {region.start for region in regions}, {region.end for region in regions}
    heap_and_stack = sorted(region.start for region in regions if region.kind in ("heap", "stack"))
    wished = [0, *sorted(starts - ends), *heap_and_stack, *sorted(ends - starts), *sorted(borders)]
    if limit:
        wished.insert(1, limit)
    taken: list[float] = []
    for address in wished:
        y = borders.get(address)
        if y is not None and all(abs(y - other) >= LEAST_BETWEEN_ADDRESSES for other in taken):
            svg.address(x + BOX - 7, y, address)
            taken.append(y)
            svg.line(x + BOX - 5, y, x + BOX, y, stroke=INK)


def draw_region(svg: Map, left: float, piece: Piece, region: Region) -> None:
    light, dark = KINDS[region.kind]
    share = min(region.resident / region.size, 1) * BOX_WIDTH
    svg.box(left, piece.top, BOX_WIDTH, piece.height, fill=light)
    svg.box(left, piece.top, share, piece.height, fill=dark)
    svg.outline(left, piece.top, BOX_WIDTH, piece.height)


def draw_gap(svg: Map, left: float, piece: Piece) -> None:
    for side in (left, left + BOX_WIDTH):
        svg.line(side, piece.top, side, piece.y, stroke=INK, stroke_dasharray="2 4")
    if piece.up:
        svg.arrow(left + BOX_WIDTH / 2, piece.y - 3, True)
    if piece.down:
        svg.arrow(left + BOX_WIDTH / 2, piece.top + 3, False)


def draw_pieces(svg: Map, x: float, stack: list[Piece]) -> None:
    for piece in stack:
        if piece.region:
            draw_region(svg, x + BOX, piece, piece.region)
        else:
            draw_gap(svg, x + BOX, piece)
        if piece.torn:
            svg.tear(x + BOX, piece.tear, BOX_WIDTH)


def clusters_of(stack: list[Piece], end: int) -> list[list[Piece]]:
    """Returns the regions below an address, those together that lie near each other."""
    clusters: list[list[Piece]] = []
    for piece in stack:
        if not piece.region or piece.end > end:
            continue
        if clusters and piece.start - clusters[-1][-1].end < end / CLUSTER:
            clusters[-1].append(piece)
        else:
            clusters.append([piece])
    return clusters


def draw_whole(svg: Map, x: float, stack: list[Piece], limit: int | None, bottom: float) -> None:
    """Draws the strip at the left: all addresses up to the limit at one scale, and what of it the picture enlarges."""
    end = limit or smaps.own([piece.region for piece in stack if piece.region])[-1].end
    top = next(piece.top for piece in stack if piece.end == end)
    clusters = clusters_of(stack, end)

    def place(address: int) -> float:
        return bottom - (bottom - top) * address / end

    for cluster in clusters:
        low, high = place(cluster[0].start), place(cluster[-1].end)
        corners = [(x + STRIP, high), (x + WEDGE, cluster[-1].top), (x + BOX, cluster[-1].top),
                   (x + BOX, cluster[0].y), (x + WEDGE, cluster[0].y), (x + STRIP, low)]
        svg.add("polygon", points=points(corners), fill="#ececec")
    svg.box(x, top, STRIP, bottom - top, fill="#fff", stroke=INK)
    for cluster in clusters:
        low, high = place(cluster[0].start), place(cluster[-1].end)
        height = max(low - high, LEAST_IN_STRIP)
        svg.box(x, min(max(high, top), bottom - height), STRIP, height, fill=INK)


def draw_column(svg: Map, x: float, top: float, bottom: float, column: Space) -> None:
    column.stand_on(bottom)
    svg.words(x, top, column.title, size=17, font_weight="bold")
    if column.why_not:
        why = textwrap.wrap("Left out here: " + column.why_not, WHY_NOT_CHARACTERS, break_on_hyphens=False)
        for i, line in enumerate(why):
            svg.words(x, top + 40 + i * WHY_NOT_LINE, line)
        return
    for at, text, anchor in ((0, "to scale", "start"), (BOX - 7, "address", "end"), (LABEL, "region", "start"),
                             (SIZE_END, "size", "end"), (COLUMN, "resident", "end")):
        svg.words(x + at, top + 26, text, anchor, fill=SOFT)
    draw_whole(svg, x, column.stack, column.limit, bottom)
    draw_pieces(svg, x, column.stack)
    if column.limit:
        y = next(piece.top for piece in column.stack if piece.end == column.limit)
        svg.line(x + BOX - 5, y, x + LABEL - 4, y, stroke=INK, stroke_width=2)
    draw_addresses(svg, x, column.stack, column.limit)
    draw_labels(svg, x, column.labels)


# ---- the whole ----------------------------------------------------------------------

def draw_legend(svg: Map, y: float, page: int, px: float) -> None:
    x, text, width = MARGIN, MARGIN + 56, 46
    light, dark = KINDS["program"]
    svg.box(x, y - 8, width, 16, fill=light)
    svg.box(x, y - 8, width / 2, 16, fill=dark)
    svg.outline(x, y - 8, width, 16)
    svg.words(text, y, "the darker part of a box: as much of the region is resident, in memory")
    svg.outline(x, y + 20 - px / 2, width, px)
    svg.words(text, y + 20, f"this high: one page, {region_size(page)}; the same everywhere in the picture")
    svg.tear(x, y + 44, width)
    svg.words(text, y + 44, f"torn: more than {MOST_PAGES} pages; the rest is left out, and the size beside it is "
                            "of the whole")
    svg.box(x + 16, y + 58, STRIP, 24, fill="#fff", stroke=INK)
    svg.box(x + 16, y + 64, STRIP, LEAST_IN_STRIP, fill=INK)
    svg.words(text, y + 70, "the strip at the left: all addresses, nothing left out; black is what the picture "
                            "enlarges")
    for i, (name, meaning) in enumerate(TERMS):
        svg.words(x, y + 100 + i * TERM_LINE, name, font_weight="bold")
        svg.words(x + 130, y + 100 + i * TERM_LINE, meaning)


def in_words(columns: list[Space]) -> str:
    """Returns what the picture shows, high to low, for those who cannot see it."""
    sentences = []
    for column in columns:
        if column.why_not:
            sentences.append(f"{column.title}: left out, {column.why_not}")
            continue
        rows = [f"{region.file} {region.name}".strip() + f" at {region.start:x}, {region_size(region.size)}, "
                f"{resident_words(region)} resident" for region in reversed(column.named)]
        arrows = [f"{region.file or region.name}: {text}" for region, _, text in growth(column.named)]
        sentences.append(f"{column.title}, from high to low addresses: " + "; ".join(rows + arrows))
    return "Map of the address space. " + ". ".join(sentences) + "."


def svg(columns: list[Space], title: str, subtitle: str) -> str:
    """Returns the map of two processes; one of the columns at least is no empty one."""
    px = set_common_scale(columns)
    drawn = Map()
    drawn.words(MARGIN, 20, title, size=20, font_weight="bold")
    drawn.words(MARGIN, 44, subtitle, fill=SOFT)
    top = TITLE_ROOM
    bottom = top + 26 + LINE * 1.5 + max(column.rise for column in columns)
    rule = bottom + max(column.sink for column in columns) + 20
    drawn.line(WIDTH / 2, top - 8, WIDTH / 2, rule - 10, stroke="#ccc")
    for i, column in enumerate(columns):
        draw_column(drawn, MARGIN + i * (WIDTH - 2 * MARGIN - COLUMN), top, bottom, column)
    drawn.line(MARGIN, rule, WIDTH - MARGIN, rule, stroke="#bbb")
    draw_legend(drawn, rule + 22, min(region.page for column in columns for region in column.named), px)
    height = round(rule + LEGEND_HEIGHT + len(TERMS) * TERM_LINE)
    head = [element("title", escape(title)), element("desc", escape(in_words(columns))),
            element("rect", width=WIDTH, height=height, fill="#fff")]
    drawn.parts[:0] = head
    return drawn.document(WIDTH, height, width=WIDTH, height=height, font_family=FONTS, fill="#111")
