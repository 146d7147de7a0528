# SPDX-License-Identifier: MIT
"""The findings of a result as the report shows them: measured, expected, and the line in the source."""
import re

from touchstone.words import grouped, scale_of, unit_of, words_of

OUTCOMES = {"held": "✓", "failed": "✗", "unclear": "?"}


def human(text, unit):
    """What a person would say for a number in bytes or nanoseconds; None where that adds nothing."""
    if unit not in ("bytes", "ns") or not re.fullmatch(r"-?\d+", text) or abs(int(text)) < 1000:
        return None
    if unit == "bytes" and int(text) % 1024 and abs(int(text)) < 1e7:
        return None  # 131,049 bytes are not 127.98 KiB
    scale, name = scale_of(int(text), unit)
    return f"{int(text) / scale:.5g} {name}"


def value(text, unit):
    said = human(text, unit)
    exact = f"{grouped(text)} {'byte' if unit == 'bytes' and text in ('1', '-1') else unit}".strip()
    return {"text": said or exact, "raw": exact if said else ""}


def unit_of_finding(finding, call, result):
    """bytes, ns or nothing: from what judge() compares, else from the sentence."""
    if "(quartiles " in finding.numbers:
        return ""  # a ratio
    if re.search(r"(^|: )((free|resident) )?bytes\b|, bytes(:|$)", finding.what):
        return "bytes"
    if re.search(r"(^|: |, )(\w+ )?\w+s,? (of|that|whose|after|at|from|below)\b", finding.what):
        return ""  # it counts things: "freed blocks after which ...", whatever they are compared by
    arguments = call.arguments if call else ""
    about_y = "y" in result.metadata and words_of("y", result.metadata) in finding.what
    if about_y or re.search(r"\by_of\(|->y\b", arguments):
        unit = unit_of("y", result.metadata)
        return "" if unit == "count" else unit
    for suffix, unit in (("_count", ""), ("_ns", "ns"), ("_bytes", "bytes")):
        if re.search(suffix + r"\b", arguments):
            return unit
    if re.search(r"fault|mappings|count|calls|times|number of|how many", finding.what):
        return ""
    return "bytes" if re.search(r"\b(bytes?|[KMGT]iB|resident|virtual size|memory|heap)\b", finding.what) else ""


def allowed(least, most, unit):
    if least == most:
        return {"text": "exactly " + value(least, unit)["text"], "raw": value(least, unit)["raw"]}
    if least is None or most is None:
        bound = value(least or most, unit)
        return {"text": ("at most " if least is None else "at least ") + bound["text"], "raw": bound["raw"]}
    low, high = value(least, unit), value(most, unit)
    raw = f"{grouped(least)} to {grouped(most)} {unit}" if low["raw"] or high["raw"] else ""
    if low["text"] == high["text"]:
        return {"text": "about " + low["text"], "raw": raw}
    if unit == "bytes" and "0" not in (least, most) and bool(low["raw"]) != bool(high["raw"]):
        return {"text": f"{grouped(least)} to {grouped(most)} bytes", "raw": ""}  # one of them has no other form
    name = high["text"].partition(" ")[2]  # 0 to 8 KiB, and 4 to 8 KiB: the unit once
    start = "0" if least == "0" else low["text"].removesuffix(f" {name}") if name else low["text"]
    return {"text": f"{start} to {high['text']}", "raw": raw}


def finding_view(finding, result, source):
    call = source.find(finding.what, "expect_", "control_") if source else None
    unit, known = unit_of_finding(finding, call, result), finding.sides()
    spread = re.search(r"\(quartiles (\S+) to (\S+)\)", finding.numbers)
    if known:
        least, measured, most = known
        measured, expected = value(measured, unit), allowed(least, most, unit)
    else:
        terms = finding.terms()
        measured, expected = {"text": " ≤ ".join(map(grouped, terms)), "raw": ""}, {"text": "left ≤ right", "raw": ""}
    return {"control": finding.control, "outcome": finding.outcome,
            "symbol": OUTCOMES.get(finding.outcome, "?"),
            "what": re.sub(rf", {unit}\b", "", finding.what) if unit else finding.what,  # the numbers say it
            "measured": measured, "expected": expected, "is_relation": not known, "line": source.line_of(finding.what) if source else None,
            "spread": f"middle half of the trials: {spread[1]} to {spread[2]}" if spread else ""}
