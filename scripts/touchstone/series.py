# SPDX-License-Identifier: MIT
"""Runs an experiment again and again under changed conditions: what sweep and confound share.

    with turn():
        series.measure([Condition("block=1M", arguments=["block=1M"]), ...])

A series is kept in the format of a result (docs/result_format.md): a row is one trial of one arm at
one point, x the knob's value or the number of the condition, y the quantity asked for, and every
other column its growth from the first to the last record of that trial.  One line a point says what
came of it.  The file is written after each point and gets its verdict when all points are there, so
one that was interrupted is visibly unfinished, and the same command goes on with it.
"""
from __future__ import annotations

import hashlib
import os
import platform
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from touchstone import prediction
from touchstone.cli import stop
from touchstone.files import write_whole
from touchstone.growth import moved
from touchstone.lines import DeclaredAxis, Finding, cells_of
from touchstone.programs import KNOBS, Condition, run, turn
from touchstone.progress import Progress
from touchstone.results import FORMAT, PLACE_COLUMNS, VERDICTS, Result, Row, read_result
from touchstone.words import no_number

# What a series does not take over from the experiment: it has its own chart, and asks nothing.
NOT_OF_A_SERIES = ("charted", "chart", "predict", "because", "address_map", "point")


@dataclass
class Point:
    label: str
    verdict: str   # or "left out"
    note: str = ""
    rows: list[Row] = field(default_factory=list)      # ready for the file
    findings: list[Finding] = field(default_factory=list)

    def as_line(self) -> str:
        return f"# point: {self.label} | {self.verdict} | {self.note}"


class Series:
    """Points of one experiment, and the file that holds them."""

    def __init__(self, path: str | Path, y: str, x: DeclaredAxis, about: dict[str, str],
                 log: tuple[str, ...] = ()) -> None:
        self.path, self.y = Path(path), y
        self.axes, self.log = {"x": x}, log
        self.about = about     # key -> text: the series' own lines; "settings" says when another run may go on with it
        self.points: dict[str, Point] = {}
        self.described: Result | None = None  # the first result: what it says of experiment and machine holds for all
        self.kept: Path | None = None  # the folder for the results of the points themselves
        self.total = 0

    # -- one run -> one point

    def _y(self, result: Result, rows: list[Row]) -> int | None:
        if self.y == "verdict":
            return VERDICTS.index(result.verdict)
        if self.y == "predict":
            question = prediction.question_of(result)
            number = question.value_of_trial(rows) if question else None
            return None if no_number(number) else number  # where it never happened, the curve has no point
        values = [value for row in rows if (value := moved(row, rows[0], self.y)) is not None]
        return values[-1] if values else None

    def _rows(self, condition: Condition, result: Result) -> Iterator[Row]:
        trials: dict[tuple[str, int], list[Row]] = {}
        for row in result.rows:
            trials.setdefault((row["arm"], row["trial"]), []).append(row)
        for (arm, trial), rows in trials.items():
            grown = {column: moved(rows[-1], rows[0], column) for column in result.columns
                     if column not in PLACE_COLUMNS}
            yield {**grown, "arm": arm, "trial": trial, "stage": condition.label, "x": condition.x,
                   "y": self._y(result, rows), "line": rows[-1]["line"]}

    def _take(self, condition: Condition, result: Result | None, why: str) -> Point:
        if not result:
            return Point(condition.label, "left out", why)
        if not self.described or not self.described.columns:
            self.described = result
        findings = [replace(finding, sentence=f"{condition.label}: {finding.sentence}") for finding in result.findings]
        has_no_verdict = result.verdict in ("broken", "unsupported")
        note = result.reason if has_no_verdict or not condition.remark else condition.remark
        return Point(condition.label, result.verdict, note, list(self._rows(condition, result)), findings)

    def measure(self, conditions: list[Condition], program: str) -> Iterator[tuple[Condition, Result]]:
        """Runs what is not there yet.  Yields each result before it becomes a point, so that the caller may object."""
        self.total = len(conditions)
        progress = Progress(self.total)
        try:
            for condition in conditions:
                if condition.label in self.points:
                    progress.done += 1
                    continue
                progress.begin(condition.label)
                result, why = self._run(condition, program, self.kept and self.kept / f"{condition.label}.csv")
                if result:
                    progress.clear()
                    yield condition, result
                self.points[condition.label] = self._take(condition, result, why)
                progress.end(condition.label, self.points[condition.label].verdict)
                self.write(finished=False)
        finally:
            progress.clear()

    @staticmethod
    def _run(condition: Condition, program: str, keep: Path | None) -> tuple[Result | None, str]:
        if condition.left_out:
            return None, condition.left_out
        built = condition.program() if condition.program else program
        return run(built, condition, keep) if built else (None, "it does not build")

    # -- the file

    def verdict(self) -> str:
        """Returns the verdict on a claim about all points: one counter-example refutes it.  A point at which it could
        not be asked says nothing about it."""
        verdicts = [point.verdict for point in self.points.values() if point.verdict in VERDICTS]
        return next((verdict for verdict in ("refuted", "inconclusive", "reproduced", "unsupported", "broken")
                     if verdict in verdicts), "broken")

    def runs_of_verdicts(self) -> str:
        """Returns which points have which verdict: block=1M to block=4M: reproduced; ..."""
        groups: list[tuple[str, list[str]]] = []
        for point in self.points.values():
            if point.verdict not in VERDICTS:
                continue
            if groups and groups[-1][0] == point.verdict:
                groups[-1][1].append(point.label)
            else:
                groups.append((point.verdict, [point.label]))
        return "; ".join(f"{' to '.join(dict.fromkeys((labels[0], labels[-1])))}: {verdict}"
                         for verdict, labels in groups)

    def _header(self, described: Result) -> Iterator[str]:
        texts = {key: text for key, text in described.metadata.items() if key not in NOT_OF_A_SERIES}
        if "swept" in self.about:
            texts.pop("asked_with", None)  # each point has its own
        yield f"# format: {FORMAT}"
        yield from (f"# {key}: {text}" for key, text in {**texts, **self.about}.items() if text)
        yield from (axis.as_line(name) for name, axis in self.axes.items())
        if self.log:
            yield f"# log: {' '.join(self.log)}"
        swept = self.about.get("swept")
        yield from (knob.as_line() for name, knob in described.knobs.items() if name != swept)
        yield from (knob.as_line("setting") for name, knob in described.settings.items() if name != swept)
        yield from (arm.as_line() for arm in described.arms)

    def write(self, finished: bool) -> None:
        """Writes the file; what stands there until then stays where nothing was measured yet."""
        if not self.described:
            return
        columns = self.described.columns
        lines = [*self._header(self.described), ",".join(columns)]
        lines += [",".join("" if row.get(column) is None else str(row[column]) for column in columns)
                  for point in self.points.values() for row in point.rows]
        lines += [finding.as_line() for point in self.points.values() for finding in point.findings]
        lines += [point.as_line() for point in self.points.values()]
        if finished:
            lines += [f"# reason: {self.runs_of_verdicts()}", f"# verdict: {self.verdict()}"]
        write_whole(self.path, "\n".join(lines) + "\n")
        if not finished:
            self.path.with_suffix(".png").unlink(missing_ok=True)  # it shows what stood here before

    def resume(self) -> None:
        """Takes over the points of an unfinished file; says what becomes of one that is of no use."""
        if not self.path.exists():
            return
        old = read_result(self.path)
        if old.is_refused:
            print(f"{self.path} {old.damage}; starting anew", file=sys.stderr)
            return
        if not old.is_cut_short or old.why_no_result():
            return
        if old.metadata.get("settings") != self.about["settings"]:
            print(f"{self.path} is unfinished, but of other settings, program or machine: starting anew",
                  file=sys.stderr)
            return
        self.points, self.described = points_of(old), old
        if "y" in old.axes:
            self.axes["y"] = old.axes["y"]
        if "column" in old.metadata:
            self.y = self.about["column"] = old.metadata["column"]
        print(f"going on with {self.path}: {len(self.points)} points are there", file=sys.stderr)


def points_of(series: Result) -> dict[str, Point]:
    """Returns the points of a series that was read from its file, by label."""
    points = {}
    for line in series.path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# point: "):
            label, verdict, note = cells_of(line.removeprefix("# point: "), 3)
            points[label] = Point(label, verdict, note, [row for row in series.rows if row["stage"] == label],
                                  [one for one in series.findings if one.sentence.startswith(f"{label}: ")])
    return points


def settings_text(program: str, **own: object) -> str:
    """Returns a text that two runs share if they may share a file: what was asked, which program, which machine."""
    digest = hashlib.sha256(Path(program).read_bytes()).hexdigest()[:12]
    known = {**own, "KNOBS": shlex.join(KNOBS),
             **{name: os.environ.get(name, "") for name in ("DEEP", "LD_PRELOAD")},
             "program": digest, "kernel": platform.release(), "libc": "-".join(platform.libc_ver())}
    return " ".join(f"{key}={value}" for key, value in known.items() if value != "")


def complete(series: Series, measuring: Callable[[], object]) -> Result:
    """Measures in turn and returns the finished result.  At Ctrl-C it says what is in the file, and ends."""
    try:
        with turn():
            measuring()
    except KeyboardInterrupt:
        kept = f"{len(series.points)} of {series.total} points are kept in {series.path}; " \
            "the same command goes on from there" if series.described else "nothing was measured yet"
        print(f"interrupted; {kept}", file=sys.stderr)
        sys.exit(130)
    if not any(point.rows for point in series.points.values()):
        reasons = list(dict.fromkeys(point.note for point in series.points.values()))
        stop(f"none of this could be run: {'; '.join(reasons[:2])}")
    series.write(finished=True)
    return read_result(series.path)


def y_axis(y: str, result: Result) -> DeclaredAxis:
    """Returns what the y of a series is, and its unit."""
    if y == "verdict":
        return DeclaredAxis("verdict: " + ", ".join(f"{number} {name}" for number, name in enumerate(VERDICTS)))
    if y == "y":
        return result.axis("y")
    question = prediction.question_of(result)
    if y == "predict" and question:
        return question.axis()
    return DeclaredAxis(f"{result.words_of(y)}, growth from the first to the last record", result.unit_of(y))


def check_column(y: str, result: Result) -> str:
    """Returns why a column cannot be asked for, or nothing."""
    measured = result.columns_measured()
    if y == "verdict" or y in measured:
        return ""
    if y == "predict":
        return "" if prediction.question_of(result) else f"{result.name} asks no question that a number answers"
    if y == "y":
        return f"{result.name} records no y of its own; it measures: {', '.join(measured)}"
    if y in result.columns:
        return f"{result.name} does not measure {y}; it measures: {', '.join(measured)}"
    return f"there is no column \"{y}\"; there are: {', '.join(measured)}, predict, verdict"
