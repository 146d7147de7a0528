# SPDX-License-Identifier: MIT
"""The runs of an experiment under one condition: how a column moved, over the trials of all of them.

    side = Side("before", [result])
    print(side.at_end("lazy", "resident_bytes").text("bytes"))

A side may hold several runs of the same program; the trials of all of them are pooled.  Columns move as in
charts: y as it is, every other column as growth since the first record of its arm and trial.
"""
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from touchstone.growth import median, moved
from touchstone.results import Finding, Result, Row
from touchstone.words import quantity

SameFinding = tuple[str, str, int]  # its kind, its sentence, and which of those with that sentence


@dataclass
class Spread:
    """A number over the trials."""
    median: float  # one of the numbers, as in lib/harness/judge.c: the lower of the two in the middle
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Returns the spread of these numbers."""
        return cls(median(values), min(values), max(values), len(values))

    def differs(self, other: "Spread") -> bool:
        """Returns whether the two ranges do not touch."""
        return self.high < other.low or other.high < self.low

    def is_wide(self) -> bool:
        """Returns whether the trials differ."""
        return self.low < self.high

    def text(self, unit: str) -> str:
        """Returns the median, and the range where the trials differ."""
        if not self.is_wide():
            return quantity(self.median, unit)
        return f"{quantity(self.median, unit)} ({quantity(self.low, unit)} to {quantity(self.high, unit)})"


class Side:
    """The runs under one condition, and the name that they have beside the other side's."""

    def __init__(self, label: str, results: Sequence[Result]) -> None:
        self.label, self.results, self.first = label, results, results[0]
        self._trials: dict[str, list[list[Row]]] = {}

    @property
    def metadata(self) -> dict[str, str]:
        """What the first result says of itself."""
        return self.first.metadata

    def arms(self) -> list[str]:
        """Returns the arms that recorded something."""
        return list(dict.fromkeys(row["arm"] for result in self.results for row in result.rows))

    def is_control(self, arm: str) -> bool:
        """Returns whether an arm is a control."""
        return any(known.control for known in self.first.arms if known.name == arm)

    def full_name(self, arm: str) -> str:
        """Returns the name of an arm; behind a control's stands that it is one."""
        return arm + (" (control)" if self.is_control(arm) else "")

    def columns(self) -> list[str]:
        """Returns the columns that were measured."""
        return list(dict.fromkeys(column for result in self.results for column in result.columns_measured()))

    def charted(self) -> list[str]:
        """Returns the columns that the experiment charts and that were measured."""
        measured = self.columns()
        return [column for column in self.first.charted if column in measured]

    def unit_of(self, column: str) -> str:
        """Returns the unit of a column: bytes, ns or count."""
        return self.first.unit_of(column)

    def words_of(self, column: str) -> str:
        """Returns a column's name in words."""
        return self.first.words_of(column)

    def trials(self, arm: str) -> list[list[Row]]:
        """Returns the rows of each trial."""
        if arm not in self._trials:
            trials: dict[tuple[int, int], list[Row]] = {}
            for number, result in enumerate(self.results):
                for row in result.rows:
                    if row["arm"] == arm:
                        trials.setdefault((number, row["trial"]), []).append(row)
            self._trials[arm] = list(trials.values())
        return self._trials[arm]

    def over_stages(self, arm: str, column: str) -> dict[str, Spread]:
        """Returns stage -> the spread of its last row that was measured, in the order recorded."""
        values: dict[str, list[float]] = {}
        for rows in self.trials(arm):
            last = {row["stage"]: value for row in rows
                    if column in row and (value := moved(row, rows[0], column)) is not None}
            for stage, value in last.items():
                values.setdefault(stage, []).append(value)
        return {stage: Spread.of(numbers) for stage, numbers in values.items()}

    def over_records(self, arm: str, column: str) -> list[tuple[int, str, Spread]]:
        """Returns (x, stage, spread) of each record: the n-th records of all trials make one point."""
        trials, points = self.trials(arm), []
        for n in range(max(map(len, trials), default=0)):
            rows = [(rows[n], rows[0]) for rows in trials if n < len(rows) and column in rows[n]]
            values = [value for row, first in rows if (value := moved(row, first, column)) is not None]
            if values:
                points.append((rows[-1][0]["x"] or 0, rows[-1][0]["stage"], Spread.of(values)))
        return points

    def places(self, arm: str, column: str) -> dict[str, Spread]:
        """Returns place -> the spread of each record.  The records of one stage are told apart by x."""
        points = self.over_records(arm, column)
        count = Counter(stage for _, stage, _ in points)
        places: dict[str, Spread] = {}
        seen: Counter[str] = Counter()
        for x, stage, spread in points:
            name = stage if count[stage] == 1 else f"{stage}, x = {quantity(x, self.unit_of('x'))}"
            seen[name] += 1
            places[name if seen[name] == 1 else f"{name} ({seen[name]})"] = spread
        return places

    def over_x(self, arm: str) -> dict[int, Spread]:
        """Returns x -> the spread of y.  For a series (series.py), where each x is a run of its own."""
        values: dict[int, list[float]] = {}
        for rows in self.trials(arm):
            for row in rows:
                if row["y"] is not None:
                    values.setdefault(row["x"], []).append(row["y"])
        return {x: Spread.of(values[x]) for x in sorted(values)}

    def at_end(self, arm: str, column: str) -> Spread | None:
        """Returns the spread at the last record.  None: the column was not measured."""
        points = self.over_records(arm, column)
        return points[-1][2] if points else None

    def verdict(self) -> str:
        """Returns the verdict, or each with how often it came."""
        return tally(result.verdict_in_words for result in self.results)

    def findings(self) -> dict[SameFinding, list[Finding]]:
        """Returns the findings of all runs."""
        return by_sentence(result.findings for result in self.results)


def by_sentence(runs: Iterable[Iterable[Finding]]) -> dict[SameFinding, list[Finding]]:
    """Puts the same finding of several runs together.  A judge may state one sentence several times."""
    together: dict[SameFinding, list[Finding]] = {}
    for findings in runs:
        count: Counter[tuple[str, str]] = Counter()
        for finding in findings:
            count[finding.kind, finding.sentence] += 1
            key = (finding.kind, finding.sentence, count[finding.kind, finding.sentence])
            together.setdefault(key, []).append(finding)
    return together


def tally(words: Iterable[str]) -> str:
    """Returns the word that all share, else each with its number: reproduced 4 ×, refuted 1 ×."""
    count = Counter(words)
    return ", ".join(word if len(count) == 1 else f"{word} {n} ×" for word, n in count.most_common())
