# SPDX-License-Identifier: MIT
"""Reads the film of an experiment: CLAIM.film.csv (docs/result_format.md, "The film").

    film = read_film("results/latest/4_giving_back/the_four_block_story.film.csv")
    for frame in film.arms["as it is"]:
        print(frame.stage, frame.end, frame.chunks)
"""
from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path

from touchstone import colours
from touchstone.files import Damaged
from touchstone.results import wrong_format

# state -> (what the legend calls it, colour by Okabe and Ito, pattern); in the order in which a column stacks them.
CHUNKS = {
    "in use": ("in use", colours.BLUE, "plain"),
    "cached": ("freed, kept in the thread's cache (tcache)", colours.GREEN, "upright"),
    "fast": ("freed, kept in a fastbin", colours.PURPLE, "level"),
    "free": ("free: a hole", colours.ORANGE, "slanted"),
    "top": ("top: free, up to the break", colours.YELLOW, "dots"),
}
PAGES = {
    "written": ("page in memory, written since the stage before", colours.SKY_BLUE, "strokes"),
    "resident": ("page in memory", colours.SKY_BLUE, "plain"),
    "shared": ("page in memory, the same one in both processes", colours.GREEN, "level"),
    "zero": ("page of zeros: one for all, read and not written yet", "#999999", "rings"),
    "swapped": ("page swapped out", colours.VERMILION, "slanted"),
    "absent": ("no page behind these addresses", "#FFFFFF", "empty"),
}
IN_MEMORY = ("written", "resident", "shared")
MAPPINGS = {
    "malloc": ("mapped block of malloc's", colours.BLUE, "plain"),
    "mmap": ("other mapping (mmap)", "#999999", "level"),
    "reserved": ("addresses reserved only", "#FFFFFF", "dots"),
}


Segment = tuple[str, int, int, int]  # (state, start, bytes, count)


@dataclass
class Frame:
    """One record(): lists of (state, start, bytes, count) in rising order; addresses from the heap's start."""
    record: int
    stage: str
    end: int = 0  # where the break stands
    chunks: list[Segment] = field(default_factory=list)
    pages: list[Segment] = field(default_factory=list)
    mappings: list[Segment] = field(default_factory=list)
    notes: list[Segment] = field(default_factory=list)   # mappings that are the experiment's own: not drawn
    names: dict[int, str] = field(default_factory=dict)  # start -> what the stage that allocated it calls it
    lines: dict[int, int] = field(default_factory=dict)  # start -> the line of the source that allocated it
    other: list[Segment] = field(default_factory=list)   # pages of a process that fork() relates to this one
    other_is: str = ""                                   # "parent" or "child"

    def heap_pages(self) -> list[Segment]:
        """Returns the pages below the break."""
        return [page for page in self.pages if 0 <= page[1] < self.end]

    def _is_mapped(self, page: Segment) -> bool:
        is_of_notes = any(start <= page[1] < start + size for _, start, size, _ in self.notes)
        return not 0 <= page[1] < self.end and not is_of_notes

    def mapped_pages(self) -> list[Segment]:
        """Returns the pages of the mappings that are drawn."""
        return [page for page in self.pages if self._is_mapped(page)]

    def others_mapped_pages(self) -> list[Segment]:
        """Returns the same of the other process."""
        return [page for page in self.other if self._is_mapped(page)]


@dataclass
class Film:
    metadata: dict[str, str] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    arms: dict[str, list[Frame]] = field(default_factory=dict)


def read_film(path: str | Path) -> Film:
    """Returns the film of a file; raises Damaged where it is none, or in another format."""
    film = Film()
    columns: list[str] | None = None
    with open(path, encoding="utf-8", errors="replace", newline="") as file:
        refused = wrong_format(file.readline())
        if refused:
            raise Damaged(f"it {refused}")
        for number, row in enumerate(csv.reader(file), 2):
            if row and row[0].startswith("# "):
                key, _, text = ",".join(row)[2:].partition(": ")
                if key == "reason":
                    film.reasons.append(text)
                else:
                    film.metadata[key] = text
            elif columns is None:
                columns = row
                if columns[:5] != ["arm", "trial", "record", "stage", "kind"]:
                    raise Damaged(f"line {number}: it is no film (CLAIM.film.csv)")
            else:
                try:
                    _add(film, row)
                except (ValueError, KeyError) as error:
                    raise Damaged(f"line {number}: {error}") from None
    for frames in film.arms.values():
        _name_blocks(frames)
    return film


def _add(film: Film, row: list[str]) -> None:
    arm, _, record, stage, kind, state, start, size, count = row[:9]
    frames = film.arms.setdefault(arm, [])
    if not frames or frames[-1].record != int(record):
        frames.append(Frame(int(record), stage))
    frame = frames[-1]
    if kind == "break":
        frame.end = int(start)
        return
    if kind in ("parent", "child"):
        frame.other_is = kind
    into, known = {"chunk": (frame.chunks, CHUNKS), "pages": (frame.pages, PAGES),
                   "parent": (frame.other, PAGES), "child": (frame.other, PAGES),
                   "mapping": (frame.notes if state == "notes" else frame.mappings, {*MAPPINGS, "notes"})}[kind]
    if state not in known or int(size) < 0:
        raise ValueError(f"{kind} is {state}, {size} bytes")
    into.append((state, int(start), int(size), int(count)))
    if row[9:] and row[9] != "0":
        frame.lines[int(start)] = int(row[9])


def _name_blocks(frames: list[Frame]) -> None:
    """Names blocks: a stage called "malloc A" names the one block that is new then."""
    before: set[tuple[int, int]] = set()
    names: dict[tuple[int, int], str] = {}
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
