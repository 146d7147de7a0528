# SPDX-License-Identifier: MIT
"""From the segments of a film to the shapes that are drawn, and from addresses to places.

Where blocks are finer than the picture, each column of it shows by height how many of its bytes are in which
state: the areas stay true.
"""
from collections import defaultdict
from collections.abc import Callable, Iterable

from touchstone.film.read import PAGES, Frame, Segment

LEFT, RIGHT = 128, 1180  # of the address axis, in a picture 1200 wide
ALONE, COLUMN = 6, 2     # px: a block so wide stands alone; finer ones are summed up in columns so wide
TOUCHING = COLUMN / 100  # px: blocks closer than this share columns
MOST_TICKS = 8
WIDEST_GAP = 36          # px: where addresses are left out
NARROWEST = 40           # px: what is mapped gets a scale of its own where the heap's would make it narrower ...
OF_ITS_OWN = 240         # ... and is then so wide
WHOLE_ROOM = 1.0         # px a byte: a scale at which a page fills any picture, so that its room is what counts
FAR_BELOW = 8            # a heap so many times as long as what lies below its top is drawn in part
ROUNDING = 1e-9          # a border between columns belongs to the right one

Steps = tuple[list[tuple[float, float]], float]  # ([(x, share of this state and those below it)], end of x)


def ticks(length: int) -> range:
    """Returns round addresses from 0 to length, eight steps at most."""
    step = 1
    while length / step > MOST_TICKS:
        step *= 2
    return range(0, length + 1, step)


class Shapes:
    """What to draw of a layer: blocks one by one, and columns where blocks are too fine."""

    def __init__(self, order: Iterable[str]) -> None:
        self.order = list(order)
        # state -> [(x, width, start, bytes)]: a block each
        self.blocks: dict[str, list[tuple[float, float, int, int]]] = defaultdict(list)
        self.runs: dict[str, list[tuple[float, float]]] = defaultdict(list)    # the same of several blocks each
        self.columns: dict[str, list[Steps]] = defaultdict(list)
        self.frames: list[tuple[float, float]] = []                            # (x, width) that columns fill

    def add_columns(self, fine: list[tuple[str, float, float]], column: float) -> None:
        """Sums up neighbours that are too fine: (state, x, end) each."""
        if not fine:
            return
        begin, end = fine[0][1], fine[-1][2]
        self.frames.append((begin, end - begin))
        shares = _shares(fine, column)
        for rank, state in enumerate(self.order):
            if not any(share[state] for share in shares):
                continue
            steps: list[tuple[float, float]] = []
            for i, share in enumerate(shares):
                whole = sum(share.values())
                height = round(sum(share[below] for below in self.order[:rank + 1]) / whole, 2) if whole else 0
                if not steps or height != steps[-1][1]:
                    steps.append((begin + i * column, height))
            self.columns[state].append((steps, end))


def _shares(fine: list[tuple[str, float, float]], column: float) -> list[dict[str, float]]:
    """Returns how much of each column is in which state."""
    begin, end = fine[0][1], fine[-1][2]
    shares: list[dict[str, float]] = [defaultdict(float) for _ in range(int((end - begin) / column) + 1)]
    for state, x, to in fine:
        while x < to:
            at = min(int((x - begin) / column + ROUNDING), len(shares) - 1)
            border = max(x, begin + (at + 1) * column) if at + 1 < len(shares) else to
            shares[at][state] += min(to, border) - x
            x = border
    return shares


def shapes(segments: list[Segment], order: Iterable[str], place: Callable[[int], float]) -> Shapes:
    """Returns the shapes of a layer.  order: its states from the bottom of a column up; place(start) -> x."""
    drawn = Shapes(order)
    fine: list[tuple[str, float, float]] = []
    for state, start, size, count in segments:
        x, end = place(start), place(start + size)
        if end <= x:
            continue  # above the part of the heap that is drawn
        is_alone = end - x >= ALONE
        if is_alone or fine and x - fine[-1][2] > TOUCHING:
            drawn.add_columns(fine, COLUMN)
            fine = []
        if is_alone and (count == 1 or order is PAGES):
            drawn.blocks[state].append((x, end - x, start, size))
        elif is_alone:
            drawn.runs[state].append((x, end - x))
        else:
            fine.append((state, x, end))
    drawn.add_columns(fine, COLUMN)
    return drawn


class HeapAxis:
    """Addresses -> x: one stretch of the heap, from its start; what lies above it falls on its end."""

    def __init__(self, length: int, left: float = LEFT, right: float = RIGHT) -> None:
        self.length, self.left, self.right = max(length, 1), left, right
        self.scale = (right - left) / self.length

    def place(self, address: int) -> float:
        return self.left + min(address, self.length) * self.scale


def heap_axis(frames: Iterable[Frame], left: float = LEFT, right: float = RIGHT) -> HeapAxis:
    """Returns the axis of these frames: for the whole heap, or for its lower part if only the top lies above."""
    frames = list(frames)
    length = max(frame.end for frame in frames)
    below_top = max((start for frame in frames for state, start, *_ in frame.chunks if state == "top"), default=length)
    return HeapAxis(below_top * 3 // 2 if 0 < below_top * FAR_BELOW < length else length, left, right)


class BrokenAxis:
    """Addresses -> x where something is mapped, with the gaps cut out; the same for all frames."""

    def __init__(self, frames: list[Frame], scale: float, left: float = LEFT, right: float = RIGHT) -> None:
        """scale: of the heap's axis, px a byte; it is used here too where what is mapped fits and can be seen."""
        self.left = left
        self.ranges = _ranges(frames)
        self.total = sum(end - start for start, end in self.ranges)
        self.gap = min(WIDEST_GAP, (right - left) / 3 / max(len(self.ranges), 1))
        room = right - left - self.gap * len(self.ranges)
        self.same_scale = NARROWEST <= self.total * scale <= room
        width = min(room, OF_ITS_OWN) if self.total * scale < NARROWEST else room
        self.scale = scale if self.same_scale else width / max(self.total, 1)
        self.offsets: list[float] = []
        at = left
        for start, end in self.ranges:
            at += self.gap
            self.offsets.append(at)
            at += (end - start) * self.scale
        self.right = at

    def place(self, address: int) -> float:
        at = self.offsets[0]
        for (start, end), offset in zip(self.ranges, self.offsets):
            if address < start:
                break
            at = offset + (min(address, end) - start) * self.scale
        return at


def _ranges(frames: list[Frame]) -> list[list[int]]:
    """Returns [start, end] of each stretch where something is mapped in any frame, in rising order."""
    ranges: list[list[int]] = []
    for start, end in sorted({(start, start + size) for frame in frames for _, start, size, _ in frame.mappings}):
        if ranges and start <= ranges[-1][1]:
            ranges[-1][1] = max(ranges[-1][1], end)
        else:
            ranges.append([start, end])
    return ranges
