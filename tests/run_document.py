#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Does what a document tells its reader to do, and checks that the reader sees what the document says.

USAGE: tests/run_document.py DOCUMENT.md        in a folder where everything may be changed
  an indented block    commands: each line is run by bash and must succeed
  ```diff              after "--- FILE": the + lines replace the - lines at the first place where FILE has them
  ```c                 a function, which replaces the function of that name in the FILE of the last diff
  ```text              what was shown: each line must be in the output of the commands since the last heading,
                       where "..." stands for any text
  1,234 or 12345       in the text: some command above must have shown this number
  `make TARGET ...`    in the text: the Makefile must have this target
  `build/... --...`    in the text: a command that is run like those above
"""
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


def squeezed(text: str) -> str:
    """Returns a text in which one blank stands for any number of them."""
    return re.sub(r"\s+", " ", text).strip()


def without_commas(text: str) -> str:
    """Returns a text whose numbers are not grouped: 1,234 -> 1234."""
    return re.sub(r"(?<=\d),(?=\d{3})", "", text)


class Reader:
    """A reader who follows a document and notes what is wrong with it."""

    def __init__(self) -> None:
        self.file = Path()         # the FILE of the last diff
        self.said = ""             # what the commands since the last heading printed
        self.all_said = ""
        self.wrong: list[str] = []

    def expect(self, holds: object, complaint: str) -> None:
        """Notes the complaint when something does not hold."""
        if not holds:
            self.wrong.append(complaint)

    def command(self, line: str) -> None:
        """Runs a line in bash, where it must succeed."""
        done = subprocess.run(["bash", "-c", line], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, text=True)
        self.said += done.stdout
        self.all_said += done.stdout
        self.expect(done.returncode == 0, f"{line}: exit {done.returncode}\n{done.stdout}")

    def put(self, old: str, new: str) -> None:
        """Replaces a text in the file, which must have it."""
        text = self.file.read_text()
        self.expect(old in text, f"{self.file} has no\n{old}")
        self.file.write_text(text.replace(old, new, 1))

    def diff(self, lines: list[str]) -> None:
        """Applies a diff to the file that it names."""
        self.file = Path(lines[0].removeprefix("--- "))
        old, new = ("".join(line[1:] + "\n" for line in lines[1:] if line[:1] in kind) for kind in ("- ", "+ "))
        self.put(old, new)

    def function(self, lines: list[str]) -> None:
        """Replaces a function of the file with another version of it."""
        start = re.escape(lines[0])
        old = re.search(rf"^{start}\n\{{.*?^\}}$", self.file.read_text(), re.M | re.S)
        self.put(old[0] if old else lines[0], "\n".join(lines))

    def shown(self, lines: list[str]) -> None:
        """Expects each line in what was printed since the last heading."""
        said = [squeezed(line) for line in self.said.splitlines()]
        for line in lines:
            wanted = ".*".join(re.escape(squeezed(piece)) for piece in line.split("..."))
            self.expect(any(re.search(wanted, shown) for shown in said), f"not shown: {line}")

    def prose(self, line: str) -> None:
        """Checks the numbers, commands and targets that a line of text names."""
        for number in re.findall(r"(?<![\w.])\d{1,3}(?:,\d{3})+|(?<![\w.])\d{4,}(?![\w.])", line):
            self.expect(re.search(rf"(?<!\d){without_commas(number)}(?!\d)", without_commas(self.all_said)),
                        f"nothing has shown {number}: {line}")
        for command in re.findall(r"`(build/\S+ --[^`]+)`", line):
            self.command(command)
        for target in re.findall(r"`make ([\w-]+)", line):
            self.expect(re.search(rf"^{target}:", Path("Makefile").read_text(), re.M), f"no target {target}")


def blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yields (kind, lines) of each block; kind is "command", "prose", or the word behind a fence."""
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("```"):
            inside = []
            for inner in lines:
                if inner.startswith("```"):
                    break
                inside.append(inner)
            yield line[3:], inside
        else:
            yield ("command", [line.strip()]) if line.startswith("    ") else ("prose", [line])


def main() -> None:
    reader = Reader()
    for kind, lines in blocks(Path(sys.argv[1]).read_text()):
        if kind == "prose" and lines[0].startswith("#"):
            reader.said = ""
        if kind in ("command", "prose"):
            getattr(reader, kind)(lines[0])
        else:
            {"diff": reader.diff, "c": reader.function, "text": reader.shown}[kind](lines)
    sys.exit("\n".join(reader.wrong) or 0)


main()
