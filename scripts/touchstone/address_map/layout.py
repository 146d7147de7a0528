# SPDX-License-Identifier: MIT
"""Where everything stands in one column of an address map: named regions (smaps.py) -> boxes, gaps and labels.

    column = Space("64-bit", named=regions)
    column.set_scale(8)
    column.stand_on(600)        # column.stack and column.labels have their places now

One scale everywhere, so many px a page; what is higher than MOST_PAGES is torn, and its size stands beside it.
"""
from dataclasses import dataclass, field

from touchstone.address_map import smaps
from touchstone.address_map.smaps import Region
from touchstone.words import region_size

PAGE = (8, 12, 17)                # px a page may be high: where regions are few pages, more
MOST_PAGES = 6                    # a region or a gap of more is torn
GAP, ARROW, LINE = 34, 34, 17     # px: a torn gap, more for each arrow in it, a line of text
NOT_ITS = "the kernel's, or nobody's"


def power(limit: int) -> str:
    """Returns 2^47 = 128 TiB, or the size alone where it is no power of two."""
    size = region_size(limit)
    return f"2^{limit.bit_length() - 1} = {size}" if limit & (limit - 1) == 0 else size


# ---- boxes and gaps, low to high --------------------------------------------------

@dataclass
class Piece:
    """A region, or a gap between two."""
    start: int
    end: int
    height: float
    torn: bool
    region: Region | None = None
    up: str = ""     # what the arrow at its lower end says, and at its upper end
    down: str = ""
    y: float = 0     # its lower end

    @property
    def top(self) -> float:
        return self.y - self.height

    @property
    def tear(self) -> float:
        """Where it is torn: in its middle, arrows aside."""
        return (self.top + ARROW * bool(self.down) + self.y - ARROW * bool(self.up)) / 2


def growth(named: list[Region]) -> list[tuple[Region, str, str]]:
    """Returns (region, "up" or "down", the text of the arrow) of all that grows."""
    arrows = [(region, "up", "heap grows up: brk()") for region in named if region.kind == "heap"]
    arrows += [(region, "down", "stack grows down") for region in named if "gd" in region.flags]
    area = [region for region in smaps.own(named) if region.kind in ("mapping", "library", "kernel")]
    way = smaps.mappings_grow(named)
    if way:
        side = "below" if way == "down" else "above"
        arrows.append((area[0] if way == "down" else area[-1], way, f"the next mmap() goes {side}"))
    return arrows


def gap(start: int, end: int, page: int, px: float, up: str = "", down: str = "") -> Piece:
    pages = (end - start) / page
    arrows = bool(up) + bool(down)
    if pages <= MOST_PAGES and not arrows:
        return Piece(start, end, pages * px, False)
    return Piece(start, end, GAP + arrows * ARROW, True, up=up, down=down)


def pieces(named: list[Region], limit: int | None, px: float) -> list[Piece]:
    """Returns the regions and the gaps between them, with so many px a page.  limit: where the process's part ends."""
    page = min(region.page for region in named)
    up = {region.end: text for region, way, text in growth(named) if way == "up"}
    down = {region.start: text for region, way, text in growth(named) if way == "down"}
    found: list[Piece] = []
    at = 0
    for region in [*named, None]:
        start = region.start if region else limit or at
        if at < (limit or 0) < start:  # the end of the process's part lies within this gap
            found.append(gap(at, limit or 0, page, px, up.get(at, "")))
            at = limit or 0
        if start > at:
            found.append(gap(at, start, page, px, up.get(at, ""), down.get(start, "")))
        if region:
            pages = region.size / page
            found.append(Piece(region.start, region.end, min(pages, MOST_PAGES) * px, pages > MOST_PAGES, region))
            at = region.end
    return found


# ---- labels, high to low ------------------------------------------------------------

@dataclass
class Label:
    y: float
    name: str
    size: str = ""
    resident: str = ""
    bold: bool = False
    soft: bool = False
    to: float | None = None  # y of the box that it names


def apart(labels: list[Label]) -> None:
    """Moves labels, which come from top to bottom, by as little as keeps them a line apart (least squares)."""
    pools: list[tuple[float, int]] = []  # (sum of wished places, count), each place less the lines above it
    for i, label in enumerate(labels):
        pools.append((label.y - i * LINE, 1))
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, count = pools.pop()
            pools[-1] = (pools[-1][0] + total, pools[-1][1] + count)
    i = 0
    for total, count in pools:
        for _ in range(count):
            labels[i].y = total / count + i * LINE
            i += 1


def resident_words(region: Region) -> str:
    if region.resident in (0, region.size):
        return "none" if region.resident == 0 else "all"
    return region_size(region.resident)


def heading(region: Region) -> str:
    """Returns what stands in bold above the names of its parts; nothing where the region is a whole of its own."""
    if region.kind == "library":
        return ("loader " if smaps.is_loader(region) else "library ") + region.file
    if region.name == "vsyscall":
        return ""
    return {"program": "program", "mapping": "mappings", "kernel": "lent by the kernel"}.get(region.kind, "")


def _labels_of_gap(piece: Piece, limit: int | None) -> list[Label]:
    found = []
    if piece.down:
        found.append(Label(piece.top + ARROW / 2, piece.down))
    is_beyond = limit is not None and piece.start >= limit
    words = NOT_ITS if is_beyond else "left out, nothing there" if piece.torn else "nothing there"
    found.append(Label(piece.tear, f"{region_size(piece.end - piece.start)}: {words}", soft=True))
    if piece.up:
        found.append(Label(piece.y - ARROW / 2, piece.up))
    return found


def _labels_of_region(region: Region, piece: Piece, group: str | None) -> list[Label]:
    """group: the heading of the region above it."""
    found = []
    if heading(region) not in ("", group):
        found.append(Label(piece.top, heading(region), bold=True))
    if region.kind == "stack":
        found.append(Label(piece.top, "on top: arguments, environment", soft=True))
    middle = piece.y - piece.height / 2
    found.append(Label(middle, region.name, region_size(region.size), resident_words(region),
                       bold=region.kind in ("heap", "stack"), to=middle))
    return found


def labels_of(stack: list[Piece], limit: int | None) -> list[Label]:
    found: list[Label] = []
    group: str | None = None
    for piece in reversed(stack):
        if limit and piece.end == limit:
            if piece is stack[-1]:
                above = "32 bits hold no more" if limit == 1 << 32 else NOT_ITS
                found.append(Label(piece.top - LINE, f"above: {above}", soft=True))
            found.append(Label(piece.top, power(limit), bold=True))
        if piece.region:
            found += _labels_of_region(piece.region, piece, group)
            group = heading(piece.region)
        else:
            found += _labels_of_gap(piece, limit)
            group = None if piece.torn else group
    return found


# ---- a column ----------------------------------------------------------------------

@dataclass
class Space:
    """The address space of one process, or why there is none to show."""
    title: str
    why_not: str = ""
    named: list[Region] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.limit = smaps.round_limit(self.named) if self.named else None
        self.set_scale(PAGE[0])

    def set_scale(self, px: float) -> None:
        """px: how high a page is."""
        self.stack = pieces(self.named, self.limit, px) if self.named else []
        self.stand_on(0)

    def stand_on(self, y: float) -> None:
        """Puts address 0 there and everything else above it, and measures what room that takes above and below.
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


def set_common_scale(columns: list[Space]) -> float:
    """Gives all the same px a page, and returns it: the least at which every label stands near what it names."""
    for px in PAGE:
        for column in columns:
            column.set_scale(px)
        if max(column.farthest for column in columns) < 2 * LINE:
            break
    return px
