# SPDX-License-Identifier: MIT
"""Draws a stage of a film as SVG, for the report."""
import html

from touchstone.film.read import CHUNKS, MAPPINGS, PAGES
from touchstone.film.shapes import LEFT, RIGHT, shapes, ticks
from touchstone.words import size_in_short

WIDTH = 1200  # of a picture


def _number(value):
    return f"{value:.1f}".removesuffix(".0")


def _boxes(boxes, y, height):
    return "".join(f"M{_number(x)} {y}h{_number(width)}v{height}h-{_number(width)}z" for x, width in boxes)


def _steps(columns, y, height):
    path = []
    for steps, end in columns:
        base = y + height
        path.append(f"M{_number(steps[0][0])} {base}")
        for i, (x, share) in enumerate(steps):
            path.append((f"H{_number(x)}" if i else "") + f"V{_number(base - share * height)}")
        path.append(f"H{_number(end)}V{base}z")
    return "".join(path)


def fill_of(known, state):
    return f"f-{known[state][2]}-{known[state][1][1:]}"


def _layer(drawn, known, y, height):
    """Painted from the top of the stack down, so that what lies lower covers what it is part of."""
    parts = []
    for state in reversed(drawn.order):
        fine = _steps(drawn.columns[state], y, height) + _boxes(drawn.runs[state], y, height)
        if fine:
            parts.append(f'<path class="{fill_of(known, state)} fine" d="{fine}"/>')
        if drawn.blocks[state]:
            parts.append(f'<path class="{fill_of(known, state)}" d="{_boxes(drawn.blocks[state], y, height)}"/>')
    if drawn.frames:
        parts.append(f'<path class="frame" d="{_boxes(drawn.frames, y, height)}"/>')
    return "".join(parts)


def _text(x, y, text, cls="", anchor="middle"):
    anchor = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{_number(x)}" y="{y}"{anchor}{f" class={chr(34)}{cls}{chr(34)}" if cls else ""}>{html.escape(text)}</text>'


def _labels(segments, names, place, y, height, words):
    """The size in each block that has room for it, and its name."""
    parts, middle = [], y + height / 2
    for state, start, size, count in segments:
        x, width = place(start), place(start + size) - place(start)
        name, text = names.get(start) or words.get(state, ""), size_in_short(size)
        if count > 1:
            continue
        light = " light" if state in ("in use", "malloc") else ""
        at, has_room = x + width / 2, len(text) * 12.5 + 6 <= width
        if name and len(name) * 17 + 6 <= width:
            parts.append(_text(at, _number(middle + (-5 if has_room else 10)), name, "name" + light))
            parts.append(_text(at, _number(middle + 23), text, "size" + light) if has_room else "")
        elif has_room:
            parts.append(_text(at, _number(middle + 7), text, "size" + light))
    return "".join(parts)


def _page_labels(pages, place, y):
    words = {"resident": "in memory", "swapped": "swapped out", "absent": "no page"}
    return "".join(_text((place(start) + place(start + size)) / 2, y, words[state]) for state, start, size, _ in pages
                   if place(start + size) - place(start) > len(words[state]) * 13)


def _heap(frame, before, axis):
    place, parts = axis.place, []
    parts.append(_layer(shapes(frame.chunks, CHUNKS, place), CHUNKS, 40, 84))
    parts.append(_labels(frame.chunks, frame.names, place, 40, 84, {"free": "free", "top": "top"}))
    parts.append(_layer(shapes(frame.heap_pages(), PAGES, place), PAGES, 136, 36))
    parts.append(_page_labels(frame.heap_pages(), place, 161))
    if not frame.chunks:
        parts.append(_text(LEFT, 88, "no heap yet" if frame.end == 0 else "chunks not shown", "size", "start"))
    parts.append(f'<path class="axis" d="M{LEFT} 184H{RIGHT}' +
                 "".join(f"M{_number(place(tick))} 184v8" for tick in ticks(axis.length)) + '"/>')
    parts += [_text(place(tick), 212, size_in_short(tick) if tick else "0", "tick") for tick in ticks(axis.length)]
    x = place(frame.end)
    was = place(before.end) if before is not None else x
    if abs(was - x) > 12:
        head = 9 if was < x else -9
        parts.append(f'<path class="was" d="M{_number(was)} 22V{38 if was < x else 184}"/>')
        parts.append(f'<path class="moved" d="M{_number(was)} 32H{_number(x)}m-{head} -6l{head} 6l-{head} 6"/>'.replace("--", ""))
    parts.append(f'<path class="break" d="M{_number(x)} 26V184"/>')
    at_end = x > (LEFT + RIGHT) / 2
    parts.append(_text(x + (4 if at_end else -4), 21, f"break {size_in_short(frame.end)}" if frame.end else "break", "name",
                       "end" if at_end else "start"))
    return "".join(parts)


def _mapped(frame, axis, y):
    place, parts = axis.place, []
    parts.append(_layer(shapes(frame.mappings, MAPPINGS, place), MAPPINGS, y, 60))
    parts.append(_labels(frame.mappings, frame.names, place, y, 60, {"mmap": "mmap", "reserved": "reserved"}))
    parts.append(_layer(shapes(frame.mapped_pages(), PAGES, place), PAGES, y + 70, 28))
    parts.append(_page_labels(frame.mapped_pages(), place, y + 91))
    line, marks, at = y + 108, [], LEFT
    for (start, end), x in zip(axis.ranges, axis.offsets):
        if axis.gap >= 12:  # the axis is broken here: two slanted strokes
            cut = (at + x) / 2
            marks.append(f"M{_number(at)} {line}H{_number(cut - 4)}m-4 7l8-14m2 14l8-14m-4 7H{_number(x)}")
        at = x + (end - start) * axis.scale
        marks.append(f"M{_number(x)} {line}H{_number(at)}")
    parts.append(f'<path class="axis" d="{"".join(marks)}"/>')
    if not frame.mappings:
        parts.append(_text(LEFT + axis.gap, y + 38, "nothing is mapped", "tick", "start"))
    first = axis.ranges[0][0]
    where = f"{size_in_short(abs(first))} {'above' if first > 0 else 'below'} the heap's start, "
    parts.append(_text(LEFT, line + 26, where + ("to the heap's scale" if axis.same_scale else
                                                 f"to a scale of its own: {size_in_short(axis.total)} in all"), "tick", "start"))
    return "".join(parts)


def picture(frame, before, axis, mapped, label):
    """One stage of one arm as SVG."""
    parts = [_text(LEFT - 14, 88, "chunks", "", "end"), _text(LEFT - 14, 161, "pages", "", "end"),
             _text(LEFT - 14, 212, "heap", "tick", "end"), _heap(frame, before, axis)]
    height = 222
    if mapped.ranges:
        parts += [_text(LEFT - 14, 274, "mapped", "", "end"), _text(LEFT - 14, 329, "pages", "", "end") if frame.mappings else "",
                  _mapped(frame, mapped, 238)]
        height = 382
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
            f'aria-label="{html.escape(label)}">{"".join(parts)}</svg>')


def _pattern(known, state):
    colour, kind = known[state][1], known[state][2]
    name, inner = fill_of(known, state), {
        "slanted": f'<path d="M-2 2l4-4M0 10L10 0M8 12l4-4" stroke="{colour}" stroke-width="3.4"/>',
        "upright": f'<path d="M3 0V10M8 0V10" stroke="{colour}" stroke-width="2.6"/>',
        "level": f'<path d="M0 3H10M0 8H10" stroke="{colour}" stroke-width="2.6"/>',
        "dots": f'<path d="M0 0H10V10H0z" fill="{colour}" fill-opacity=".35"/><circle cx="5" cy="5" r="1.4" fill="#555"/>',
    }.get(kind)
    if inner is None:
        return "", f".{name} {{ fill: {colour} }}"
    return (f'<pattern id="{name}" width="10" height="10" patternUnits="userSpaceOnUse">'
            f'<path d="M0 0H10V10H0z" fill="#fff"/>{inner}</pattern>', f".{name} {{ fill: url(#{name}) }}")


def _all_states():
    return [(known, state) for known in (CHUNKS, PAGES, MAPPINGS) for state in known]


def patterns():
    """The fills that the pictures of a page share: definitions, and style rules."""
    definitions, rules = zip(*dict.fromkeys(_pattern(known, state) for known, state in _all_states()))
    return f'<svg width="0" height="0" aria-hidden="true" class="fills"><defs>{"".join(definitions)}</defs></svg>', "\n".join(rules)
