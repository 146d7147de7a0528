# SPDX-License-Identifier: MIT
"""The page that scripts/compare writes: every claim that two runs share, side by side."""
import base64
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from touchstone.comparison import Comparison, Difference
from touchstone.pages import render

MOST_ROWS = 40  # of a table of columns


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "",
           marked: Collection[int] = ()) -> dict[str, Any]:
    return {"head": head, "rows": list(rows), "caption": caption, "marked": marked}


def _finding_row(finding: Difference) -> tuple[str, ...]:
    expected = f" ({finding.expected()})" if finding.expected() else ""
    sentence = finding.title(": ") + finding.sentence + expected
    return (sentence, *(f"{outcome} {number}" for outcome, number in zip(finding.outcomes(), finding.numbers())))


def _findings_table(comparison: Comparison, labels: Sequence[str]) -> dict[str, Any]:
    turned = {number for number, finding in enumerate(comparison.findings) if finding.turned()}
    return _table(("finding", *labels), map(_finding_row, comparison.findings),
                  "Findings that differ (marked: the outcome changed)", turned)


def _changes_table(comparison: Comparison, labels: Sequence[str]) -> dict[str, Any]:
    rows = [(change.arm, change.column, change.first, *(spread.text(change.unit) for spread in change.at_first),
             *(spread.text(change.unit) for spread in change.at_end)) for change in comparison.changes]
    head = ("arm", "column", "first differs at", *(f"{label}, there" for label in labels),
            *(f"{label}, end" for label in labels))
    caption = "Columns that moved otherwise, as growth since the arm's first record"
    left_out = f"; {len(rows) - MOST_ROWS} more" if len(rows) > MOST_ROWS else ""
    return _table(head, rows[:MOST_ROWS], caption + left_out)


def _claim_view(comparison: Comparison, labels: Sequence[str], svg: bytes | None) -> dict[str, Any]:
    sides = (comparison.base, comparison.other)
    return {
        "id": comparison.name, "title": f"{comparison.name.rpartition('/')[2]}: {comparison.verdict_text()}",
        "claim": comparison.base.metadata.get("claim", ""), "verdicts": comparison.verdicts,
        "turned": not comparison.same_verdict(), "differs": comparison.differs(),
        "telling": comparison.telling(), "headline": comparison.headline(),
        "reasons": [f"{side.label}: {side.first.reason}" for side in sides if side.first.reason],
        "picture": base64.b64encode(svg).decode() if svg else "",
        "findings": _findings_table(comparison, labels), "changes": _changes_table(comparison, labels)}


def page(comparisons: Sequence[Comparison], labels: Sequence[str], notes: Sequence[str],
         environment: Iterable[Sequence[str]], drawn: Sequence[bytes | None]) -> str:
    """Returns the page.  drawn: the chart of each comparison as SVG, None where there is none."""
    return render("compare.html.j2", labels=labels, notes=notes,
                  environment=_table(("", *labels, "claims"), environment),
                  claims=[_claim_view(comparison, labels, svg) for comparison, svg in zip(comparisons, drawn)])
