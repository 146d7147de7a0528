# SPDX-License-Identifier: MIT
"""What the report shows of a film: a drawing a stage, with the line of the source that recorded it."""
from collections import defaultdict
from pathlib import Path

from touchstone.files import Damaged
from touchstone.film.described import described, summed_up
from touchstone.film.draw import picture
from touchstone.film.fills import fill_of
from touchstone.film.read import CHUNKS, MAPPINGS, PAGES, read_film
from touchstone.film.shapes import BrokenAxis, HeapAxis
from touchstone.source import lines_before

MOST_PICTURES, MOST_BYTES = 400, 2_000_000  # one claim's share of the page
MOST_IN_STRIP = 12                    # stages in print, and without JavaScript


# ---- the source of a record ------------------------------------------------------

def code_before(source, line, recorded):
    """What the program did before this record: the lines that lead to it, from behind the record before."""
    stops = {other for lines in recorded.values() for other in lines}
    return [{"number": number, "text": text} for number, text in lines_before(source, line, stops)]


# ---- what the report shows --------------------------------------------------------

def _players(film):
    """Arms with the same stages share a player, so that one slider moves them side by side."""
    groups = defaultdict(list)
    for arm, frames in film.arms.items():
        groups[tuple(frame.stage for frame in frames)].append(arm)
    return groups


def keys(stages, most=MOST_IN_STRIP):
    """Which stages a strip shows: all, or the first and last of each name, or of these some, evenly spaced."""
    if len(stages) <= most:
        return set(range(len(stages)))
    wanted = [i for i, stage in enumerate(stages) if i in (0, len(stages) - 1) or stage != stages[i - 1] or stage != stages[i + 1]]
    return set(evenly(wanted, most))


def evenly(items, most):
    if len(items) <= most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


def _player(film, arms, stages, source, recorded, prefix):
    longest = max(frame.end for arm in arms for frame in film.arms[arm])
    axis, strip = HeapAxis(longest), keys(stages)
    mapped = {arm: BrokenAxis(film.arms[arm], axis.scale) for arm in arms}
    frames = []
    for i in evenly(range(len(stages)), max(MOST_IN_STRIP, MOST_PICTURES // len(arms))):
        pictures = []
        for arm in arms:
            frame, before = film.arms[arm][i], film.arms[arm][i - 1] if i else None
            label = f"Arm {arm}, stage {frame.stage}: {described(frame)}."
            pictures.append({"arm": arm, "said": summed_up(frame), "svg": picture(frame, before, axis, mapped[arm], label)})
        line = dict(enumerate(recorded.get(arms[0], ()), 1)).get(film.arms[arms[0]][i].record)
        frames.append({"stage": stages[i], "number": i + 1, "key": i in strip, "line": line, "pictures": pictures,
                       "code": code_before(source, line, recorded) if source and line else []})
    size = sum(len(one["svg"]) for frame in frames for one in frame["pictures"])
    if size > MOST_BYTES:
        kept = {frame["number"] for frame in evenly(frames, max(MOST_IN_STRIP, len(frames) * MOST_BYTES // size))}
        frames = [frame for frame in frames if frame["number"] in kept]
    if len(frames) <= MOST_IN_STRIP:
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


def view(path, source, recorded, prefix):
    """Everything the page needs of one claim's film; None without one.  recorded: arm -> the line of each of its records."""
    path = Path(path)
    if not path.is_file():
        return None
    try:
        film = read_film(path)
    except (OSError, Damaged) as error:
        return {"players": [], "reasons": [f"{path.name} cannot be read: {error}"], "legend": [], "summed_up": False, "file": path.name}
    players = [_player(film, arms, stages, source, recorded, f"{prefix}-film{i}")
               for i, (stages, arms) in enumerate(_players(film).items())]
    return {"players": players, "reasons": film.reasons, "legend": _legend(film),
            "summed_up": _is_summed_up(players), "file": path.name}
