# SPDX-License-Identifier: MIT
"""The systems that the suite is run on: scripts/touchstone/worlds/worlds.tsv."""
from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from touchstone.cli import stop

TABLE = Path(__file__).with_name("worlds.tsv")
KINDS = ("here", "root", "kernel")


class Missing(Exception):
    """A system cannot be had on this machine; the text says what is missing."""


@dataclass(frozen=True)
class World:
    name: str
    kind: str            # one of KINDS
    system: list[str]    # a Debian suite, and what is handed to its kernel
    build: list[str]     # make's variables
    under: list[str]     # the command in front of scripts/run
    what: str

    @property
    def suite(self) -> str:
        return self.system[0]

    @property
    def is_emulated(self) -> bool:
        """Tells whether times mean nothing on this system."""
        return self.kind == "kernel"

    @classmethod
    def of(cls, line: str) -> World:
        cells = [cell if cell != "-" else "" for cell in line.split("\t")]
        if len(cells) != 6 or cells[1] not in KINDS:
            stop(f"{TABLE.name}: not six cells, or no kind of system: \"{line}\"")
        name, kind, system, build, under, what = cells
        return cls(name, kind, system.split(), shlex.split(build), under.split(), what)


def read_table(path: Path = TABLE) -> list[World]:
    """Returns the systems in the order of the table."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [World.of(line) for line in lines if line and not line.startswith("#")]
