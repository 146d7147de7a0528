# SPDX-License-Identifier: MIT
"""What differs between two sets of runs of an experiment: verdicts, findings, columns, environment.

    base, other = Side("before", [result]), Side("after", [result])
    for change in changes(base, other):
        print(change.arm, change.column, change.at_end)

Two numbers differ when the ranges of their trials do not touch.
"""
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from touchstone.results import Finding
from touchstone.sides import SameFinding, Side, Spread, tally
from touchstone.words import all_grouped, quantity, with_unit

FEWEST_TIMES = 3  # trials without which the spread of a time is not known

Pair = tuple[Spread, Spread]  # base, other


# ---- columns -----------------------------------------------------------------

@dataclass
class Change:
    """A column of an arm that moved otherwise."""
    arm: str
    column: str
    unit: str
    words: str         # what it is, and where the two sides differ most
    first: str         # the first record or stage at which they differ
    at_first: Pair
    at_end: Pair
    at_widest: Pair

    def width(self) -> float:
        """Returns the largest distance between the medians."""
        return abs(self.at_widest[0].median - self.at_widest[1].median)

    def text(self, spread: bool = True) -> str:
        """Returns the change in words, with the range of the trials or without."""
        base, other = self.at_widest
        if spread and (base.is_wide() or other.is_wide()):
            numbers = f"{base.text(self.unit)} → {other.text(self.unit)}"
        else:
            numbers = pair_text(base.median, other.median, self.unit)
        return f"{self.arm}: {self.words} {numbers}"


def pair_text(base: float, other: float, unit: str) -> str:
    """Returns two numbers: 64 MiB → 82 MiB.  Where rounding would make them look alike, they have every digit."""
    texts = [quantity(number, unit) for number in (base, other)]
    if texts[0] == texts[1] and base != other:
        exact = [f"{number:,.0f}" if number == int(number) else f"{number:,.10g}" for number in (base, other)]
        texts = [exact[0], f"{exact[1]} {unit if unit != 'count' else ''}".rstrip()]
    return texts[0] if texts[0] == texts[1] else " → ".join(texts)


def is_time(side: Side, column: str) -> bool:
    """Returns whether a column holds times."""
    return column.endswith("_ns") or side.unit_of(column) == "ns"


def comparable(base: Side, other: Side) -> list[str]:
    """Returns the columns that both measured, the charted ones first.  Times only where the experiment charts them."""
    both = [column for column in base.columns() if column in other.columns()]
    charted = base.charted()
    kept = [column for column in both if not is_time(base, column) or column in charted]
    return sorted(kept, key=lambda column: (column not in charted, both.index(column)))


def _pairs(base: Side, other: Side, arm: str, column: str) -> dict[str, Pair]:
    """Returns place -> the two spreads: record by record, or by stages where the two recorded different ones."""
    before, after = base.places(arm, column), other.places(arm, column)
    if list(before) != list(after):
        before, after = base.over_stages(arm, column), other.over_stages(arm, column)
    fewest = FEWEST_TIMES if is_time(base, column) else 1
    return {place: (before[place], after[place]) for place in before
            if place in after and min(before[place].count, after[place].count) >= fewest}


def _change(base: Side, other: Side, arm: str, column: str) -> Change | None:
    pairs = _pairs(base, other, arm, column)
    differing = {place: pair for place, pair in pairs.items() if pair[0].differs(pair[1])}
    if not differing:
        return None
    first, last = next(iter(differing)), next(reversed(pairs))
    if last in differing:  # of places that differ as much, name the end
        differing = {last: differing[last], **differing}
    widest = max(differing, key=lambda place: abs(differing[place][0].median - differing[place][1].median))
    words = base.words_of(column)
    if column == "y":  # its places are what it is measured of, not steps on the way
        where = f"{words}: {widest}" if len(pairs) > 1 else words
    else:
        where = f"{words} at the end" if widest == last else f"{words} at \"{widest}\""
    return Change(arm, column, base.unit_of(column), where, first, pairs[first], pairs[last], pairs[widest])


def changes(base: Side, other: Side) -> list[Change]:
    """Returns every column that moved otherwise in an arm that both have, the charted columns first."""
    found = [_change(base, other, arm, column) for column in comparable(base, other)
             for arm in base.arms() if arm in other.arms()]
    return [change for change in found if change]


# ---- findings, environment ----------------------------------------------------

def _quartiles(findings: Sequence[Finding]) -> tuple[float, float] | None:
    """Returns the range of the middle halves of a timing over all runs.  None: the number is not a timing."""
    found = [quartiles for finding in findings if (quartiles := finding.quartiles())]
    if len(found) < len(findings):
        return None
    return min(float(lower) for lower, _ in found), max(float(upper) for _, upper in found)


def numbers_of(findings: Sequence[Finding]) -> str:
    """Returns what was measured over the runs, grouped by thousands."""
    numbers = list(dict.fromkeys(finding.measured() for finding in findings))
    text = numbers[0] if len(numbers) == 1 else f"{numbers[0]} ... {numbers[-1]} ({len(numbers)} differ)"
    return all_grouped(text)


@dataclass
class Difference:
    """A finding that the two sides do not share.  The list of a side that lacks it is empty."""
    kind: str
    sentence: str
    base: list[Finding]
    other: list[Finding]

    def outcomes(self) -> tuple[str, str]:
        """Returns the outcome on each side."""
        base, other = (tally(finding.outcome for finding in side) if side else "not asked"
                       for side in (self.base, self.other))
        return base, other

    def _numbers(self, side: list[Finding]) -> str:
        if not side:
            return ""
        return numbers_of(side) + ("" if self.expected() else f", expected {all_grouped(side[0].bounds())}")

    def numbers(self) -> tuple[str, str]:
        """Returns what each side measured, with the bounds where they differ."""
        return self._numbers(self.base), self._numbers(self.other)

    def expected(self) -> str:
        """Returns the bounds where both sides have the same, else nothing."""
        bounds = {finding.bounds() for finding in self.base + self.other}
        return f"expected {all_grouped(bounds.pop())}" if len(bounds) == 1 else ""

    def title(self, end: str) -> str:
        """Returns what stands before the sentence, with this end; nothing for an expectation."""
        title = (self.base or self.other)[0].title
        return title + end if title else ""

    def turned(self) -> bool:
        """Returns whether the outcome differs."""
        return len(set(self.outcomes())) > 1

    def short(self) -> str:
        """Returns the sentence and the measured numbers, without their bounds."""
        if not self.base or not self.other:
            return self.text()
        before, after = (all_grouped(side[0].sides()[1]) for side in (self.base, self.other))
        unit = self.other[0].unit
        if with_unit(after, unit) == after:  # it is no number
            before = with_unit(before, unit)
        return f"{self.title(': ')}{self.sentence}: {before} → {with_unit(after, unit)}"

    def text(self) -> str:
        """Returns the difference in words."""
        before, after = self.outcomes()
        outcome = before if before == after else f"{before} → {after}"
        numbers = " → ".join(number or "–" for number in self.numbers())
        expected = f"; {self.expected()}" if self.expected() else ""
        return f"{self.title(', ')}{outcome}: {self.sentence}: {numbers}{expected}"


def same(base: Sequence[Finding], other: Sequence[Finding]) -> bool:
    """Returns whether two findings agree.  Numbers must be equal; the quartiles of timings must touch."""
    if {finding.outcome for finding in base} != {finding.outcome for finding in other}:
        return False
    before, after = _quartiles(base), _quartiles(other)
    if before and after:
        return before[0] <= after[1] and after[0] <= before[1]
    return bool({finding.numbers for finding in base} & {finding.numbers for finding in other})


def finding_differences(before: Mapping[SameFinding, list[Finding]],
                        after: Mapping[SameFinding, list[Finding]]) -> list[Difference]:
    """Returns the findings that differ: those whose outcome turned first, controls before the others."""
    found = [Difference(*key[:2], before.get(key, []), after.get(key, []))
             for key in dict.fromkeys((*before, *after))
             if not (key in before and key in after and same(before[key], after[key]))]
    return sorted(found, key=lambda finding: (not finding.turned(), finding.kind != "control"))


def _environment(side: Side) -> dict[str, str]:
    knobs = side.first.knobs | side.first.settings
    return {**side.first.machine(), **{f"knob {name}": str(knob.value) for name, knob in knobs.items()}}


def environment_differences(base: Side, other: Side) -> dict[str, tuple[str, str]]:
    """Returns key -> (base, other) of the machine, its conditions and the knobs.  The time of the run is left out."""
    before, after = _environment(base), _environment(other)
    return {key: (before.get(key, "–"), after.get(key, "–")) for key in dict.fromkeys((*before, *after))
            if key != "measured" and before.get(key) != after.get(key)}


# ---- the whole ------------------------------------------------------------------

def _only(side: Side, other: Side) -> Iterator[str]:
    """Yields a sentence for the arms and one for the columns that just one side has."""
    for noun, ours, theirs in (("arm", side.arms(), other.arms()), ("column", side.first.columns, other.first.columns)):
        own = [name for name in ours if name not in theirs]
        if own and theirs:
            yield f"only {side.label} has the {noun}{'s' if len(own) > 1 else ''} {', '.join(own)}: not compared"


class Comparison:
    """A claim under two conditions."""

    def __init__(self, base: Side, other: Side) -> None:
        self.base, self.other = base, other
        self.verdicts = (base.verdict(), other.verdict())
        self.findings = finding_differences(base.findings(), other.findings())
        self.changes = changes(base, other)
        self.environment = environment_differences(base, other)
        self.only = [sentence for sides in ((base, other), (other, base)) for sentence in _only(*sides)]

    @property
    def name(self) -> str:
        """CHAPTER/CLAIM."""
        return f"{self.other.first.chapter}/{self.other.first.name}"

    def same_verdict(self) -> bool:
        """Returns whether the verdict is the same."""
        return self.verdicts[0] == self.verdicts[1]

    def differs(self) -> bool:
        """Returns whether anything but the environment differs."""
        return not self.same_verdict() or bool(self.findings or self.changes)

    def verdict_text(self) -> str:
        """Returns both verdicts."""
        return f"{self.verdicts[0]} in both" if self.same_verdict() else " → ".join(self.verdicts)

    def unmoved(self) -> list[str]:
        """Returns the columns that moved the same way in every arm."""
        changed = {change.column for change in self.changes}
        return [column for column in comparable(self.base, self.other) if column not in changed]

    def telling(self, spread: bool = True) -> str:
        """Returns the difference to read first: the finding that turned the verdict, else what moved most."""
        turned = [finding for finding in self.findings if finding.turned() and finding.base and finding.other]
        if turned and not self.same_verdict():
            return turned[0].short()
        if self.changes:  # the charted columns stand first
            foremost = [change for change in self.changes if change.column == self.changes[0].column]
            return max(foremost, key=Change.width).text(spread)
        if self.findings:
            return self.findings[0].text()
        recorded = [bool(side.first.rows) for side in (self.base, self.other)]
        if all(recorded):
            return "no number differs"
        return "nothing was recorded on " + ("one side" if any(recorded) else "either side")

    def headline(self) -> str:
        """Returns the finding, for a title."""
        return f"{self.verdict_text()}; {self.telling(spread=False)}"
