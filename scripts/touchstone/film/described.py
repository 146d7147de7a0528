# SPDX-License-Identifier: MIT
"""What a frame of a film shows, in words and numbers."""
from __future__ import annotations

from touchstone.film.read import IN_MEMORY, MAPPINGS, PAGES, Frame, Segment
from touchstone.words import size_in_short


def total(segments: list[Segment], *states: str) -> int:
    """Returns how many bytes are in one of these states."""
    return sum(size for state, _, size, _ in segments if state in states)


def number_of(segments: list[Segment], *states: str) -> int:
    """Returns how many chunks or pages are in one of these states."""
    return sum(count for state, _, _, count in segments if state in states)


def described(frame: Frame) -> str:
    """Returns what the picture shows, in words."""
    holes, in_use = number_of(frame.chunks, "free"), number_of(frame.chunks, "in use")
    parts = [f"break at {size_in_short(frame.end)}"]
    if frame.chunks:
        parts += [f"{in_use:,} chunk{'s' * (in_use != 1)} in use, {size_in_short(total(frame.chunks, 'in use'))}",
                  f"{holes:,} hole{'s' * (holes != 1)}, {size_in_short(total(frame.chunks, 'free'))}" if holes
                  else "no hole",
                  f"top {size_in_short(total(frame.chunks, 'top'))}"]
        parts += [f"{number_of(frame.chunks, state):,} {what}, {size_in_short(total(frame.chunks, state))}"
                  for state, what in (("cached", "in the tcache"), ("fast", "in fastbins"))
                  if number_of(frame.chunks, state)]
    heap = frame.heap_pages()
    if heap:
        parts.append(f"{number_of(heap, *IN_MEMORY):,} of {number_of(heap, *PAGES):,} heap pages in memory")
    if frame.mappings:
        parts.append(f"mapped {size_in_short(total(frame.mappings, *MAPPINGS))}, of that in memory "
                     f"{size_in_short(total(frame.mapped_pages(), *IN_MEMORY))}" + _kinds_of(frame.mapped_pages()))
    if frame.other_is:
        others = frame.others_mapped_pages()
        parts.append(f"of the {frame.other_is}'s mapped pages, {size_in_short(total(others, *IN_MEMORY))} are in memory"
                     + _kinds_of(others))
    return "; ".join(parts)


def _kinds_of(pages: list[Segment]) -> str:
    """Returns which of the pages are written, shared or the page of zeros, in words."""
    return "".join(f", {size_in_short(total(pages, state))} {words}" for state, words in
                   (("written", "written since the stage before"), ("shared", "shared with the other process"),
                    ("zero", "as the page of zeros")) if number_of(pages, state))


def summed_up(frame: Frame) -> str:
    """Returns what the picture shows, as one short line."""
    heap = frame.heap_pages()
    parts = [f"{what} {size_in_short(total(frame.chunks, *states))}" for what, states in
             (("in use", ["in use"]), ("holes", ["free"]), ("tcache", ["cached"]), ("fastbins", ["fast"]),
              ("top", ["top"]))
             if number_of(frame.chunks, *states)]
    if heap:
        parts.append(f"heap in memory {size_in_short(total(heap, *IN_MEMORY))} of {size_in_short(total(heap, *PAGES))}")
    if frame.mappings:
        pages = frame.mapped_pages()
        parts.append(f"mapped in memory {size_in_short(total(pages, *IN_MEMORY))} of "
                     f"{size_in_short(total(frame.mappings, *MAPPINGS))}")
    return " · ".join(parts)
