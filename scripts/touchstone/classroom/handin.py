# SPDX-License-Identifier: MIT
"""Packs a run for the teacher: behind scripts/handin."""
from __future__ import annotations

import getpass
import os
import platform
import re
from collections import Counter
from pathlib import Path

from touchstone.arguments import Parser
from touchstone.classroom import archive
from touchstone.cli import stop
from touchstone.files import ROOT, write_whole
from touchstone.programs import RESULTS, prepare
from touchstone.results import read_text
from touchstone.words import quantity

PAIR = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SHORTEST_NAME = 3  # letters: a user called "a" or a machine called "pc" would change every text


def _names_of_this_machine() -> dict[str, str]:
    """Returns what must not leave the machine, and what is written instead."""
    names = {str(ROOT): ".", str(Path.home()): "~"}
    try:
        names[getpass.getuser()] = "user"
    except (KeyError, OSError):
        pass  # a user without a name, as in some containers
    names[platform.node()] = "host"
    return {name: word for name, word in names.items() if len(name) >= SHORTEST_NAME and name not in ("root", "/root")}


def without_names(text: str, names: dict[str, str]) -> str:
    """Returns a text without the names of this machine.  Of a path to a folder elsewhere only the last part stays."""
    for name, word in names.items():
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", word, text)
    return re.sub(r"/(?:home|root|Users|tmp|mnt|media|srv|var/tmp)/\S*?(\w[^/\s,;:]*)(?=[\s,;:]|$)", r"\1", text)


def _texts(folder: Path) -> archive.Texts:
    try:
        texts = archive.read_folder(folder)
    except archive.Refused as why:
        stop(f"there is nothing to hand in in {folder}: {why}; make run-all measures")
    names = _names_of_this_machine()
    return {name: without_names(text, names) for name, text in texts.items()}


def _summary(texts: archive.Texts) -> str:
    verdicts = Counter(read_text(Path(name), text).verdict for name, text in texts.items() if name.endswith(".csv"))
    predictions = sum(text.count("entered: ") for name, text in texts.items() if name.endswith(".prediction"))
    journals = sum(name.endswith(".md") for name in texts)
    told = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
    return f"{sum(verdicts.values())} results ({told}), {predictions} predictions, {journals} journals"


def main(argv: list[str] | None = None) -> int:
    parser = Parser()
    parser.add_argument("name", metavar="NAME")
    name = parser.parse_args(argv).name
    prepare()
    if not PAIR.fullmatch(name):
        stop(f"\"{name}\" cannot name a hand-in: give letters, digits, -, _ and ., such as NAME=pair-7")
    texts = _texts(Path(RESULTS))
    packed = archive.pack(name, texts)
    if len(packed) > archive.MOST_PACKED:
        stop(f"what {RESULTS} holds is too large to hand in: {quantity(len(packed), 'bytes')} packed")
    path = Path(os.environ.get("HANDIN") or "handin") / (name + archive.ENDING)
    write_whole(path, packed)
    print(f"{path}: {quantity(len(packed), 'bytes')}: {_summary(texts)}. Charts and films stay here.")
    return 0
