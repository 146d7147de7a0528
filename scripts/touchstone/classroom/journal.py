# SPDX-License-Identifier: MIT
"""The journal of a copy: what its author believed, predicted, changed, measured and concluded, entry below entry.

    journal = Journal(folder, "reading_the_pages", "3_residency/malloc_is_lazy")
    journal.add(entry(...))

What stands in the journal stays, letter by letter, and what it has already is not added again.  Beside the text,
which is the author's to complete, stands the same as a page to print.
"""
from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from touchstone import prediction
from touchstone.files import ROOT, write_whole
from touchstone.results import Result, read_result

TO_FILL_IN = "______________________________"
MACHINE = ("kernel", "glibc", "page_size", "cpus", "ram", "container")
NOT_STATED = 'not stated: `.hypothesis = "..."` in the declaration'


def quoted(text: str) -> str:
    """Returns a text as a quotation in Markdown."""
    return "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines())


def digest_of(origin: str, copy: str, knobs: str) -> str:
    """Returns a short text that two comparisons share if they compare the same sources with the same knobs."""
    sources = [(ROOT / "experiments" / f"{claim}.c").read_bytes() for claim in (origin, copy)]
    return hashlib.sha256(b"\0".join([*sources, knobs.encode()])).hexdigest()[:12]


# ---- what may be new ----------------------------------------------------------------

def predictions(copy: Result) -> Iterator[str]:
    """Yields a line for each prediction for the copy, oldest first: with what had been seen before, and what came of
    it."""
    question, comparable = prediction.question_of(copy), prediction.read(copy)
    measured = question.answer(copy) if question else None
    for made in prediction.read_all(copy.path):
        line = f"- Predicted {made.predicted}: {made.entered}" + (f", by {made.times}" if made.times > 1 else "") + ". "
        if made in comparable and question:
            line += f"Measured: {'nothing' if measured is None else question.exactly(measured)}. " \
                f"{made.compared(question, measured)} "
        else:
            line += f"Asked was: {made.asked} ({made.knobs}) "
        seen = f"been shown at {made.seen}" if made.seen else "not been measured before"
        yield f"{line}The number had {seen}. Reason: {made.reason or TO_FILL_IN}"


def series(results: Path, name: str) -> Iterator[str]:
    """Yields a paragraph for each finished sweep and confound of a copy."""
    found = sorted(path for folder in ("sweeps", "confounds") for path in (results / folder).glob(f"{name}.*csv"))
    for path in found:
        result = read_result(path)
        if result.is_refused or result.is_cut_short:
            continue
        what = f"Swept {result.metadata['swept']}" if "swept" in result.metadata else "One condition changed at a time"
        picture = path.with_suffix(".png")
        told = result.metadata.get("border") or result.reason
        yield f"- {what} (`{path.parent.name}/{path.name}`, measured {result.metadata.get('measured', '')}): {told}" + \
            (f"\n\n    ![{what}](../{path.parent.name}/{picture.name})" if picture.exists() else "")


def versions(copy: Result, folder: Path) -> list[tuple[str, str]]:
    """Returns (when, hypothesis), oldest first: each time that it was another one, at a prediction or at a run."""
    known = [(made.predicted, made.hypothesis) for made in prediction.read_all(copy.path) if made.hypothesis]
    runs = [read_result(path) for path in folder.glob("*/*.1.csv") if path.name.split(".")[1] == folder.name]
    known += [(run.metadata.get("measured", ""), run.metadata.get("hypothesis") or NOT_STATED) for run in runs]
    found: list[tuple[str, str]] = []
    for when, text in sorted(known):
        if not found or found[-1][1] != text:
            found.append((when, text))
    return found


def hypothesis(told: list[tuple[str, str]]) -> str:
    """Returns the hypothesis as it was first written, and each later version."""
    if len(told) < 2:
        return quoted(told[0][1] if told else NOT_STATED)
    return "\n\n".join(f"{'First written' if number == 0 else 'Changed'}, {when}:\n\n{quoted(text)}"
                       for number, (when, text) in enumerate(told))


# ---- the file ---------------------------------------------------------------------------

@dataclass
class Journal:
    """The file of a copy's journal, and the page beside it."""
    results: Path
    name: str    # of the copy
    origin: str  # CHAPTER/CLAIM

    @property
    def path(self) -> Path:
        return self.results / "journal" / f"{self.name}.md"

    @property
    def folder(self) -> Path:
        return self.results / "journal" / self.name

    def text(self) -> str:
        """Returns what stands there; nothing where there is no journal yet."""
        return self.path.read_text(encoding="utf-8", errors="replace") if self.path.exists() else ""

    def new(self, paragraphs: Iterator[str]) -> list[str]:
        """Returns those that the journal has not."""
        old = self.text()
        return [paragraph for paragraph in paragraphs if key_of(paragraph) not in old]

    def head(self, copy: Result) -> str:
        """Returns how a journal begins: whose it is, of what, and on which machine."""
        about = "; ".join(f"{key.replace('_', ' ')}: {copy.metadata[key]}" for key in MACHINE if key in copy.metadata)
        author = " ".join(os.environ.get("NAME", "").split()) or TO_FILL_IN
        return f"# {self.name}\n\nAuthor: {author}\n\nMachine: {about}\n\nA copy of `experiments/{self.origin}.c`.\n\n"

    def add(self, entry: str, copy: Result) -> None:
        """Appends an entry: what stands there stays.  Then writes the page to print."""
        old = self.text() or self.head(copy)
        if entry:
            write_whole(self.path, old + ("" if old.endswith("\n") else "\n") + entry)
        self.print_page()

    def print_page(self) -> None:
        """Writes the page to print, with what the author has added, or says what is missing for it."""
        try:
            import markdown
            from touchstone.pages import render
        except ModuleNotFoundError as error:
            print(f"no page to print: python3-{error.name} is missing; scripts/setup installs it")
            return
        html = markdown.markdown(self.text(), extensions=["tables", "fenced_code", "sane_lists"])
        page = render("journal.html.j2", title=self.name, body=re.sub(r'src="([^"]+)"', self._embedded, html))
        write_whole(self.path.with_suffix(".html"), page)
        print(f"to print: {self.path.with_suffix('.html')}")

    def _embedded(self, source: re.Match[str]) -> str:
        picture = (self.path.parent / source[1]).resolve()
        if picture.suffix != ".png" or self.results.resolve() not in picture.parents or not picture.is_file():
            return 'src=""'
        return f'src="data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode()}"'


def key_of(paragraph: str) -> str:
    """Returns what stays the same of a prediction or a series, whatever comes of it later."""
    made = re.match(r"- (Predicted [^:]+:\d\d:\d\dZ: [^.]*|[^(]*\([^)]*\))", paragraph)
    return made[1] if made else paragraph


def known(digest: str) -> str:
    """Returns the line by which a journal knows a comparison."""
    return f"<!-- sources {digest} -->"
