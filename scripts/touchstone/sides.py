# SPDX-License-Identifier: MIT
"""The runs of an experiment under one condition: what a column did, over the trials of all of them.

    side = Side("before", [result])
    print(side.at_end("lazy", "resident_bytes").text("bytes"))

A side may hold several runs of the same program; the trials of all of them are pooled.  Columns move as in
charts: y as it is, every other column as growth since the first record of its arm and trial.
"""
from collections import Counter
from dataclasses import dataclass

from touchstone.growth import median, moved
from touchstone.words import quantity


@dataclass
class Spread:
    """A number over the trials."""
    median: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, values):
        return cls(median(values), min(values), max(values), len(values))

    def differs(self, other):
        return self.high < other.low or other.high < self.low

    def is_wide(self):
        return self.low < self.high

    def text(self, unit):
        if not self.is_wide():
            return quantity(self.median, unit)
        return f"{quantity(self.median, unit)} ({quantity(self.low, unit)} to {quantity(self.high, unit)})"


class Side:
    """The runs under one condition, and the name they have beside the other's."""

    def __init__(self, label, results):
        self.label, self.results, self.first = label, results, results[0]
        self._trials = {}

    @property
    def metadata(self):
        return self.first.metadata

    def arms(self):
        return list(dict.fromkeys(row["arm"] for result in self.results for row in result.rows))

    def is_control(self, arm):
        return any(known.control for known in self.first.arms if known.name == arm)

    def columns(self):
        return list(dict.fromkeys(column for result in self.results for column in result.columns_measured()))

    def charted(self):
        return [column for column in self.first.charted if column in self.columns()]

    def unit_of(self, column):
        return self.first.unit_of(column)

    def words_of(self, column):
        return self.first.words_of(column)

    def trials(self, arm):
        """The rows of each trial, one list each."""
        if arm not in self._trials:
            found = {}
            for number, result in enumerate(self.results):
                for row in result.rows:
                    if row["arm"] == arm:
                        found.setdefault((number, row["trial"]), []).append(row)
            self._trials[arm] = list(found.values())
        return self._trials[arm]

    def over_stages(self, arm, column):
        """stage -> Spread of the last row of that stage that was measured, in the order recorded."""
        values = {}
        for rows in self.trials(arm):
            last = {row["stage"]: value for row in rows
                    if column in row and (value := moved(row, rows[0], column)) is not None}
            for stage, value in last.items():
                values.setdefault(stage, []).append(value)
        return {stage: Spread.of(found) for stage, found in values.items()}

    def over_records(self, arm, column):
        """[(x, stage, Spread)]: the n-th records of all trials make one point."""
        trials, points = self.trials(arm), []
        for n in range(max(map(len, trials), default=0)):
            rows = [(rows[n], rows[0]) for rows in trials if n < len(rows) and column in rows[n]]
            values = [value for row, first in rows if (value := moved(row, first, column)) is not None]
            if values:
                points.append((rows[-1][0]["x"] or 0, rows[-1][0]["stage"], Spread.of(values)))
        return points

    def places(self, arm, column):
        """place -> Spread of every record; a stage that was recorded again and again is told apart by its x."""
        points = self.over_records(arm, column)
        count = Counter(stage for _, stage, _ in points)
        named, seen = {}, Counter()
        for x, stage, spread in points:
            name = stage if count[stage] == 1 else f"{stage}, x = {quantity(x, self.unit_of('x'))}"
            seen[name] += 1
            named[name if seen[name] == 1 else f"{name} ({seen[name]})"] = spread
        return named

    def over_x(self, arm):
        """x -> Spread of y, for a series (series.py): each x is a run of its own."""
        values = {}
        for rows in self.trials(arm):
            for row in rows:
                if row["y"] is not None:
                    values.setdefault(row["x"], []).append(row["y"])
        return {x: Spread.of(values[x]) for x in sorted(values)}

    def at_end(self, arm, column):
        """Spread from the first record to the last, None where it was not measured."""
        points = self.over_records(arm, column)
        return points[-1][2] if points else None

    def verdict(self):
        return tally(result.verdict for result in self.results)

    def findings(self):
        return by_sentence(result.findings for result in self.results)


def by_sentence(runs):
    """(control, sentence, n) -> the Finding of every run that has it; a judge may say a sentence n times."""
    found = {}
    for findings in runs:
        said = Counter()
        for finding in findings:
            said[finding.control, finding.sentence] += 1
            found.setdefault((finding.control, finding.sentence, said[finding.control, finding.sentence]), []).append(finding)
    return found


def tally(words):
    """reproduced; or, where they differ: reproduced 4 x, refuted 1 x."""
    count = Counter(words)
    return ", ".join(word if len(count) == 1 else f"{word} {n} ×" for word, n in count.most_common())
