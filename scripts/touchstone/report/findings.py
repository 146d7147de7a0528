# SPDX-License-Identifier: MIT
"""The findings of a result as the report shows them: measured, expected, and the line in the source."""
from __future__ import annotations

import re
from typing import Any

from touchstone.lines import Finding
from touchstone.words import grouped, scale_of

OUTCOMES = {"held": "✓", "failed": "✗", "unclear": "?"}


def human(text: str, unit: str) -> str | None:
    """Returns what a person would say for a number in bytes or nanoseconds; None where that adds nothing."""
    if unit not in ("bytes", "ns") or not re.fullmatch(r"-?\d+", text) or abs(int(text)) < 1000:
        return None
    if unit == "bytes" and int(text) % 1024 and abs(int(text)) < 1e7:
        return None  # 131,049 bytes are not 127.98 KiB
    scale, name = scale_of(int(text), unit)
    return f"{int(text) / scale:.5g} {name}"


def with_unit(text: str, unit: str) -> str:
    """Returns a number with every digit and its unit, which is singular beside 1: 4,096 pages, 1 page."""
    singular = text in ("1", "-1") and unit.endswith("s") and unit != "ns"
    return f"{grouped(text)} {unit.removesuffix('s') if singular else unit}".strip()


def value(text: str, unit: str) -> dict[str, str]:
    """Returns a number as it is shown, and with every digit where that differs."""
    short, exact = human(text, unit), with_unit(text, unit)
    return {"text": short or exact, "raw": exact if short else ""}


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
    return {"control": finding.control, "outcome": finding.outcome, "symbol": OUTCOMES.get(finding.outcome, "?"),
            "what": sentence, "measured": value(measured, finding.unit), "expected": allowed(least, most, finding.unit),
            "line": finding.line, "spread": f"middle half of the trials: {spread[0]} to {spread[1]}" if spread else ""}
