# SPDX-License-Identifier: MIT
"""Compares two runs, claim by claim, in the terminal and on one page: behind scripts/compare."""
import base64
import os
import shutil
import sys
import textwrap
from html import escape
from pathlib import Path

from touchstone.arguments import Parser
from touchstone.charts import overlay
from touchstone.cli import stop
from touchstone.comparison import Comparison
from touchstone.files import ROOT, write_whole
from touchstone.results import read_result, read_results
from touchstone.sides import Side

MOST_ROWS = 40   # of the table of columns on the page
MOST_NAMES = 4   # of claims in one sentence

STYLE = """
:root { --paper: #fff; --ink: #1a1c20; --soft: #50555f; --line: #c9cdd4; --mark: #fff3c4 }
@media (prefers-color-scheme: dark) {
    :root { --paper: #15171b; --ink: #eceef2; --soft: #b4bac5; --line: #464c58; --mark: #4a3f12 }
}
body { margin: 0 auto; max-width: 66rem; padding: 1rem 1.25rem 3rem; background: var(--paper); color: var(--ink);
    font: 112.5%/1.5 system-ui, "Noto Sans", "DejaVu Sans", sans-serif; overflow-wrap: break-word }
h1 { font-size: 1.7rem } h2 { font-size: 1.35rem; margin-top: 2.5rem; border-bottom: 2px solid var(--line) }
h3 { font-size: 1.15rem; margin: 1.5rem 0 .3rem }
.scroll { overflow-x: auto } table { border-collapse: collapse; margin: .5rem 0 1rem }
th, td { text-align: left; vertical-align: top; padding: .3rem 1.2rem .3rem 0; border-bottom: 1px solid var(--line) }
thead th { border-bottom: 2px solid var(--ink) } caption { text-align: left; color: var(--soft) }
td { font-variant-numeric: tabular-nums } tr.moved td { background: var(--mark) }
img { display: block; width: 100%; background: #fff; border: 1px solid var(--line) }
summary { cursor: pointer; font-weight: 600 } .soft { color: var(--soft) } a { color: inherit }
.stacks table { width: 100% } .stacks td:last-child { width: 45% } .stacks td { overflow-wrap: anywhere }
.stacks td:nth-child(2), .stacks td:nth-child(3) { white-space: nowrap }
@media (max-width: 44rem) {
    .stacks thead { position: absolute; left: -999rem } .stacks td, .stacks tr { display: block; border: 0; padding: 0 }
    .stacks tr { padding: .5rem 0; border-bottom: 1px solid var(--line) } .stacks td:last-child { width: auto }
    .stacks td:not(:first-child)::before { content: attr(data-is) ": "; color: var(--soft) }
}
@media print { section { break-inside: avoid } }
"""
HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="color-scheme" content="light dark">
"""


# ---- which claims --------------------------------------------------------------

def read_side(text):
    """{CHAPTER/CLAIM: Result} of a folder or a file, and what was left out, with the reason."""
    path = Path(os.path.abspath(text))
    if not path.exists():
        stop(f"there is no results folder {text}: make run-all RESULTS=results/NAME measures one, "
             "and BASE=... and WITH=... name the two to compare")
    results = read_results(path) if path.is_dir() else [read_result(path)]
    named = lambda result: f"{text}: {result.chapter}/{result.path.name}" if path.is_dir() else text
    bad = [f"{named(result)} {why}" for result in results if (why := result.why_no_result())]
    if not results:
        bad = [f"{text} holds no result (CHAPTER/CLAIM.csv)"]
    return {f"{result.chapter}/{result.name}": result for result in results if not result.why_no_result()}, bad


def pair(base, other, single):
    """The claims of both; of two single files, whatever they are called."""
    if single:
        return list(zip(base.values(), other.values()))
    return [(base[name], other[name]) for name in base if name in other]


def wanted(results, claims, text):
    if not claims:
        return results
    asked = {claim.removeprefix("experiments/").removesuffix(".c") for claim in claims}
    found = {name: result for name, result in results.items() if name in asked or name.partition("/")[2] in asked}
    lacking = sorted(claim for claim in asked if not any(claim in (name, name.partition("/")[2]) for name in found))
    if lacking:
        stop(f"{text} has no result of {', '.join(lacking)}; make run CLAIM={lacking[0]} RESULTS={text} measures it")
    return found


def shown(path):
    """As one would type it from here."""
    near = os.path.relpath(path)
    return str(path) if near.startswith("..") else near


def label_of(text):
    return Path(text).stem if text.endswith(".csv") else Path(os.path.abspath(text)).name


# ---- the page ------------------------------------------------------------------

def html_table(head, rows, caption="", moved=(), form="scroll"):
    """rows of plain texts, or of markup where a cell is a tuple of one; nothing where there are none.
    Too wide, it scrolls; as "stacks" it stands under each other on a phone."""
    if not rows:
        return ""
    cell = lambda text: text[0] if isinstance(text, tuple) else escape(str(text))
    lines = [f'<tr{" class=moved" if number in moved else ""}>' +
             "".join(f'<td data-is="{escape(name)}">{cell(text)}</td>' for name, text in zip(head, row)) + "</tr>"
             for number, row in enumerate(rows)]
    return "".join((f'<div class="{form}"><table>', f"<caption>{escape(caption)}</caption>" if caption else "", "<thead><tr>",
                    *(f'<th scope="col">{escape(text)}</th>' for text in head), "</tr></thead><tbody>",
                    *lines, "</tbody></table></div>\n"))


def findings_table(comparison, labels):
    rows = []
    for finding in comparison.findings:
        outcomes, numbers = finding.outcomes(), finding.numbers()
        expected = f" ({finding.expected()})" if finding.expected() else ""
        rows.append((("control: " if finding.control else "") + finding.what + expected,
                     *(f"{outcome} {number}" for outcome, number in zip(outcomes, numbers))))
    moved = {n for n, finding in enumerate(comparison.findings) if finding.turned()}
    return html_table(("finding", *labels), rows, "Findings that differ (marked: the outcome changed)", moved)


def changes_table(comparison, labels):
    rows = [(change.arm, change.column, change.first, *(spread.text(change.unit) for spread in change.at_first),
             *(spread.text(change.unit) for spread in change.at_end)) for change in comparison.changes]
    head = ("arm", "column", "first differs at", *(f"{label}, there" for label in labels),
            *(f"{label}, end" for label in labels))
    left = f"; {len(rows) - MOST_ROWS} more" if len(rows) > MOST_ROWS else ""
    return html_table(head, rows[:MOST_ROWS], f"Columns that moved otherwise, as growth since the arm's first record{left}")


def claim_section(comparison, labels, svg):
    name = comparison.name
    source = f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}" if svg else ""
    body = "".join((
        f'<p class="soft">{escape(comparison.base.metadata.get("claim", ""))}</p>',
        *(f"<p>{escape(side.label)}: {escape(side.first.reason)}</p>"
          for side in (comparison.base, comparison.other) if side.first.reason),
        f'<img alt="{escape(comparison.headline())}" src="{source}">' if svg else "",
        findings_table(comparison, labels), changes_table(comparison, labels)))
    if not comparison.differs():
        body = f"<details><summary>no number differs</summary>{body}</details>"
    title = f"{name.rpartition('/')[2]}: {comparison.verdict_text()}"
    return f'<section><h3 id="{escape(name)}">{escape(title)}</h3>{body}</section>\n'


def environment_rows(comparisons):
    """(key, base, with, claims): what differs between the two machines and conditions."""
    found = {}
    for comparison in comparisons:
        for key, values in comparison.environment.items():
            found.setdefault((key, *values), []).append(comparison.name.rpartition("/")[2])
    everywhere = lambda names: "all" if len(names) == len(comparisons) else \
        ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return [(*key, everywhere(names)) for key, names in found.items()]


def page(comparisons, labels, notes, drawn):
    rows = [((f'<a href="#{escape(c.name)}">{escape(c.name)}</a>',), *c.verdicts, c.telling()) for c in comparisons]
    moved = {number for number, comparison in enumerate(comparisons) if not comparison.same_verdict()}
    environment = environment_rows(comparisons)
    return "".join((
        HEAD, f"<title>Touchstone: {escape(' and '.join(labels))}</title><style>{STYLE}</style></head><body>\n",
        f"<h1>What moved from {escape(labels[0])} to {escape(labels[1])}</h1>",
        f"<p>In the charts {escape(labels[0])} is dashed and hollow, {escape(labels[1])} solid.</p>",
        *(f"<p>{escape(note)}</p>" for note in (summed_up(comparisons), *notes)),
        "<h2>What differs in the environment</h2>",
        html_table(("", *labels, "claims"), environment) or "<p>Nothing that the results tell.</p>",
        "<h2>The verdicts side by side</h2>",
        html_table(("claim", *labels, "what differs"), rows, "Marked: the verdict changed", moved, "stacks"), "<h2>Claim by claim</h2>\n",
        *(claim_section(comparison, labels, svg) for comparison, svg in zip(comparisons, drawn)), "</body></html>\n"))


# ---- the terminal ----------------------------------------------------------------

def summed_up(comparisons):
    changed = sum(not comparison.same_verdict() for comparison in comparisons)
    numbers = sum(comparison.same_verdict() and comparison.differs() for comparison in comparisons)
    return (f"{len(comparisons)} claim{'' if len(comparisons) == 1 else 's'} compared: {changed} with another verdict, "
            f"{numbers} with the same verdict and other numbers, {len(comparisons) - changed - numbers} the same.")


def print_table(comparisons, labels):
    width = max(40, shutil.get_terminal_size((120, 24)).columns)
    longest = max(len(comparison.name) for comparison in comparisons)
    print(f"{'claim':{longest}}  {'verdicts: ' + ' → '.join(labels)}")
    for comparison in comparisons:
        same = "" if comparison.differs() else "; no number differs"
        print(f"{comparison.name:{longest}}  {comparison.verdict_text()}{same}")
        if not same:
            print(textwrap.fill(comparison.telling(), width, initial_indent="    ", subsequent_indent="    "))
    print()
    for key, base, other, claims in environment_rows(comparisons):
        print(f"environment: {key}: {base} → {other}" + ("" if claims == "all" else f" ({claims})"))


def draw(comparisons):
    """The SVG of each, None where there is none; and the PNG beside the result."""
    why = overlay.missing()
    if why:
        return [None] * len(comparisons), why
    drawn = []
    for comparison in comparisons:
        figure, result = overlay.of_comparison(comparison), comparison.other.first
        if figure:
            overlay.save(figure, result.path.with_name(f"{result.name}.compare.png"))
        drawn.append(overlay.picture(figure, "svg") if figure else None)
    return drawn, ""


def leftovers(base, other, texts):
    """What was not compared, in sentences."""
    notes = []
    for ours, theirs, text in ((base, other, texts[0]), (other, base, texts[1])):
        only = [name for name in ours if name not in theirs] if theirs else []
        if only:
            more = f" and {len(only) - MOST_NAMES} more" if len(only) > MOST_NAMES else ""
            notes.append(f"only in {text}, so not compared: {', '.join(only[:MOST_NAMES])}{more}")
    return notes


def notes_of(comparisons):
    """What is to be known of all of them."""
    notes = list(dict.fromkeys(sentence for comparison in comparisons for sentence in comparison.only))
    if any(change.column.endswith("_ns") for comparison in comparisons for change in comparison.changes):
        notes.append("times of two runs also differ by what else the machine did then: make hypothesis alternates them")
    return notes


def arguments(argv):
    parser = Parser()
    parser.add_argument("base", nargs="?", default="", metavar="BASE", help="folder or CSV (default: results/reference)")
    parser.add_argument("other", nargs="?", default="", metavar="WITH",
                        help="folder or CSV (default: $RESULTS, else results/latest)")
    parser.add_argument("--claim", nargs="*", default=[], help="only these")
    options = parser.parse_args(argv)
    options.base = shown(options.base or ROOT / "results/reference")
    options.other = shown(options.other or ROOT / (os.environ.get("RESULTS") or "results/latest"))
    return options


def main(argv=None):
    options = arguments(argv)
    texts = (options.base, options.other)
    (base, bad_base), (other, bad_other) = map(read_side, texts)
    single = all(Path(text).is_file() for text in texts)
    base, other = (wanted(results, options.claim, text) for results, text in zip((base, other), texts))
    notes = bad_base + bad_other + ([] if single else leftovers(base, other, texts))
    labels = list(map(label_of, texts))
    if labels[0] == labels[1]:
        labels = texts
    comparisons = [Comparison(Side(labels[0], [before]), Side(labels[1], [after]))
                   for before, after in pair(base, other, single)]
    if not comparisons:
        stop(f"nothing could be compared: {'; '.join(notes)}")
    notes += notes_of(comparisons)
    print_table(comparisons, labels)
    print(*notes, summed_up(comparisons), sep="\n")
    drawn, why = draw(comparisons)
    if why:
        print(why, file=sys.stderr)
    folder = Path(options.other) if Path(options.other).is_dir() else Path(options.other).parent
    write_whole(folder / "compare.html", page(comparisons, labels, notes + [why] * bool(why), drawn))
    print(f"page: {folder / 'compare.html'}")
    return 0
