# SPDX-License-Identifier: MIT
"""What the report's lecture mode asks of a class before it shows a claim, and what it then tells."""
from __future__ import annotations

from typing import Any

from touchstone import prediction
from touchstone.prediction import DIRECTIONS, SCALES, Prediction, Question
from touchstone.results import Result
from touchstone.words import no_number


def said_view(question: Question, told: list[Prediction]) -> list[dict[str, Any]]:
    """Returns each different prediction, and how often it was made."""
    found: dict[prediction.Value, dict[str, Any]] = {}
    for one in told:
        text = one.value if isinstance(one.value, str) else question.text(one.value)
        found.setdefault(one.value, {"value": one.value, "text": text, "times": 0})["times"] += 1
    return list(found.values())


def lecture_view(result: Result) -> dict[str, Any] | None:
    """Returns the question, how an answer to it is read, what was measured, why, and what a class has predicted; None
    for a claim that has no number to bet on."""
    question = prediction.question_of(result)
    measured = question.answer(result) if question else None
    if question is None or measured is None:
        return None
    return {"asked": question.asked, "unit": question.unit, "scales": SCALES[question.unit],
            "directions": {name: words.split() for name, words in DIRECTIONS.items()} if question.is_growth else {},
            "never_below_0": question.least()[0] == 0, "hint": prediction.hint(question),
            "measured": {"value": None if no_number(measured) else measured, "text": question.exactly(measured)},
            "why": prediction.lesson(result), "bets": said_view(question, prediction.read(result))}
