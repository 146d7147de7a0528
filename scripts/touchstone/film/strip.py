# SPDX-License-Identifier: MIT
"""Draws a film as one picture by matplotlib, its stages one below the other."""
import io

from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Polygon, Rectangle

from touchstone.film.read import CHUNKS, MAPPINGS, PAGES
from touchstone.film.shapes import BrokenAxis, HeapAxis, shapes, ticks
from touchstone.words import size_in_short

LEFT, RIGHT = 170, 1190  # units of a picture 1200 wide, as in draw.py
CHUNK_LAYER, PAGE_LAYER = (14, 30), (2, 9)  # bottom and height of the two layers
HATCHES = {"plain": "", "slanted": "////", "upright": "||||", "level": "----", "dots": "...", "empty": ""}


def look(known, state):
    _, colour, kind = known[state]
    if kind in ("plain", "empty"):
        return {"facecolor": colour}
    return {"facecolor": "#FFFDE0" if kind == "dots" else "white", "edgecolor": "#777" if kind == "dots" else colour,
            "hatch": HATCHES[kind]}


def steps(columns, bottom, height):
    """Columns as polygons: the step line of a share, closed along the bottom."""
    for points, end in columns:
        corners = [(points[0][0], bottom)]
        for i, (x, share) in enumerate(points):
            corners += [(x, corners[-1][1])] * (i > 0) + [(x, bottom + share * height)]
        yield Polygon(corners + [(end, corners[-1][1]), (end, bottom)])


def outlined(axes, boxes, layer):
    axes.add_collection(PatchCollection([Rectangle((x, layer[0]), width, layer[1]) for x, width in boxes],
                                        facecolor="none", edgecolor="black", linewidth=.8))


def draw_layer(axes, segments, known, place, layer):
    drawn = shapes(segments, known, place)
    for state in reversed(drawn.order):
        boxes = drawn.runs[state] + drawn.blocks[state]
        patches = [Rectangle((x, layer[0]), width, layer[1]) for x, width in boxes]
        patches += list(steps(drawn.columns[state], *layer))
        if patches:
            axes.add_collection(PatchCollection(patches, linewidth=0, **look(known, state)))
        outlined(axes, drawn.blocks[state], layer)
    outlined(axes, drawn.frames, layer)


def label(axes, segments, names, words, place):
    for state, start, size, count in segments:
        width, text = place(start + size) - place(start), size_in_short(size)
        name = names.get(start) or words.get(state, "")
        both = f"{name}\n{text}" if name else text
        said = both if len(text) * 12.5 < width else name if len(name) * 16 < width else ""
        if said and count == 1:
            light = state in ("in use", "malloc")
            axes.text(place(start) + width / 2, CHUNK_LAYER[0] + CHUNK_LAYER[1] / 2, said, ha="center", va="center",
                      linespacing=1.05, color="white" if light else "black", fontsize=9,
                      weight="bold" if name and said == name else "normal",
                      bbox=None if light else {"facecolor": "white", "edgecolor": "none", "pad": 1.2, "alpha": .85})


def draw_stage(axes, frame, heap, mapped, which=""):
    draw_layer(axes, frame.chunks, CHUNKS, heap.place, CHUNK_LAYER)
    label(axes, frame.chunks, frame.names, {"free": "free", "top": "top"}, heap.place)
    draw_layer(axes, frame.heap_pages(), PAGES, heap.place, PAGE_LAYER)
    x = heap.place(frame.end)
    axes.plot([x, x], [0, 50], color="black", linewidth=2.6, solid_capstyle="butt")
    at_end = x > LEFT + 150
    axes.text(x + (-6 if at_end else 6), 47, f"break {size_in_short(frame.end)}", ha="right" if at_end else "left",
              va="bottom", fontsize=8, weight="bold")
    if mapped.ranges and frame.mappings:
        draw_layer(axes, frame.mappings, MAPPINGS, mapped.place, CHUNK_LAYER)
        label(axes, frame.mappings, frame.names, {"mmap": "mmap"}, mapped.place)
        draw_layer(axes, frame.mapped_pages(), PAGES, mapped.place, PAGE_LAYER)
    axes.text(0, 29, frame.stage, va="center", fontsize=11, weight="bold", wrap=True)
    axes.text(0, 10, which, va="center", fontsize=8)
    axes.set(xlim=(0, 1200), ylim=(-2, 58))
    axes.axis("off")


def draw_axis(axes, heap, mapped):
    axes.set(xlim=(0, 1200), ylim=(0, 30))
    axes.axis("off")
    axes.plot([heap.left, heap.right], [28, 28], color="black", linewidth=1)
    for tick in ticks(heap.length):
        axes.plot([heap.place(tick)] * 2, [24, 28], color="black", linewidth=1)
        axes.text(heap.place(tick), 22, size_in_short(tick) if tick else "0", ha="center", va="top", fontsize=8)
    if mapped.ranges:
        axes.plot([mapped.offsets[0], mapped.right], [28, 28], color="black", linewidth=1)
        axes.text(mapped.offsets[0], 22, f"mapped: {size_in_short(mapped.total)} in all" +
                  (", to the heap's scale" if mapped.same_scale else ", a scale of its own"), va="top", fontsize=8)


def legend(figure, frames):
    entries = [Patch(label=known[state][0], linewidth=.8, **{"edgecolor": "black", **look(known, state)})
               for known, layers in ((CHUNKS, "chunks"), (PAGES, "pages"), (MAPPINGS, "mappings"))
               for state in known if any(state == segment[0] for frame in frames for segment in getattr(frame, layers))]
    figure.legend(handles=entries, loc="lower center", ncol=3, fontsize=8, frameon=False)


def picture(whole, frames, arm):
    end = max(frame.end for frame in frames)
    has_mapped = any(frame.mappings for frame in frames)
    heap = HeapAxis(end, LEFT, 830 if has_mapped else RIGHT)
    mapped = BrokenAxis(frames, heap.scale, 850, RIGHT)
    height = .78 * len(frames) + 1.9
    figure = Figure(figsize=(10, height))
    axes = figure.subplots(len(frames) + 1, 1, squeeze=False, gridspec_kw={"height_ratios": [1] * len(frames) + [.5]})
    every = whole.arms[arm]
    numbered = len({frame.stage for frame in every}) < len(every)  # stages of one name are told apart by it
    for ax, frame in zip(axes[:, 0], frames):
        draw_stage(ax, frame, heap, mapped, f"{every.index(frame) + 1} of {len(every)}" if numbered else "")
    draw_axis(axes[-1, 0], heap, mapped)
    figure.subplots_adjust(left=.02, right=.99, top=1 - .62 / height, bottom=.85 / height, hspace=.02)
    figure.text(.02, 1 - .2 / height, whole.metadata.get("claim", ""), fontsize=10, va="top", wrap=True)
    figure.text(.02, 1 - .42 / height, f"arm: {arm}", fontsize=9, va="top")
    legend(figure, frames)
    return figure


def written(figure, form):
    """The picture as a PNG or PDF."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=form, dpi=150, metadata={"CreationDate": None} if form == "pdf" else None)
    return buffer.getvalue()
