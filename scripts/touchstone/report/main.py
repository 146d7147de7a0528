# SPDX-License-Identifier: MIT
"""Writes RESULTS/index.html, one page that stands alone: behind scripts/report."""
from __future__ import annotations

import os
from pathlib import Path

from touchstone.arguments import Parser
from touchstone.cli import stop
from touchstone.files import ROOT, write_whole
from touchstone.results import read_results


def main(argv: list[str] | None = None) -> int:
    """Writes the page; returns the exit status."""
    parser = Parser()
    parser.add_argument("results", nargs="?", metavar="RESULTS",
                        default=ROOT / (os.environ.get("RESULTS") or "results/latest"))
    asked = parser.parse_args(argv)
    try:
        from touchstone.report.page import page
    except ImportError:
        stop("the page needs python3-jinja2; scripts/setup installs it.", 77)
    folder = Path(os.path.abspath(asked.results))
    if not folder.is_dir():
        stop(f"{folder} is not a folder; `make run-all` measures and makes results/latest.")
    results = read_results(folder)
    if not results:
        stop(f"{folder} holds no CHAPTER/CLAIM.csv; `make run-all` measures first.")
    write_whole(folder / "index.html", page(results, folder))
    return 0
