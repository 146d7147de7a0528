# SPDX-License-Identifier: MIT
"""From the segments of a film to the shapes that are drawn, and from addresses to places.

Where blocks are finer than the picture, a column of it shows by height how many of its bytes are in which
state: the areas stay true.
"""
from collections import defaultdict

from touchstone.film.read import PAGES

LEFT, RIGHT = 128, 1180  # of the address axis, in a picture 1200 wide
ALONE, COLUMN = 6, 2     # units: a block that stands alone; finer ones are summed up in columns


def ticks(length):
    """About six round addresses from 0 to length."""
    step = 1
    while length / step > 8:
        step *= 2
    return range(0, length + 1, step)


class Shapes:
    """What to draw of a layer: blocks one by one, and columns where blocks are too fine."""

    def __init__(self, order):
        self.order = list(order)
        self.blocks = defaultdict(list)   # state -> [(x, width)]: a block each
        self.runs = defaultdict(list)     # state -> [(x, width)]: several blocks of one state
        self.columns = defaultdict(list)  # state -> [([(x, share of this state and those below it), ...], end of x)]
        self.frames = []                  # [(x, width)]: what columns fill


def shapes(segments, order, place, alone=ALONE, column=COLUMN):
    """place(start) -> x."""
    drawn, fine = Shapes(order), []
    for state, start, size, count in segments:
        x, end = place(start), place(start + size)
        if end - x >= alone:
            _columns(drawn, fine, column)
            fine = []
            (drawn.blocks if count == 1 or order is PAGES else drawn.runs)[state].append((x, end - x))
        else:
            if fine and x - fine[-1][2] > column / 100:
                _columns(drawn, fine, column)
                fine = []
            fine.append((state, x, end))
    _columns(drawn, fine, column)
    return drawn


def _columns(drawn, fine, column):
    if not fine:
        return
    begin, end = fine[0][1], fine[-1][2]
    drawn.frames.append((begin, end - begin))
    shares = [defaultdict(float) for _ in range(int((end - begin) / column) + 1)]
    for state, x, to in fine:
        while x < to:
            at = min(int((x - begin) / column + 1e-9), len(shares) - 1)
            border = max(x, begin + (at + 1) * column) if at + 1 < len(shares) else to
            shares[at][state] += min(to, border) - x
            x = border
    for rank, state in enumerate(drawn.order):
        if not any(share[state] for share in shares):
            continue
        steps, last = [], None
        for i, share in enumerate(shares):
            whole = sum(share.values())
            height = round(sum(share[below] for below in drawn.order[:rank + 1]) / whole, 2) if whole else 0
            if height != last:
                steps.append((begin + i * column, height))
            last = height
        drawn.columns[state].append((steps, end))


class HeapAxis:
    """Addresses -> x: one stretch of the heap."""

    def __init__(self, length, left=LEFT, right=RIGHT):
        self.length, self.left, self.right = max(length, 1), left, right
        self.scale = (right - left) / self.length

    def place(self, address):
        return self.left + address * self.scale


class BrokenAxis:
    """Addresses -> x where something is mapped, with the gaps cut out; the same for all frames."""

    def __init__(self, frames, scale, left=LEFT, right=RIGHT):
        ranges = []
        for start, end in sorted({(start, start + size) for frame in frames for _, start, size, _ in frame.mappings}):
            if ranges and start <= ranges[-1][1]:
                ranges[-1][1] = max(ranges[-1][1], end)
            else:
                ranges.append([start, end])
        self.ranges, self.total = ranges, sum(end - start for start, end in ranges)
        self.gap = min(36, (right - left) / 3 / max(len(ranges), 1))
        room = right - left - self.gap * len(ranges)
        self.same_scale = 40 <= self.total * scale <= room
        self.scale = scale if self.same_scale else min(room, 240 if self.total * scale < 40 else room) / max(self.total, 1)
        self.offsets, at = [], left
        for start, end in ranges:
            at += self.gap
            self.offsets.append(at)
            at += (end - start) * self.scale
        self.right = at

    def place(self, address):
        at = self.offsets[0]
        for (start, end), offset in zip(self.ranges, self.offsets):
            if address < start:
                break
            at = offset + (min(address, end) - start) * self.scale
        return at
