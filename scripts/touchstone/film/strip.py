# SPDX-License-Identifier: MIT
"""Draws the stages of one arm below each other, for slides and papers: as SVG, then by rsvg-convert."""
import os
import subprocess
import textwrap

from touchstone.film.draw import (WIDTH, Band, draw_break, draw_heap, draw_heap_axis, draw_mapped_axis, draw_mappings,
                                  scale_in_words)
from touchstone.film.fills import KINDS_OF_BLOCKS, fill_of, look, patterns
from touchstone.film.read import Film, Frame
from touchstone.film.shapes import RIGHT, BrokenAxis, HeapAxis, heap_axis
from touchstone.svg import FONTS, Svg, element

MARGIN = 20
HEAP_LEFT = 200                            # beside the names of the stages
HEAP_RIGHT, MAPPED_LEFT = 830, 850         # where something is mapped: it is drawn at the right
STAGE = Band(32, 60, 8, 28)                # within the room of one stage
STAGE_HEIGHT = STAGE.bottom + 10
TITLE_LINE, TITLE_CHARACTERS = 30, 88
NAME_LINE, NAME_CHARACTERS = 24, 13
TICK_LINE, MAPPED_CHARACTERS = 24, 31
SWATCH_WIDTH, SWATCH_HEIGHT = 46, 18
COLUMNS_OF_LEGEND = 2
PNG_ZOOM = "1.5"                           # 1,800 px wide

# What the strip has and the report has not.
OWN_LOOK = """
.film .title, .film .stage { font-weight: 700 }
.film .stage { font-size: 20px }
.film .name { font-size: 22px }"""


def _draw_title(svg: Svg, claim: str, arm: str) -> int:
    """Returns where the first stage begins."""
    lines = textwrap.wrap(claim, TITLE_CHARACTERS)
    for i, line in enumerate(lines, 1):
        svg.text(MARGIN, 10 + i * TITLE_LINE, line, class_="title")
    svg.text(MARGIN, 10 + (len(lines) + 1) * TITLE_LINE, f"arm: {arm}", class_="tick")
    return 16 + (len(lines) + 1) * TITLE_LINE


def _draw_stage(svg: Svg, frame: Frame, heap: HeapAxis, mapped: BrokenAxis, top: int, place: str) -> None:
    """place: which of the stages it is, in words."""
    band = Band(top + STAGE.top, STAGE.height, STAGE.gap, STAGE.pages_height)
    for i, line in enumerate(textwrap.wrap(frame.stage, NAME_CHARACTERS, max_lines=3, placeholder=" …")):
        svg.text(MARGIN, band.top + 20 + i * NAME_LINE, line, class_="stage")
    svg.text(MARGIN, band.bottom - 2, place, class_="tick")
    draw_heap(svg, frame, heap, band)
    draw_break(svg, frame, heap, band.top - 6, band.bottom)
    if frame.mappings:
        draw_mappings(svg, frame, mapped, band)


def _draw_axes(svg: Svg, heap: HeapAxis, mapped: BrokenAxis, y: int) -> None:
    draw_heap_axis(svg, heap, y)
    if mapped.ranges:
        draw_mapped_axis(svg, mapped, y)
        for i, line in enumerate(textwrap.wrap("mapped, " + scale_in_words(mapped), MAPPED_CHARACTERS), 1):
            svg.text(mapped.offsets[0], y + 4 + i * TICK_LINE, line, class_="tick")


def _draw_legend(svg: Svg, frames: list[Frame], y: int) -> int:
    """Explains the fills that were used; returns where it ends."""
    layers = [layer for frame in frames for layer in (frame.chunks, frame.pages, frame.mappings)]
    used = {segment[0] for layer in layers for segment in layer}
    entries = [(known, state) for known in KINDS_OF_BLOCKS for state in known if state in used]
    rows = -(-len(entries) // COLUMNS_OF_LEGEND)
    for i, (known, state) in enumerate(entries):
        x = MARGIN + i // rows * (WIDTH // COLUMNS_OF_LEGEND)
        at = y + i % rows * (SWATCH_HEIGHT + 12)
        svg.path(f"M{x} {at}h{SWATCH_WIDTH}v{SWATCH_HEIGHT}h-{SWATCH_WIDTH}z", class_=fill_of(known, state))
        svg.text(x + SWATCH_WIDTH + 12, at + SWATCH_HEIGHT - 3, known[state][0], class_="tick")
    return y + rows * (SWATCH_HEIGHT + 12)


def drawn(film: Film, arm: str, kept: set[int]) -> str:
    """Returns the stages of an arm with these numbers, from 0, as SVG."""
    every = film.arms[arm]
    frames = [frame for i, frame in enumerate(every) if i in kept]
    has_mapped = any(frame.mappings for frame in frames)
    heap = heap_axis(frames, HEAP_LEFT, HEAP_RIGHT if has_mapped else RIGHT)
    mapped = BrokenAxis(frames, heap.scale, MAPPED_LEFT, RIGHT)
    same_names = len({frame.stage for frame in every}) < len(every)  # then a number tells them apart
    svg = Svg()
    y = _draw_title(svg, film.metadata.get("claim", ""), arm)
    for i, frame in enumerate(every):
        if i in kept:
            _draw_stage(svg, frame, heap, mapped, y, f"{i + 1} of {len(every)}" if same_names else "")
            y += STAGE_HEIGHT
    _draw_axes(svg, heap, mapped, y + 4)
    height = _draw_legend(svg, frames, y + 80) + 10
    definitions, rules = patterns()
    whole = Svg()
    whole.add("style", f"{rules}\n{look('.film')}{OWN_LOOK}")
    whole.parts.append(definitions)
    whole.box(0, 0, WIDTH, height, fill="#fff")
    whole.parts.append(element("g", "\n".join(svg.parts), class_="film"))
    return whole.document(WIDTH, height, width=WIDTH, height=height, font_family=FONTS)


def converted(svg: str, form: str) -> bytes:
    """Returns an SVG as it is, or as "png" or "pdf"; for these raises FileNotFoundError without rsvg-convert."""
    if form == "svg":
        return svg.encode()
    command = ["rsvg-convert", "--format", form]
    if form == "png":
        command += ["--zoom", PNG_ZOOM]
    same_bytes = {**os.environ, "SOURCE_DATE_EPOCH": "0"}  # a PDF would hold the time
    return subprocess.run(command, input=svg.encode(), stdout=subprocess.PIPE, check=True, env=same_bytes).stdout
