# SPDX-License-Identifier: MIT
"""The page of a class: bets, verdicts on all machines, what divides the class, numbers, journals."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from touchstone.classroom import dividing, pictures
from touchstone.classroom.hand_in import HandIn
from touchstone.pages import VERDICTS, render
from touchstone.results import chapter_order
from touchstone.words import no_number, quantity

GROUPED_BY = ("glibc", "kernel", "page_size", "cpus", "container", "memory_limit")  # lines of the environment
MOST_GROUPS = 40      # columns of the matrix; what is beyond them is one column
MOST_ODD = 12         # machines that are named for one claim
MOST_OFTEN = 4        # bets that are told in words
MOST_PICTURES = 60    # of numbers that vary


def claims_of(class_: Sequence[HandIn]) -> list[str]:
    """Returns every claim that was handed in, in the order of the chapters."""
    return sorted({claim for one in class_ for claim in one.answers},
                  key=lambda claim: (chapter_order(claim.partition("/")[0]), claim))


def _title(claim: str) -> str:
    return claim.partition("/")[2]


def _questions(class_: Sequence[HandIn], claims: Sequence[str]) -> list[dict[str, Any]]:
    """Returns what the page shows of each question that somebody bet on."""
    found = []
    for claim in claims:
        answers = [one.answers[claim] for one in class_ if claim in one.answers and one.answers[claim].bets]
        if not answers:
            continue
        asked, unit = Counter((answer.asked, answer.unit) for answer in answers).most_common(1)[0][0]
        same = [answer for answer in answers if (answer.asked, answer.unit) == (asked, unit)]
        measured = [answer.measured for answer in same
                    if answer.measured is not None and not no_number(answer.measured)]
        bets = [bet for answer in same for bet in answer.bets]
        numbers = [bet.value for bet in bets if bet.value is not None]
        said = Counter(bet.entered.lower() if bet.value is None else quantity(bet.value, unit) for bet in bets)
        right = sum(any(bet.value == answer.measured for bet in answer.bets) for answer in same)
        found.append({"claim": _title(claim), "asked": asked, "bets": len(bets), "pairs": len(same), "right": right,
                      "often": ", ".join(f"{word} ({count})" for word, count in said.most_common(MOST_OFTEN)),
                      "picture": Markup(pictures.histogram(numbers, measured, unit)),
                      "measured": " to ".join(dict.fromkeys(quantity(number, unit) for number in
                                                            (min(measured), max(measured)))) if measured else ""})
    return found


def _group_of(one: HandIn) -> tuple[str, ...]:
    return tuple(one.machine.get(key, "not said") for key in GROUPED_BY)


def _cell(answers: Sequence[str]) -> list[tuple[str, str, int]]:
    return [(verdict, VERDICTS[verdict][0], count) for verdict, count in Counter(answers).most_common()]


def _matrix(class_: Sequence[HandIn], claims: Sequence[str]) -> dict[str, Any]:
    """Returns the verdicts of each claim on each group of machines that are alike."""
    groups = [group for group, _ in Counter(map(_group_of, class_)).most_common()]
    shown, rest = groups[:MOST_GROUPS], set(groups[MOST_GROUPS:])
    columns = [[one for one in class_ if _group_of(one) == group] for group in shown]
    if rest:
        columns.append([one for one in class_ if _group_of(one) in rest])
    varying = [number for number in range(len(GROUPED_BY)) if len({group[number] for group in groups}) > 1]
    heads = [", ".join(group[number] for number in varying) or "all alike" for group in shown] + ["others"] * bool(rest)
    names = [", ".join(one.name for one in column[:30]) + (" ..." if len(column) > 30 else "") for column in columns]
    rows = [{"claim": _title(claim), "cells": [_cell([one.answers[claim].verdict for one in column
                                                     if claim in one.answers]) for column in columns]}
            for claim in claims]
    return {"by": [dividing.ENVIRONMENT[GROUPED_BY[number]] for number in varying],
            "heads": list(zip(heads, map(len, columns), names)), "rows": rows}


def _divided(class_: Sequence[HandIn], claims: Sequence[str]) -> list[dict[str, Any]]:
    """Returns what is told of each claim that has several verdicts in this class."""
    found = []
    for claim in claims:
        counts = Counter(one.answers[claim].verdict for one in class_ if claim in one.answers)
        if len(counts) < 2:
            continue
        division, odd = dividing.best(claim, class_), dividing.odd_ones(claim, class_)
        found.append({"claim": _title(claim), "counts": [(verdict, count) for verdict, count in counts.most_common()],
                      "division": division.text() if division else "",
                      "odd": [{"name": one.name, "verdict": one.answers[claim].verdict,
                               "reason": one.answers[claim].reason, "different": different}
                              for one, different in odd[:MOST_ODD]],
                      "more": max(0, len(odd) - MOST_ODD)})
    return found


def _number(text: str) -> float | None:
    try:
        return float(text.partition(" ")[0])
    except ValueError:
        return None


def _varying(class_: Sequence[HandIn], claims: Sequence[str]) -> list[dict[str, Any]]:
    """Returns the numbers that are not the same on all machines: of each claim the first such finding."""
    found: list[dict[str, Any]] = []
    for claim in claims:
        numbers: dict[tuple[str, str], list[float]] = {}
        for one in class_:
            for sentence, _, value, unit in one.answers[claim].findings if claim in one.answers else ():
                number = _number(value)
                if number is not None and abs(number) < 2 ** 63:
                    numbers.setdefault((sentence, unit), []).append(number)
        for (sentence, unit), values in numbers.items():
            if len(set(values)) > 1 and len(found) < MOST_PICTURES:
                found.append({"claim": _title(claim), "sentence": sentence,
                              "picture": Markup(pictures.dots(values, unit))})
                break
    return found


def page(class_: Sequence[HandIn], refused: Sequence[tuple[str, str]]) -> str:
    """Returns the page.  refused: name of a file, why it was not read."""
    claims = claims_of(class_)
    problems = [(one.name, problem) for one in class_ for problem in one.problems]
    return render("class.html.j2", pairs=len(class_), bets=sum(len(answer.bets) for one in class_
                                                               for answer in one.answers.values()),
                  claims=len(claims), questions=_questions(class_, claims), matrix=_matrix(class_, claims),
                  divided=_divided(class_, claims), varying=_varying(class_, claims),
                  journals=[(one.name, name, text) for one in class_ for name, text in one.journals.items()],
                  refused=list(refused), problems=problems[:200])
