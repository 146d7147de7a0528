# SPDX-License-Identifier: MIT
"""What the report shows of a film: a drawing for each stage, with the lines of the source that led to it."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from touchstone.files import Damaged
from touchstone.film.described import described, summed_up, total
from touchstone.film.draw import Scene, picture
from touchstone.film.fills import KINDS_OF_BLOCKS, fill_of
from touchstone.film.index import index
from touchstone.film.read import IN_MEMORY, Film, Frame, read_film
from touchstone.film.shapes import WHOLE_ROOM, BrokenAxis, heap_axis
from touchstone.source import lines_before

MOST_PICTURES, MOST_BYTES = 400, 1_000_000  # one claim's share of the page
SIDE_BY_SIDE = 2                            # arms in a row: with more, there is less room for each
MOST_IN_STRIP = 12                          # stages in print, and without JavaScript

T = TypeVar("T")
View = dict[str, Any]  # for the template
Recorded = Mapping[str, Sequence[int]]  # arm -> the line of the source of each of its records


# ---- which stages ------------------------------------------------------------------

def keys(stages: Sequence[str], most: int = MOST_IN_STRIP) -> set[int]:
    """Returns which stages a strip shows: all, or the first and last of each name, or of these some, evenly spaced."""
    if len(stages) <= most:
        return set(range(len(stages)))
    last = len(stages) - 1
    ends = [i for i, stage in enumerate(stages)
            if i in (0, last) or stage != stages[i - 1] or stage != stages[i + 1]]
    return set(evenly(ends, most))


def evenly(items: Sequence[T], most: int) -> list[T]:
    """Returns the first, the last and some between, so many at most."""
    if len(items) <= most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


# ---- a player ----------------------------------------------------------------------

def _players(film: Film) -> dict[tuple[str, ...], list[str]]:
    """Returns stages -> the arms that have them: these share a player, so that one slider moves them side by side."""
    groups = defaultdict(list)
    for arm, frames in film.arms.items():
        groups[tuple(frame.stage for frame in frames)].append(arm)
    return groups


def _code_before(source: str, line: int, recorded: Recorded) -> list[View]:
    """Returns what the program did before a record: the lines that lead to it, from behind the record before."""
    stops = {other for lines in recorded.values() for other in lines}
    return [{"number": number, "text": text} for number, text in lines_before(source, line, stops)]


def _stands_still(frames: Sequence[Frame]) -> bool:
    """Returns whether nothing happens in the heap."""
    looks = [(frame.chunks, frame.end, total(frame.heap_pages(), *IN_MEMORY)) for frame in frames]
    return all(look == looks[0] for look in looks)


def _heaps_without_a_story(arms: Mapping[str, Sequence[Frame]]) -> set[str]:
    """Returns the arms whose heap is not drawn: where blocks are mapped, and nothing happens in the heap.  Of two arms
    with a story in one heap, both heaps are drawn: one sees the difference."""
    still = {arm for arm, frames in arms.items() if _stands_still(frames) and any(frame.mappings for frame in frames)}
    return still if len(still) == len(arms) or len(arms) > SIDE_BY_SIDE else set()


class Player:
    """The stages that some arms have in common, as pictures."""

    def __init__(self, film: Film, arms: Sequence[str], stages: Sequence[str]) -> None:
        self.film, self.arms, self.stages = film, arms, stages
        every = [frame for arm in arms for frame in film.arms[arm]]
        axis = heap_axis(every)
        hidden = _heaps_without_a_story({arm: film.arms[arm] for arm in arms})
        shows_other = any(frame.other_is for frame in every)
        self.scenes = {arm: Scene(axis, BrokenAxis(film.arms[arm], WHOLE_ROOM if arm in hidden else axis.scale),
                                  arm not in hidden, shows_other) for arm in arms}
        self.in_strip = keys(stages)

    def picture(self, arm: str, number: int) -> View:
        """Returns the stage with this number, from 0, of an arm."""
        frame = self.film.arms[arm][number]
        before = self.film.arms[arm][number - 1] if number else None
        label = f"Arm {arm}, stage {frame.stage}: {described(frame)}."
        svg = picture(frame, before, self.scenes[arm], label)
        return {"arm": arm, "said": summed_up(frame), "svg": svg}

    def frame(self, number: int, source: str | None, recorded: Recorded) -> View:
        """Returns the stage with this number of all arms, with the source of the first one's record."""
        first = self.arms[0]
        lines, record = recorded.get(first, ()), self.film.arms[first][number].record
        line = lines[record - 1] if record <= len(lines) else None
        code = _code_before(source, line, recorded) if source and line else []
        return {"stage": self.stages[number], "number": number + 1, "key": number in self.in_strip, "line": line,
                "pictures": [self.picture(arm, number) for arm in self.arms], "code": code}

    def index(self, frames: Sequence[View]) -> list[View]:
        """Returns the strip of all stages, one for each arm, that stands above the pictures."""
        numbers = [frame["number"] - 1 for frame in frames]
        return [{"arm": arm, "svg": index([self.film.arms[arm][number] for number in numbers], self.scenes[arm])}
                for arm in self.arms]

    def frames(self, source: str | None, recorded: Recorded) -> list[View]:
        """Returns as many stages as a page can bear, evenly spaced."""
        most = max(MOST_IN_STRIP, MOST_PICTURES // len(self.arms))
        frames = [self.frame(number, source, recorded) for number in evenly(range(len(self.stages)), most)]
        size = sum(len(one["svg"]) for frame in frames for one in frame["pictures"])
        if size > MOST_BYTES:
            frames = evenly(frames, max(MOST_IN_STRIP, len(frames) * MOST_BYTES // size))
        if len(frames) <= MOST_IN_STRIP:
            frames = [{**frame, "key": True} for frame in frames]
        return frames

    def view(self, source: str | None, recorded: Recorded, prefix: str) -> View:
        frames = self.frames(source, recorded)
        return {"id": prefix, "arms": self.arms, "frames": frames, "total": len(self.stages),
                "index": self.index(frames), "has_heap": any(scene.shows_heap for scene in self.scenes.values()),
                "lines": max(len(frame["code"]) for frame in frames),
                "in_strip": sum(frame["key"] for frame in frames)}


# ---- what the report shows -----------------------------------------------------------

def _legend(film: Film, shows_heap: bool) -> list[View]:
    frames = [frame for own in film.arms.values() for frame in own]
    layers = ([frame.chunks for frame in frames if shows_heap], [frame.pages + frame.other for frame in frames],
              [frame.mappings for frame in frames])
    seen = [{segment[0] for segments in layer for segment in segments} for layer in layers]
    return [{"fill": fill_of(known, state), "text": known[state][0]}
            for known, states in zip(KINDS_OF_BLOCKS, seen) for state in known if state in states]


def _is_summed_up(players: Sequence[View]) -> bool:
    """Returns whether blocks are finer than a picture somewhere."""
    return any(' fine"' in one["svg"] for player in players for frame in player["frames"] for one in frame["pictures"])


def view(path: str | Path, source: str | None, recorded: Recorded, prefix: str,
         controls: Collection[str] = ()) -> View | None:
    """Returns everything that the page needs of one claim's film; None without one.  controls: names of arms."""
    path = Path(path)
    if not path.is_file():
        return None
    try:
        film = read_film(path)
    except (OSError, Damaged) as error:
        return {"players": [], "reasons": [f"{path.name} cannot be read: {error}"], "legend": [], "summed_up": False,
                "file": path.name}
    players = [Player(film, arms, stages).view(source, recorded, f"{prefix}-film{i}")
               for i, (stages, arms) in enumerate(_players(film).items())]
    for player in players:
        player["controls"] = set(controls)
    legend = _legend(film, any(player["has_heap"] for player in players))
    return {"players": players, "reasons": film.reasons, "legend": legend,
            "summed_up": _is_summed_up(players), "file": path.name}
