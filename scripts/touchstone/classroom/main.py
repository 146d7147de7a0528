# SPDX-License-Identifier: MIT
"""Reads what a class handed in and writes its page and tables."""
from __future__ import annotations

import concurrent.futures
import glob
import os
import sys
from pathlib import Path

from touchstone.arguments import Parser
from touchstone.classroom import tables
from touchstone.classroom.archive import Refused
from touchstone.classroom.hand_in import HandIn, read
from touchstone.cli import stop
from touchstone.files import write_whole
from touchstone.programs import prepare
from touchstone.progress import Progress

MOST = 1000  # hand-ins


def paths_of(patterns: list[str]) -> list[Path]:
    """Returns what is named, each once; a pattern that the shell left alone is resolved."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        for name in sorted(glob.glob(pattern)) or [pattern]:
            found[Path(name)] = None
    return list(found)


def _read(path: Path) -> tuple[HandIn | None, str]:
    try:
        return read(path), ""
    except Refused as why:
        return None, str(why)


def read_all(paths: list[Path]) -> tuple[list[HandIn], list[tuple[str, str]]]:
    """Reads the hand-ins, as many at a time as there are CPUs; returns those that could be read, and (name, why) of
    the others."""
    progress = Progress(len(paths))
    class_, refused = [], []
    with concurrent.futures.ProcessPoolExecutor(min(os.cpu_count() or 1, len(paths))) as readers:
        for path, (handed, why) in zip(paths, readers.map(_read, paths, chunksize=4)):
            progress.begin(path.name)
            if handed:
                class_.append(handed)
            else:
                refused.append((path.name, why))
            if progress.has_bar:
                progress.end(path.name, "")
    progress.clear()
    return class_, refused


def name_apart(class_: list[HandIn]) -> None:
    """Gives hand-ins of the same name a number, so that each row of the tables belongs to one of them."""
    seen: dict[str, int] = {}
    for one in class_:
        seen[one.name] = seen.get(one.name, 0) + 1
        if seen[one.name] > 1:
            one.name += f" ({seen[one.name]})"


def main(argv: list[str] | None = None) -> int:
    parser = Parser()
    parser.add_argument("handed", nargs="*", metavar="HAND-IN")
    patterns = parser.parse_args(argv).handed
    prepare()
    paths = paths_of(patterns)
    if not paths:
        stop("which hand-ins? Give archives or folders, as in make class FROM='handin/*'")
    if len(paths) > MOST:
        stop(f"{len(paths)} hand-ins are more than {MOST}: give fewer at a time")
    class_, refused = read_all(paths)
    for name, why in refused:
        print(f"{name} is left out: {why}", file=sys.stderr)
    if not class_:
        stop("none of these hand-ins can be read, so nothing was written")
    name_apart(class_)
    from touchstone.classroom import page  # needs jinja2

    folder = Path(os.environ.get("CLASS") or "results/class")
    tables.write_class(folder / "class.csv", class_)
    tables.write_marks(folder / "marks.csv", class_)
    write_whole(folder / "index.html", page.page(class_, refused))
    print(f"{folder}/index.html: {len(class_)} hand-ins" + (f", {len(refused)} left out" if refused else "")
          + f"; beside it class.csv and marks.csv ({sum(len(one.journals) for one in class_)} journals)")
    return 0
