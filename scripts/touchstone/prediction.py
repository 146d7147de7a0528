# SPDX-License-Identifier: MIT
"""A prediction: what an experiment asks before it measures, what was answered, what came of it.

    question = prediction.question_of(result)
    for predicted in prediction.read(result):
        print(predicted.entered, predicted.compared(question, question.answer(result)))

RESULTS/CHAPTER/CLAIM.prediction holds "key: value" lines; an empty line ends each prediction
(docs/result_format.md).  A show of hands, "15x 64M, 5x 0", is a prediction for each number, with how many made it.
"""
from __future__ import annotations

import math
import os
import re
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Union

from touchstone.cli import stop
from touchstone.files import ROOT
from touchstone.growth import between, difference, median
from touchstone.lines import DeclaredAxis, Knob, cells_of
from touchstone.results import Result, Row, read_result
from touchstone.words import NEVER, no_number, quantity, ratio, unit_of, words_of

MOST_HANDS = 10_000
MOST_MARKS = 4  # more lines than that hide what was measured
DIRECTIONS = {"up": "up more rises rise grows grow", "down": "down less falls fall shrinks shrink",
              "same": "same stays stay nothing none unchanged"}
ONLY_GROWS = ("_fault_count", "_ns")  # ends of the columns that are counted up and never fall
PAGE = os.sysconf("SC_PAGE_SIZE")
SCALES: dict[str, dict[str, float]] = {
    "bytes": {"": 1, "b": 1, "byte": 1, "bytes": 1, "page": PAGE, "pages": PAGE,
              **{letter + tail: 1024 ** power for power, letter in enumerate("kmgt", 1)
                 for tail in ("", "b", "ib")}},
    "ns": {"": 1, "ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9},
    "count": {"": 1, "k": 1024, "m": 1024 ** 2, "g": 1024 ** 3},
    "times": {"": 1, "x": 1, "times": 1, "fold": 1}}
EXAMPLES = {"bytes": "bytes (64K, 1.5 MiB, 2 pages)", "ns": "ns (20 us, 3 ms)", "count": "a number (1,024)",
            "times": "how many times (2.5)"}
_COUNTED = re.compile(r"how (often|long)\b|(?<!by )how many (page )?faults", re.IGNORECASE)  # in a question about y
_HANDS = re.compile(r"\s*(\d{1,9})\s*[x×]\s+(?=\S)")  # not 2.5x, which is an answer
_NUMBER = re.compile(r"(-?)(?:2(?:\^|\*\*)(\d{1,2})|(\d{1,3}(?:,\d{3})+|\d{1,19})(\.\d{1,9})?)\s*([a-zµ]*)")


Value = Union[float, str]  # a number, or "up", "down", "same"


# ---- the question ------------------------------------------------------------

@dataclass
class Question:
    measured: str        # a column, "y", "jump of COLUMN"
    arm: str
    begin: str = ""      # stages; empty: the arm's first row, its last
    end: str = ""
    against: str = ""
    asked: str = ""
    x: DeclaredAxis = DeclaredAxis()
    y: DeclaredAxis = DeclaredAxis()

    @property
    def column(self) -> str:
        return self.measured.removeprefix("jump of ")

    @property
    def is_jump(self) -> bool:
        return self.measured != self.column

    @property
    def unit(self) -> str:
        if self.against:
            return "times"
        if self.is_jump:
            return self.x.unit
        return self.y.unit if self.column == "y" else unit_of(self.column)

    @property
    def is_difference(self) -> bool:
        return not self.is_jump and (self.column != "y" or bool(self.begin))

    @property
    def is_growth(self) -> bool:
        """Whether up, down or same answers it."""
        return self.is_difference and not self.against

    def axis(self) -> DeclaredAxis:
        """Returns what the number of one arm is, and its unit: two arms of a ratio have a number each."""
        one = replace(self, against="")
        words = self.y.words() if self.column == "y" else words_of(self.column)
        if self.is_jump:
            return DeclaredAxis(f"{self.x.words()} at which {words} first moves", one.unit)
        stages = " to ".join(f'"{stage}"' for stage in (self.begin, self.end) if stage)
        return DeclaredAxis(words + (f", {stages}" if stages else ""), one.unit)

    def least(self) -> tuple[float, str]:
        """Returns the least number that can be measured, and why."""
        if self.is_jump:
            return 0, ": ".join(filter(None, ("x begins at 0", self.x.words())))
        if self.against:
            return 0, "how many times is a number from 0 on"
        if self.column.endswith(ONLY_GROWS):
            return 0, f"{words_of(self.column)} are counted up and never become fewer"
        if self.column == "y" and not self.begin and (self.y.unit == "ns" or _COUNTED.search(self.asked)):
            return 0, "that is a number from 0 on"
        return -math.inf, ""

    def text(self, number: float) -> str:
        """Returns a number with its unit."""
        return quantity(number, self.unit)

    def exactly(self, number: float) -> str:
        """Returns a number with its unit, and with its bytes where the unit rounds them away."""
        text = self.text(number)
        if self.unit != "bytes" or no_number(number) or "bytes" in text or _value_of(text.lower(), self) == number:
            return text
        return f"{text}   ({number:,.0f} bytes)"

    def value_of_trial(self, rows: list[Row]) -> int | None:
        """Returns what one trial of one arm answers, or None."""
        found = between(rows, self.begin, self.end, "y" if self.column == "y" else "")
        if found is None:
            return None
        first, last = rows[found[0]], rows[found[1]]
        if self.is_jump:
            if first.get(self.column) is None:
                return None
            stretch = rows[found[0]:found[1] + 1]
            return next((row["x"] for row in stretch if row.get(self.column) not in (first[self.column], None)), NEVER)
        return difference(last, first, self.column) if self.is_difference else last.get(self.column)

    def values(self, result: Result, arm: str) -> list[int | None]:
        """Returns what each trial of an arm answers."""
        trials: dict[int, list[Row]] = {}
        for row in result.rows:
            if row["arm"] == arm:
                trials.setdefault(row["trial"], []).append(row)
        return [self.value_of_trial(rows) for rows in trials.values()]

    def answer(self, result: Result) -> float | None:
        """Returns the measured number, the median over the trials; None where nothing was measured."""
        values = self.values(result, self.arm)
        if not self.against:
            counted = [value for value in values if value is not None]
            return median(counted) if counted else None
        pairs = zip(values, self.values(result, self.against))
        ratios = [value / other for value, other in pairs
                  if value is not None and other and not no_number(value) and not no_number(other)]
        return median(ratios) if ratios else None

    def why_nothing(self, result: Result) -> str:
        """Returns why a result has no answer."""
        for arm in filter(None, (self.arm, self.against)):
            rows = [row for row in result.rows if row["arm"] == arm]
            if not rows:
                return f'the arm "{arm}" recorded nothing'
            stages = {row["stage"] for row in rows}
            missing = [stage for stage in (self.begin, self.end) if stage and stage not in stages]
            if missing:
                return f'the arm "{arm}" recorded no stage "{missing[0]}"'
            if all(row.get(self.column) is None for row in rows):
                return f"{self.column} was not measured in the arm \"{arm}\""
        return "not at both ends of what was asked about"

    def place(self, result: Result, number: float) -> tuple[str, float] | None:
        """Returns (column, value) at which the chart shows this number; None where it shows no such thing."""
        if self.is_jump:
            return "x", number
        if self.column not in result.charted:
            return None
        if self.against:
            others = [value for value in self.values(result, self.against) if value is not None]
            number *= median(others) if others else 0
        return self.column, number + self._offset(result)

    def _offset(self, result: Result) -> int:
        """Returns where the chart, which shows growth since the arm's first row, has the 0 of this question."""
        rows = [row for row in result.rows if row["arm"] == self.arm]
        first = next((row for row in rows if row["stage"] == self.begin and row[self.column] is not None), None)
        if first is None:
            return 0
        return first[self.column] if self.column == "y" else first[self.column] - (rows[0][self.column] or 0)


def question_of(result: Result) -> Question | None:
    """Returns the question that the result's experiment asks, or the general one; None for a result of nothing."""
    if "predict" in result.metadata:
        try:
            measured, arm, begin, end, against, asked = cells_of(result.metadata["predict"], 6)
        except ValueError:
            return None
        return Question(measured, arm, begin, end, against, asked, result.axis("x"), result.axis("y"))
    return _general(result)


def _general(result: Result) -> Question | None:
    arm = next((arm.name for arm in result.arms if not arm.control), None)
    if "charted" not in result.metadata or arm is None:
        return None
    column = result.charted[0]
    asked = (f"What will \"{result.words_of(column)}\" be in the end, in the arm \"{arm}\"?" if column == "y"
             else f"By how much will \"{words_of(column)}\" have grown in the end, in the arm \"{arm}\"?")
    return Question(column, arm, asked=asked, x=result.axis("x"), y=result.axis("y"))


# ---- the prediction -------------------------------------------------------------

class Nonsense(ValueError):
    """What was entered is no prediction, or can never be measured; says what would be one."""


def understood(text: str, question: Question) -> Value:
    """Returns what was entered as a number in the question's unit, or "up", "down", "same"."""
    shown = "".join(letter for letter in text if letter.isprintable()).strip()  # an arrow key is typed, too
    value = _value_of(text.strip().lower().rstrip(".?!"), question)
    least, why = question.least()
    if value is None:
        raise Nonsense(f"\"{shown}\" is no prediction; expected is {hint(question)}.")
    if least == 0 and (value == "down" or not isinstance(value, str) and value < 0):
        raise Nonsense(f"\"{shown}\" cannot come out ({why}); expected is {hint(question)}.")
    if not isinstance(value, str) and abs(value) >= 2 ** 63:
        raise Nonsense(f"\"{shown}\" is more than can be measured; expected is {hint(question)}.")
    return value


def _value_of(said: str, question: Question) -> Value | None:
    """Returns what a text stands for; None for a text that is no answer to such a question."""
    if question.is_growth:
        for direction, words in DIRECTIONS.items():
            if said in words.split():
                return direction
    number = _NUMBER.fullmatch(said)
    scales = SCALES[question.unit]
    if not number or not (number[5] in scales or re.search(rf"\b{number[5]}\b", question.asked.lower())):
        return None
    value = 2 ** int(number[2]) if number[2] else int(number[3].replace(",", "")) + float(number[4] or 0)
    value *= scales.get(number[5], 1) * (-1 if number[1] else 1)
    return int(value) if value == int(value) else value


def hint(question: Question) -> str:
    """Returns what may be entered, with examples."""
    directions = ""
    if question.is_growth:
        directions = "; or up, same" if question.least()[0] == 0 else ", with a minus if it shrinks; or up, down, same"
    return EXAMPLES[question.unit] + directions


@dataclass
class Prediction:
    asked: str
    entered: str
    value: Value
    knobs: str
    predicted: str  # when, UTC
    times: int = 1    # how many people made it: more than 1 in a show of hands
    reason: str = ""  # why, in the words of who made it
    seen: str = ""    # when the answer had been measured in the same folder before, UTC; nothing: never
    hypothesis: str = ""  # of a copy, as it stood then

    def block(self) -> str:
        """Returns the prediction as its file keeps it; what is not said has no line."""
        left_out = {"times": 1, "reason": "", "seen": "", "hypothesis": ""}
        return "".join(f"{key}: {text}\n" for key, text in vars(self).items() if text != left_out.get(key)) + "\n"

    def compared(self, question: Question, measured: float | None) -> str:
        """Returns what the prediction came to, as a sentence."""
        if measured is None:
            return "This run gives no number to compare it with."
        if no_number(measured) == "never":
            return "No number is right: it never happened."
        if isinstance(self.value, str):
            went = "same" if measured == 0 else "up" if measured > 0 else "down"
            moved = "it stayed the same" if went == "same" else f"it went {went}, by {question.text(abs(measured))}"
            return f"{'Right' if went == self.value else 'No'}: {moved}."
        return _difference(self.value, measured, question)


def _difference(predicted: float, measured: float, question: Question) -> str:
    if predicted == measured:
        return "Exactly as predicted."
    moved = "Off" if not question.is_growth else "Nothing moved" if measured == 0 else "It did move"
    off = abs(predicted - measured)
    if measured == 0 or predicted == 0:
        way = "more" if predicted > measured else "less"
        return f"{moved}: {question.text(off)} {way} was predicted than measured."
    if (predicted < 0) != (measured < 0):
        return f"It went the other way: {'down' if measured < 0 else 'up'}, by {question.text(abs(measured))}."
    part = predicted / measured
    high = ("much" if part > 1 else "little") if measured < 0 else "high" if part > 1 else "low"
    if 0.5 < part < 2:
        by = f"{_percent(abs(part - 1))} too {high}" if question.unit == "times" else \
            f"{question.text(off)} too {high} ({_percent(abs(part - 1))})"
        return f"{'Close' if 0.9 < part < 1.1 else 'Off'}: {by}."
    return f"Off by a factor of {ratio(max(part, 1 / part))}: too {high}."


def _percent(part: float) -> str:
    return f"{100 * part:.2g} %"


def knobs_text(knobs: dict[str, Knob]) -> str:
    """Returns the experiment's own knobs, as a prediction keeps them."""
    return " ".join(f"{name}={knob.value}" for name, knob in knobs.items())


def path_of(result_path: str | Path) -> Path:
    """Returns the file of the predictions for a result."""
    return Path(result_path).with_suffix(".prediction")


@dataclass
class Hand:
    """What one or more people enter in place of each other."""
    entered: str
    value: Value
    times: int = 1


def hands(text: str, question: Question) -> list[Hand]:
    """Returns what was entered: a show of hands ("15x 64M, 5x 0, 3x 1 page"), or one prediction."""
    if not _HANDS.match(text):
        return [Hand(text.strip(), understood(text, question))]
    found = []
    for part in re.split(r"[,;]\s*(?=\d+\s*[x×]\s)", text.strip().rstrip(".,;")):
        counted = _HANDS.match(part)
        if not counted or not 0 < int(counted[1]) <= MOST_HANDS:
            raise Nonsense(f"\"{part.strip()}\" is no part of a show of hands; expected is how many, x, a blank and "
                           f"the prediction, as in \"15x 64K, 3x 0\", and at most {MOST_HANDS:,} hands for each.")
        entered = part[counted.end():].strip()
        found.append(Hand(entered, understood(entered, question), int(counted[1])))
    return found


def seen_before(result_path: Path, question: Question, knobs: str) -> str:
    """Returns when the answer to this question, with these knobs, had been measured into the same folder.  A result
    that is older than its source answers for another version of the experiment."""
    source = ROOT / "experiments" / result_path.parent.name / f"{result_path.stem}.c"
    if not result_path.exists() or source.exists() and source.stat().st_mtime > result_path.stat().st_mtime:
        return ""
    last = read_result(result_path)
    earlier = question_of(last)
    same = earlier is not None and earlier.asked == question.asked and knobs_text(last.knobs) == knobs
    return last.metadata.get("measured", "") if same and question.answer(last) is not None else ""


def append(result_path: Path, shown: list[Hand], question: Question, knobs: dict[str, Knob],
           reason: str = "", hypothesis: str = "") -> list[Prediction]:
    """Keeps predictions and returns them.  It is one write(2) of whole blocks, so that of two at the same time both
    stay; what could not be kept whole goes."""
    now, set_to = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), knobs_text(knobs)
    seen = seen_before(result_path, question, set_to)
    predicted = [Prediction(question.asked, hand.entered, hand.value, set_to, now, hand.times,
                            " ".join(reason.split()), seen, hypothesis) for hand in shown]
    path, block = path_of(result_path), "".join(one.block() for one in predicted).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab", buffering=0) as file:
            begin = file.tell()
            if file.write(block) != len(block):
                file.truncate(begin)
                raise OSError(28, "no space left")
    except OSError as error:
        stop(f"cannot keep the prediction in {path}: {error.strerror}; give another folder with RESULTS=...")
    return predicted


def _value(text: str) -> Value:
    if text in DIRECTIONS:
        return text
    value = float(text)
    if not abs(value) < 2 ** 63:  # nan, too
        raise ValueError(f"{text} is no prediction")
    return int(text) if re.fullmatch(r"-?\d+", text) else value


def _times(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,4}", text) or int(text) > MOST_HANDS:
        raise ValueError(f"{text} is no number of hands")
    return int(text)


def read_all(result_path: Path) -> list[Prediction]:
    """Returns every whole prediction of the file, oldest first; nothing where there is no file."""
    try:
        return read_text(path_of(result_path).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return []


def read_text(text: str) -> list[Prediction]:
    """Returns every whole prediction of a text, oldest first."""
    found = []
    for block in text.split("\n\n"):
        cells = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        try:
            found.append(Prediction(cells["asked"], cells["entered"], _value(cells["value"]),
                                    cells.get("knobs", ""), cells["predicted"], _times(cells.get("times", "1")),
                                    cells.get("reason", ""), cells.get("seen", ""), cells.get("hypothesis", "")))
        except (KeyError, ValueError):
            continue
    return found


def read(result: Result) -> list[Prediction]:
    """Returns the predictions of this result: of its question, with its knobs."""
    question = question_of(result)
    knobs = knobs_text(result.knobs)
    return [predicted for predicted in read_all(result.path)
            if question and predicted.asked == question.asked and predicted.knobs == knobs]


def counted(result: Result) -> Counter[float]:
    """Returns how many people predicted each number, in the order in which they were first said."""
    told: Counter[float] = Counter()
    for one in read(result):
        if not isinstance(one.value, str):
            told[one.value] += one.times
    return told


def lesson(result: Result) -> str:
    """Returns what the difference teaches: why it came out as it did.  That of a copy is for its author to find."""
    if result.metadata.get("hypothesis"):
        return ""
    return result.metadata.get("because") or result.instead


def marks(result: Result) -> list[tuple[str, float, str]]:
    """Returns (column, value, label) of the last predictions that the chart can show, and of what was measured."""
    question = question_of(result)
    found: dict[tuple[str, float], str] = {}
    for predicted in read(result):
        if question is None or isinstance(predicted.value, str):
            continue
        place = question.place(result, predicted.value)
        if place:
            found.pop(place, None)
            found[place] = f"predicted: {question.text(predicted.value)}"
    marked = [(column, value, label) for (column, value), label in found.items()][-MOST_MARKS:]
    bars = result.metadata.get("chart") == "bars"  # each of them carries its number
    measured = question.answer(result) if question and marked and not bars else None
    place = question.place(result, measured) if question and measured is not None and not no_number(measured) else None
    if question and place and measured is not None:
        marked.append((*place, f"measured: {question.text(measured)}"))
    return marked


def view(result: Result) -> dict[str, Any] | None:
    """Returns what the report shows: the question, what was measured, each prediction and how often it was made."""
    question = question_of(result)
    if question is None:
        return None
    measured = question.answer(result)
    found: dict[str, dict[str, Any]] = {}
    for predicted in read(result):
        text = predicted.value if isinstance(predicted.value, str) else question.exactly(predicted.value)
        told = found.setdefault(text, {"text": text, "times": 0, "compared": predicted.compared(question, measured)})
        told["times"] += predicted.times
    return {"asked": question.asked, "said": list(found.values()), "why": lesson(result),
            "measured": "nothing" if measured is None else question.exactly(measured)} if found else None
