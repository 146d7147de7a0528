# SPDX-License-Identifier: MIT
"""The two tables for other programs: class.csv and marks.csv."""
from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from touchstone.classroom.hand_in import HandIn
from touchstone.files import write_whole

COLUMNS = ["machine", "claim", "verdict", "finding", "outcome", "value", "unit", "prediction"]
# The marks of docs/teaching.md, with the most that each can earn.
MARKS = ["a hypothesis that could have failed (3)", "a prediction before the run, with a reason (2)",
         "exactly one change (1)", "a control that shows the opposite (2)", "every column that moved explained (2)"]


def plain(cell: str) -> str:
    """Returns a cell that a spreadsheet does not take for a formula."""
    return "'" + cell if cell.startswith(("=", "+", "@", "\t", "\r")) or cell.startswith("-") and not _number(cell) \
        else cell


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _write(path: Path, rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([plain(cell) for cell in row] for row in rows)
    write_whole(path, text.getvalue())


def _rows(class_: Sequence[HandIn]) -> Iterable[list[str]]:
    yield COLUMNS
    for one in class_:
        for claim, answer in one.answers.items():
            name = claim.partition("/")[2]
            for finding in answer.findings or [("", "", "", "")]:
                yield [one.name, name, answer.verdict, *finding, ""]
            for bet in answer.bets:
                measured = "" if answer.measured is None else f"{answer.measured:.15g}"
                said = bet.entered if bet.value is None else f"{bet.value:.15g}"
                yield [one.name, name, answer.verdict, answer.asked, "predicted", measured, answer.unit, said]


def write_class(path: Path, class_: Sequence[HandIn]) -> None:
    """Writes a row for each finding and each bet of each machine."""
    _write(path, _rows(class_))


def write_marks(path: Path, class_: Sequence[HandIn]) -> None:
    """Writes a row for each journal, with a column to fill in for each mark."""
    rows = [[one.name, journal, *[""] * len(MARKS), ""] for one in class_ for journal in one.journals]
    _write(path, [["machine", "journal", *MARKS, "remark"], *rows])
