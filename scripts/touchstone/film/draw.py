# SPDX-License-Identifier: MIT
"""Draws one stage of a film as SVG: the heap, and below it what is mapped; the strip draws several in one picture."""
from __future__ import annotations

from dataclasses import dataclass

from touchstone.film.fills import LIGHT_ON_THESE, fill_of
from touchstone.film.read import CHUNKS, MAPPINGS, PAGES, Frame, Segment
from touchstone.film.shapes import LEFT, BrokenAxis, HeapAxis, Shapes, Steps, shapes, ticks
from touchstone.svg import Svg, number
from touchstone.words import size_in_short

WIDTH = 1200  # of a picture
BESIDE = LEFT - 14  # where the words at the left end
NAME_CHARACTER, SIZE_CHARACTER, PAGE_CHARACTER = 17, 12.5, 13  # how wide a character of these labels is at most
PADDING = 6  # what a label needs beside its characters
LABEL_DROP = 7  # from the middle of a label to its baseline
LEAST_MOVE = 12  # px: a break that moved less has no arrow
GAP_WITH_STROKES = 12  # px: a gap of the axis that has room for two slanted strokes


@dataclass(frozen=True)
class Band:
    """Where blocks are drawn, and the pages behind them below; px from the top of the picture."""
    top: int
    height: int = 60
    gap: int = 10
    pages_height: int = 28

    @property
    def pages(self) -> int:
        """The upper edge of the pages."""
        return self.top + self.height + self.gap

    @property
    def bottom(self) -> int:
        return self.pages + self.pages_height

    @property
    def baseline_of_pages(self) -> int:
        return self.pages + self.pages_height // 2 + LABEL_DROP


HEAP = Band(40, 120, 12, 48)
MAPPED = Band(286)
ALONE = Band(16, 130, 12, 56)  # where the heap is not drawn
HEAP_AXIS = HEAP.bottom + 12


@dataclass(frozen=True)
class Scene:
    """What all stages of one arm have in common."""
    heap: HeapAxis
    mapped: BrokenAxis
    shows_heap: bool   # False: nothing happens in it, and the story is in what is mapped
    shows_other: bool  # the pages of a parent or child, too

    @property
    def band(self) -> Band:
        """Where mappings are drawn."""
        return MAPPED if self.shows_heap else ALONE

    @property
    def mapped_axis(self) -> int:
        other = self.band.gap + self.band.pages_height if self.shows_other else 0
        return self.band.bottom + other + 10

    @property
    def height(self) -> int:
        return self.mapped_axis + 36 if self.mapped.ranges else HEAP_AXIS + 38


# ---- blocks and pages ------------------------------------------------------------

def _boxes(boxes: list[tuple[float, float]], y: int, height: int) -> str:
    return "".join(f"M{number(x)} {y}h{number(width)}v{height}h-{number(width)}z" for x, width in boxes)


def _steps(columns: list[Steps], y: int, height: int) -> str:
    """Returns the outline of columns: the steps of a share, closed along the bottom."""
    path, base = [], y + height
    for steps, end in columns:
        path.append(f"M{number(steps[0][0])} {base}")
        for i, (x, share) in enumerate(steps):
            path.append((f"H{number(x)}" if i else "") + f"V{number(base - share * height)}")
        path.append(f"H{number(end)}V{base}z")
    return "".join(path)


def _layer(svg: Svg, drawn: Shapes, known: dict, y: int, height: int, frame: Frame | None = None) -> None:
    """Paints from the top of the stack down, so that what lies lower covers what it is part of.  frame: given where
    each block is to be an element of its own, which the player can move and point at."""
    for state in reversed(drawn.order):
        fill = fill_of(known, state)
        svg.path(_steps(drawn.columns[state], y, height) + _boxes(drawn.runs[state], y, height), class_=f"{fill} fine")
        if frame is None:
            svg.path(_boxes([block[:2] for block in drawn.blocks[state]], y, height), class_=fill)
            continue
        for x, width, start, size in drawn.blocks[state]:
            svg.box(x, y, width, height, class_=f"block {fill}", data_state=known[state][0], data_start=str(start),
                    data_bytes=str(size), data_line=str(frame.lines.get(start, "")),
                    data_name=frame.names.get(start, ""))
    svg.path(_boxes(drawn.frames, y, height), class_="frame")


def _block_labels(svg: Svg, segments: list[Segment], names: dict[int, str], words: dict[str, str],
                  axis: HeapAxis | BrokenAxis, band: Band) -> None:
    """Writes into each block that has room for it its name and its size."""
    middle = band.top + band.height / 2
    for state, start, size, count in segments:
        x, width = axis.place(start), axis.place(start + size) - axis.place(start)
        name, text = names.get(start) or words.get(state, ""), size_in_short(size)
        if count > 1:
            continue
        light = " light" if state in LIGHT_ON_THESE else ""
        at, has_room = x + width / 2, len(text) * SIZE_CHARACTER + PADDING <= width
        if name and len(name) * NAME_CHARACTER + PADDING <= width:
            svg.text(at, middle + (-5 if has_room else 10), name, text_anchor="middle", class_="name" + light)
            if has_room:
                svg.text(at, middle + 23, text, text_anchor="middle", class_="size" + light)
        elif has_room:
            svg.text(at, middle + LABEL_DROP, text, text_anchor="middle", class_="size" + light)


def _page_labels(svg: Svg, pages: list[Segment], axis: HeapAxis | BrokenAxis, band: Band) -> None:
    words = {"resident": "in memory", "written": "written", "shared": "shared", "zero": "zeros",
             "swapped": "swapped out", "absent": "no page"}
    for state, start, size, _ in pages:
        begin, end = axis.place(start), axis.place(start + size)
        if end - begin > len(words[state]) * PAGE_CHARACTER:
            svg.text((begin + end) / 2, band.baseline_of_pages, words[state], text_anchor="middle", class_="word")


def draw_heap(svg: Svg, frame: Frame, axis: HeapAxis, band: Band) -> None:
    _layer(svg, shapes(frame.chunks, CHUNKS, axis.place), CHUNKS, band.top, band.height, frame)
    _block_labels(svg, frame.chunks, frame.names, {"free": "free", "top": "top"}, axis, band)
    _layer(svg, shapes(frame.heap_pages(), PAGES, axis.place), PAGES, band.pages, band.pages_height)
    _page_labels(svg, frame.heap_pages(), axis, band)
    if not frame.chunks:
        words = "no heap yet" if frame.end == 0 else "chunks not shown"
        svg.text(axis.left, band.top + band.height // 2 + 6, words, class_="size")


def draw_mappings(svg: Svg, frame: Frame, axis: BrokenAxis, band: Band) -> None:
    _layer(svg, shapes(frame.mappings, MAPPINGS, axis.place), MAPPINGS, band.top, band.height, frame)
    _block_labels(svg, frame.mappings, frame.names, {"mmap": "mmap", "reserved": "reserved"}, axis, band)
    draw_pages(svg, frame.mapped_pages(), axis, band)


def draw_pages(svg: Svg, pages: list[Segment], axis: BrokenAxis, band: Band) -> None:
    _layer(svg, shapes(pages, PAGES, axis.place), PAGES, band.pages, band.pages_height)
    _page_labels(svg, pages, axis, band)


# ---- axes, and the break -----------------------------------------------------------

def draw_heap_axis(svg: Svg, axis: HeapAxis, y: int) -> None:
    at = [axis.place(tick) for tick in ticks(axis.length)]
    marks = "".join(f"M{number(x)} {y}v8" for x in at)
    svg.path(f"M{number(axis.left)} {y}H{number(axis.right)}{marks}", class_="axis")
    for x, tick in zip(at, ticks(axis.length)):
        svg.text(x, y + 28, size_in_short(tick) if tick else "0", text_anchor="middle", class_="tick")


def draw_mapped_axis(svg: Svg, axis: BrokenAxis, y: int) -> None:
    """Draws the axis; where addresses are left out, two slanted strokes."""
    marks, at = [], axis.left
    for (start, end), x in zip(axis.ranges, axis.offsets):
        if axis.gap >= GAP_WITH_STROKES:
            cut = (at + x) / 2
            marks.append(f"M{number(at)} {y}H{number(cut - 4)}m-4 7l8-14m2 14l8-14m-4 7H{number(x)}")
        at = x + (end - start) * axis.scale
        marks.append(f"M{number(x)} {y}H{number(at)}")
    svg.path("".join(marks), class_="axis")


def _draw_move(svg: Svg, was: float, x: float, axis_y: int) -> None:
    """Draws where the break stood, and the arrow from there."""
    head = 9 if was < x else -9
    svg.path(f"M{number(was)} 22V{38 if was < x else axis_y}", class_="was")
    svg.path(f"M{number(was)} 32H{number(x)}m{-head} -6l{head} 6l{-head} 6", class_="moved")


def draw_break(svg: Svg, frame: Frame, axis: HeapAxis, top: int, bottom: int) -> None:
    """Draws the break from top to bottom, its address above it."""
    x = axis.place(frame.end)
    if frame.end > axis.length:
        svg.text(x + 4, top - 5, f"break {size_in_short(frame.end)} →", text_anchor="end", class_="name")
        return
    svg.path(f"M{number(x)} {top}V{bottom}", class_="break")
    at_end = x > (axis.left + axis.right) / 2
    svg.text(x + (4 if at_end else -4), top - 5, f"break {size_in_short(frame.end)}" if frame.end else "break",
             text_anchor="end" if at_end else "", class_="name")


# ---- a stage ---------------------------------------------------------------------

def scale_in_words(axis: BrokenAxis) -> str:
    return "to the heap's scale" if axis.same_scale else f"to a scale of its own: {size_in_short(axis.total)} in all"


def _label(svg: Svg, baseline: float, words: str) -> None:
    """Writes at the left end what a row shows."""
    svg.text(BESIDE, baseline, words, text_anchor="end", class_="row")


def _add_heap(svg: Svg, frame: Frame, before: Frame | None, axis: HeapAxis) -> None:
    _label(svg, HEAP.top + HEAP.height // 2 + LABEL_DROP, "chunks")
    _label(svg, HEAP.baseline_of_pages, "pages")
    svg.text(BESIDE, HEAP_AXIS + 28, "heap", text_anchor="end", class_="tick")
    draw_heap(svg, frame, axis, HEAP)
    draw_heap_axis(svg, axis, HEAP_AXIS)
    x = axis.place(frame.end)
    was = axis.place(before.end) if before is not None else x
    if abs(was - x) > LEAST_MOVE:
        _draw_move(svg, was, x, HEAP_AXIS)
    draw_break(svg, frame, axis, HEAP.top - 14, HEAP_AXIS)


def _add_other_process(svg: Svg, frame: Frame, scene: Scene) -> None:
    """Draws the pages that parent and child have at the same addresses, one below the other."""
    band, axis = scene.band, scene.mapped
    lower = Band(band.top + band.gap + band.pages_height, band.height, band.gap, band.pages_height)
    if not frame.other_is:
        _label(svg, band.baseline_of_pages, "parent")
        svg.text(LEFT + axis.gap, lower.baseline_of_pages, "there is no child yet", class_="tick")
        return
    _label(svg, band.baseline_of_pages, "child" if frame.other_is == "parent" else "parent")
    _label(svg, lower.baseline_of_pages, frame.other_is)
    draw_pages(svg, frame.others_mapped_pages(), axis, lower)


def _add_mapped(svg: Svg, frame: Frame, scene: Scene) -> None:
    band, axis = scene.band, scene.mapped
    _label(svg, band.top + band.height // 2 + LABEL_DROP, "mapped")
    draw_mappings(svg, frame, axis, band)
    draw_mapped_axis(svg, axis, scene.mapped_axis)
    if scene.shows_other:
        _add_other_process(svg, frame, scene)
    elif frame.mappings:
        _label(svg, band.baseline_of_pages, "pages")
    if not frame.mappings:
        svg.text(LEFT + axis.gap, band.top + band.height // 2 + LABEL_DROP, "nothing is mapped", class_="tick")
    if scene.shows_heap:
        first = axis.ranges[0][0]
        where = (f"{size_in_short(abs(first))} {'above' if first > 0 else 'below'} the heap's start, "
                 f"{scale_in_words(axis)}")
    else:
        heap = f"the heap, of {size_in_short(frame.end)}, does not change" if frame.end else "there is no heap"
        where = f"{size_in_short(axis.total)} in all; {heap}"
    svg.text(LEFT, scene.mapped_axis + 26, where, class_="tick")


def picture(frame: Frame, before: Frame | None, scene: Scene, label: str) -> str:
    """Returns one stage of one arm as SVG.  before: the stage before it, from which the break may have moved."""
    svg = Svg()
    if scene.shows_heap:
        _add_heap(svg, frame, before, scene.heap)
    if scene.mapped.ranges:
        _add_mapped(svg, frame, scene)
    return svg.document(WIDTH, scene.height, role="img", aria_label=label)
