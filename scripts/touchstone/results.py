# SPDX-License-Identifier: MIT
"""Reads results (docs/result_format.md).

    for result in read_results("results/latest"):
        print(result.chapter, result.name, result.verdict)
"""
from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from touchstone.lines import KINDS, Arm, DeclaredAnnotation, DeclaredAxis, DeclaredMark, Finding, Knob
from touchstone.words import NEVER, no_number, unit_of, words_of

FORMAT = "2"
VERDICTS = ("reproduced", "refuted", "inconclusive", "unsupported", "broken")
TEXT_COLUMNS = ("arm", "stage")
PLACE_COLUMNS = ("arm", "trial", "stage", "x", "line")  # they say where a row comes from; the others are measured
SERIES = ("sweeps", "confounds")  # beside the chapters: experiments run again and again (series.py)
# Metadata that describes the experiment; every other key describes the machine.
DECLARATION = ("claim", "asked", "asked_with", "instead", "hypothesis", "source", "charted", "chart", "predict",
               "because", "address_map", "confidence")

Row = dict  # column -> int, None (not measured) or, for arm and stage, text


@dataclass
class Result:
    path: Path
    metadata: dict[str, str] = field(default_factory=dict)  # the lines of one cell
    axes: dict[str, DeclaredAxis] = field(default_factory=dict)  # "x", "y", where they are declared
    log: tuple[str, ...] = ()                               # the axes that are logarithmic
    marks: list[DeclaredMark] = field(default_factory=list)
    annotations: list[DeclaredAnnotation] = field(default_factory=list)
    arms: list[Arm] = field(default_factory=list)
    knobs: dict[str, Knob] = field(default_factory=dict)     # the experiment's own, by name
    settings: dict[str, Knob] = field(default_factory=dict)  # the harness's
    columns: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    verdict: str = "broken"
    reason: str = ""
    damage: str = ""                                        # what is wrong with the file itself, or nothing
    is_cut_short: bool = False                              # it has no verdict
    is_refused: bool = False                                # it cannot be opened, or is in another format

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def chapter(self) -> str:
        return self.path.parent.name

    @property
    def charted(self) -> list[str]:
        """The columns that the chart shows."""
        return self.metadata.get("charted", "").split() or ["resident_bytes"]

    @property
    def not_as_told(self) -> str:
        """Returns "with bits=47, not as told" where a knob that stands in the claim's sentence was changed."""
        settings = self.metadata.get("asked_with")
        return f"with {settings}, not as told" if settings else ""

    @property
    def verdict_in_words(self) -> str:
        """Returns the verdict, and where the sentence was another one than the claim's, with what it was asked."""
        is_about_the_claim = self.verdict in ("reproduced", "refuted")
        return f"{self.verdict} {self.not_as_told}".strip() if is_about_the_claim else self.verdict

    @property
    def instead(self) -> str:
        """Returns what is true instead of a refuted claim; nothing where that was measured and does not hold either."""
        return self.metadata.get("instead", "") if self.verdict == "refuted" and not self.reason else ""

    def axis(self, name: str) -> DeclaredAxis:
        """Returns x or y, as the experiment declares it; one without words where it does not."""
        return self.axes.get(name, DeclaredAxis())

    def unit_of(self, column: str) -> str:
        """Returns bytes, ns or count: of x and y what is declared, of a column the end of its name."""
        return self.axis(column).unit if column in ("x", "y") else unit_of(column)

    def words_of(self, column: str) -> str:
        """Returns what a reader calls a column: of x and y the declared words."""
        return self.axis(column).words() or column if column in ("x", "y") else words_of(column)

    def columns_measured(self) -> list[str]:
        """Returns the numbers of this experiment: what is not empty in every row."""
        return [column for column in self.columns if column not in PLACE_COLUMNS
                and any(row[column] is not None for row in self.rows)]

    def why_no_result(self) -> str:
        """Returns what keeps this file from being a result at all, or nothing."""
        if self.is_refused:
            return self.damage
        if "claim" not in self.metadata:
            return "is no result: it has no '# claim:' line"
        missing = [column for column in PLACE_COLUMNS if column not in self.columns]
        if self.columns and missing:
            return f"is no result: its header row lacks {', '.join(missing)}"
        return ""

    def machine(self) -> dict[str, str]:
        """Returns the lines that describe the machine and the conditions of the run."""
        return {key: text for key, text in self.metadata.items() if key not in DECLARATION}


# ---- reading -----------------------------------------------------------------

def wrong_format(first_line: str) -> str:
    """Returns why a file with this first line cannot be read here, or nothing."""
    key, _, number = first_line.strip().partition(": ")
    if key == "# format" and number == FORMAT:
        return ""
    said = f"is in format {number}" if key == "# format" else "names no format"
    return f"{said}; these scripts read format {FORMAT}: measure again with make run-all"


def _row(columns: list[str], cells: list[str]) -> Row:
    if len(cells) != len(columns):
        raise ValueError(f"{len(cells)} cells under a header of {len(columns)}")
    return {column: cell if column in TEXT_COLUMNS else _number(cell) for column, cell in zip(columns, cells)}


def _number(cell: str) -> int | None:
    """Returns the number of a cell, or NEVER; None for what was not measured."""
    number = NEVER if cell == "never" else int(cell) if cell else None
    return NEVER if no_number(number) == "never" else None if no_number(number) else number


def _read_comment(result: Result, key: str, text: str, ending: dict[str, str]) -> None:
    if key in KINDS:
        result.findings.append(Finding.of(key, text))
    elif key == "arm":
        result.arms.append(Arm.of(text))
    elif key in ("knob", "setting"):
        knob = Knob.of(text)
        (result.knobs if key == "knob" else result.settings)[knob.name] = knob
    elif key in ("x", "y"):
        result.axes[key] = DeclaredAxis.of(text)
    elif key == "mark":
        result.marks.append(DeclaredMark.of(text))
    elif key == "annotate":
        result.annotations.append(DeclaredAnnotation.of(text))
    elif key == "log":
        result.log = tuple(text.split())
    elif key in ("verdict", "reason"):
        ending[key] = text
    else:
        result.metadata[key] = text


def _read_line(result: Result, line: str, ending: dict[str, str]) -> None:
    if line.startswith("#"):
        key, colon, text = line[1:].strip().partition(":")
        if colon:
            _read_comment(result, key, text.strip(), ending)
        return
    cells: list[str] = next(csv.reader([line]), [])
    if not result.columns:
        result.columns = cells
    elif cells:
        result.rows.append(_row(result.columns, cells))


def _read_lines(result: Result, file: TextIO) -> None:
    ending: dict[str, str] = {}
    result.damage = wrong_format(file.readline())
    result.is_refused = bool(result.damage)
    for number, line in enumerate(() if result.is_refused else file, 2):
        try:
            _read_line(result, line, ending)
        except (ValueError, csv.Error) as error:
            result.damage = result.damage or f"damaged: line {number}: {error}"
    result.is_cut_short = "verdict" not in ending and not result.is_refused
    if result.is_cut_short:
        result.damage = "cut short: the file has no verdict"
    elif not result.damage and ending["verdict"] not in VERDICTS:
        result.damage = f"damaged: \"{ending['verdict']}\" is not a verdict"
    if result.damage:
        result.reason = result.damage
    else:
        result.verdict, result.reason = ending["verdict"], ending.get("reason", "")


def read_text(path: Path, text: str) -> Result:
    """Reads the text of a result as if it stood in a file of that name."""
    result = Result(path)
    _read_lines(result, io.StringIO(text))
    return result


def read_result(path: str | Path) -> Result:
    """Reads one CSV.  A file that is cut short or damaged, is in another format or cannot be read comes back as broken,
    with the reason."""
    result = Result(Path(path))
    try:
        with open(path, encoding="utf-8", errors="replace", newline="") as file:
            _read_lines(result, file)
    except OSError as error:
        result.is_refused = True
        result.reason = result.damage = f"cannot be read: {error.strerror}"
    return result


def chapter_order(name: str) -> tuple[int, str]:
    """Returns a key that sorts 3_residency before 10_more."""
    number = re.match(r"\d+", name)
    return (int(number[0]) if number else 10 ** 9, name)


def read_results(folder: str | Path) -> list[Result]:
    """Returns every CHAPTER/CLAIM.csv of a results folder, in chapter order, where its name can be printed."""
    paths = sorted((path for path in Path(folder).glob("*/*.csv")
                    if path.parent.name not in SERIES and not path.name.endswith(".film.csv")
                    and (path.parent.name + path.name).isprintable()),
                   key=lambda path: (chapter_order(path.parent.name), path.name))
    return [read_result(path) for path in paths]
