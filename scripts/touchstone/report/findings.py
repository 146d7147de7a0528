# SPDX-License-Identifier: MIT
"""The findings of a result as the report shows them: measured, expected, and the line in the source."""
from __future__ import annotations

import re
from typing import Any

from touchstone.lines import Finding
from touchstone.words import grouped, quantity, with_unit

OUTCOMES = {"held": "✓", "failed": "✗", "unclear": "?"}
DIGITS = 5  # one more than in charts: 64.004 MiB is not 64 MiB


def value(text: str, unit: str) -> dict[str, str]:
    """Returns a number as it is shown, and with every digit where that differs."""
    exact = with_unit(grouped(text), unit)
    short = quantity(int(text), unit, DIGITS) if unit in ("bytes", "ns") and re.fullmatch(r"-?\d+", text) else exact
    return {"text": short, "raw": exact if short != exact else ""}


def allowed(least: str | None, most: str | None, unit: str) -> dict[str, str]:
    """Returns what was expected, as it is shown, and with every digit where that differs."""
    if least is None or most is None:
        bound = value(least or most or "", unit)
        return {"text": ("at most " if least is None else "at least ") + bound["text"], "raw": bound["raw"]}
    if least == most:
        return {"text": "exactly " + value(least, unit)["text"], "raw": value(least, unit)["raw"]}
    low, high = value(least, unit), value(most, unit)
    raw = f"{grouped(least)} to {grouped(most)} {unit}" if low["raw"] or high["raw"] else ""
    if low["text"] == high["text"]:
        return {"text": "about " + low["text"], "raw": raw}
    if unit == "bytes" and "0" not in (least, most) and bool(low["raw"]) != bool(high["raw"]):
        return {"text": f"{grouped(least)} to {grouped(most)} bytes", "raw": ""}  # one of them has no other form
    name = high["text"].partition(" ")[2]  # 0 to 8 KiB, and 4 to 8 KiB: the unit once
    plain = least == "0" or not low["raw"] and not high["raw"]
    start = grouped(least) if plain else low["text"].removesuffix(f" {name}")
    return {"text": f"{start} to {high['text']}", "raw": raw}


def finding_view(finding: Finding) -> dict[str, Any]:
    """Returns what the page shows of a finding."""
    least, measured, most = finding.sides()
    spread = finding.quartiles()
    # Beside numbers that have it, the sentence need not name the unit.
    sentence = finding.sentence.replace(f", {finding.unit}:", ":").removesuffix(f", {finding.unit}")
    return {"kind": finding.kind, "outcome": finding.outcome, "symbol": OUTCOMES.get(finding.outcome, "?"),
            "what": sentence, "measured": value(measured, finding.unit), "expected": allowed(least, most, finding.unit),
            "line": finding.line, "spread": f"middle half of the trials: {spread[0]} to {spread[1]}" if spread else ""}
