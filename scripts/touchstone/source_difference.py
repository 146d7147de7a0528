# SPDX-License-Identifier: MIT
"""The sources of an experiment and of its copy: where the copy came from, what was changed in it, and what that makes
hard to say."""
from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from touchstone.cli import stop
from touchstone.programs import find_claim
from touchstone.results import Result

COPY = re.compile(r"/\* copy of experiments/(\S+)\.c \*/")
COMMENT = re.compile(r"\t* \*|\s*/\*|\s*//")  # a line that is a comment as a whole
JUDGE, DECLARATION = "static void judge(", "const struct experiment "


def source(claim: str) -> str:
    return Path(f"experiments/{claim}.c").read_text(encoding="utf-8", errors="replace")


def origin_of(claim: str, asked: str) -> str:
    """Returns CHAPTER/CLAIM of the origin, by the copy's own line or by --origin."""
    found = COPY.search(source(claim))
    if not asked and not found:
        stop(f"experiments/{claim}.c does not say where it came from: put /* copy of experiments/CHAPTER/CLAIM.c */ "
             f"on its second line, or give ORIGIN=CLAIM")
    if not asked and found and not Path(f"experiments/{found[1]}.c").exists():
        stop(f"experiments/{claim}.c says it is a copy of experiments/{found[1]}.c, which is not there; "
             "give ORIGIN=CLAIM")
    origin = find_claim(asked or (found[1] if found else ""))
    if origin == claim:
        stop(f"{claim} cannot be compared with itself: ORIGIN=CLAIM names another")
    return origin


@dataclass(frozen=True)
class Line:
    number: int
    text: str


def shared_lines(claim: str) -> list[Line]:
    """Returns the lines of a source without those that only a copy has: where it came from, and its hypothesis."""
    kept, in_hypothesis = [], False
    for number, text in enumerate(source(claim).splitlines(), 1):
        in_hypothesis = in_hypothesis or text.startswith("\t.hypothesis")
        if not in_hypothesis and not COPY.match(text):
            kept.append(Line(number, text))
        in_hypothesis = in_hypothesis and not text.endswith(",")
    return kept


def diff_lines(origin: str, copy: str) -> list[str]:
    """Returns the difference as `diff -U1` shows it."""
    before, after = ([line.text for line in shared_lines(claim)] for claim in (origin, copy))
    names = f"experiments/{origin}.c", f"experiments/{copy}.c"
    return list(difflib.unified_diff(before, after, *names, n=1, lineterm=""))


@dataclass(frozen=True)
class SourceChange:
    """One place of the code that was changed: the line above it that begins at the margin, and the line in the copy."""
    place: str
    line: int

    @property
    def is_in_judge(self) -> bool:
        """judge() runs after the measuring."""
        return self.place.startswith(JUDGE)

    @property
    def is_in_declaration(self) -> bool:
        return self.place.startswith(DECLARATION)


def code_of(claim: str) -> list[Line]:
    """Returns the lines that are neither empty nor a comment, with single blanks."""
    return [Line(line.number, re.sub(r"\s+", " ", line.text)) for line in shared_lines(claim)
            if line.text.strip() and not COMMENT.match(line.text)]


def place_of(code: list[Line], index: int) -> str:
    """Returns the nearest line above that begins with a letter, as `diff -p` names the function of a change."""
    above = (line.text for line in reversed(code[:index + 1]))
    return next((text for text in above if re.match(r"[a-z]", text)), "the top of the file")


def changes(origin: str, copy: str) -> list[SourceChange]:
    """Returns what was changed in the code, place by place."""
    before, after = code_of(origin), code_of(copy)
    old, new = ([line.text for line in lines] for lines in (before, after))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    found = []
    for tag, i, _, j, j_end in matcher.get_opcodes():
        if tag != "equal":
            code, index = (after, j) if j_end > j else (before, i)
            found.append(SourceChange(place_of(code, index), after[min(j, len(after) - 1)].number))
    return found


def warnings(changed: list[SourceChange], base: Result, other: Result) -> Iterator[str]:
    """Yields what makes it hard to say what caused what.  The declaration is a cause where it changed the arms."""
    before, after = ([(arm.name, arm.environment) for arm in result.arms] for result in (base, other))
    counted = [change for change in changed if not change.is_in_declaration or before != after]
    if not counted:
        yield "the code is the same: only comments or sentences differ, so any difference below is chance"
    causes = [f"line {change.line} ({change.place})" for change in counted if not change.is_in_judge]
    if len(causes) > 1:
        yield f"{len(causes)} places were changed, so it cannot be told which of them caused what: {', '.join(causes)}"
    if len(causes) < len(counted):
        yield "judge() was changed: the two verdicts are answers to different questions"
