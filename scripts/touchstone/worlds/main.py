# SPDX-License-Identifier: MIT
"""Runs the suite on the systems that are asked for, and keeps what came out."""
from __future__ import annotations

import os
import re
import shutil
import subprocess

from touchstone.arguments import Parser
from touchstone.cli import stop
from touchstone.files import ROOT
from touchstone.programs import declaration, find_claim, must_build, prepare
from touchstone.progress import Progress
from touchstone.results import read_results
from touchstone.worlds import keeping, page
from touchstone.worlds.running import RUN, folder_of
from touchstone.worlds.table import Missing, World, read_table


def claims_asked() -> list[str]:
    """Returns CHAPTER/CLAIM of those in CLAIMS, or of all that belong to the suite."""
    names = os.environ.get("CLAIMS", "").split()
    claims = [find_claim(name) for name in names] or subprocess.run(
        ["scripts/claims"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    return [claim for claim in claims if re.match(r"\d+_", claim)]


def about_times(claims: list[str]) -> set[str]:
    """Returns the claims that compare times: they run many trials."""
    return {claim for claim in claims if declaration(must_build(claim)).settings["trials"].value > 1}


def commit() -> str:
    """Returns the commit of the suite."""
    said = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return said.stdout.strip()


def run_one(world: World, claims: list[str], timed: set[str], kept: keeping.Kept,
            machines: dict[str, dict[str, str]]) -> str:
    """Runs the suite on one system and notes its verdicts; returns a word on how it went."""
    asked = [claim for claim in claims if not (world.is_emulated and claim in timed)]
    results, log = folder_of(world.name), folder_of(world.name + ".log")
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    RUN[world.kind](world, asked, results, log)
    found = {f"{result.chapter}/{result.name}": result for result in read_results(results)}
    cells = kept.setdefault(world.name, {})
    for claim in claims:
        if claim in found:
            cells[claim] = keeping.cell_of(found[claim])
        else:
            cells[claim] = keeping.Cell(keeping.NOT_ASKED if claim not in asked else "broken",
                                        "" if claim not in asked else "it gave no result")
    for result in found.values():
        machine = {key: result.metadata.get(key, "") for key in keeping.MACHINE}
        machines[world.name] = {**machine, "world": world.name, "commit": commit(), "what": world.what}
    return f"{len(found)} results"


def run_all(worlds: list[World], chosen: list[World], again: bool) -> int:
    """Runs the suite on each of these systems that was not run yet; returns how many could not."""
    claims = claims_asked()
    timed = about_times(claims)
    kept, machines = keeping.read_kept(), keeping.read_machines()
    progress = Progress(len(chosen))
    failed = 0
    for world in chosen:
        progress.begin(world.name)
        missing = [claim for claim in claims if claim not in kept.get(world.name, {})]
        if not missing and not again:
            progress.end(world.name, "was run before")
            continue
        try:
            outcome = run_one(world, claims if again else missing, timed, kept, machines)
        except Missing as why:
            outcome = f"cannot be had here: {why}"
        except OSError as error:
            outcome, failed = f"failed: {error}", failed + 1
        keeping.write_kept(kept, machines, worlds)
        progress.end(world.name, outcome)
    progress.clear()
    return failed


def main() -> int:
    parser = Parser()
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--fill", action="store_true")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    prepare()
    worlds = read_table()
    if arguments.check:
        found = keeping.unexplained(keeping.read_kept(), worlds)
        print("".join(line + "\n" for line in found), end="")
        return 1 if found else 0
    if arguments.fill:
        page.write()
        return 0
    by_name = {world.name: world for world in worlds}
    names = [name for words in arguments.names for name in words.split(",") if name]
    for name in names:
        if name not in by_name:
            stop(f"there is no system {name}; the table has {', '.join(by_name)}")
    chosen = [by_name[name] for name in names] or worlds
    return 1 if run_all(worlds, chosen, arguments.again) else 0
