# SPDX-License-Identifier: MIT
"""Rows and listings as the report shows them: their head and their tail."""
from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

from touchstone.results import Result
from touchstone.words import grouped

TABLE_ROWS = 24   # longest table of rows: its head and its tail
LOOKS = 12        # the same for what ps saw: the verdict does not rest on it
DUMP_LINES = 120  # longest pmap listing


def head_and_tail(items: list, most: int) -> tuple[list, int, list]:
    """Returns (head, how many are left out, tail)"""
    if len(items) <= most:
        return items, 0, []
    return items[:most // 2], len(items) - most // 2 * 2, items[-(most // 2):]


def table_view(columns: list[str], rows: list[list[str]], most: int = TABLE_ROWS) -> dict[str, Any]:
    """Returns cells as text; left out is a column that says nothing: empty all the way down, or x always 0, or one trial."""
    nothing = {"trial": {"1"}, "x": {"", "0"}}
    kept = [i for i in range(len(columns)) if any(row[i] not in nothing.get(columns[i], {""}) for row in rows)]
    cut = [[row[i] if columns[i] == "pid" else grouped(row[i]) for i in kept] for row in rows]
    head, left_out, tail = head_and_tail(cut, most)
    texts = [any(not re.fullmatch(r"-?[\d.,]*", row[i]) for row in cut) for i in range(len(kept))]
    return {"columns": [columns[i] for i in kept], "is_text": texts, "head": head, "left_out": left_out, "tail": tail}


def rows_view(result: Result) -> dict[str, Any]:
    """Returns the recorded rows, of the columns that are charted."""
    wanted = ["arm", "trial", "stage", "x", "y"] + result.charted
    columns = [column for column in wanted if column in result.columns]
    return table_view(columns, [["" if row[column] is None else str(row[column]) for column in columns]
                                for row in result.rows])


def listing(path: Path) -> str | None:
    """Returns the head and the tail of a listing; None where there is none."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    head, left_out, tail = head_and_tail([line[:200] for line in lines], DUMP_LINES)
    return "\n".join(head + ([f"... {left_out} lines left out; {path.name} has them ..."] if left_out else []) + tail)


def observed_view(result: Result) -> dict[str, Any] | None:
    """Returns what ps and pmap saw: a table, and the listings of the first arm's first and last stage."""
    folder = result.path.with_suffix(".observed")
    try:
        with open(folder / "ps.csv", encoding="utf-8", errors="replace", newline="") as file:
            columns, *rows = list(csv.reader(file))
    except (OSError, ValueError):
        return None
    rows = [row for row in rows if len(row) == len(columns)]
    arm_rows = [i for i, row in enumerate(rows) if row[0] == rows[0][0]] if rows else []
    dumps = []
    for number in sorted({arm_rows[0], arm_rows[-1]}) if arm_rows else []:
        row = dict(zip(columns, rows[number]))
        for option, meaning in (("-x", "size, resident and dirty KiB of each mapping"),
                                ("-X", "every number that the kernel keeps of it")):
            text = listing(folder / f"{number + 1:03}.pmap{option}.txt")
            if text is not None:
                dumps.append({"option": option, "meaning": meaning, "arm": row.get("arm", ""),
                              "stage": row.get("stage", ""), "x": grouped(row.get("x", "")), "text": text})
    return {"table": table_view(columns, rows, LOOKS), "dumps": dumps, "folder": folder.name}
