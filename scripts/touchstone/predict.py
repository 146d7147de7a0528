# SPDX-License-Identifier: MIT
"""Asks for a prediction, keeps it, measures and compares: behind scripts/predict."""
from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

from touchstone import prediction
from touchstone.arguments import Parser
from touchstone.cli import stop
from touchstone.programs import RESULTS, declaration, find_claim, must_build, numbered, prepare
from touchstone.results import chapter_order, read_result
from touchstone.words import short_size

WIDTH = 100


class NothingSaid(Exception):
    """The reader went on to the next claim, or away."""


class Experiment:
    """What is known before it runs.  Where it is asked for by its number, its name is not told: a name may be the
    answer."""

    def __init__(self, claim: str, number: str = ""):
        self.claim, self.number, self.csv = claim, number, Path(f"{RESULTS}/{claim}.csv")
        self.program = must_build(claim, secretly=bool(number))
        self.declared = declaration(self.program)
        question = prediction.question_of(self.declared)
        if question is None:
            stop(f"experiments/{claim}.c charts no column, so there is nothing to predict: give it a .predict")
        if not question.arm:
            stop(f"experiments/{claim}.c: .predict names no arm: its answer is what one arm measures")
        if question.column == "y" and not question.y.text:
            stop(f"experiments/{claim}.c: .predict asks about y, and .y_axis does not say what y is")
        self.question = question

    def show(self) -> None:
        """Prints what is asked, the knobs, and the question."""
        about = self.declared.metadata
        told = about.get("asked") or about.get("claim", self.claim)
        print(f"{self.number}  {told}" if self.number else f"{told}\n  experiments/{self.claim}.c")
        for knob in self.declared.knobs.values():
            setting = f"{knob.name}={short_size(knob.value) if knob.unit == 'bytes' else knob.value}"
            print(f"  {setting:<20} {knob.meaning}")
        print("", *textwrap.wrap(self.question.asked, WIDTH), sep="\n")


# ---- asking ---------------------------------------------------------------------

def ask(question: prediction.Question, may_skip: bool) -> list[prediction.Hand]:
    """Asks until the answer is a prediction, or a show of hands."""
    prompt = f"Your prediction - {prediction.hint(question)}{'; or skip' if may_skip else ''}: "
    while True:
        print(prompt, end="", flush=True)
        entered = sys.stdin.readline()  # input() may sleep through a Ctrl-C that comes with its prompt
        if not entered:
            print()
            raise NothingSaid("no prediction was given, so nothing was run or written")
        if may_skip and entered.strip().lower() == "skip":
            raise NothingSaid("skipped")
        if not entered.strip():
            continue
        try:
            return prediction.hands(entered, question)
        except prediction.Nonsense as nonsense:
            print(nonsense)


def reason(experiment: Experiment) -> str:
    """Returns the reason in REASON, else asks for it on the terminal: for a copy, whose journal is marked."""
    given_before = os.environ.get("REASON", "").strip()
    if given_before or not experiment.declared.metadata.get("hypothesis") or not sys.stdin.isatty() \
            or os.environ.get("PREDICT", "").strip():
        return given_before
    print("Your reason, in one line, for the journal (or Enter): ", end="", flush=True)
    return "".join(letter for letter in sys.stdin.readline() if letter.isprintable()).strip()


def given(question: prediction.Question, may_skip: bool) -> list[prediction.Hand]:
    """Returns the predictions in PREDICT, else asks on the terminal."""
    entered = os.environ.get("PREDICT", "")
    if entered.strip():
        try:
            return prediction.hands(entered, question)
        except prediction.Nonsense as nonsense:
            stop(str(nonsense))
    if not sys.stdin.isatty():
        stop("there is no terminal to ask on; give the prediction with PREDICT, as in PREDICT="
             + {"bytes": "64K", "ns": "3ms"}.get(question.unit, "4"))
    return ask(question, may_skip)


# ---- measuring and comparing ------------------------------------------------------

def call(*command: str) -> int:
    """Runs a script to its end, also when Ctrl-C is meant for it; returns its exit status."""
    sys.stdout.flush()
    with subprocess.Popen(command) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.wait()
            raise


def print_wrapped(text: str) -> None:
    print(textwrap.fill(text, WIDTH, initial_indent="  ", subsequent_indent="  "))


def predicted_text(question: prediction.Question, predicted: prediction.Prediction) -> str:
    """Returns the prediction as it was understood, and as it was entered where that differs."""
    if isinstance(predicted.value, str):
        return predicted.value
    text = question.text(predicted.value)
    return text if text == predicted.entered else f"{text}   ({predicted.entered})"


def print_hands(question: prediction.Question, shown: list[prediction.Prediction], measured: float | None) -> None:
    """Prints the predictions of a class, the most frequent one first."""
    print(f"  predicted  by {sum(one.times for one in shown):,}")
    for one in sorted(shown, key=lambda one: -one.times):
        print_wrapped(f"{one.times:>9,} x  {predicted_text(question, one)}: {one.compared(question, measured)}")


def compare(experiment: Experiment, shown: list[prediction.Prediction]) -> None:
    """Prints prediction and measurement side by side, and what the difference teaches."""
    result, predicted = read_result(experiment.csv), shown[0]
    question = prediction.question_of(result)
    if question is None or question.asked != predicted.asked:
        print(f"\nNothing to compare: {result.verdict}" + (f", {result.reason}" if result.reason else ""))
        return
    measured = question.answer(result)
    print()
    print_wrapped(question.asked)
    is_a_class = len(shown) > 1 or predicted.times > 1
    if not is_a_class:
        print(f"  predicted  {predicted_text(question, predicted)}")
    if measured is None:
        print_wrapped(f"measured   nothing: {result.verdict}, {result.reason or question.why_nothing(result)}")
    else:
        print(f"  measured   {question.exactly(measured)}")
    if is_a_class:
        print_hands(question, shown, measured)
    else:
        print_wrapped(predicted.compared(question, measured))
    if measured is not None and prediction.lesson(result):
        print_wrapped("Why: " + prediction.lesson(result))
    if result.metadata.get("hypothesis"):
        print_wrapped(f"Find out why: make hypothesis CLAIM={result.name} compares it with the original.")


def predict(claim: str, form: str, number: str = "", may_skip: bool = False) -> int:
    """Asks, keeps, measures and compares; returns the exit status of the run."""
    experiment = Experiment(claim, number)
    experiment.show()
    shown = given(experiment.question, may_skip)
    predicted = prediction.append(experiment.csv, shown, experiment.question, experiment.declared.knobs,
                                  reason(experiment), experiment.declared.metadata.get("hypothesis", ""))
    try:
        status = call("scripts/run", claim)
        if status:
            return status
        call("scripts/chart", f"--{form}", str(experiment.csv))
    except KeyboardInterrupt:
        print(f"\nyour prediction is kept in {prediction.path_of(experiment.csv)}", file=sys.stderr)
        raise
    compare(experiment, predicted)
    if form != "text" and experiment.csv.with_suffix(f".{form}").exists():
        print(f"  chart      {experiment.csv.with_suffix(f'.{form}')}")
    return 0


# ---- a whole chapter ----------------------------------------------------------------

def claims_of(chapter: str) -> list[tuple[str, str]]:
    """Returns (number, CHAPTER/CLAIM) of each claim of a chapter in teaching order; a chapter of one's own has no
    numbers."""
    folders = [path for path in Path("experiments").iterdir() if any(path.glob("*.c"))]
    wanted = chapter.removeprefix("experiments/").rstrip("/")
    named = [path for path in folders if path.name == wanted]
    found = named or [path for path in folders if wanted and wanted in path.name.split("_", 1)]
    if len(found) != 1:
        names = sorted((path.name for path in folders), key=chapter_order)
        unknown = f'there is no "{wanted}"; ' if wanted else ""
        stop(f"which chapter? {unknown}CHAPTER may be {', '.join(names)}")
    claims = [(number, claim) for number, claim in numbered() if Path(claim).parent.name == found[0].name]
    return claims or [("", f"{found[0].name}/{path.stem}") for path in sorted(found[0].glob("*.c"))]


def predict_all(chapter: str, form: str) -> int:
    """Asks for each claim of a chapter; returns the worst exit status."""
    claims = claims_of(chapter)
    if os.environ.get("PREDICT", "").strip():
        stop("PREDICT answers one question, and a chapter asks several: make predict CLAIM=... PREDICT=...")
    if not sys.stdin.isatty():
        stop("there is no terminal to ask on; one at a time it goes without: make predict CLAIM=... PREDICT=...")
    worst = 0
    for place, (number, claim) in enumerate(claims, 1):
        print(f"\n[{place}/{len(claims)}]{'' if number else ' ' + claim}")
        try:
            worst = max(worst, predict(claim, form, number, may_skip=True))
        except SystemExit:  # it cannot be asked, and has said why; the others can
            worst = max(worst, 1)
        except NothingSaid as said:
            print(f"  {said}")
            if "skipped" not in str(said):
                break
    return worst


def main(argv: list[str] | None = None) -> int:
    """Asks for one claim or for a chapter; returns the exit status."""
    parser = Parser()
    parser.add_argument("claim", nargs="?", default="", metavar="CLAIM")
    parser.add_argument("--all", metavar="CHAPTER")
    for form in ("svg", "png", "text"):
        parser.add_argument(f"--{form}", dest="form", action="store_const", const=form, default="svg")
    arguments = parser.parse_args(argv)
    if arguments.all is not None and arguments.claim:
        parser.error("a CLAIM, or --all CHAPTER")
    prepare()
    try:
        if arguments.all is not None:
            return predict_all(arguments.all, arguments.form)
        wanted = arguments.claim
        return predict(find_claim(wanted), arguments.form, wanted if re.fullmatch(r"\d+\.\d+", wanted) else "")
    except NothingSaid as said:
        return stop(str(said))
    except KeyboardInterrupt:
        print("\ninterrupted; what was predicted and measured until now is kept", file=sys.stderr)
        return 130
