# SPDX-License-Identifier: MIT
"""The sources of an experiment and of its fork: where the fork came from, what was changed in it, and what that makes hard to say."""
import difflib
import re
from pathlib import Path

from touchstone.cli import stop
from touchstone.programs import find_claim
from touchstone.source import without_comments

FORKED = re.compile(r"^/\*\s*forked from\s+experiments/(\S+)\.c\s*\*/[^\n]*\n", re.MULTILINE)
STRINGS = r'(?:\s*"(?:[^"\\\n]|\\.)*")+'
HYPOTHESIS = re.compile(r"^\t\.hypothesis\s*=" + STRINGS + r"\s*,\n", re.MULTILINE)
# What only tells, asks or draws: a change of it changes no measurement.
TELLING = re.compile(r"\.(?:claim|asked|instead|hypothesis|x_axis|y_axis|charted|chart_options)\s*=" + STRINGS + r"\s*,?"
                     r"|\.chart\s*=\s*\w+\s*,?"
                     r"|\.predict\s*=\s*\{(?:[^\"}]|\"(?:[^\"\\\n]|\\.)*\")*\}\s*,?")
JUDGE = "the function judge()"


def source(claim):
    return Path(f"experiments/{claim}.c").read_text(encoding="utf-8", errors="replace")


def origin_of(claim, asked):
    """CHAPTER/CLAIM of the origin, by the fork's own line or by --origin."""
    found = FORKED.search(source(claim))
    if not asked and not found:
        stop(f"experiments/{claim}.c does not say where it came from: put /* forked from experiments/CHAPTER/CLAIM.c */ "
             f"on its second line, or give ORIGIN=CLAIM")
    if not asked and not Path(f"experiments/{found[1]}.c").exists():
        stop(f"experiments/{claim}.c says it was forked from experiments/{found[1]}.c, which is not there; "
             "give ORIGIN=CLAIM")
    origin = find_claim(asked or found[1])
    if origin == claim:
        stop(f"{claim} cannot be compared with itself: ORIGIN=CLAIM names another")
    return origin


def diff_lines(origin, fork):
    """The difference as `diff -U1` shows it, the lines that only a fork has aside."""
    texts = [HYPOTHESIS.sub("", FORKED.sub("", source(claim))).splitlines() for claim in (origin, fork)]
    return list(difflib.unified_diff(*texts, *(f"experiments/{claim}.c" for claim in (origin, fork)), n=1, lineterm=""))


def code_of(claim):
    """[(line number, code)]: no comments, no sentences, no blank lines."""
    blank = lambda found: re.sub(r"[^\n]", "", found[0])
    text = TELLING.sub(blank, without_comments(source(claim)))
    return [(number, " ".join(line.split())) for number, line in enumerate(text.splitlines(), 1) if line.strip()]


def place_of(code, index):
    """Which part of the experiment a line belongs to: a knob's default, a function, the declaration."""
    knob = re.match(r"static (?:int64_t|\w+) (\w+) = [^(]*;$", code[index][1])
    if knob:
        return f"the default of {knob[1]}"
    for _, line in reversed(code[:index + 1]):
        function = re.match(r"(?:static|void|int\w*)\b.*?\b(\w+)\(.*\)$", line)
        if function:
            return f"the function {function[1]}()"
        if line.startswith("const struct experiment experiment"):
            return "the declaration"
    return "what stands above the functions"


def hunks(origin, fork):
    """What was changed in the code, one place each: (place, line in the fork)."""
    before, after = code_of(origin), code_of(fork)
    matcher = difflib.SequenceMatcher(None, [line for _, line in before], [line for _, line in after], autojunk=False)
    found = []
    for tag, i, _, j, j_end in matcher.get_opcodes():
        if tag != "equal":
            code, index = (after, j) if j_end > j else (before, i)
            found.append((place_of(code, index), after[min(j, len(after) - 1)][0]))
    return found


def warnings(changed):
    """What makes it hard to say what caused what."""
    if not changed:
        yield "the code is the same: only comments or sentences differ, so any difference below is chance"
    causes = [f"{place} (line {line})" for place, line in changed if place != JUDGE]  # judge() runs after the measuring
    if len(causes) > 1:
        yield f"{len(causes)} places were changed, so it cannot be told which of them caused what: {', '.join(causes)}"
    if len(causes) < len(changed):
        yield "judge() was changed: the two verdicts are answers to different questions"
