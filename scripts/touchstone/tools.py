# SPDX-License-Identifier: MIT
"""The tools that the suite uses: scripts/shell/tools.tsv, which setup and doctor read too."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from touchstone.files import ROOT

LIST = ROOT / "scripts/shell/tools.tsv"


@dataclass(frozen=True)
class Tool:
    name: str
    kind: str
    alternatives: list[str]  # what is looked for: any of these will do
    packages: list[str]      # Debian's, any of these
    role: str


def tools() -> Iterator[Tool]:
    """Yields every tool of the list, whatever machine it is for."""
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, kind, what, package, _machine, role, _cost = line.split("\t")
            yield Tool(name, kind, what.split("|"), package.split("|"), role)


def package_of(library: str, words: list[str]) -> str:
    """Returns Debian's package for a library, or for the tool that one of the words names; nothing where none is known."""
    for tool in tools():
        if library in tool.alternatives:
            return tool.packages[tool.alternatives.index(library) % len(tool.packages)]
        if tool.name in words:
            return tool.packages[0]
    return ""
