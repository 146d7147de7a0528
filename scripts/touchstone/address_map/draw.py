# SPDX-License-Identifier: MIT
"""Draws address spaces beside each other, low addresses at the bottom: named regions (smaps.py) -> SVG.

    draw.svg([Space("64-bit", named=regions), Space("32-bit", why_not="no 32-bit C library")], title, subtitle)

One scale everywhere, so many px a page; what is higher than MOST_PAGES is torn, and its size stands beside it.
"""
import textwrap
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from touchstone.address_map import smaps
from touchstone.words import region_size

WIDTH, MARGIN, COLUMN = 1000, 10, 484
STRIP, BOX, LABEL = 14, 142, 224  # where these begin in a column, px
BOX_WIDTH, NUMBER_WIDTH = 70, 62
PAGE = (8, 12, 17)                # px a page may be high: where regions are few pages, more
MOST_PAGES = 6                    # a region or a gap of more is torn
GAP, ARROW, LINE = 34, 34, 17     # px: a torn gap, more for each arrow in it, a line of text
TERMS = (("header, symbols", "what the loader reads of the file: its headers, the names in it, what is to be relocated"),
         ("relocated data", "pointers that the loader filled in when the program started; read-only since (RELRO)"),
         ("text, data, bss", "instructions; variables with a first value; variables that start as zero and need no place in the file"),
         ("vdso, vvar", "code and numbers that the kernel lends every process: the time without a system call"))
NOT_ITS = "the kernel's, or nobody's"
KINDS = {  # fill, fill of the resident part: told apart by their names too, and light from dark in grey
    "program": ("#dbe9f6", "#6baed6"), "heap": ("#fdebc8", "#e8a838"), "mapping": ("#d9f0e6", "#5cb997"),
    "library": ("#f3e2ee", "#cf8fb7"), "stack": ("#fbe0d3", "#e08a5f"), "kernel": ("#ececec", "#a6a6a6"),
}


def power(limit):
    """2^47 = 128 TiB"""
    size = region_size(limit)
    return f"2^{limit.bit_length() - 1} = {size}" if limit & (limit - 1) == 0 else size


# ---- the elements of a column, low to high ------------------------------------

@dataclass
class Piece:
    start: int
    end: int
    height: float
    torn: bool
    region: object = None           # None: a gap
    up: str = ""                    # what the arrow at its lower end says, and at its upper end
    down: str = ""
    y: float = 0                    # its lower end

    top = property(lambda self: self.y - self.height)
    # Where it is torn: in its middle, arrows aside.
    tear = property(lambda self: (self.top + ARROW * bool(self.down) + self.y - ARROW * bool(self.up)) / 2)


def growth(named):
    """(region, "up" or "down", the text of the arrow)"""
    arrows = [(region, "up", "heap grows up: brk()") for region in named if region.kind == "heap"]
    arrows += [(region, "down", "stack grows down") for region in named if "gd" in region.flags]
    area = [region for region in smaps.own(named) if region.kind in ("mapping", "library", "kernel")]
    way = smaps.mappings_grow(named)
    if way:
        arrows.append((area[0] if way == "down" else area[-1], way, "the next mmap() goes " + ("below" if way == "down" else "above")))
    return arrows


def gap(start, end, page, px, up="", down=""):
    pages = (end - start) / page
    arrows = bool(up) + bool(down)
    if pages <= MOST_PAGES and not arrows:
        return Piece(start, end, pages * px, False)
    return Piece(start, end, GAP + arrows * ARROW, True, up=up, down=down)


def pieces(named, limit, px):
    """The regions and the gaps between them, with so many px a page."""
    page = min(region.page for region in named)
    up = {region.end: text for region, way, text in growth(named) if way == "up"}
    down = {region.start: text for region, way, text in growth(named) if way == "down"}
    found, at = [], 0
    for region in [*named, None]:
        start = region.start if region else limit or at
        if at < (limit or 0) < start:  # the end of the process's part lies within this gap
            found.append(gap(at, limit, page, px, up.get(at, "")))
            at = limit
        if start > at:
            found.append(gap(at, start, page, px, up.get(at, ""), down.get(start, "")))
        if region:
            pages = region.size / page
            found.append(Piece(region.start, region.end, min(pages, MOST_PAGES) * px, pages > MOST_PAGES, region))
            at = region.end
    return found


# ---- drawing ------------------------------------------------------------------

class Picture:
    def __init__(self):
        self.parts = []

    def add(self, markup):
        self.parts.append(markup)

    def text(self, x, y, text, style="", anchor="start", size=13):
        self.add(f'<text x="{x:.1f}" y="{y + 4.5:.1f}" font-size="{size}" text-anchor="{anchor}"{style}>{escape(text)}</text>')

    def line(self, x1, y1, x2, y2, style):
        self.add(f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" fill="none" {style}/>')

    def box(self, x, y, width, height, style):
        self.add(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" {style}/>')

    def tear(self, x, y, width):
        """A white zigzag band: here something is left out."""
        teeth = [(x - 4 + (width + 8) * i / 8, 4 if i % 2 else -4) for i in range(9)]
        upper, lower = ([f"{at:.1f},{y + shift + tooth:.1f}" for at, tooth in teeth] for shift in (-4, 4))
        self.add(f'<polygon points="{" ".join(upper + lower[::-1])}" fill="#fff"/>')
        for edge in (upper, lower):
            self.add(f'<polyline points="{" ".join(edge)}" fill="none" stroke="#222" stroke-width="1.4"/>')

    def arrow(self, x, y, up):
        """26 px long, its tail at y."""
        way = -1 if up else 1
        self.line(x, y, x, y + way * 16, 'stroke="#222" stroke-width="5"')
        self.add(f'<polygon points="{x - 9:.1f},{y + way * 14:.1f} {x + 9:.1f},{y + way * 14:.1f} {x:.1f},{y + way * 28:.1f}" fill="#222"/>')

    def address(self, x, y, number):
        """Hexadecimal, in fours from the right; what is copied from it has no blanks."""
        digits = f"{number:x}"
        first = len(digits) % 4 or 4
        groups = [digits[:first]] + [digits[i:i + 4] for i in range(first, len(digits), 4)]
        inner = groups[0] + "".join(f'<tspan dx="3">{group}</tspan>' for group in groups[1:])
        self.add(f'<text x="{x:.1f}" y="{y + 4.5:.1f}" font-size="13" text-anchor="end" '
                 f'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace">{inner}</text>')


@dataclass
class Label:
    y: float
    name: str
    size: str = ""
    resident: str = ""
    bold: bool = False
    soft: bool = False
    to: float = None  # y of the box that it names


def apart(labels):
    """Moves labels, which come from top to bottom, by as little as keeps them a line apart (least squares)."""
    pools = []  # [sum of wished places, count], each place less the lines above it
    for i, label in enumerate(labels):
        pools.append([label.y - i * LINE, 1])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, count = pools.pop()
            pools[-1] = [pools[-1][0] + total, pools[-1][1] + count]
    i = 0
    for total, count in pools:
        for _ in range(count):
            labels[i].y = total / count + i * LINE
            i += 1


def resident_words(region):
    return "all" if region.resident == region.size else "none" if region.resident == 0 else region_size(region.resident)


def heading(region):
    """What stands in bold above the names of its parts; nothing where the region is a whole of its own."""
    if region.kind == "library":
        return ("loader " if smaps.is_loader(region) else "library ") + region.file
    if region.name == "vsyscall":
        return ""
    return {"program": "program", "mapping": "mappings", "kernel": "lent by the kernel"}.get(region.kind, "")


def labels_of(stack, limit):
    found, group = [], None
    for piece in reversed(stack):
        middle, top = piece.y - piece.height / 2, piece.top
        if limit and piece.end == limit:
            if piece is stack[-1]:
                found.append(Label(top - LINE, "above: " + ("32 bits hold no more" if limit == 1 << 32 else NOT_ITS), soft=True))
            found.append(Label(top, power(limit), bold=True))
        if not piece.region:
            if piece.down:
                found.append(Label(top + ARROW / 2, piece.down))
            what = NOT_ITS if limit and piece.start >= limit else "left out, nothing there" if piece.torn else "nothing there"
            found.append(Label(piece.tear, f"{region_size(piece.end - piece.start)}: {what}", soft=True))
            if piece.up:
                found.append(Label(piece.y - ARROW / 2, piece.up))
            group = None if piece.torn else group
            continue
        region = piece.region
        if heading(region) not in ("", group):
            found.append(Label(top, heading(region), bold=True))
        group = heading(region)
        if region.kind == "stack":
            found.append(Label(top, "on top: arguments, environment", soft=True))
        found.append(Label(middle, region.name, region_size(region.size), resident_words(region),
                           bold=region.kind in ("heap", "stack"), to=middle))
    return found


def shortened(text, most):
    return text if len(text) <= most else text[:most - 1] + "…"


def draw_labels(drawing, x, labels):
    for label in labels:
        style = ' font-weight="bold"' if label.bold else ' fill="#444"' if label.soft else ""
        if label.to is not None:
            drawing.add(f'<path d="M{x + BOX + BOX_WIDTH:.1f} {label.to:.1f}h3L{x + LABEL - 6:.1f} {label.y:.1f}h3" '
                        'fill="none" stroke="#888"/>')
        drawing.text(x + LABEL, label.y, shortened(label.name, 17 if label.size else 40), style, size=15 if label.bold else 13)
        drawing.text(x + COLUMN - NUMBER_WIDTH - 4, label.y, label.size, anchor="end")
        drawing.text(x + COLUMN, label.y, label.resident, anchor="end")


def draw_addresses(drawing, x, stack, limit):
    """Where there is room: ends of runs first, then every border."""
    borders = {0: stack[0].y}
    for piece in stack:
        if piece.region:
            borders[piece.start], borders[piece.end] = piece.y, piece.top
    if limit:
        borders[limit] = next(piece.top for piece in stack if piece.end == limit)
    regions = [piece.region for piece in stack if piece.region]
    starts, ends = {region.start for region in regions}, {region.end for region in regions}
    first = [0, limit] + sorted(starts - ends) + sorted(region.start for region in regions if region.kind in ("heap", "stack"))
    taken = []
    for number in [*first, *sorted(ends - starts), *sorted(borders)]:
        y = borders.get(number)
        if y is not None and all(abs(y - other) >= 14 for other in taken):
            drawing.address(x + BOX - 7, y, number)
            taken.append(y)
            drawing.line(x + BOX - 5, y, x + BOX, y, 'stroke="#222"')


def draw_pieces(drawing, x, stack):
    left = x + BOX
    for piece in stack:
        top = piece.top
        if piece.region:
            light, dark = KINDS[piece.region.kind]
            share = min(piece.region.resident / piece.region.size, 1) * BOX_WIDTH
            drawing.box(left, top, BOX_WIDTH, piece.height, f'fill="{light}"')
            drawing.box(left, top, share, piece.height, f'fill="{dark}"')
            drawing.box(left, top, BOX_WIDTH, piece.height, 'fill="none" stroke="#222"')
            if piece.torn:
                drawing.tear(left, piece.tear, BOX_WIDTH)
            continue
        for side in (left, left + BOX_WIDTH):
            drawing.line(side, top, side, piece.y, 'stroke="#222" stroke-dasharray="2 4"')
        if piece.up:
            drawing.arrow(left + BOX_WIDTH / 2, piece.y - 3, True)
        if piece.down:
            drawing.arrow(left + BOX_WIDTH / 2, top + 3, False)
        if piece.torn:
            drawing.tear(left, piece.tear, BOX_WIDTH)


def draw_whole(drawing, x, stack, limit, bottom):
    """The strip at the left: all addresses up to the limit at one scale, and what of it the picture enlarges."""
    end = limit or smaps.own([piece.region for piece in stack if piece.region])[-1].end
    top = next(piece.top for piece in stack if piece.end == end)
    place = lambda address: bottom - (bottom - top) * address / end
    clusters = []
    for piece in stack:
        if not piece.region or piece.end > end:
            continue
        if clusters and piece.start - clusters[-1][-1].end < end / 200:
            clusters[-1].append(piece)
        else:
            clusters.append([piece])
    for cluster in clusters:
        low, high = place(cluster[0].start), place(cluster[-1].end)
        drawing.add(f'<polygon points="{x + STRIP:.1f},{high:.1f} {x + 40:.1f},{cluster[-1].top:.1f} '
                    f'{x + BOX:.1f},{cluster[-1].top:.1f} {x + BOX:.1f},{cluster[0].y:.1f} '
                    f'{x + 40:.1f},{cluster[0].y:.1f} {x + STRIP:.1f},{low:.1f}" fill="#ececec"/>')
    drawing.box(x, top, STRIP, bottom - top, 'fill="#fff" stroke="#222"')
    for cluster in clusters:
        low, high = place(cluster[0].start), place(cluster[-1].end)
        height = max(low - high, 3)
        drawing.box(x, min(max(high, top), bottom - height), STRIP, height, 'fill="#222"')


@dataclass
class Space:
    title: str
    why_not: str = ""
    named: list = field(default_factory=list)

    def __post_init__(self):
        self.limit = smaps.round_limit(self.named) if self.named else None
        self.scale(PAGE[0])

    def scale(self, px):
        self.stack = pieces(self.named, self.limit, px) if self.named else []
        self.stand_on(0)

    def stand_on(self, y):
        """Puts address 0 there, and everything else above it; says what room that takes above and below, px.
        Where regions are small, their labels need more than they do."""
        bottom = y
        for piece in self.stack:
            piece.y = y
            y -= piece.height
        self.labels = labels_of(self.stack, self.limit)
        wished = [label.y for label in self.labels]
        apart(self.labels)
        self.farthest = max((abs(label.y - wish) for label, wish in zip(self.labels, wished)), default=0)
        places = [bottom, y, *(label.y for label in self.labels)]
        self.rise, self.sink = bottom - min(places), max(places) - bottom


def draw_column(drawing, x, top, bottom, column):
    column.stand_on(bottom)
    drawing.text(x, top, column.title, ' font-weight="bold"', size=17)
    if column.why_not:
        for i, line in enumerate(textwrap.wrap("Left out here: " + column.why_not, 66, break_on_hyphens=False)):
            drawing.text(x, top + 40 + i * 18, line)
        return
    head = ' fill="#444"'
    for at, text, anchor in ((0, "to scale", "start"), (BOX - 7, "address", "end"), (LABEL, "region", "start"),
                             (COLUMN - NUMBER_WIDTH - 4, "size", "end"), (COLUMN, "resident", "end")):
        drawing.text(x + at, top + 26, text, head, anchor)
    draw_whole(drawing, x, column.stack, column.limit, bottom)
    draw_pieces(drawing, x, column.stack)
    if column.limit:
        y = next(piece.top for piece in column.stack if piece.end == column.limit)
        drawing.line(x + BOX - 5, y, x + LABEL - 4, y, 'stroke="#222" stroke-width="2"')
    draw_addresses(drawing, x, column.stack, column.limit)
    draw_labels(drawing, x, column.labels)


def draw_legend(drawing, y, page, px):
    x = MARGIN
    light, dark = KINDS["program"]
    drawing.box(x, y - 8, 46, 16, f'fill="{light}"')
    drawing.box(x, y - 8, 23, 16, f'fill="{dark}"')
    drawing.box(x, y - 8, 46, 16, 'fill="none" stroke="#222"')
    drawing.text(x + 56, y, "the darker part of a box: as much of the region is resident, in memory")
    drawing.box(x, y + 20 - px / 2, 46, px, 'fill="none" stroke="#222"')
    drawing.text(x + 56, y + 20, f"this high: one page, {region_size(page)}; the same everywhere in the picture")
    drawing.tear(x, y + 44, 46)
    drawing.text(x + 56, y + 44, f"torn: more than {MOST_PAGES} pages; the rest is left out, and the size beside it is of the whole")
    drawing.box(x + 16, y + 58, STRIP, 24, 'fill="#fff" stroke="#222"')
    drawing.box(x + 16, y + 64, STRIP, 3, 'fill="#222"')
    drawing.text(x + 56, y + 70, "the strip at the left: all addresses, nothing left out; black is what the picture enlarges")
    for i, (name, meaning) in enumerate(TERMS):
        drawing.text(x, y + 100 + i * 20, name, ' font-weight="bold"')
        drawing.text(x + 130, y + 100 + i * 20, meaning)


def alternative(columns):
    """The picture in words, high to low."""
    said = []
    for column in columns:
        if column.why_not:
            said.append(f"{column.title}: left out, {column.why_not}")
            continue
        rows = [f"{region.file + ' ' if region.file else ''}{region.name} at {region.start:x}, {region_size(region.size)}, "
                f"{resident_words(region)} resident" for region in reversed(column.named)]
        arrows = [f"{region.file or region.name}: {text}" for region, _, text in growth(column.named)]
        said.append(f"{column.title}, from high to low addresses: " + "; ".join(rows + arrows))
    return "Map of the address space. " + ". ".join(said) + "."


def scale(columns):
    """The same px a page for all: the least at which every label stands near what it names."""
    for px in PAGE:
        for column in columns:
            column.scale(px)
        if max(column.farthest for column in columns) < 2 * LINE:
            break
    return px


def svg(columns, title, subtitle):
    px = scale(columns)
    drawing = Picture()
    drawing.text(MARGIN, 20, title, ' font-weight="bold"', size=20)
    drawing.text(MARGIN, 44, subtitle, ' fill="#444"')
    top = 78
    bottom = top + 26 + LINE * 1.5 + max(column.rise for column in columns)
    rule = bottom + max(column.sink for column in columns) + 20
    drawing.line(WIDTH / 2, top - 8, WIDTH / 2, rule - 10, 'stroke="#ccc"')
    for i, column in enumerate(columns):
        draw_column(drawing, MARGIN + i * (COLUMN + WIDTH - 2 * MARGIN - 2 * COLUMN), top, bottom, column)
    drawing.line(MARGIN, rule, WIDTH - MARGIN, rule, 'stroke="#bbb"')
    draw_legend(drawing, rule + 22, min(region.page for column in columns for region in column.named), px)
    height = rule + 122 + len(TERMS) * 20
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}" '
            'font-family="DejaVu Sans, Arial, sans-serif" fill="#111">\n'
            f"<title>{escape(title)}</title>\n<desc>{escape(alternative(columns))}</desc>\n"
            f'<rect width="{WIDTH}" height="{height:.0f}" fill="#fff"/>\n' + "\n".join(drawing.parts) + "\n</svg>\n")
