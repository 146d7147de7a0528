# SPDX-License-Identifier: MIT
"""The comment lines of a result that hold several cells (docs/result_format.md), read and written.

    finding = Finding.of("expect", "held | 0 <= 4096 <= 8192 | bytes | lazy | 67 | malloc fills at most two pages")
    print(finding.measured(), finding.unit, finding.line)
    print(finding.as_line())

`of` raises ValueError where a line does not have the cells that it must have.
"""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from touchstone.words import no_number, quantity

# The kinds of findings: what the claim predicts, what must be seen where the cause is absent, and what a claim that
# fails says instead.
KINDS = ("expect", "control", "true_instead")
_QUARTILES = re.compile(r" \(quartiles (\S+) to (\S+)\)$")
_LEFT_OUT = "left out: "


def cells_of(text: str, count: int) -> list[str]:
    """Returns so many cells; the last one may hold bars."""
    cells = [cell.strip() for cell in text.split("|", count - 1)]
    if len(cells) != count:
        raise ValueError(f"{len(cells)} cells where {count} are needed: \"{text}\"")
    return cells


@dataclass(frozen=True)
class DeclaredAxis:
    """What x or y is, in the experiment's words, and its unit: bytes, ns or count."""
    text: str = ""
    unit: str = "count"

    @classmethod
    def of(cls, text: str) -> DeclaredAxis:
        return cls(*cells_of(text, 2))

    def words(self) -> str:
        """Returns the text without the unit at its end, for use beside numbers that have it."""
        return self.text.removesuffix(f", {self.unit}")

    def as_line(self, name: str) -> str:
        return f"# {name}: {self.text} | {self.unit}"


@dataclass(frozen=True)
class DeclaredMark:
    """A line across the chart at a value of the axis x or y, with its label."""
    axis: str
    value: int
    label: str

    @classmethod
    def of(cls, text: str) -> DeclaredMark:
        axis, value, label = cells_of(text, 3)
        if axis not in ("x", "y"):
            raise ValueError(f"a mark at axis \"{axis}\", which is neither x nor y")
        return cls(axis, int(value), label)

    def as_line(self) -> str:
        return f"# mark: {self.axis} | {self.value} | {self.label}"


@dataclass(frozen=True)
class DeclaredAnnotation:
    """A few words at a point of an arm's curve: in a stage, or where that is empty, at x."""
    arm: str
    stage: str
    x: int
    text: str

    @classmethod
    def of(cls, text: str) -> DeclaredAnnotation:
        arm, stage, x, words = cells_of(text, 4)
        return cls(arm, stage, int(x), words)

    def words(self, findings: Sequence[Finding]) -> str:
        """Returns the text; each piece of a sentence in braces becomes what the finding with this sentence measured.
        Raises ValueError where no finding has it."""
        return re.sub(r"\{(.*?)\}", lambda piece: _number_of(piece[1], findings), self.text)


def _number_of(piece: str, findings: Sequence[Finding]) -> str:
    for finding in findings:
        if piece in finding.sentence:
            measured = finding.sides()[1]
            try:
                return quantity(float(measured), finding.unit)
            except ValueError:
                return measured
    raise ValueError(f"'# annotate:' asks for the number of \"{piece}\", which stands in no finding's sentence")


@dataclass(frozen=True)
class Knob:
    """A number that the reader may set; with the key "setting" it is one of the harness's own."""
    name: str
    value: int
    unit: str
    meaning: str

    @classmethod
    def of(cls, text: str) -> Knob:
        name, value, unit, meaning = cells_of(text, 4)
        return cls(name, int(value), unit, meaning)

    def as_line(self, key: str = "knob") -> str:
        return f"# {key}: {self.name} | {self.value} | {self.unit} | {self.meaning}"


@dataclass(frozen=True)
class Arm:
    name: str
    control: bool = False
    state: str = ""        # "ran", "left out: WHY", or nothing in what --declaration prints
    environment: str = ""

    @property
    def why_left_out(self) -> str:
        """The reason, or nothing for an arm that was not left out."""
        return self.state.removeprefix(_LEFT_OUT) if self.state.startswith(_LEFT_OUT) else ""

    @classmethod
    def of(cls, text: str) -> Arm:
        name, role, state, environment = cells_of(text, 4)
        if role not in ("test", "control"):
            raise ValueError(f"an arm is \"{role}\", neither test nor control")
        return cls(name, role == "control", state, environment)

    def as_line(self) -> str:
        role = "control" if self.control else "test"
        return f"# arm: {self.name} | {role} | {self.state} | {self.environment}".rstrip()


def _without_limits_of_int64(numbers: str) -> str:
    """Returns the numbers of a finding with "never" and "not measured" where a program has printed INT64_MAX or
    INT64_MIN."""
    return re.sub(r"-?\d{19}", lambda digits: no_number(int(digits[0])) or digits[0], numbers)


@dataclass(frozen=True)
class Finding:
    """What judge() found.  numbers: "0 <= 4096 <= 8192", "3 == 3", "2 <= 2.4 <= inf (quartiles 2.3 to 2.6)",
    "1 <= never <= 9"."""
    kind: str              # one of KINDS
    outcome: str           # held, failed, unclear
    numbers: str
    unit: str              # bytes, ns, pages, faults ... times for a ratio
    arms: tuple[str, ...]  # whose rows the number comes from
    line: int              # of the experiment's source
    sentence: str
    _sides: tuple[str, str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_sides", _sides_of(_QUARTILES.sub("", self.numbers)))

    @classmethod
    def of(cls, kind: str, text: str) -> Finding:
        outcome, numbers, unit, arms, line, sentence = cells_of(text, 6)
        return cls(kind, outcome, _without_limits_of_int64(numbers), unit, tuple(filter(None, arms.split(", "))),
                   int(line), sentence)

    def as_line(self) -> str:
        cells = (self.outcome, self.numbers, self.unit, ", ".join(self.arms), str(self.line), self.sentence)
        return f"# {self.kind}: {' | '.join(cells)}"

    @property
    def title(self) -> str:
        """What stands before the sentence of a finding that is no expectation."""
        return {"expect": "", "control": "control", "true_instead": "what is true instead"}[self.kind]

    def sides(self) -> tuple[str | None, str, str | None]:
        """Returns (least, measured, most) as they are written; None for a side that is open."""
        least, measured, most = self._sides
        return None if least == "-inf" else least, measured, None if most == "inf" else most

    def quartiles(self) -> tuple[str, str] | None:
        """Returns those of a timing; None for a number that was counted."""
        spread = _QUARTILES.search(self.numbers)
        return (spread[1], spread[2]) if spread else None

    def measured(self) -> str:
        """Returns the measured number, with its quartiles."""
        spread = _QUARTILES.search(self.numbers)
        return self._sides[1] + (spread[0] if spread else "")

    def bounds(self) -> str:
        """Returns what was expected, in words."""
        least, _, most = self.sides()
        if least == most:
            return f"exactly {least}"
        return f"at most {most}" if least is None else f"at least {least}" if most is None else f"{least} to {most}"


def _sides_of(numbers: str) -> tuple[str, str, str]:
    between, equal = numbers.split(" <= "), numbers.split(" == ")
    if len(between) == 3:
        return between[0], between[1], between[2]
    if len(equal) == 2:
        return equal[1], equal[0], equal[1]
    raise ValueError(f"\"{numbers}\" is neither LEAST <= MEASURED <= MOST nor MEASURED == EXPECTED")
