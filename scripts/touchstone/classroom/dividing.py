# SPDX-License-Identifier: MIT
"""What divides a class: the line of the environment that goes best with the verdicts of a claim."""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from touchstone.classroom.hand_in import ENVIRONMENT, HandIn

MOST_VALUES = 5  # of a line of the environment, to divide by each of them


@dataclass(frozen=True)
class Division:
    """Two or more groups of machines, and the most frequent verdict of each."""
    key: str                        # of ENVIRONMENT
    groups: list[tuple[str, str, int, int]]  # which machines, their verdict, how many have it, how many there are
    missed: int                     # machines that have another verdict than most of their group

    def text(self) -> str:
        """Returns the division as a sentence: "glibc: 9 of 9 below 2.38 refuted, 21 of 21 from 2.38 on reproduced"."""
        told = (f"{right} of {count} {where} {verdict}" for where, verdict, right, count in self.groups)
        return f"{ENVIRONMENT[self.key]}: {', '.join(told)}"


def _numbers(value: str) -> tuple[int, ...]:
    """Returns the numbers at the begin of a version or a size: "Linux 6.18 x86_64" is (6, 18)."""
    found = re.match(r"\D{0,20}(\d+(?:\.\d+)*)", value)
    return tuple(int(piece[:18]) for piece in found[1].split(".")[:4]) if found else ()


def _group(where: str, verdicts: Sequence[str]) -> tuple[str, str, int, int]:
    verdict, right = Counter(verdicts).most_common(1)[0]
    return where, verdict, right, len(verdicts)


def _division(key: str, parts: Sequence[tuple[str, Collection[str]]], machines: Sequence[tuple[str, str]]) -> Division:
    """Returns the division into parts: in words, and the values of the line that belong to each."""
    groups = [_group(where, [verdict for value, verdict in machines if value in values]) for where, values in parts]
    return Division(key, groups, sum(count - right for _, _, right, count in groups))


def _divisions(key: str, machines: Sequence[tuple[str, str]]) -> Iterator[Division]:
    """Yields the ways to divide the machines by one line: at each number between two of them, or by each value."""
    values = sorted({value for value, _ in machines}, key=lambda value: (_numbers(value), value))
    if len(values) < 2:
        return
    if all(map(_numbers, values)):
        for number in sorted(set(map(_numbers, values)))[1:]:
            text = ".".join(map(str, number))
            below = {value for value in values if _numbers(value) < number}
            yield _division(key, [(f"below {text}", below), (f"from {text} on", set(values) - below)], machines)
    if len(values) <= MOST_VALUES:
        yield _division(key, [(f"with \"{value}\"", {value}) for value in values], machines)


def best(claim: str, class_: Sequence[HandIn]) -> Division | None:
    """Returns the division of a claim's verdicts that leaves the fewest machines with another verdict than most of
    their group; of equal ones that with fewer groups, and then the first in ENVIRONMENT.  None where no line of the
    environment explains more than the most frequent verdict does."""
    asked = [(one, one.answers[claim].verdict) for one in class_ if claim in one.answers]
    least = len(asked) - max(Counter(verdict for _, verdict in asked).values(), default=0)
    found = None
    for key in ENVIRONMENT:
        machines = [(one.machine.get(key, "not said"), verdict) for one, verdict in asked]
        for division in _divisions(key, machines):
            rank = (division.missed, len(division.groups))
            if division.missed < least and (found is None or rank < (found.missed, len(found.groups))):
                found = division
    return found


def odd_ones(claim: str, class_: Sequence[HandIn]) -> list[tuple[HandIn, str]]:
    """Returns each machine whose verdict fewer than a quarter of the class have, and what is different about it: the
    lines of its environment that fewer than half of the others share."""
    asked = [one for one in class_ if claim in one.answers]
    counts = Counter(one.answers[claim].verdict for one in asked)
    return [(one, _different(one, asked)) for one in asked if 4 * counts[one.answers[claim].verdict] < len(asked)]


def _different(one: HandIn, others: Sequence[HandIn]) -> str:
    lines = []
    for key, name in ENVIRONMENT.items():
        value = one.machine.get(key, "not said")
        same = sum(other.machine.get(key, "not said") == value for other in others)
        if 2 * same < len(others):
            lines.append(f"{name} {value}")
    return ", ".join(lines) or "nothing that its results show"
