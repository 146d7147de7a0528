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
import hashlib
import os
import platform
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path

from touchstone.cli import stop
from touchstone.files import write_whole
from touchstone.programs import KNOBS, run, turn
from touchstone.progress import Progress
from touchstone.results import VERDICTS, Finding, read_result
from touchstone.sides import moved
from touchstone.words import unit_of, words_of


@dataclass
class Point:
    label: str
    verdict: str   # or "left out"
    note: str = ""
    rows: list = field(default_factory=list)      # ready for the file
    findings: list = field(default_factory=list)


class Series:
    """Points of one experiment, and the file that holds them."""

    def __init__(self, path, y, about):
        self.path, self.y = Path(path), y
        self.about = about     # key -> text: the series' own lines; "settings" says when another run may go on with it
        self.points, self.metadata, self.columns, self.arms = {}, {}, [], []
        self.total = 0

    # -- one run -> one point

    def _y(self, result, rows):
        if self.y == "verdict":
            return VERDICTS.index(result.verdict)
        values = [value for row in rows if (value := moved(row, rows[0], self.y)) is not None]
        return values[-1] if values else None

    def _rows(self, condition, result):
        trials = {}
        for row in result.rows:
            trials.setdefault((row["arm"], row["trial"]), []).append(row)
        for (arm, trial), rows in trials.items():
            grown = {column: moved(rows[-1], rows[0], column) for column in result.columns
                     if column not in ("arm", "trial", "stage", "x", "y")}
            yield {**grown, "arm": arm, "trial": trial, "stage": condition.label, "x": condition.x,
                   "y": self._y(result, rows)}

    def _take(self, condition, result, why):
        if not result:
            return Point(condition.label, "left out", why)
        if not self.columns:
            self.columns, self.arms = result.columns, result.arms
            self.metadata = result.metadata
        findings = [Finding(finding.control, finding.outcome, f"{condition.label}: {finding.what}", finding.numbers)
                    for finding in result.findings]
        return Point(condition.label, result.verdict, result.reason, list(self._rows(condition, result)), findings)

    def measure(self, conditions, program):
        """Runs what is not there yet.  Yields each result before it becomes a point, so that the caller may object."""
        self.total = len(conditions)
        progress = Progress(self.total)
        try:
            for condition in conditions:
                if condition.label in self.points:
                    progress.done += 1
                    continue
                progress.begin(condition.label)
                result, why = self._run(condition, program)
                if result:
                    progress.clear()
                    yield condition, result
                self.points[condition.label] = self._take(condition, result, why)
                progress.end(condition.label, self.points[condition.label].verdict)
                self.write(finished=False)
        finally:
            progress.clear()

    @staticmethod
    def _run(condition, program):
        if condition.left_out:
            return None, condition.left_out
        program = condition.program() if condition.program else program
        return run(program, condition) if program else (None, "it does not build")

    # -- the file

    def verdict(self):
        """A claim about all points: one counter-example refutes it."""
        verdicts = [point.verdict for point in self.points.values() if point.verdict in VERDICTS]
        return next((verdict for verdict in ("refuted", "broken", "inconclusive", "unsupported", "reproduced")
                     if verdict in verdicts), "broken")

    def runs_of_verdicts(self):
        """block=1M to block=4M: reproduced; ..."""
        groups = []
        for point in self.points.values():
            if point.verdict not in VERDICTS:
                continue
            if groups and groups[-1][0] == point.verdict:
                groups[-1][1].append(point.label)
            else:
                groups.append((point.verdict, [point.label]))
        return "; ".join(f"{' to '.join(dict.fromkeys((labels[0], labels[-1])))}: {verdict}" for verdict, labels in groups)

    def _header(self):
        own = {"charted", "chart", "chart_options", "x", "y", "point", *self.about}
        text = {key: value for key, value in self.metadata.items() if key not in own}
        text["knobs"] = " ".join(knob for knob in text.get("knobs", "").split()
                                 if knob.partition("=")[0] != self.about.get("swept"))
        yield from (f"# {key}: {value}" for key, value in {**text, **self.about}.items() if value)
        for arm in self.arms:
            yield f"# arm: {arm.name}{' (control)' if arm.control else ''}{'' if arm.ran else ' (not run)'}" + \
                (f" | {arm.environment}" if arm.environment else "")

    def write(self, finished):
        if not self.columns:
            return  # nothing measured yet, and nothing lost
        lines = [*self._header(), ",".join(self.columns)]
        lines += [",".join("" if row.get(column) is None else str(row[column]) for column in self.columns)
                  for point in self.points.values() for row in point.rows]
        lines += [f"# {'control' if finding.control else 'expect'}: {finding.outcome} | {finding.what} | {finding.numbers}"
                  for point in self.points.values() for finding in point.findings]
        lines += [f"# point: {point.label} | {point.verdict} | {point.note}" for point in self.points.values()]
        if finished:
            lines += [f"# reason: {self.runs_of_verdicts()}", f"# verdict: {self.verdict()}"]
        write_whole(self.path, "\n".join(lines) + "\n")
        if not finished:
            self.path.with_suffix(".png").unlink(missing_ok=True)  # it shows what stood here before

    def resume(self):
        """Takes over the points of an unfinished file; says what becomes of one with other settings."""
        if not self.path.exists():
            return
        old = read_result(self.path)
        if not old.reason.startswith("cut short") or old.why_no_result():
            return
        if old.metadata.get("settings") != self.about["settings"]:
            print(f"{self.path} is unfinished, but of other settings, program or machine: starting anew", file=sys.stderr)
            return
        points = {}
        for line in self.path.read_text(encoding="utf-8").splitlines():
            if line.startswith("# point: "):
                label, verdict, note = line.removeprefix("# point: ").split(" | ", 2)
                points[label] = Point(label, verdict, note, [row for row in old.rows if row["stage"] == label],
                                      [finding for finding in old.findings if finding.what.startswith(f"{label}: ")])
        self.points, self.columns, self.arms = points, old.columns, old.arms
        self.metadata = {key: text for key, text in old.metadata.items() if key != "point"}
        print(f"going on with {self.path}: {len(points)} points are there", file=sys.stderr)


def settings_text(program, **own):
    """Two runs with the same text may share a file: what was asked, of which program, on which machine."""
    digest = hashlib.sha256(Path(program).read_bytes()).hexdigest()[:12]
    known = {**own, "KNOBS": shlex.join(KNOBS), **{name: os.environ.get(name, "") for name in ("DEEP", "LD_PRELOAD")},
             "program": digest, "kernel": platform.release(), "libc": "-".join(platform.libc_ver())}
    return " ".join(f"{key}={value}" for key, value in known.items() if value != "")


def complete(series, measuring):
    """Measures in turn and gives the finished result.  Ctrl-C: says what is in the file, and ends as a shell expects."""
    try:
        with turn():
            measuring()
    except KeyboardInterrupt:
        kept = f"{len(series.points)} of {series.total} points are kept in {series.path}; the same command goes on from there" \
            if series.columns else "nothing was measured yet"
        print(f"interrupted; {kept}", file=sys.stderr)
        sys.exit(130)
    if not any(point.rows for point in series.points.values()):
        reasons = list(dict.fromkeys(point.note for point in series.points.values()))
        stop(f"none of this could be run: {'; '.join(reasons[:2])}")
    series.write(finished=True)
    return read_result(series.path)


def y_text(y, metadata):
    """What the y of a series is, with its unit, for the '# y:' line."""
    if y == "verdict":
        return "verdict: " + ", ".join(f"{number} {name}" for number, name in enumerate(VERDICTS))
    if y == "y":
        return metadata.get("y", "y")
    unit = unit_of(y)
    return f"{words_of(y)}, growth from the first to the last record" + ("" if unit == "count" else f", {unit}")


def check_column(y, result):
    """Why a column cannot be asked for, or nothing."""
    measured = result.columns_measured()
    if y == "verdict" or y in measured:
        return ""
    if y == "y":
        return f"{result.name} records no y of its own; it measures: {', '.join(measured)}"
    if y in result.columns:
        return f"{result.name} does not measure {y}; it measures: {', '.join(measured)}"
    return f"there is no column \"{y}\"; there are: {', '.join(measured)}, verdict"
