# SPDX-License-Identifier: MIT
"""Draws all stages of an arm beside each other, small: the index of the player, in which a click leads to a stage.

Each stage is a column; addresses rise from the bottom to the top.  Below lies the heap, as its chunks are, and above
it the pages of what is mapped.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from touchstone.film.draw import Scene
from touchstone.film.fills import fill_of
from touchstone.film.read import CHUNKS, PAGES, Frame, Segment
from touchstone.film.shapes import WHOLE_ROOM, BrokenAxis, HeapAxis, shapes
from touchstone.svg import Svg, number

HEIGHT, WIDTH = 100, 1000  # the page stretches it
ROOM_BETWEEN = 4           # the heap and what is mapped
MOST_COLUMNS = 100         # more stages share a column


def _column(segments: list[Segment], known: dict, place: Callable[[int], float], x: float, width: float,
            paths: dict[str, list[str]]) -> None:
    """Adds one stage to the paths.  Columns of fine blocks lie on their side here: a state's share is a width."""
    drawn = shapes(segments, known, place)
    for state in reversed(drawn.order):
        path = paths.setdefault(fill_of(known, state), [])
        for steps, end in drawn.columns[state]:
            for i, (y, share) in enumerate(steps):
                to = steps[i + 1][0] if i + 1 < len(steps) else end
                path.append(_box(x, y, width * share, to - y))
        path.extend(_box(x, y, width, to) for y, to, *_ in (*drawn.runs[state], *drawn.blocks[state]))


def _box(x: float, y: float, width: float, height: float) -> str:
    return f"M{number(x)} {number(HEIGHT - y)}h{number(width)}v-{number(height)}h-{number(width)}z"


def _rooms(scene: Scene) -> tuple[float, float]:
    """Returns the heights of the heap and of what is mapped."""
    mapped = scene.mapped.total
    if not scene.shows_heap:
        return 0, HEIGHT
    if not mapped:
        return HEIGHT, 0
    heap = HEIGHT * scene.heap.length / (scene.heap.length + mapped)
    heap = min(max(heap, HEIGHT / 4), HEIGHT * 3 / 4)
    return heap - ROOM_BETWEEN, HEIGHT - heap


def index(frames: Sequence[Frame], scene: Scene) -> str:
    """Returns the strip as SVG."""
    columns: Iterable[int] = range(len(frames))
    if len(frames) > MOST_COLUMNS:
        columns = [i * len(frames) // MOST_COLUMNS for i in range(MOST_COLUMNS)]
    chosen = [frames[i] for i in columns]
    heap_room, mapped_room = _rooms(scene)
    heap = HeapAxis(scene.heap.length, 0, heap_room)
    mapped = BrokenAxis(list(frames), WHOLE_ROOM, HEIGHT - mapped_room, HEIGHT)

    def place_mapped(address: int) -> float:
        """Returns the place without the gap below the lowest mapping."""
        lowest = mapped.offsets[0]
        return HEIGHT - (HEIGHT - mapped.place(address)) / (HEIGHT - lowest) * mapped_room

    step, paths = WIDTH / len(chosen), dict[str, list[str]]()
    for i, frame in enumerate(chosen):
        x, width = i * step, step * .9
        if heap_room:
            _column(frame.chunks or frame.heap_pages(), CHUNKS if frame.chunks else PAGES, heap.place, x, width, paths)
        if mapped_room:
            _column(frame.mapped_pages(), PAGES, place_mapped, x, width, paths)
    svg = Svg()
    for fill, path in paths.items():
        svg.path("".join(path), class_=f"{fill} fine")
    return svg.document(WIDTH, HEIGHT, preserveAspectRatio="none", aria_hidden="true")
