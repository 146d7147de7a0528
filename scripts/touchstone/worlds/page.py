# SPDX-License-Identifier: MIT
"""Writes docs/worlds.md from what is kept."""
from __future__ import annotations

from collections import defaultdict

from touchstone.files import ROOT, write_whole
from touchstone.worlds import keeping
from touchstone.worlds.table import World, read_table

PAGE = ROOT / "docs/worlds.md"
LETTERS = {"reproduced": "R", "refuted": "X", "inconclusive": "?", "unsupported": "u", "broken": "B",
           keeping.NOT_ASKED: "-"}
HEAD = """# Every claim on every system

A sentence about memory is true of a version. The suite was run on the systems below, with `make worlds`; this page is
written from what came out (`results/worlds/verdicts.csv`), by `scripts/maintain/worlds --fill`.

"""


def systems(worlds: list[World], machines: dict[str, dict[str, str]]) -> str:
    """Returns the table of the systems that were run."""
    lines = ["## The systems", "", "| system | what it is | glibc | kernel |", "|---|---|---|---|"]
    for world in worlds:
        machine = machines.get(world.name)
        if machine:
            kernel = machine["kernel"].split(" ")[1] if " " in machine["kernel"] else machine["kernel"]
            lines.append(f"| {world.name} | {world.what} | {machine['glibc']} | {kernel} |")
    return "\n".join(lines) + "\n\n"


def changed(worlds: list[World], kept: keeping.Kept) -> str:
    """Returns a section for each claim that has another verdict somewhere: verdict, systems and reason."""
    expected = keeping.read_expected()
    found: dict[str, dict[tuple[str, str], list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, claim, cell in keeping.differences(kept, worlds):
        found[claim][cell.verdict, keeping.why(expected, name, claim, cell)].append(name)
    lines = ["## Where a verdict is another one", "",
             f"Compared with the system `{worlds[0].name}`. Claims that are not named have one verdict on all systems.",
             "",
             "| claim | here | elsewhere | on | why |", "|---|---|---|---|---|"]
    for claim in sorted(found, key=keeping.claim_order):
        for (verdict, why), names in found[claim].items():
            reference = kept[worlds[0].name][claim].verdict
            lines.append(f"| {claim.rpartition('/')[2]} | {reference} | {verdict} | {', '.join(names)} | {why} |")
    return "\n".join(lines) + "\n\n"


def matrix(worlds: list[World], kept: keeping.Kept) -> str:
    """Returns every verdict as a letter: a line for each claim, a column for each system."""
    run = [world for world in worlds if world.name in kept]
    claims = sorted({claim for cells in kept.values() for claim in cells}, key=keeping.claim_order)
    lines = ["## All verdicts", "",
             "R reproduced, X refuted, u unsupported, ? inconclusive, B broken, - not asked there (a time, on an "
             "emulated machine). The columns are the systems above, in that order.", "", "```"]
    for number, world in enumerate(run, 1):
        lines.append(f"{number:3} {world.name}")
    lines.append("")
    tens = "".join(str(number // 10 or " ") for number in range(1, len(run) + 1))
    ones = "".join(str(number % 10) for number in range(1, len(run) + 1))
    lines += [f"{'':48}{tens}", f"{'':48}{ones}"]
    for claim in claims:
        row = "".join(LETTERS[kept[world.name][claim].verdict] if claim in kept[world.name] else " " for world in run)
        lines.append(f"{claim.rpartition('/')[2]:48}{row}")
    return "\n".join(lines) + "\n```\n"


def write() -> None:
    """Writes the page."""
    worlds, kept = read_table(), keeping.read_kept()
    text = HEAD + systems(worlds, keeping.read_machines()) + changed(worlds, kept) + matrix(worlds, kept)
    write_whole(PAGE, text)
