# SPDX-License-Identifier: MIT
"""One claim as the report shows it."""
from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from touchstone import prediction
from touchstone.files import ROOT
from touchstone.film.fills import for_page
from touchstone.film.view import view
from touchstone.lines import Knob
from touchstone.report.findings import finding_view, value
from touchstone.report.lecture import lecture_view
from touchstone.report.pictures import chart
from touchstone.report.series import confound_view, sweeps_view
from touchstone.report.tables import observed_view, rows_view
from touchstone.results import Result
from touchstone.source import paragraphs


def recorded_lines(result: Result) -> dict[str, list[int]]:
    """Returns the lines of each arm's records in its first trial, in their order."""
    found: dict[str, list[int]] = {}
    for row in result.rows:
        if row["trial"] == 1:
            found.setdefault(row["arm"], []).append(row["line"])
    return found


def film_view(result: Result, source: str | None, prefix: str) -> dict[str, Any] | None:
    """Returns the stages as drawings; film/draw.py makes markup of text that it escapes."""
    controls = [arm.name for arm in result.arms if arm.control]
    shown = view(result.path.with_suffix(".film.csv"), source, recorded_lines(result), prefix, controls)
    for player in shown["players"] if shown else []:
        for one in player["index"]:
            one["svg"] = Markup(one["svg"])
        for frame in player["frames"]:
            for one in frame["pictures"]:
                one["svg"] = Markup(one["svg"])
    return shown


def film_player() -> dict[str, Any]:
    """Returns what the page needs once for its films: the fills and their style."""
    fills, style = for_page()
    return {"fills": Markup(fills), "style": Markup(style)}


def read_source(result: Result) -> str | None:
    """Returns the experiment's source when it lies in this project, else None."""
    path = (ROOT / result.metadata.get("source", "")).resolve()
    if ROOT in path.parents and path.is_file():
        return path.read_text(encoding="utf-8", errors="replace")
    return None


def paragraph_view(lines: list[str]) -> dict[str, Any]:
    """Returns a paragraph as it is shown: drawings and lists keep their lines, prose flows."""
    drawn = any(line.startswith((" ", "\t", "- ")) for line in lines)
    return {"drawn": drawn, "text": ("\n" if drawn else " ").join(lines)}


def mechanism_view(source: str | None) -> dict[str, list]:
    """Returns the paragraphs of the teaching comment: the mechanism, the control and what to try."""
    views: dict[str, list] = {"prose": [], "control": [], "try": []}
    for lines in paragraphs(source or ""):
        kind = next((name for name in ("control", "try") if re.match(rf"{name}s?:", lines[0], re.IGNORECASE)), "prose")
        if kind != "prose":
            first = lines[0].partition(":")[2].strip()
            if re.match(r"[a-z]+[ ,;:]", first):  # a word, and no name such as block=1M
                first = first[0].upper() + first[1:]
            lines = [first, *lines[1:]]
        views[kind].append(paragraph_view(lines))
    return views


def knob_view(knob: Knob) -> dict[str, Any]:
    """Returns what the page shows of a knob."""
    text, is_size = str(knob.value), knob.unit in ("bytes", "ns")
    return {"name": knob.name, "value": value(text, knob.unit if is_size else ""), "unit": "" if is_size else knob.unit,
            "meaning": knob.meaning}


def command(result: Result, mechanism: dict[str, list]) -> str:
    """Returns how to run it again, with the first knob setting that "Try:" names."""
    tried = " ".join(paragraph["text"] for paragraph in mechanism["try"])
    setting = next((setting for setting in re.findall(r"\b\w+=\d+[KMGkmg]?\b", tried)
                    if setting.partition("=")[0] in result.knobs), None)
    return f"make run CLAIM={result.name}" + (f' KNOBS="{setting}"' if setting else "")


def stages_view(result: Result) -> list[dict[str, Any]]:
    """Returns each stage with the lines of the source that recorded it."""
    lines: dict[str, set[int]] = {}
    for row in result.rows:
        lines.setdefault(row["stage"], set()).add(row["line"])
    return [{"name": stage, "lines": sorted(line for line in found if line)} for stage, found in lines.items()]


def key_finding(result: Result, findings: list[dict]) -> dict | None:
    """Returns the finding for the table of verdicts: the first expectation, if refuted the first that failed."""
    own = [finding for finding in findings if finding["kind"] == "expect"]
    return next((finding for finding in own if result.verdict == "refuted" and finding["outcome"] == "failed"),
                own[0] if own else None)


def judged(finding: dict, verdict: str) -> dict:
    """Returns the finding; one on what is true instead, in a run that is not refuted, is not judged where it does not
    hold."""
    if finding["kind"] == "true_instead" and verdict != "refuted" and finding["outcome"] != "held":
        return {**finding, "outcome": "not judged here", "symbol": "–"}
    return finding


def grouped_by_kind(findings: list[dict]) -> list[list[dict]]:
    """Returns what the claim and its controls come to, in their order, and then what is true instead."""
    groups = [[finding for finding in findings if (finding["kind"] == "true_instead") == instead]
              for instead in (False, True)]
    return [group for group in groups if group]


def claim_view(result: Result, folder: Path) -> dict[str, Any]:
    """Returns everything that the page shows of a claim."""
    source = read_source(result)
    findings = [judged(finding_view(finding), result.verdict) for finding in result.findings]
    prefix = re.sub(r"[^\w-]", "_", f"{result.chapter}-{result.name}")
    claim = result.metadata.get("claim", result.name.replace("_", " "))
    key = key_finding(result, findings)
    label = f"Chart for: {claim}. Verdict: {result.verdict_in_words}." + (
        f" {key['what']}: measured {key['measured']['text']}, expected {key['expected']['text']}." if key else "") + (
        f" {result.instead}" if result.instead else "")
    svg = result.path.with_suffix(".svg")
    drawn = chart(svg, prefix, label)
    mechanism = mechanism_view(source)
    return {
        "id": prefix, "name": result.name, "asked": result.metadata.get("asked", claim), "claim": claim,
        "instead": result.metadata.get("instead", ""), "verdict": result.verdict, "not_as_told": result.not_as_told,
        "reason": result.reason, "findings": grouped_by_kind(findings), "key": key,
        "failed": [finding for finding in findings if finding["outcome"] == "failed" and finding["kind"] == "expect"],
        "chart": drawn, "chart_is_damaged": drawn is None and svg.exists(),
        "address_map": chart(result.path.with_suffix(".address_map.svg"), f"{prefix}-address_map", None),
        "rows": None if drawn else rows_view(result), "mechanism": mechanism, "command": command(result, mechanism),
        "knobs": [knob_view(knob) for knob in (*result.knobs.values(), *result.settings.values())],
        "sweeps": sweeps_view(result, folder, prefix), "confound": confound_view(result, folder),
        "predictions": prediction.view(result), "lecture": lecture_view(result),
        "hypothesis": result.metadata.get("hypothesis", ""),
        "arms": result.arms, "stages": stages_view(result), "observed": observed_view(result),
        "source": result.metadata.get("source", ""), "source_text": source,
        "source_link": quote(os.path.relpath(ROOT / result.metadata.get("source", ""), folder)),
        "csv_link": quote(f"{result.chapter}/{result.path.name}"),
        "film": film_view(result, source, prefix), "film_link": quote(f"{result.chapter}/{result.name}.film.csv"),
        "observed_link": quote(f"{result.chapter}/{result.name}.observed/"),
    }
