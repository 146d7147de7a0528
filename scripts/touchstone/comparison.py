# SPDX-License-Identifier: MIT
"""What differs between two sets of runs of an experiment: verdicts, findings, columns, environment.

    base, other = Side("before", [result]), Side("after", [result])
    for change in changes(base, other):
        print(change.arm, change.column, change.at_end)

Two numbers differ when the ranges of their trials do not touch.
"""
from dataclasses import dataclass

from touchstone.sides import tally
from touchstone.words import all_grouped, quantity

FEWEST_TIMES = 3  # trials without which the spread of a time is not known


# ---- columns -----------------------------------------------------------------

@dataclass
class Change:
    """A column of an arm that went another way.  Each pair is (base, other)."""
    arm: str
    column: str
    unit: str
    words: str         # what it is, and where the two sides differ most
    first: str         # the first record or stage at which they differ
    at_first: tuple
    at_end: tuple
    at_widest: tuple

    def width(self):
        return abs(self.at_widest[0].median - self.at_widest[1].median)

    def text(self, spread=True):
        base, other = self.at_widest
        plain = base.low == base.high and other.low == other.high
        said = pair_text(base.median, other.median, self.unit) if plain or not spread else \
            f"{base.text(self.unit)} → {other.text(self.unit)}"
        return f"{self.arm}: {self.words} {said}"


def pair_text(base, other, unit):
    """64 MiB → 82 MiB; with every digit where rounding would make them look alike."""
    said = [quantity(number, unit) for number in (base, other)]
    if said[0] == said[1] and base != other:
        exact = [f"{number:,.0f}" if number == int(number) else f"{number:,.10g}" for number in (base, other)]
        said = [exact[0], f"{exact[1]} {unit if unit != 'count' else ''}".rstrip()]
    return said[0] if said[0] == said[1] else " → ".join(said)


def is_time(side, column):
    return column.endswith("_ns") or side.unit_of(column) == "ns"


def comparable(base, other):
    """The columns that both measured; times only where the experiment is about them."""
    both = [column for column in base.columns() if column in other.columns()]
    charted = base.charted()
    ours = [column for column in both if not is_time(base, column) or column in charted]
    return sorted(ours, key=lambda column: (column not in charted, both.index(column)))


def _pairs(base, other, arm, column):
    """place -> (base, other): record by record; by stages where the two recorded different ones."""
    before, after = base.places(arm, column), other.places(arm, column)
    if list(before) != list(after):
        before, after = base.over_stages(arm, column), other.over_stages(arm, column)
    fewest = FEWEST_TIMES if is_time(base, column) else 1
    return {place: (before[place], after[place]) for place in before
            if place in after and min(before[place].count, after[place].count) >= fewest}


def _change(base, other, arm, column):
    pairs = _pairs(base, other, arm, column)
    differing = {place: pair for place, pair in pairs.items() if pair[0].differs(pair[1])}
    if not differing:
        return None
    first, last = next(iter(differing)), next(reversed(pairs))
    if last in differing:  # of places that differ as much, the end is the one to tell
        differing = {last: differing[last], **differing}
    widest = max(differing, key=lambda place: abs(differing[place][0].median - differing[place][1].median))
    words = base.words_of(column)
    if column == "y":  # its places are what it is measured of, not steps on the way
        where = f"{words}: {widest}" if len(pairs) > 1 else words
    else:
        where = f"{words} at the end" if widest == last else f"{words} at \"{widest}\""
    return Change(arm, column, base.unit_of(column), where, first, pairs[first], pairs[last], pairs[widest])


def changes(base, other):
    """Every column of every arm that both have and that went another way, the charted ones first."""
    found = [_change(base, other, arm, column) for column in comparable(base, other)
             for arm in base.arms() if arm in other.arms()]
    return [change for change in found if change]


# ---- findings, environment ----------------------------------------------------

def _quartiles(findings):
    """The middle halves of a timing over all runs; None for other numbers."""
    found = [finding.quartiles() for finding in findings]
    return (min(float(lower) for lower, _ in found), max(float(upper) for _, upper in found)) if all(found) else None


def numbers_of(findings):
    """What was measured over the runs, grouped by thousands."""
    numbers = list(dict.fromkeys(finding.measured() for finding in findings))
    text = numbers[0] if len(numbers) == 1 else f"{numbers[0]} ... {numbers[-1]} ({len(numbers)} differ)"
    return all_grouped(text)


@dataclass
class Difference:
    """A finding that the two sides do not share; a side that lacks it is empty."""
    control: bool
    what: str
    base: list
    other: list

    def outcomes(self):
        return tuple(tally(finding.outcome for finding in side) if side else "not asked"
                     for side in (self.base, self.other))

    def numbers(self):
        apart = lambda side: "" if self.expected() else f", expected {all_grouped(side[0].bounds())}"
        return tuple(numbers_of(side) + apart(side) if side else "" for side in (self.base, self.other))

    def expected(self):
        """The bounds where both sides have the same, else nothing: then numbers() has them."""
        bounds = {finding.bounds() for finding in self.base + self.other}
        return f"expected {all_grouped(bounds.pop())}" if len(bounds) == 1 else ""

    def turned(self):
        return len(set(self.outcomes())) > 1

    def short(self):
        """The sentence and the measured numbers, without their bounds."""
        base, other = (side[0].sides() if side else None for side in (self.base, self.other))
        if not base or not other:
            return self.text()
        return f"{'control: ' if self.control else ''}{self.what}: {all_grouped(base[1])} → {all_grouped(other[1])}"

    def text(self):
        before, after = self.outcomes()
        outcome = before if before == after else f"{before} → {after}"
        numbers = " → ".join(number or "–" for number in self.numbers())
        expected = f"; {self.expected()}" if self.expected() else ""
        return f"{'control, ' if self.control else ''}{outcome}: {self.what}: {numbers}{expected}"


def same(base, other):
    """Whether two findings say the same: numbers as they are, timings by their quartiles."""
    if {finding.outcome for finding in base} != {finding.outcome for finding in other}:
        return False
    before, after = _quartiles(base), _quartiles(other)
    if before and after:
        return before[0] <= after[1] and after[0] <= before[1]
    return bool({finding.numbers for finding in base} & {finding.numbers for finding in other})


def finding_differences(before, after):
    """Of findings as by_sentence() gives them: those that turned first, controls before the others."""
    found = [Difference(*key[:2], before.get(key, []), after.get(key, []))
             for key in dict.fromkeys((*before, *after))
             if not (key in before and key in after and same(before[key], after[key]))]
    return sorted(found, key=lambda finding: (not finding.turned(), not finding.control))


def environment_differences(base, other):
    """key -> (base, other), of the machine, its conditions and the knobs; not of the time."""
    before, after = ({**side.first.machine(), **{f"knob {name}": str(knob.value) for name, knob in (side.first.knobs | side.first.settings).items()}}
                     for side in (base, other))
    return {key: (before.get(key, "–"), after.get(key, "–")) for key in dict.fromkeys((*before, *after))
            if key != "measured" and before.get(key) != after.get(key)}


# ---- the whole ------------------------------------------------------------------

def _only(side, other):
    """What just one side has: arms of its own, columns of another version of the format."""
    for what, ours, theirs in (("arm", side.arms(), other.arms()), ("column", side.first.columns, other.first.columns)):
        own = [name for name in ours if name not in theirs]
        if own and theirs:
            yield f"only {side.label} has the {what}{'s' if len(own) > 1 else ''} {', '.join(own)}: not compared"


class Comparison:
    """A claim under two conditions."""

    def __init__(self, base, other):
        self.base, self.other = base, other
        self.verdicts = (base.verdict(), other.verdict())
        self.findings = finding_differences(base.findings(), other.findings())
        self.changes = changes(base, other)
        self.environment = environment_differences(base, other)
        self.only = [sentence for sides in ((base, other), (other, base)) for sentence in _only(*sides)]

    @property
    def name(self):
        return f"{self.other.first.chapter}/{self.other.first.name}"

    def same_verdict(self):
        return self.verdicts[0] == self.verdicts[1]

    def differs(self):
        return not self.same_verdict() or bool(self.findings or self.changes)

    def verdict_text(self):
        return f"{self.verdicts[0]} in both" if self.same_verdict() else " → ".join(self.verdicts)

    def unmoved(self):
        """The columns that moved the same way in every arm."""
        changed = {change.column for change in self.changes}
        return [column for column in comparable(self.base, self.other) if column not in changed]

    def telling(self, spread=True):
        """The one difference to tell first: the finding that turned the verdict, else what moved most."""
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

    def headline(self):
        """The finding, for a title."""
        return f"{self.verdict_text()}; {self.telling(spread=False)}"
