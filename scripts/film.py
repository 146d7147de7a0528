# SPDX-License-Identifier: MIT
"""The film of an experiment: CLAIM.map.csv (docs/result_format.md, "The film") read and drawn.

    film = film.read_film("results/latest/4_giving_back/the_four_block_story.map.csv")
    for frame in film.arms["as it is"]:
        print(frame.stage, frame.end, frame.chunks)

view() is what the report shows: a drawing a stage, with the line of the source that recorded it.
Where blocks are finer than the picture, a column of it shows by height how many of its bytes are
in which state: the areas stay true.
"""
import csv
import html
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

# state -> (what the legend calls it, colour by Okabe and Ito, pattern); in the order in which a column stacks them.
CHUNKS = {
    "in use": ("in use", "#0072B2", "plain"),
    "cached": ("freed, kept in the thread's cache (tcache)", "#009E73", "upright"),
    "fast": ("freed, kept in a fastbin", "#CC79A7", "level"),
    "free": ("free: a hole", "#E69F00", "slanted"),
    "top": ("top: free, up to the break", "#F0E442", "dots"),
}
PAGES = {
    "resident": ("page in memory", "#56B4E9", "plain"),
    "swapped": ("page swapped out", "#D55E00", "slanted"),
    "absent": ("no page behind these addresses", "#FFFFFF", "empty"),
}
MAPPINGS = {
    "malloc": ("mapped block of malloc's", "#0072B2", "plain"),
    "mmap": ("other mapping (mmap)", "#999999", "level"),
    "reserved": ("addresses reserved only", "#FFFFFF", "dots"),
}
WIDTH, LEFT, RIGHT = 1200, 128, 1180  # of a picture, and of its address axis
ALONE, COLUMN = 6, 2                  # units: a block that stands alone; finer ones are summed up in columns
MOST_PICTURES, MOST_BYTES = 400, 2_000_000  # one claim's share of the page
STRIP = 12                            # stages in print, and without JavaScript


@dataclass
class Frame:
    """One record(): lists of (state, start, bytes, count) in rising order; addresses from the heap's start."""
    record: int
    stage: str
    end: int = 0  # where the break stands
    chunks: list = field(default_factory=list)
    pages: list = field(default_factory=list)
    mappings: list = field(default_factory=list)
    names: dict = field(default_factory=dict)  # start -> what the stage that allocated it calls it

    def heap_pages(self):
        return [page for page in self.pages if 0 <= page[1] < self.end]

    def mapped_pages(self):
        return [page for page in self.pages if not 0 <= page[1] < self.end]


@dataclass
class Film:
    metadata: dict = field(default_factory=dict)
    reasons: list = field(default_factory=list)
    arms: dict = field(default_factory=dict)  # name -> [Frame]


class Damaged(Exception):
    """The file is no film; the text says where."""


def read_film(path):
    film, columns = Film(), None
    with open(path, encoding="utf-8", errors="replace", newline="") as file:
        for number, row in enumerate(csv.reader(file), 1):
            if row and row[0].startswith("# "):
                key, _, text = ",".join(row)[2:].partition(": ")
                if key == "reason":
                    film.reasons.append(text)
                else:
                    film.metadata[key] = text
            elif columns is None:
                columns = row
                if columns[:5] != ["arm", "trial", "record", "stage", "kind"]:
                    raise Damaged(f"line {number}: it is no film (CLAIM.map.csv)")
            else:
                try:
                    _add(film, row)
                except (ValueError, KeyError) as error:
                    raise Damaged(f"line {number}: {error}") from None
    for frames in film.arms.values():
        _name_blocks(frames)
    return film


def _add(film, row):
    arm, _, record, stage, kind, state, start, size, count = row
    frames = film.arms.setdefault(arm, [])
    if not frames or frames[-1].record != int(record):
        frames.append(Frame(int(record), stage))
    if kind == "break":
        frames[-1].end = int(start)
        return
    into, known = {"chunk": (frames[-1].chunks, CHUNKS), "pages": (frames[-1].pages, PAGES),
                   "mapping": (frames[-1].mappings, MAPPINGS)}[kind]
    if state not in known or int(size) < 0:
        raise ValueError(f"{kind} is {state}, {size} bytes")
    into.append((state, int(start), int(size), int(count)))


def _name_blocks(frames):
    """A stage called "malloc A" names the one block that is new then."""
    before, names = set(), {}
    for frame in frames:
        if len(frame.chunks) > 2000:
            return
        blocks = {(start, size) for state, start, size, count in frame.chunks + frame.mappings
                  if state in ("in use", "malloc")}
        names = {block: name for block, name in names.items() if block in blocks}
        called = re.fullmatch(r"(?:m|c|re)alloc (\w{1,8})", frame.stage)
        new = blocks - before
        if called and len(new) == 1:
            names[new.pop()] = called[1]
        frame.names = {start: name for (start, size), name in names.items()}
        before = blocks


# ---- numbers ----------------------------------------------------------------

def said(size):
    """30736 -> 30 KiB"""
    for unit, step in (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if abs(size) >= step:
            digits = f"{size / step:.1f}".removesuffix(".0") if size < 100 * step else f"{size / step:.0f}"
            return f"{digits} {unit}"
    return f"{size} bytes"


def ticks(length):
    """About six round addresses from 0 to length."""
    step = 1
    while length / step > 8:
        step *= 2
    return range(0, length + 1, step)


def total(segments, *states):
    return sum(size for state, _, size, _ in segments if state in states)


def number_of(segments, *states):
    return sum(count for state, _, _, count in segments if state in states)


def described(frame):
    """What the picture shows, in words."""
    holes, in_use = number_of(frame.chunks, "free"), number_of(frame.chunks, "in use")
    parts = [f"break at {said(frame.end)}"]
    if frame.chunks:
        parts += [f"{in_use:,} chunk{'s' * (in_use != 1)} in use, {said(total(frame.chunks, 'in use'))}",
                  f"{holes:,} hole{'s' * (holes != 1)}, {said(total(frame.chunks, 'free'))}" if holes else "no hole",
                  f"top {said(total(frame.chunks, 'top'))}"]
        parts += [f"{number_of(frame.chunks, state):,} {what}, {said(total(frame.chunks, state))}"
                  for state, what in (("cached", "in the tcache"), ("fast", "in fastbins"))
                  if number_of(frame.chunks, state)]
    heap = frame.heap_pages()
    if heap:
        parts.append(f"{number_of(heap, 'resident'):,} of {number_of(heap, *PAGES):,} heap pages in memory")
    if frame.mappings:
        parts.append(f"mapped {said(total(frame.mappings, *MAPPINGS))}, of that in memory "
                     f"{said(total(frame.mapped_pages(), 'resident'))}")
    return "; ".join(parts)


def summed_up(frame):
    """The same as one short line."""
    heap = frame.heap_pages()
    parts = [f"{what} {said(total(frame.chunks, *states))}" for what, states in
             (("in use", ["in use"]), ("holes", ["free"]), ("tcache", ["cached"]), ("fastbins", ["fast"]), ("top", ["top"]))
             if number_of(frame.chunks, *states)]
    parts.append(f"in memory {said(total(heap, 'resident'))} of {said(total(heap, *PAGES))}")
    if frame.mappings:
        parts.append(f"mapped {said(total(frame.mappings, *MAPPINGS))}")
    return " · ".join(parts)


# ---- segments -> shapes -------------------------------------------------------

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


class Axis:
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


# ---- shapes -> SVG ------------------------------------------------------------

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


def _fill(known, state):
    return f"f-{known[state][2]}-{known[state][1][1:]}"


def _layer(drawn, known, y, height):
    """Painted from the top of the stack down, so that what lies lower covers what it is part of."""
    parts = []
    for state in reversed(drawn.order):
        fine = _steps(drawn.columns[state], y, height) + _boxes(drawn.runs[state], y, height)
        if fine:
            parts.append(f'<path class="{_fill(known, state)} fine" d="{fine}"/>')
        if drawn.blocks[state]:
            parts.append(f'<path class="{_fill(known, state)}" d="{_boxes(drawn.blocks[state], y, height)}"/>')
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
        name, text = names.get(start) or words.get(state, ""), said(size)
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
    parts += [_text(place(tick), 212, said(tick) if tick else "0", "tick") for tick in ticks(axis.length)]
    x = place(frame.end)
    was = place(before.end) if before is not None else x
    if abs(was - x) > 12:
        head = 9 if was < x else -9
        parts.append(f'<path class="was" d="M{_number(was)} 22V{38 if was < x else 184}"/>')
        parts.append(f'<path class="moved" d="M{_number(was)} 32H{_number(x)}m-{head} -6l{head} 6l-{head} 6"/>'.replace("--", ""))
    parts.append(f'<path class="break" d="M{_number(x)} 26V184"/>')
    at_end = x > (LEFT + RIGHT) / 2
    parts.append(_text(x + (4 if at_end else -4), 21, f"break {said(frame.end)}" if frame.end else "break", "name",
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
    where = f"{said(abs(first))} {'above' if first > 0 else 'below'} the heap's start, "
    parts.append(_text(LEFT, line + 26, where + ("to the heap's scale" if axis.same_scale else
                                                 f"to a scale of its own: {said(axis.total)} in all"), "tick", "start"))
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
    name, inner = _fill(known, state), {
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


# ---- the source line of a record() ----------------------------------------------

def _body(source, function):
    """First and last line of a function."""
    head = re.search(rf"^(?:\w+[ *]+)+{re.escape(function)}\([^;{{]*\)\n\{{", source.text, re.MULTILINE)
    if not head:
        return None
    end = source.text.find("\n}", head.end())
    return source.text.count("\n", 0, head.start()) + 1, source.text.count("\n", 0, end) + 2


def record_line(source, arm, stage, nth=0):
    """The line of the nth record(stage) in the arm's own function, else in what the arms share; where there are
    fewer lines than records, the last one stands in a loop."""
    if source is None:
        return None
    lines = [call.line for call in source.calls.get(stage, []) if call.function.startswith("record")]
    declared = dict(re.findall(r'\{\s*"([^"]+)"\s*,\s*(\w+)', source.text))
    bodies = {name: _body(source, function) for name, function in declared.items()}
    within = lambda line, body: body is not None and body[0] <= line <= body[1]
    own = [line for line in lines if within(line, bodies.get(arm))]
    shared = [line for line in lines if not any(within(line, body) for body in bodies.values())]
    lines = own or shared or lines or [None]
    return lines[min(nth, len(lines) - 1)]


def code_before(source, line):
    """The lines that lead to a record(): those behind the last one, at most four in all."""
    lines = dict(enumerate(source.text.splitlines(), 1))
    kept, at = [line], line - 1
    while at > 0 and len(kept) < 4 and not re.search(r"\brecord(_y)?\(|^[{}]|^\s*$", lines[at]):
        if lines[at].startswith("#endif"):  # the branch for another libc
            at = max((i for i in range(1, at) if lines[i].startswith(("#else", "#if"))), default=at)
        elif not lines[at].startswith("#"):
            kept.insert(0, at)
        at -= 1
    indent = min(len(lines[i]) - len(lines[i].lstrip()) for i in kept)
    return [{"number": i, "text": lines[i][indent:].replace("\t", "    ")} for i in kept]


# ---- what the report shows --------------------------------------------------------

def _players(film):
    """Arms with the same stages share a player, so that one slider moves them side by side."""
    groups = defaultdict(list)
    for arm, frames in film.arms.items():
        groups[tuple(frame.stage for frame in frames)].append(arm)
    return groups


def keys(stages, most=STRIP):
    """Which stages a strip shows: all, or the first and last of each name, or of these some, evenly spaced."""
    if len(stages) <= most:
        return set(range(len(stages)))
    wanted = [i for i, stage in enumerate(stages) if i in (0, len(stages) - 1) or stage != stages[i - 1] or stage != stages[i + 1]]
    return set(evenly(wanted, most))


def evenly(items, most):
    if len(items) <= most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


def _player(film, arms, stages, source, prefix):
    longest = max(frame.end for arm in arms for frame in film.arms[arm])
    axis, strip = Axis(longest), keys(stages)
    mapped = {arm: BrokenAxis(film.arms[arm], axis.scale) for arm in arms}
    frames = []
    for i in evenly(range(len(stages)), max(STRIP, MOST_PICTURES // len(arms))):
        pictures = []
        for arm in arms:
            frame, before = film.arms[arm][i], film.arms[arm][i - 1] if i else None
            label = f"Arm {arm}, stage {frame.stage}: {described(frame)}."
            pictures.append({"arm": arm, "said": summed_up(frame), "svg": picture(frame, before, axis, mapped[arm], label)})
        line = record_line(source, arms[0], stages[i], stages[:i].count(stages[i]))
        frames.append({"stage": stages[i], "number": i + 1, "key": i in strip, "line": line, "pictures": pictures,
                       "code": code_before(source, line) if line else []})
    size = sum(len(one["svg"]) for frame in frames for one in frame["pictures"])
    if size > MOST_BYTES:
        kept = {frame["number"] for frame in evenly(frames, max(STRIP, len(frames) * MOST_BYTES // size))}
        frames = [frame for frame in frames if frame["number"] in kept]
    if len(frames) <= STRIP:
        frames = [{**frame, "key": True} for frame in frames]
    return {"id": prefix, "arms": arms, "frames": frames, "total": len(stages),
            "lines": max(len(frame["code"]) for frame in frames),
            "in_strip": sum(frame["key"] for frame in frames)}


def _legend(film):
    seen = defaultdict(set)
    for frames in film.arms.values():
        for frame in frames:
            for kind, segments in (("c", frame.chunks), ("p", frame.pages), ("m", frame.mappings)):
                seen[kind].update(segment[0] for segment in segments)
    return [{"fill": _fill(known, state), "text": known[state][0]}
            for kind, known in (("c", CHUNKS), ("p", PAGES), ("m", MAPPINGS)) for state in known if state in seen[kind]]


def _is_summed_up(players):
    return any(' fine"' in one["svg"] for player in players for frame in player["frames"] for one in frame["pictures"])


def view(path, source, prefix):
    """Everything the page needs of one claim's film; None without one."""
    path = Path(path)
    if not path.is_file():
        return None
    try:
        film = read_film(path)
    except (OSError, Damaged) as error:
        return {"players": [], "reasons": [f"{path.name} cannot be read: {error}"], "legend": [], "summed_up": False, "file": path.name}
    players = [_player(film, arms, stages, source, f"{prefix}-film{i}")
               for i, (stages, arms) in enumerate(_players(film).items())]
    return {"players": players, "reasons": film.reasons, "legend": _legend(film),
            "summed_up": _is_summed_up(players), "file": path.name}
