# SPDX-License-Identifier: MIT
"""Puts a copy of an experiment beside its origin, and an entry into the journal: behind scripts/hypothesis."""
from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

from touchstone import prediction
from touchstone.arguments import Parser
from touchstone.charts import overlay, panels
from touchstone.classroom.journal import (TO_FILL_IN, Journal, digest_of, hypothesis, known, predictions,
                                          quoted, series, versions)
from touchstone.cli import stop
from touchstone.comparison import Comparison
from touchstone.programs import KNOBS, RESULTS, Condition, find_claim, must_build, prepare, run, turn
from touchstone.progress import Progress
from touchstone.results import Result
from touchstone.sides import Side
from touchstone.source_difference import changes, diff_lines, origin_of, warnings
from touchstone.tables import markdown, terminal

MOST_DIFF = 40   # lines of the source difference
MOST_ROWS = 20   # of the table in the terminal


# ---- measuring ----------------------------------------------------------------------

def measure(claims: list[str], programs: dict[str, str], rounds: int, folder: Path) -> dict[str, list[Result]]:
    """Returns {claim: [Result of each round]}; the order turns round by round, so that a drift meets both."""
    progress = Progress(rounds * len(claims))
    results: dict[str, list[Result]] = {claim: [] for claim in claims}
    try:
        for number in range(1, rounds + 1):
            for claim in claims if number % 2 else claims[::-1]:
                label = f"{claim}, round {number}"
                progress.begin(label)
                result, why = run(programs[claim], Condition(label),
                                  f"{folder}/{claim.replace('/', '.')}.{number}.csv")
                if not result:
                    progress.clear()
                    stop(f"{claim} was not measured: {why}")
                results[claim].append(result)
                progress.end(label, result.verdict)
    finally:
        progress.clear()
    return results


# ---- what is told ----------------------------------------------------------------------

def table_rows(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    """Returns [(arm, column, stage, origin → copy)]: every stage at whose end a column differs."""
    rows = []
    for change in comparison.changes:
        base, other = (side.over_stages(change.arm, change.column) for side in (comparison.base, comparison.other))
        pairs = {stage: (base[stage], other[stage]) for stage in base
                 if stage in other and base[stage].differs(other[stage])}
        for stage, pair in (pairs or {change.first: change.at_first}).items():
            _, again, x = change.first.partition(f"{stage}, x = ")  # a stage that was recorded many times
            rows.append((change.arm, change.column, stage + (f" (from x = {x} on)" if again else ""),
                         " → ".join(side.text(change.unit) for side in pair)))
    return rows


HEAD = ("arm", "column", "at the end of stage", "origin → copy")


def print_table(comparison: Comparison) -> None:
    """Prints the table for the terminal."""
    rows = table_rows(comparison)
    print(terminal(HEAD, rows[:MOST_ROWS]))
    if len(rows) > MOST_ROWS:
        print(f"and {len(rows) - MOST_ROWS} more, in the journal")


def unmoved(comparison: Comparison) -> str:
    """Returns the columns that moved alike, and by how much: to stay at 16,385 faults may be half of the answer."""
    arms = [change.arm for change in comparison.changes] or \
        [arm for arm in comparison.other.arms() if not comparison.other.is_control(arm)]
    names = []
    for column in comparison.unmoved():
        end = comparison.other.at_end(arms[0], column) if arms else None
        names.append(f"{column} ({end.text(comparison.other.unit_of(column))})" if end and end.high else column)
    in_brackets = any(name.endswith(")") for name in names)
    return ", ".join(names) + (f"; in brackets how far in {arms[0]}" if in_brackets else "")


def told(comparison: Comparison, warned: list[str]) -> Iterator[str]:
    """Yields the result in sentences, for the terminal and for the journal."""
    yield f"Verdict: {comparison.verdict_text()}."
    yield f"No difference in: {unmoved(comparison) or 'none of the columns'}."
    turned = [finding for finding in comparison.findings if finding.turned()]
    yield from (f"Finding: {finding.text()}." for finding in turned[:4])
    yield from (f"Note: {sentence}." for sentence in comparison.only)
    for key, (base, other) in comparison.environment.items():
        yield f"Also different: {key}: {base} → {other}."
    yield from (f"Careful: {warning}." for warning in warned)


def because(comparison: Comparison) -> list[str]:
    """Returns a line to fill in for each column that moved."""
    moved = dict.fromkeys((column, arm) for arm, column, _, _ in table_rows(comparison))
    return [f"- {column}, in {arm}, because {TO_FILL_IN}" for column, arm in moved]


def section(comparison: Comparison, journal: Journal, diff: list[str], warned: list[str], run: Path,
            digest: str) -> str:
    """Returns a dated entry of the journal, for the student to complete; nothing where nothing is new."""
    copy, stamp = comparison.other.first, run.name
    is_new, made, swept = known(digest) not in journal.text(), journal.new(predictions(copy)), \
        journal.new(series(journal.results, journal.name))
    if not (is_new or made or swept):
        return ""
    question, drawn = prediction.question_of(copy), (run / "overlay.png").exists()
    rows, rounds = table_rows(comparison), len(comparison.other.results)
    none = f"none: make predict CLAIM={copy.name} asks for one, and it counts if nothing was measured before"
    parts = [f"## {stamp.replace('T', ' ').replace('.', ':')}"]
    if is_new:
        parts += ["**Hypothesis**", hypothesis(versions(copy, journal.folder)),
                  "**Change**", "```diff\n" + "\n".join(diff) + "\n```", known(digest)]
    if is_new or made:
        parts += ["**Predictions**", quoted(question.asked) if question else "", "\n".join(made) or
                  ("" if prediction.read_all(copy.path) else quoted(none))]
    if is_new:
        parts += [f"**Result** ({rounds} runs each, alternating; numbers: median, and lowest to highest where they "
                  "differ)", "\n".join(f"- {sentence}" for sentence in told(comparison, warned)),
                  markdown(HEAD, rows) if rows else "",
                  f"![{comparison.headline()}]({journal.name}/{stamp}/overlay.png)" if drawn else "",
                  f"Every run: `{journal.name}/{stamp}/`"]
        parts += ["**What moved, and why**", "\n".join(because(comparison))] if rows else []
    parts += ["**Sweeps and conditions**", "\n\n".join(swept)] if swept else []
    parts += ["**Interpretation**", "Keep or reject the hypothesis? Because:"] if is_new else []
    return "\n\n".join(part for part in parts if part) + "\n\n\n"


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = Parser()
    parser.add_argument("claim", metavar="CLAIM")
    parser.add_argument("--origin", default="", help="what it is a copy of, if its source does not say")
    options = parser.parse_args(argv)
    rounds = os.environ.get("ROUNDS") or "5"
    if not re.fullmatch(r"[1-9]\d{0,2}", rounds):
        stop(f"ROUNDS={rounds}: give a number from 1 to 999")
    options.rounds = int(rounds)
    return options


def main(argv: list[str] | None = None) -> int:
    """Measures both, prints what differs and writes the journal; returns the exit status."""
    options = arguments(argv)
    prepare()
    copy = find_claim(options.claim)
    origin = origin_of(copy, options.origin)
    programs = {claim: must_build(claim) for claim in (origin, copy)}
    name = copy.partition("/")[2]
    journal = Journal(Path(RESULTS), name, origin)
    folder = journal.folder / time.strftime("%Y-%m-%dT%H.%M.%S")
    try:
        with turn():
            results = measure([origin, copy], programs, options.rounds, folder)
    except (KeyboardInterrupt, SystemExit) as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, SystemExit):
            raise
        print("interrupted; the journal is as it was", file=sys.stderr)
        sys.exit(130)
    comparison = Comparison(Side(origin.partition("/")[2], results[origin]), Side(name, results[copy]))
    diff = diff_lines(origin, copy)
    warned = list(warnings(changes(origin, copy), comparison.base.first, comparison.other.first))
    conclude(comparison, diff, warned, folder, options.rounds)
    entry = section(comparison, journal, shortened(diff), warned, folder, digest_of(origin, copy, " ".join(KNOBS)))
    print(f"journal: {journal.path}: " + ("the interpretation is yours to write" if entry else
                                          "nothing is new, so nothing was added"))
    journal.add(entry, comparison.other.first)
    return 0


def shortened(diff: list[str]) -> list[str]:
    """Returns the head of the difference, and how much is left out."""
    return diff[:MOST_DIFF] + [f"... {len(diff) - MOST_DIFF} lines more"] * (len(diff) > MOST_DIFF)


def conclude(comparison: Comparison, diff: list[str], warned: list[str], folder: Path, rounds: int) -> None:
    """Prints what the terminal shows, and draws the chart."""
    stated = comparison.other.metadata.get("hypothesis") or "not stated: .hypothesis = ... in the declaration"
    print(*shortened(diff), "", f"hypothesis: {stated}", "", sep="\n")
    if comparison.changes:
        print(f"  {rounds} runs each, alternating:")
        print_table(comparison)
        print()
    width = max(60, shutil.get_terminal_size((120, 24)).columns)
    for sentence in told(comparison, warned):
        print(textwrap.fill(sentence, width, subsequent_indent="    "))
    why = panels.missing()
    figure = None if why else overlay.of_comparison(comparison)
    if why:
        print(why, file=sys.stderr)
    if figure:
        panels.save(figure, folder / "overlay.png")
        print(f"chart: {folder / 'overlay.png'}")
