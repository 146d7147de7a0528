# SPDX-License-Identifier: MIT
"""What one pair handed in, as far as the page of a class needs it."""
from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path

from touchstone import prediction
from touchstone.classroom import archive
from touchstone.results import Result, read_text

# What is told of a machine, and what it is called: the lines of a result that differences between machines come from.
ENVIRONMENT = {"glibc": "glibc", "kernel": "kernel", "page_size": "page size", "cpus": "processor", "ram": "memory",
               "container": "container", "overcommit": "overcommit", "transparent_huge_pages": "huge pages",
               "stack_limit": "stack limit", "virtual_limit": "address limit", "memory_limit": "memory limit",
               "preload": "preload", "compiler_flags": "compiler"}
MOST_BETS = 10000     # of one claim in one hand-in
MOST_LETTERS = 2000   # of a sentence


@dataclass(frozen=True)
class Bet:
    """One prediction: what was entered, and its number where it is one."""
    entered: str
    value: float | None


@dataclass
class Answer:
    """What a claim came to on a machine."""
    claim: str            # the sentence
    verdict: str
    reason: str
    findings: list[tuple[str, str, str, str]]  # sentence, outcome, value, unit
    asked: str = ""       # the question; with unit, measured and bets where it was predicted
    unit: str = ""
    measured: float | None = None
    bets: list[Bet] = field(default_factory=list)


@dataclass
class HandIn:
    name: str
    machine: dict[str, str] = field(default_factory=dict)     # of ENVIRONMENT
    answers: dict[str, Answer] = field(default_factory=dict)  # CHAPTER/CLAIM
    journals: dict[str, str] = field(default_factory=dict)    # name of the copy -> text
    problems: list[str] = field(default_factory=list)         # files that could not be used


def _short(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else text[:MOST_LETTERS] + " ..."


def _bets(text: str, result: Result, question: prediction.Question) -> list[Bet]:
    knobs = prediction.knobs_text(result.knobs)
    bets: list[Bet] = []
    for one in prediction.read_text(text):
        if one.asked == question.asked and one.knobs == knobs:
            bet = Bet(_short(one.entered), None if isinstance(one.value, str) else float(one.value))
            bets += [bet] * min(one.times, MOST_BETS - len(bets))
    return bets


def _answer(name: str, text: str, predicted: str) -> Answer:
    """Reads a result.  Its rows are only read where something was predicted."""
    lines = text if predicted else "".join(re.findall(r"^#.*\n?", text, re.M))
    result = read_text(Path(name), lines)
    findings = [(_short(found.sentence), found.outcome, _short(found.measured()), _short(found.unit))
                for found in result.findings]
    answer = Answer(_short(result.metadata.get("claim", "")), result.verdict, _short(result.reason), findings)
    question = prediction.question_of(result) if predicted else None
    if question:
        answer.asked, answer.unit = _short(question.asked), question.unit
        measured = question.answer(result)
        answer.measured = measured if measured is not None and math.isfinite(measured) else None
        answer.bets = _bets(predicted, result, question)
    return answer


def _machine(text: str) -> dict[str, str]:
    lines = dict(re.findall(r"^# (\w+): (.{0,200})", text, re.M))
    machine = {key: lines[key] for key in ENVIRONMENT if key in lines}
    if "kernel" in machine:  # "Linux 6.18.44-cloud x86_64": what is built in another way is the same kernel
        machine["kernel"] = re.sub(r"(\d+\.\d+)\S*", r"\1", machine["kernel"])
    return machine


def of_texts(name: str, texts: archive.Texts) -> HandIn:
    """Returns what a pair handed in.  A result that cannot be read is left out and named."""
    cover = texts.get(archive.COVER, "").splitlines()
    handed = HandIn(_short(cover[1])[:64] if len(cover) > 1 and cover[1].isprintable() else name)
    for entry, text in texts.items():
        chapter, _, file = entry.removeprefix("results/").partition("/")
        if chapter == "journal":
            handed.journals[file.removesuffix(".md")] = text
        elif file.endswith(".csv"):
            claim = f"{chapter}/{file.removesuffix('.csv')}"
            try:
                answer = _answer(entry, text, texts.get(entry.removesuffix(".csv") + ".prediction", ""))
            except (ValueError, ArithmeticError, LookupError) as error:
                handed.problems.append(f"{claim}: {type(error).__name__}: {error}")
                continue
            if answer.claim:
                handed.answers[claim] = answer
                handed.machine = handed.machine or _machine(text)
            else:
                handed.problems.append(f"{claim}: {answer.reason or 'no result'}")
    return handed


def read(path: Path) -> HandIn:
    """Reads a hand-in, an archive or a folder.  Raises archive.Refused."""
    texts = archive.read_folder(path) if path.is_dir() else archive.read_archive(path)
    handed = of_texts(path.name.removesuffix(archive.ENDING), texts)
    if not handed.answers:
        raise archive.Refused("none of its results can be read: " + (handed.problems or ["it has none"])[0])
    return handed
