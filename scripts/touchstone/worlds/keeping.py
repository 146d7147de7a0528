# SPDX-License-Identifier: MIT
"""What is kept of the systems: results/worlds/verdicts.csv and worlds.csv, and expected.tsv beside them."""
from __future__ import annotations

import csv
import fnmatch
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from touchstone.cli import stop
from touchstone.files import ROOT, write_whole
from touchstone.results import Result, chapter_order
from touchstone.worlds.table import World

KEPT = ROOT / "results/worlds"
VERDICTS = KEPT / "verdicts.csv"
WORLDS = KEPT / "worlds.csv"
EXPECTED = KEPT / "expected.tsv"
NOT_ASKED = "not asked here"
COLUMNS = ["world", "claim", "verdict", "reason", "finding", "outcome", "value", "unit"]
MACHINE = ["world", "kernel", "glibc", "page_size", "cpus", "ram", "compiler", "compiler_flags", "measured", "commit",
           "what"]


@dataclass
class Cell:
    """What a claim came to on a system."""
    verdict: str
    reason: str = ""
    findings: list[list[str]] = field(default_factory=list)  # sentence, outcome, value, unit


Kept = dict[str, dict[str, Cell]]  # world -> CHAPTER/CLAIM -> Cell


def cell_of(result: Result) -> Cell:
    """Returns what is kept of a result. A sentence about several arms is kept for each."""
    findings = [[found.sentence, found.outcome, found.measured(), found.unit] for found in result.findings]
    return Cell(result.verdict, result.reason, findings)


def read_kept() -> Kept:
    """Reads verdicts.csv; nothing where there is none yet."""
    kept: Kept = {}
    if not VERDICTS.exists():
        return kept
    with open(VERDICTS, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            cell = kept.setdefault(row["world"], {}).setdefault(row["claim"], Cell(row["verdict"], row["reason"]))
            if row["finding"]:
                cell.findings.append([row[column] for column in COLUMNS[4:]])
    return kept


def read_machines() -> dict[str, dict[str, str]]:
    """Reads worlds.csv: the lines of each system."""
    if not WORLDS.exists():
        return {}
    with open(WORLDS, encoding="utf-8", newline="") as file:
        return {row["world"]: row for row in csv.DictReader(file)}


def claim_order(claim: str) -> tuple[tuple[int, str], str]:
    chapter, _, name = claim.partition("/")
    return chapter_order(chapter), name


def write_csv(path: Path, rows: Iterable[Iterable[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_whole(path, text.getvalue())


def write_kept(kept: Kept, machines: dict[str, dict[str, str]], worlds: list[World]) -> None:
    """Writes verdicts.csv and worlds.csv: the systems in the order of the table, the claims in that of the chapters."""
    rows = [COLUMNS]
    for world in worlds:
        cells = kept.get(world.name, {})
        for claim in sorted(cells, key=claim_order):
            cell = cells[claim]
            for finding in cell.findings or [[""] * 4]:
                rows.append([world.name, claim, cell.verdict, cell.reason, *finding])
    write_csv(VERDICTS, rows)
    known = [machines[world.name] for world in worlds if world.name in machines]
    write_csv(WORLDS, [MACHINE, *([machine.get(key, "") for key in MACHINE] for machine in known)])


@dataclass(frozen=True)
class Expected:
    """A verdict that is another one on some systems, and why."""
    claim: str     # these three are patterns of fnmatch(3)
    worlds: list[str]
    verdict: str   # of "VERDICT: REASON", or of the verdict where it has no reason
    why: str


def read_expected() -> list[Expected]:
    """Reads expected.tsv."""
    if not EXPECTED.exists():
        return []
    lines = [line.split("\t") for line in EXPECTED.read_text(encoding="utf-8").splitlines()
             if line and not line.startswith("#")]
    for cells in lines:
        if len(cells) != 4:
            stop(f"{EXPECTED.name}: not four cells: {cells}")
    return [Expected(claim, worlds.split(), verdict, reason) for claim, worlds, verdict, reason in lines]


def why(expected: Iterable[Expected], world: str, claim: str, cell: Cell) -> str:
    """Returns why a claim came to this on a system, or nothing where no line says it."""
    name, verdict = claim.rpartition("/")[2], ": ".join(filter(None, (cell.verdict, cell.reason)))
    return next((line.why for line in expected
                 if fnmatch.fnmatch(name, line.claim) and fnmatch.fnmatch(verdict, line.verdict)
                 and any(fnmatch.fnmatch(world, pattern) for pattern in line.worlds)), "")


def differences(kept: Kept, worlds: list[World]) -> list[tuple[str, str, Cell]]:
    """Returns world, claim and cell of each verdict that is not that of the table's first system."""
    reference = kept.get(worlds[0].name, {})
    found = []
    for world in worlds[1:]:
        for claim, cell in kept.get(world.name, {}).items():
            if claim in reference and cell.verdict not in (reference[claim].verdict, NOT_ASKED):
                found.append((world.name, claim, cell))
    return found


def unexplained(kept: Kept, worlds: list[World]) -> list[str]:
    """Returns a sentence for each verdict that is broken, or differs without a line in expected.tsv."""
    expected = read_expected()
    found = [f"{name}: {claim} is broken: {cell.reason}" for name, cells in kept.items()
             for claim, cell in cells.items() if cell.verdict == "broken"]
    for name, claim, cell in differences(kept, worlds):
        if cell.verdict != "broken" and not why(expected, name, claim, cell):
            reference = kept[worlds[0].name][claim].verdict
            found.append(f"{name}: {claim} is {cell.verdict}, and {reference} on {worlds[0].name}; "
                         f"no line of {EXPECTED.name} says why" + (f" ({cell.reason})" if cell.reason else ""))
    return found
