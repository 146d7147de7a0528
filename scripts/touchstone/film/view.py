# SPDX-License-Identifier: MIT
"""What the report shows of a film: a drawing a stage, with the line of the source that recorded it."""
import re
from collections import defaultdict
from pathlib import Path

from touchstone.files import Damaged
from touchstone.film.described import described, summed_up
from touchstone.film.draw import fill_of, picture
from touchstone.film.read import CHUNKS, MAPPINGS, PAGES, read_film
from touchstone.film.shapes import BrokenAxis, HeapAxis

MOST_PICTURES, MOST_BYTES = 400, 2_000_000  # one claim's share of the page
STRIP = 12                            # stages in print, and without JavaScript


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
    axis, strip = HeapAxis(longest), keys(stages)
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
    return [{"fill": fill_of(known, state), "text": known[state][0]}
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
