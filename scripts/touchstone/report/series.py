# SPDX-License-Identifier: MIT
"""What was measured again and again, as the report shows it: sweeps, confounds, and the journals of hypotheses."""
from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

from touchstone.confound import Confounded, summed_up
from touchstone.lines import Finding
from touchstone.report.findings import finding_view
from touchstone.report.pictures import chart
from touchstone.results import Result, read_result
from touchstone.series import Point, Series, points_of
from touchstone.words import quantity

PICTURE = re.compile(r"^!\[(.*)\]\((.+)\)$", re.MULTILINE)


def picture_in_page(path: Path) -> str:
    """Returns a PNG so that the page can hold it; nothing where there is none."""
    try:
        return base64.b64encode(path.read_bytes()).decode()
    except OSError:
        return ""


def told(point: Point) -> dict[str, Any] | None:
    """Returns what the claim came to at a point: its first expectation, if refuted the first that failed."""
    own = [finding for finding in point.findings if finding.kind == "expect"]
    failed = [finding for finding in own if finding.outcome == "failed"]
    first: Finding | None = next(iter(failed or own), None)
    if first is None:
        return None
    shown = finding_view(first)
    return {**shown, "what": shown["what"].removeprefix(f"{point.label}: ")}


def position_view(path: Path, point: Point, number: int, prefix: str, unit: str) -> dict[str, Any]:
    """Returns a position of the slider: the knob's value, the verdict, and the chart that was measured there."""
    name = re.sub(r"[^\w-]", "_", path.stem)
    shown = point.label.partition("=")[0] + " = " + quantity(point.rows[0]["x"], unit) if point.rows else point.label
    drawn = chart(path.with_suffix("") / f"{point.label}.svg", f"{prefix}-{name}-{number}", f"Chart for {shown}")
    return {"label": shown, "verdict": point.verdict, "note": point.note, "key": told(point), "chart": drawn}


def sweep_view(path: Path, prefix: str) -> dict[str, Any] | None:
    """Returns a sweep: its overview, and the positions of its slider."""
    series = read_result(path)
    if series.why_no_result() or "swept" not in series.metadata:
        return None
    points = sorted(points_of(series).values(), key=lambda point: point.rows[0]["x"] if point.rows else -1)
    positions = [position_view(path, point, number, prefix, series.unit_of("x")) for number, point in enumerate(points)]
    with_chart = [position for position in positions if position["chart"]]
    return {"knob": series.metadata["swept"], "positions": with_chart or positions, "count": len(positions),
            "has_charts": bool(with_chart), "reason": series.reason, "is_unfinished": series.is_cut_short,
            "overview": picture_in_page(path.with_suffix(".png")), "file": path.name}


def sweeps_view(result: Result, folder: Path, prefix: str) -> list[dict[str, Any]]:
    """Returns the sweeps of a claim, by knob."""
    found = [sweep_view(path, prefix) for path in sorted((folder / "sweeps").glob(f"{result.name}.*.csv"))]
    return [view for view in found if view]


def confound_view(result: Result, folder: Path) -> dict[str, Any] | None:
    """Returns what became of a claim under each other condition; None where nobody has asked."""
    path = folder / "confounds" / f"{result.name}.csv"
    series = read_result(path) if path.is_file() else None
    if series is None or series.why_no_result() or "confounded_columns" not in series.metadata:
        return None
    kept = Series(path, "", series.axis("x"), dict(series.metadata))
    kept.points = points_of(series)
    confounded = Confounded(kept, series)
    lines = list(confounded.lines()) if confounded.base else []
    return {"lines": lines, "summed_up": summed_up(lines), "is_unfinished": series.is_cut_short,
            "file": path.name} if lines else None


def journal_view(path: Path) -> dict[str, Any]:
    """Returns a journal as its texts and pictures, one after the other."""
    parts: list[dict[str, str]] = []
    text, end = path.read_text(encoding="utf-8", errors="replace"), 0
    for picture in PICTURE.finditer(text):
        drawn = picture_in_page(path.parent / picture[2]) if ".." not in picture[2] else ""
        parts.append({"text": text[end:picture.start()].strip(), "alt": picture[1], "picture": drawn})
        end = picture.end()
    parts.append({"text": text[end:].strip(), "alt": "", "picture": ""})
    return {"name": path.stem, "file": path.name, "parts": parts}


def journals_view(folder: Path) -> list[dict[str, Any]]:
    """Returns the journals of the results folder, by name."""
    return [journal_view(path) for path in sorted((folder / "journal").glob("*.md"))]
