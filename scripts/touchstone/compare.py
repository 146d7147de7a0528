# SPDX-License-Identifier: MIT
"""Compares two runs, claim by claim, in the terminal and on one page: behind scripts/compare."""
import os
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path

from touchstone.arguments import Parser
from touchstone.charts import overlay, panels
from touchstone.cli import stop
from touchstone.comparison import Comparison
from touchstone.files import ROOT, write_whole
from touchstone.results import Result, read_result, read_results
from touchstone.sides import Side
from touchstone.tables import terminal

MOST_NAMES = 4  # of claims in one sentence

Results = dict[str, Result]  # CHAPTER/CLAIM -> its result


# ---- which claims --------------------------------------------------------------

def read_side(text: str) -> tuple[Results, list[str]]:
    """Returns the results of a folder or a file, and a sentence for each file that was left out."""
    path = Path(os.path.abspath(text))
    if not path.exists():
        stop(f"there is no results folder {text}: make run-all RESULTS=results/NAME measures one, "
             "and BASE=... and WITH=... name the two to compare")
    if not path.is_dir():
        results, names = [read_result(path)], [text]
    else:
        results = read_results(path)
        names = [f"{text}: {result.chapter}/{result.path.name}" for result in results]
    left_out = [f"{name} {why}" for name, result in zip(names, results) if (why := result.why_no_result())]
    if not results:
        left_out = [f"{text} holds no result (CHAPTER/CLAIM.csv)"]
    return {f"{result.chapter}/{result.name}": result for result in results if not result.why_no_result()}, left_out


def pairs(base: Results, other: Results, are_files: bool) -> list[tuple[Result, Result]]:
    """Returns the claims that both have.  Two files are a pair whatever they are called."""
    if are_files:
        return list(zip(base.values(), other.values()))
    return [(base[name], other[name]) for name in base if name in other]


def chosen(results: Results, claims: Sequence[str], text: str) -> Results:
    """Returns the results of these claims, of all where none is named.  Ends the script where one has no result."""
    if not claims:
        return results
    names = {claim.removeprefix("experiments/").removesuffix(".c") for claim in claims}
    found = {name: result for name, result in results.items() if name in names or name.partition("/")[2] in names}
    missing = sorted(claim for claim in names if not any(claim in (name, name.partition("/")[2]) for name in found))
    if missing:
        stop(f"{text} has no result of {', '.join(missing)}; make run CLAIM={missing[0]} RESULTS={text} measures it")
    return found


def as_typed(path: str | Path) -> str:
    """Returns the path from here, where it is not above."""
    near = os.path.relpath(path)
    return str(path) if near.startswith("..") else near


def label_of(text: str) -> str:
    """Returns the name of a folder or file, to stand beside its numbers."""
    return Path(text).stem if text.endswith(".csv") else Path(os.path.abspath(text)).name


# ---- what is said of all -----------------------------------------------------------

def environment_rows(comparisons: Sequence[Comparison]) -> list[tuple[str, str, str, str]]:
    """Returns (key, base, with, claims) for what differs between the two machines and conditions."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for comparison in comparisons:
        for key, values in comparison.environment.items():
            found.setdefault((key, *values), []).append(comparison.name.rpartition("/")[2])
    rows = []
    for cells, names in found.items():
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        rows.append((*cells, "all" if len(names) == len(comparisons) else ", ".join(names[:3]) + more))
    return rows


def summed_up(comparisons: Sequence[Comparison]) -> str:
    """Returns how many claims differ, in a sentence."""
    changed = sum(not comparison.same_verdict() for comparison in comparisons)
    numbers = sum(comparison.same_verdict() and comparison.differs() for comparison in comparisons)
    return (f"{len(comparisons)} claim{'' if len(comparisons) == 1 else 's'} compared: {changed} with another verdict, "
            f"{numbers} with the same verdict and other numbers, {len(comparisons) - changed - numbers} the same.")


def not_compared(base: Mapping[str, Result], other: Mapping[str, Result], texts: Sequence[str]) -> list[str]:
    """Returns a sentence for each side that has claims of its own."""
    notes = []
    for ours, theirs, text in ((base, other, texts[0]), (other, base, texts[1])):
        only = [name for name in ours if name not in theirs] if theirs else []
        if only:
            more = f" and {len(only) - MOST_NAMES} more" if len(only) > MOST_NAMES else ""
            notes.append(f"only in {text}, so not compared: {', '.join(only[:MOST_NAMES])}{more}")
    return notes


def notes_of(comparisons: Sequence[Comparison]) -> list[str]:
    """Returns what a reader should know of the whole comparison."""
    notes = list(dict.fromkeys(sentence for comparison in comparisons for sentence in comparison.only))
    if any(change.column.endswith("_ns") for comparison in comparisons for change in comparison.changes):
        notes.append("times of two runs also differ by what else the machine did then: make hypothesis alternates them")
    return notes


# ---- the terminal, the charts --------------------------------------------------------

def print_table(comparisons: Sequence[Comparison], labels: Sequence[str]) -> None:
    """Prints a claim a line, what differs below its verdicts, and the environment."""
    rows = [(comparison.name, f"{comparison.verdict_text()}\n{comparison.telling()}" if comparison.differs()
             else f"{comparison.verdict_text()}; no number differs") for comparison in comparisons]
    print(terminal(("claim", f"verdicts: {' → '.join(labels)}"), rows), end="\n\n")
    for key, base, other, claims in environment_rows(comparisons):
        print(f"environment: {key}: {base} → {other}" + ("" if claims == "all" else f" ({claims})"))


def draw(comparisons: Sequence[Comparison]) -> tuple[list[bytes | None], str]:
    """Saves a PNG beside each result.  Returns the SVG of each comparison, None where there is none, and why not."""
    why = panels.missing()
    if why:
        return [None] * len(comparisons), why
    drawn = []
    for comparison in comparisons:
        figure, result = overlay.of_comparison(comparison), comparison.other.first
        if figure:
            panels.save(figure, result.path.with_name(f"{result.name}.compare.png"))
        drawn.append(panels.picture(figure, "svg") if figure else None)
    return drawn, ""


def write_page(comparisons: Sequence[Comparison], labels: Sequence[str], notes: Sequence[str],
               folder: Path) -> None:
    """Draws the charts and writes compare.html."""
    drawn, why = draw(comparisons)
    if why:
        print(why, file=sys.stderr)
        notes = [*notes, why]
    try:
        from touchstone.compare_page import page
    except ModuleNotFoundError:
        stop("the page needs python3-jinja2; scripts/setup installs it", 77)
    write_whole(folder / "compare.html", page(comparisons, labels, [summed_up(comparisons), *notes],
                                              environment_rows(comparisons), drawn))
    print(f"page: {folder / 'compare.html'}")


def arguments(argv: Sequence[str] | None) -> Namespace:
    """Reads the arguments."""
    parser = Parser()
    parser.add_argument("base", nargs="?", default="", metavar="BASE",
                        help="folder or CSV (default: results/reference)")
    parser.add_argument("other", nargs="?", default="", metavar="WITH",
                        help="folder or CSV (default: $RESULTS, else results/latest)")
    parser.add_argument("--claim", nargs="*", default=[], help="only these")
    options: Namespace = parser.parse_args(argv)
    options.base = as_typed(options.base or ROOT / "results/reference")
    options.other = as_typed(options.other or ROOT / (os.environ.get("RESULTS") or "results/latest"))
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Compares, prints and writes the page."""
    options = arguments(argv)
    texts = (options.base, options.other)
    (base, left_out), (other, left_out_too) = map(read_side, texts)
    are_files = all(Path(text).is_file() for text in texts)
    base, other = (chosen(results, options.claim, text) for results, text in zip((base, other), texts))
    notes = left_out + left_out_too + ([] if are_files else not_compared(base, other, texts))
    labels = [label_of(text) for text in texts]
    if labels[0] == labels[1]:
        labels = list(texts)
    comparisons = [Comparison(Side(labels[0], [before]), Side(labels[1], [after]))
                   for before, after in pairs(base, other, are_files)]
    if not comparisons:
        stop(f"nothing could be compared: {'; '.join(notes)}")
    notes += notes_of(comparisons)
    print_table(comparisons, labels)
    print(*notes, summed_up(comparisons), sep="\n")
    folder = Path(options.other)
    write_page(comparisons, labels, notes, folder if folder.is_dir() else folder.parent)
    return 0
