# SPDX-License-Identifier: MIT
"""Reads results (docs/result_format.md).

    for result in read_results("results/latest"):
        print(result.chapter, result.name, result.verdict)
"""
import csv
import re
from dataclasses import dataclass, field
from pathlib import Path

VERDICTS = ("reproduced", "refuted", "inconclusive", "unsupported", "broken")
TEXT_COLUMNS = ("arm", "stage")
SERIES = ("sweeps", "confounds")  # beside the chapters: experiments run again and again (series.py)
# Metadata that describes the experiment; every other key describes the machine.
DECLARATION = ("claim", "asked", "instead", "hypothesis", "source", "x", "y", "charted", "chart",
               "chart_options", "predict", "because", "knobs", "arm")


@dataclass
class Arm:
    name: str
    control: bool = False
    environment: str = ""
    ran: bool = True


@dataclass
class Finding:
    control: bool
    outcome: str  # held, failed, unclear
    what: str
    numbers: str  # "0 <= 4096 <= 8192", "3 == 3", "2 <= 2.4 <= inf (quartiles 2.3 to 2.6)"

    def terms(self):
        """The numbers between the relations, as written: ["0", "4096", "8192"]."""
        return re.split(r" (?:<=|==) ", self.numbers.partition(" (quartiles ")[0])

    def bounds(self):
        """What was expected, in words; nothing where the file does not tell."""
        least, _, most = self.sides() or ("", "", "")
        if least == most:
            return f"exactly {least}" if least else ""
        return f"at most {most}" if least is None else f"at least {least}" if most is None else f"{least} to {most}"

    def measured(self):
        """The number that was measured, with its quartiles; all numbers where the file does not tell which it was."""
        spread = re.search(r" \(quartiles .*", self.numbers)
        return self.sides()[1] + (spread[0] if spread else "") if self.sides() else self.numbers

    def sides(self):
        """(least, measured, most) as texts, None where open; None of a file that does not tell which was measured."""
        terms = self.terms()
        if len(terms) == 3:
            return tuple(None if term in ("-inf", "inf") else term for term in terms)
        return (terms[1], terms[0], terms[1]) if " == " in self.numbers else None


@dataclass
class Result:
    path: Path
    metadata: dict = field(default_factory=dict)  # key -> text, arms left out
    arms: list = field(default_factory=list)
    knobs: dict = field(default_factory=dict)     # name -> text
    columns: list = field(default_factory=list)
    rows: list = field(default_factory=list)      # column -> int, None (not measured) or text
    findings: list = field(default_factory=list)
    verdict: str = "broken"
    reason: str = "cut short: the file has no verdict"
    damage: str = reason                          # what is wrong with the file itself, or nothing

    @property
    def name(self):
        return self.path.stem

    @property
    def chapter(self):
        return self.path.parent.name

    def columns_measured(self):
        """The numbers of this experiment: what is not empty in every row."""
        return [column for column in self.columns if column not in (*TEXT_COLUMNS, "trial", "x")
                and any(row[column] is not None for row in self.rows)]

    def why_no_result(self):
        """What keeps this file from being a result at all, or nothing."""
        if self.damage.startswith("cannot be read"):
            return self.damage
        if "claim" not in self.metadata:
            return "is no result: it has no '# claim:' line"
        missing = [column for column in ("arm", "trial", "stage", "x") if column not in self.columns]
        if self.columns and missing:
            return f"is no result: its header row lacks {', '.join(missing)}"
        return ""

    def machine(self):
        return {key: text for key, text in self.metadata.items() if key not in DECLARATION}


def _arm(text):
    name, _, environment = text.partition(" | ")
    ran, name = not name.endswith(" (not run)"), name.removesuffix(" (not run)")
    control = name.endswith(" (control)")
    return Arm(name.removesuffix(" (control)"), control, environment, ran)


def _finding(kind, text):
    outcome, _, rest = text.partition(" | ")
    what, _, numbers = rest.rpartition(" | ")  # a sentence may hold a bar, numbers do not
    return Finding(kind == "control", outcome, what, numbers)


def _row(columns, cells):
    if len(cells) != len(columns):
        raise ValueError(f"{len(cells)} cells under a header of {len(columns)}")
    return {column: cell if column in TEXT_COLUMNS else int(cell) if cell else None
            for column, cell in zip(columns, cells)}


def _read_comment(result, line, said):
    key, colon, text = line[1:].strip().partition(":")
    text = text.strip()
    if not colon:
        return
    if key in ("expect", "control"):
        result.findings.append(_finding(key, text))
    elif key == "arm":
        result.arms.append(_arm(text))
    elif key in ("verdict", "reason"):
        said[key] = text
    else:
        result.metadata[key] = text
        if key == "knobs":
            result.knobs = dict(pair.split("=", 1) for pair in text.split() if "=" in pair)


def read_result(path):
    """Reads one CSV.  A file that is cut short or damaged, or cannot be read, comes back as broken, with the reason."""
    result, said, damage = Result(Path(path)), {}, ""
    try:
        file = open(path, encoding="utf-8", errors="replace", newline="")
    except OSError as error:
        result.reason = result.damage = f"cannot be read: {error.strerror}"
        return result
    with file:
        for number, line in enumerate(file, 1):
            if line.startswith("#"):
                _read_comment(result, line, said)
                continue
            cells = next(csv.reader([line]), [])
            if not result.columns:
                result.columns = cells
            elif cells:
                try:
                    result.rows.append(_row(result.columns, cells))
                except ValueError as error:
                    damage = damage or f"damaged: line {number}: {error}"
    if "verdict" not in said:
        return result
    result.verdict, result.reason, result.damage = said["verdict"], said.get("reason", ""), damage
    if result.verdict not in VERDICTS:
        result.damage = f"damaged: \"{result.verdict}\" is not a verdict"
    if result.damage:
        result.verdict, result.reason = "broken", result.damage
    return result


def chapter_order(name):
    """3_residency before 10_more."""
    number = re.match(r"\d+", name)
    return (int(number[0]) if number else 10 ** 9, name)


def read_results(folder):
    """Every CHAPTER/CLAIM.csv of a results folder, in chapter order.  No claim has a name that cannot be printed."""
    paths = sorted((path for path in Path(folder).glob("*/*.csv")
                    if path.parent.name not in SERIES and not path.name.endswith(".film.csv")
                    and (path.parent.name + path.name).isprintable()),
                   key=lambda path: (chapter_order(path.parent.name), path.name))
    return [read_result(path) for path in paths]
