# SPDX-License-Identifier: MIT
"""Draws the address map of each claim that was observed: behind scripts/address_map."""
from __future__ import annotations

import csv
from pathlib import Path

from touchstone import programs
from touchstone.address_map import draw, smaps
from touchstone.address_map.layout import Space
from touchstone.arguments import Parser
from touchstone.cli import stop
from touchstone.files import Damaged, write_whole
from touchstone.results import Result, read_result, read_results

RESULTS = Path(programs.RESULTS)

MOST_COLUMNS = 2  # that fit beside each other


def smaps_of(claim: str, arm: str) -> Path | None:
    """Returns the file that shows an arm: the one that the experiment kept for it, else that of its last record."""
    folder = RESULTS / f"{claim}.observed"
    kept = folder / f"{arm}.smaps.txt"
    if kept.exists():
        return kept
    records = [number for number, row in enumerate(observed_rows(claim), 1) if row["arm"] == arm]
    last = folder / f"{records[-1]:03}.smaps.txt" if records else None
    return last if last and last.exists() else None


def observed_rows(claim: str) -> list[dict[str, str]]:
    """Returns what ps saw at each record; nothing where it saw nothing."""
    try:
        with open(RESULTS / f"{claim}.observed" / "ps.csv", encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError:
        return []


def result_of(claim: str) -> Result | None:
    path = RESULTS / f"{claim}.csv"
    result = read_result(path) if path.exists() else None
    if result and result.is_refused:
        stop(f"{path} {result.damage}")
    return result


def why_not(claim: str, arm: str) -> str:
    """Returns why an arm was not observed."""
    result = result_of(claim)
    left_out = next((known.why_left_out for known in result.arms if known.name == arm), "") if result else ""
    if result and not left_out and result.verdict in ("unsupported", "broken"):
        return result.reason
    return left_out or f"it was not observed; `make observe CLAIM={Path(claim).name}` does that"


def column_of(claim: str, arm: str) -> Space:
    """Returns an arm as a column of the picture; ends where its map is damaged."""
    path = smaps_of(claim, arm)
    if path is None:
        return Space(arm, why_not=why_not(claim, arm))
    try:
        return Space(arm, named=smaps.regions(smaps.read(path.read_text(encoding="utf-8", errors="replace"))))
    except (OSError, Damaged) as error:
        return stop(f"cannot use {path}: {error}; `make observe CLAIM={Path(claim).name}` writes it again")


def columns_of(claim: str) -> list[Space]:
    """Returns the first arms in the order of the declaration; where there is no result, of the observation."""
    result = result_of(claim)
    arms = [arm.name for arm in result.arms] if result and result.arms else [row["arm"] for row in observed_rows(claim)]
    return [column_of(claim, arm) for arm in list(dict.fromkeys(arms))[:MOST_COLUMNS]]


def claims_with_a_map() -> list[str]:
    """Returns CHAPTER/CLAIM of each result whose experiment declares a map."""
    return [f"{result.chapter}/{result.name}" for result in read_results(RESULTS)
            if result.metadata.get("address_map") == "yes"]


def draw_map(claim: str) -> bool:
    """Draws the map of a claim, or removes an old one; returns whether there was anything to draw."""
    columns = columns_of(claim)
    path = RESULTS / f"{claim}.address_map.svg"
    if not any(column.named for column in columns):
        path.unlink(missing_ok=True)
        return False
    result = result_of(claim)
    about = result.metadata if result else {}
    facts = ["/proc/PID/smaps of a process that stood still", about.get("kernel"),
             f"randomisation of addresses (ASLR): {about['aslr']}" if "aslr" in about else None]
    write_whole(path, draw.svg(columns, about.get("asked", claim), " · ".join(fact for fact in facts if fact)))
    return True


def main(argv: list[str] | None = None) -> int:
    """Draws what is asked for; returns the exit status."""
    parser = Parser()
    parser.add_argument("claims", nargs="*", metavar="CLAIM")
    names = parser.parse_args(argv).claims
    programs.prepare()
    claims = [programs.find_claim(name) for name in names] or claims_with_a_map()
    if not claims:
        stop(f"no result in {RESULTS} has a map to draw; make run-all measures first", 77)
    missing = [claim for claim in claims if not draw_map(claim)]
    if missing and (names or len(missing) == len(claims)):
        were = "was" if len(missing) == 1 else "were"
        stop(f"{' and '.join(Path(claim).name for claim in missing)} {were} not observed, so there is no map: "
             "`make observe` looks (it needs procps: scripts/setup)", 77)
    return 0
