# SPDX-License-Identifier: MIT
"""A chapter's questions on paper, and the teacher's key: behind scripts/sheet."""
from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from touchstone import prediction
from touchstone.arguments import Parser
from touchstone.cli import stop
from touchstone.files import write_whole
from touchstone.pages import render
from touchstone.predict import claims_of
from touchstone.programs import RESULTS, build, declaration, prepare
from touchstone.results import Result, read_result
from touchstone.words import short_size

UNITS = {"bytes": "bytes, KiB, MiB or pages", "ns": "ns, µs, ms or s", "times": "times", "count": ""}


def measured(claim: str, question: prediction.Question) -> str:
    """Returns the number that answers a question in the last run, or how to get it."""
    path = Path(f"{RESULTS}/{claim}.csv")
    last = read_result(path) if path.exists() else None
    number = question.answer(last) if last else None
    if last is None or number is None:
        return f"not measured yet: make run CLAIM={claim.partition('/')[2]}"
    return question.exactly(number)


def knobs_text(declared: Result) -> str:
    """Returns what the experiment is set to, in a line."""
    return "; ".join(f"{knob.meaning}: {short_size(knob.value) if knob.unit == 'bytes' else f'{knob.value:,}'}"
                     + (f" {knob.unit}" if knob.unit not in ("", "count", "bytes") else "")
                     for knob in declared.knobs.values())


def row(number: str, claim: str) -> dict[str, Any] | None:
    """Returns what both pages show of a claim; None, after a sentence, where it cannot be asked."""
    program = build(claim)
    declared = declaration(program) if program else None
    question = prediction.question_of(declared) if declared else None
    if declared is None or question is None or not question.arm:
        print(f"{claim} is left out: {'it has no question' if declared else 'it does not build'}", file=sys.stderr)
        return None
    return {"number": number, "claim": claim, "about": declared.metadata.get("asked", ""),
            "asked": question.asked, "knobs": knobs_text(declared), "unit": UNITS[question.unit],
            "directions": question.is_growth, "measured": measured(claim, question),
            "verdict": verdict(claim), "because": prediction.lesson(declared)}


def verdict(claim: str) -> str:
    """Returns the verdict of the last run; nothing where there was none."""
    path = Path(f"{RESULTS}/{claim}.csv")
    return read_result(path).verdict if path.exists() else ""


def title_of(chapter: str) -> str:
    """Returns "Chapter 3" for a numbered chapter, else its name: the heading of its page may be an answer."""
    number = chapter.partition("_")[0]
    return f"Chapter {number}" if number.isdigit() else chapter.replace("_", " ")


def main(argv: list[str] | None = None) -> int:
    """Writes the two pages and prints their paths; returns the exit status."""
    parser = Parser()
    parser.add_argument("chapter", metavar="CHAPTER")
    options = parser.parse_args(argv)
    prepare()
    claims = claims_of(options.chapter)
    chapter = claims[0][1].partition("/")[0]
    rows = [found for place, (number, claim) in enumerate(claims, 1)
            if (found := row(number or str(place), claim))]
    if not rows:
        stop(f"no claim of {chapter} can be asked")
    for name, key in ((chapter, False), (f"{chapter}.key", True)):
        path = Path(f"{RESULTS}/sheets/{name}.html")
        write_whole(path, render("sheet.html.j2", title=title_of(chapter), chapter=chapter, rows=rows, key=key))
        print(f"{'the key, for the teacher' if key else 'the sheet, to print'}: {path}")
    print(f"questions: {len(rows)}; what the class predicts: make predict CLAIM={claims[0][0] or '...'} "
          "PREDICT=\"15x ..., 5x ...\"")
    return 0
