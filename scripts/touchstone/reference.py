# SPDX-License-Identifier: MIT
"""Keeps what the texts say about verdicts equal to results/reference/: behind scripts/maintain/reference."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from touchstone.arguments import Parser
from touchstone.cli import stop
from touchstone.files import ROOT
from touchstone.film import strip
from touchstone.film.read import read_film
from touchstone.results import Result, read_results

NOT_OURS = ("mine/", "course_")  # chapters of readers and courses
REFERENCE = ROOT / "results/reference"
STRIP, STORY = ROOT / "docs/film.svg", REFERENCE / "4_giving_back/the_four_block_story.film.csv"
BENCH = ROOT / "results/reference/bench"
# The reference run has the knobs and the malloc of the declarations, whatever the shell has set.
NOT_PASSED_ON = {"KNOBS", "DEEP", "LD_PRELOAD"}


def run(*command: str, output: int | IO[str] | None = None, **settings: str) -> str:
    """Runs a step of the measuring and returns what it printed, where output is a pipe.  Where it fails, nothing after
    it is done."""
    environment = {name: text for name, text in os.environ.items() if name not in NOT_PASSED_ON}
    ended = subprocess.run(command, cwd=ROOT, env={**environment, **settings}, stdout=output, text=True, check=False)
    if ended.returncode:
        sys.exit(ended.returncode)
    return ended.stdout or ""


def measure_one(name: str) -> None:
    """Measures one claim into results/reference/ and leaves the others as they are."""
    claim = run("scripts/claims", name, output=subprocess.PIPE).strip()
    if claim.startswith(NOT_OURS):
        stop(f"{claim} is not part of the reference run: it is a reader's, or a course's")
    run("scripts/run", claim, RESULTS="results/reference")
    run("scripts/chart", f"results/reference/{claim}.csv")


def measure_all() -> None:
    """Measures everything into an empty results/reference/: results, films, charts, and those of bench and scaling."""
    shutil.rmtree(REFERENCE, ignore_errors=True)
    claims = run("scripts/claims", output=subprocess.PIPE).split()
    run("scripts/run", *(claim for claim in claims if not claim.startswith(NOT_OURS)), RESULTS="results/reference")
    run("scripts/chart", "results/reference")
    run("scripts/maintain/bench", RESULTS="results/reference/bench", output=subprocess.DEVNULL)
    with open(BENCH / "scaling.md", "w", encoding="utf-8") as scaling:
        run("scripts/maintain/scaling", output=scaling)
    picture_of_the_report()


def picture_of_the_report() -> None:
    """Takes docs/report.png, which the README shows, where there is a browser for it."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("docs/report.png stays as it is: chromium is missing", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "results"
        shutil.copytree(REFERENCE, copy)
        run("scripts/report", str(copy))
        run(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1280,960",
            f"--screenshot={ROOT / 'docs/report.png'}", (copy / "index.html").as_uri(), output=subprocess.DEVNULL)


def title_of(chapter: str) -> str:
    """Returns the heading of a chapter's page."""
    page = ROOT / "experiments" / chapter / "README.md"
    heading = re.search(r"^# (.+)$", page.read_text(), re.M) if page.exists() else None
    return heading[1] if heading else chapter.replace("_", " ")


def claims_table(results: list[Result]) -> str:
    """Returns the claims with their verdicts, a table for each chapter."""
    lines: list[str] = []
    chapter = None
    for result in results:
        if result.chapter != chapter:
            chapter = result.chapter
            lines += ["", f"### {chapter.split('_')[0]}. [{title_of(chapter)}](experiments/{chapter}/)", "",
                      "| claim | here |", "|---|---|"]
        lines.append(f"| [{result.metadata['claim']}]({result.metadata['source']}) | {result.verdict} |")
    return "\n".join(lines[1:])


def bench_table() -> str:
    """Returns what scripts/maintain/bench prints of the reference run; ends where it has nothing to print."""
    printed = subprocess.run([ROOT / "scripts/maintain/bench", "--table", BENCH], capture_output=True, text=True,
                             check=False)
    if printed.returncode:
        stop(printed.stderr.strip())
    return printed.stdout.strip()


def scaling_table() -> str:
    """Returns what scripts/maintain/scaling printed in the reference run; ends where that was not kept."""
    table = BENCH / "scaling.md"
    if not table.exists():
        stop(f"there is no {table.relative_to(ROOT)}: make reference")
    return table.read_text().strip()


def filled(text: str, results: list[Result]) -> str:
    """Returns a page with the verdicts and tables of the reference run between its markers."""
    verdicts = {result.name: result.verdict for result in results}

    def verdict(match: re.Match) -> str:
        if match[1] not in verdicts:
            stop(f"a text names the claim {match[1]}, which results/reference/ does not have: make reference")
        return f"<!-- verdict:{match[1]} -->{verdicts[match[1]]}<!-- /verdict -->"

    text = re.sub(r"<!-- verdict:(\w+) -->.*?<!-- /verdict -->", verdict, text)
    # Functions, so that a backslash in a claim stays one.
    text = re.sub(r"<!-- claims -->.*?<!-- /claims -->",
                  lambda _: f"<!-- claims -->\n{claims_table(results)}\n<!-- /claims -->", text, flags=re.S)
    text = re.sub(r"<!-- bench -->.*?<!-- /bench -->",
                  lambda _: f"<!-- bench -->\n{bench_table()}\n<!-- /bench -->", text, flags=re.S)
    return re.sub(r"<!-- scaling -->.*?<!-- /scaling -->",
                  lambda _: f"<!-- scaling -->\n{scaling_table()}\n<!-- /scaling -->", text, flags=re.S)


def strip_of_the_story() -> str:
    """Returns the film that the README shows, drawn from the reference run."""
    film = read_film(STORY)
    arm, frames = next(iter(film.arms.items()))
    return strip.drawn(film, arm, set(range(len(frames))))


def pages() -> list[Path]:
    """Returns the pages that tell verdicts."""
    return [ROOT / "README.md", *sorted(ROOT.glob("docs/performance.md")),
            *sorted(ROOT.glob("experiments/[0-8]*/README.md"))]


def print_differences(results: list[Result], folder: str) -> None:
    """Prints each claim with another verdict than in the reference run."""
    reference = {result.name: result for result in results}
    for result in read_results(folder):
        known = reference.get(result.name)
        if known is None:
            print(f"{result.name}: {result.verdict} here, not in the reference run")
        elif known.verdict != result.verdict:
            print(f"{result.name}: {result.verdict} here, {known.verdict} in the reference run"
                  + (f" ({result.reason})" if result.reason else ""))


def main(argv: list[str] | None = None) -> int:
    """Checks or fills the pages, or compares a run with the reference run; returns the exit status."""
    parser = Parser()
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--measure", nargs="?", metavar="CLAIM", const="")
    action.add_argument("--fill", action="store_true")
    action.add_argument("--check", action="store_true")
    action.add_argument("--differs", metavar="RESULTS")
    arguments = parser.parse_args(argv)
    if arguments.measure is not None:
        measure_one(arguments.measure) if arguments.measure else measure_all()
        arguments.fill = True

    results = read_results(REFERENCE)
    if not results:
        stop("there is no results/reference/: make reference")
    for result in results:
        if result.is_refused:
            stop(f"{result.path.relative_to(ROOT)} {result.damage.replace('make run-all', 'make reference')}")
    if arguments.differs:
        print_differences(results, arguments.differs)
        return 0
    # All pages are made before the first is written: one that cannot be filled leaves the others as they are.
    texts = {page: filled(page.read_text(), results) for page in pages()}
    if STORY.exists():
        texts[STRIP] = strip_of_the_story()
    drifted = {page: text for page, text in texts.items() if not page.exists() or text != page.read_text()}
    for page, text in drifted.items():
        if arguments.fill:
            page.write_text(text)
        print(page.relative_to(ROOT), "filled" if arguments.fill
              else "differs from results/reference/: scripts/maintain/reference --fill")
    return 1 if drifted and arguments.check else 0
