# SPDX-License-Identifier: MIT
"""How good is the instrument, beside its peers and beside the limit: behind scripts/maintain/bench."""
from __future__ import annotations

import os
import statistics
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from touchstone.arguments import Parser
from touchstone.cli import stop
from touchstone.files import ROOT
from touchstone.growth import growth, median, quartiles
from touchstone.lines import Arm
from touchstone.results import Result, Row, read_results
from touchstone.tables import markdown
from touchstone.tools import package_of
from touchstone.words import in_table, short_size

Knobs = dict[str, int]


# ---- numbers from the rows of one trial ---------------------------------------------

class Measure(Protocol):
    """What is taken from the rows of one trial, and the stages that it needs for that."""
    @property
    def stages(self) -> Sequence[str]: ...

    def of(self, rows: list[Row]) -> float | None: ...


@dataclass(frozen=True)
class Last:
    """A column in the last row of a stage."""
    column: str
    stage: str

    @property
    def stages(self) -> Sequence[str]:
        return (self.stage,)

    def of(self, rows: list[Row]) -> float | None:
        return next((row.get(self.column) for row in reversed(rows) if row["stage"] == self.stage), None)


@dataclass(frozen=True)
class Growth:
    """How far a column moved from the first row of one stage to the last of another."""
    column: str
    begin: str
    end: str

    @property
    def stages(self) -> Sequence[str]:
        return (self.begin, self.end)

    def of(self, rows: list[Row]) -> float | None:
        return growth(rows, self.column, self.begin, self.end)


@dataclass(frozen=True)
class Slope:
    """ns a fault: the slope of the line through all points of these stages, by least squares as in the experiment."""
    stages: Sequence[str]

    def of(self, rows: list[Row]) -> float | None:
        points = [(row["x"], row["y"]) for row in rows if row["stage"] in self.stages and row["y"] is not None]
        if len({x for x, _ in points}) < 2:
            return None
        return statistics.linear_regression(*zip(*points)).slope


@dataclass(frozen=True)
class OverPlainLoop:
    """A time divided by that of the independent program which the arm asked."""
    measure: Slope

    @property
    def stages(self) -> Sequence[str]:
        return (*self.measure.stages, "plain loop")

    def of(self, rows: list[Row]) -> float | None:
        number, loop = self.measure.of(rows), next((row for row in rows if row["stage"] == "plain loop"), None)
        return None if number is None or loop is None else number * loop["x"] / loop["y"]


# How many parts the measured number is for: it is shown divided by these.

def one(_: Knobs) -> int:
    return 1


def a_thousand(_: Knobs) -> int:
    return 1000


def each_object(knobs: Knobs) -> int:
    return knobs["objects"]


# ---- what is compared ----------------------------------------------------------------

@dataclass(frozen=True)
class Column:
    title: str
    measure: Measure
    unit: str = "ns"                            # "times": a ratio already
    parts: Callable[[Knobs], int] = one


@dataclass(frozen=True)
class Table:
    title: str
    claim: str                     # CHAPTER/CLAIM
    columns: Sequence[Column]
    against: Sequence[str] = ()    # arms: each other is shown as so many times these
    arms: Sequence[str] = ()       # rows, where not all of them

    @property
    def name(self) -> str:
        return self.claim.partition("/")[2]

    def named_arms(self) -> set[str]:
        """Returns every arm that the table names."""
        return {*self.against, *self.arms}

    def named_stages(self) -> list[str]:
        """Returns every stage that the table names."""
        return [stage for column in self.columns for stage in column.measure.stages]


A_FAULT = Slope(("few", "many"))
TABLES = [
    Table("One reading of a process's memory use", "0_instrument/a_snapshot_costs_its_system_calls",
          [Column(size, Last("y", size)) for size in ("small", "large", "largest")], ("bare calls",)),
    Table("One reading with many free chunks in the heap (most of it is mallinfo2)",
          "0_instrument/a_snapshot_costs_its_system_calls",
          [Column("many chunks", Last("y", "chunks"))],
          ("bare calls",), ("bare calls", "probe")),
    Table("What readings move in the process that is read", "0_instrument/the_probe_moves_nothing",
          [Column("faults", Growth("minor_fault_count", "before", "reading"), "count"),
           Column("resident", Growth("resident_bytes", "before", "reading"), "bytes"),
           Column("heap", Growth("heap_top_bytes", "before", "reading"), "bytes")]),
    Table("What looks move in the process that is looked at", "0_instrument/watching_moves_what_is_watched",
          [Column("faults, first look", Last("y", "first look"), "count"),
           Column("faults, each later one", Last("y", "each later look"), "count"),
           Column("resident, first look", Growth("resident_bytes", "before", "first look"), "bytes"),
           Column("resident, later ones", Growth("resident_bytes", "first look", "each later look"), "bytes"),
           Column("heap, first look", Growth("heap_top_bytes", "before", "first look"), "bytes"),
           Column("heap, later ones", Growth("heap_top_bytes", "first look", "each later look"), "bytes")]),
    Table("One page fault", "6_page_faults/a_fault_has_a_price",
          [Column("times its plain loop", OverPlainLoop(A_FAULT), "times"), Column("a fault", A_FAULT)],
          ("first touch",),
          ("first touch", "zero page", "refault", "copy-on-write", "cached file", "file on disk", "huge page")),
    Table("A block of many that are released together", "8_allocators/a_pool_beats_them_all",
          [Column("later rounds", Last("y", "later rounds"), parts=a_thousand),
           Column("first round", Growth("elapsed_ns", "start", "first round"), parts=each_object),
           Column("resident, first round", Growth("resident_bytes", "start", "first round"), "bytes"),
           Column("resident, later", Growth("resident_bytes", "start", "later rounds"), "bytes"),
           Column("resident, destroyed", Growth("resident_bytes", "start", "destroyed"), "bytes")],
          ("bump", "pool")),
    Table("A block of a request", "8_allocators/a_pool_serves_requests",
          [Column("a block", Last("y", "served"), parts=a_thousand)], ("bump", "bump: in memory", "pool")),
    Table("A pair of malloc and free with threads", "8_allocators/glibc_slows_down_with_threads",
          [Column(f"{short}, {threads}", Last("y", f"{kind}: {threads}"), parts=a_thousand)
           for kind, short in (("own blocks", "own"), ("passed on", "passed on"))
           for threads in ("one thread", "a thread a CPU")], ("by hand",)),
    Table("Resident after 9 in 10 blocks of a peak were freed", "8_allocators/glibc_fragments_more",
          [Column("peak", Growth("resident_bytes", "before", "peak"), "bytes"),
           Column("freed", Growth("resident_bytes", "before", "9 in 10 freed"), "bytes"),
           Column("later", Growth("resident_bytes", "before", "worked a little"), "bytes")]),
]


def check(table: Table, result: Result) -> None:
    """Ends where the table names an arm or a stage that the result does not have: the cell would just be empty."""
    arms, stages = {arm.name for arm in result.arms}, {row["stage"] for row in result.rows}
    for kind, named, known in (("arm", sorted(table.named_arms()), arms), ("stage", table.named_stages(), stages)):
        for name in named:
            if name not in known:
                stop(f"the table \"{table.title}\" names the {kind} \"{name}\", which {result.path} does not have: "
                     f"it has {', '.join(sorted(known))}")


# ---- from results to cells -----------------------------------------------------------

def with_quartiles(values: Sequence[float], unit: str, parts: int = 1) -> str:
    """Returns the median of the values, with their quartiles where these differ."""
    lower, _, upper = quartiles(values)
    low, middle, high = (in_table(number / parts, unit) for number in (lower, median(values), upper))
    return middle if low == high else f"{middle} ({low} to {high})"


def knobs_of(result: Result) -> Knobs:
    return {name: knob.value for name, knob in (result.knobs | result.settings).items()}


def in_trials(rows: Iterable[Row], measure: Measure) -> dict[int, float]:
    """Returns {trial: number}; trials that were not measured are missing."""
    trials: dict[int, list[Row]] = {}
    for row in rows:
        trials.setdefault(row["trial"], []).append(row)
    found = {trial: measure.of(of_trial) for trial, of_trial in trials.items()}
    return {trial: number for trial, number in found.items() if number is not None}


def taken_in_turns(result: Result, by: str, other: str, column: Column) -> dict[int, float]:
    """Returns the numbers of another arm that an arm took in turns with its own, in the stages "STAGE: OTHER"."""
    suffix = f": {other}"
    return in_trials(({**row, "stage": row["stage"].removesuffix(suffix)} for row in result.rows
                      if row["arm"] == by and row["stage"].endswith(suffix)), column.measure)


def numbers_of(result: Result, arm: str, column: Column) -> dict[int, float]:
    """Returns the numbers of an arm; where it has none, those that another arm took in turns with its own."""
    own = in_trials((row for row in result.rows if row["arm"] == arm), column.measure)
    others = (taken_in_turns(result, other.name, arm, column) for other in result.arms)
    return own or next(filter(None, others), {})


def why_missing(arm: Arm) -> str:
    """Returns what brings an arm that was left out, or why it was; nothing for one that just has no such number."""
    if not arm.why_left_out:
        return ""
    library = arm.environment.partition("LD_PRELOAD=")[2].partition(" ")[0]
    package = package_of(library, arm.name.split())
    return f"not measured: {f'apt install {package}' if package else arm.why_left_out}"


def ratios_of(result: Result, arm: Arm, table: Table) -> Iterator[str]:
    """Yields how many times the arms that it is compared with an arm takes, column by column."""
    for column in table.columns:
        numbers = numbers_of(result, arm.name, column)
        for other in table.against if column.unit == "ns" else ():
            base = taken_in_turns(result, arm.name, other, column) or numbers_of(result, other, column)
            paired = [numbers[trial] / base[trial] for trial in numbers if base.get(trial)]
            yield with_quartiles(paired, "times") if paired else ""


def row_of(table: Table, result: Result, arm: Arm) -> list[str] | None:
    """Returns the cells of an arm; None for one that was measured and has none of these numbers."""
    ratios, amounts = list(ratios_of(result, arm, table)), []
    for column in table.columns:
        numbers = list(numbers_of(result, arm.name, column).values())
        amounts.append(with_quartiles(numbers, column.unit, column.parts(knobs_of(result))) if numbers else "")
    if not any(amounts):
        missing = why_missing(arm)
        return [arm.name, missing] + [""] * (len(ratios) + len(amounts) - 1) if missing else None
    return [arm.name, *ratios, *amounts]


def section(table: Table, results: list[Result]) -> str:
    """Returns heading and table of one table, or the reason why there is none."""
    result = next((result for result in results if result.name == table.name), None)
    heading = f"### {table.title}\n\n"
    if result is None:
        return f"{heading}`{table.name}` is not in these results.\n"
    if not result.rows:
        return f"{heading}`{table.name}`: {result.verdict}{': ' + result.reason if result.reason else ''}\n"
    check(table, result)
    arms = [arm for arm in result.arms if arm.name in (table.arms or [arm.name])]
    if table.arms:
        arms.sort(key=lambda arm: table.arms.index(arm.name))
    header = ["", *(f"{column.title}: times {other}" for column in table.columns if column.unit == "ns"
                    for other in table.against), *(column.title for column in table.columns)]
    rows = [row for row in (row_of(table, result, arm) for arm in arms) if row]
    told = " ".join(f"{name}={short_size(number)}" for name, number in knobs_of(result).items() if name != "time_limit")
    return f"{heading}{markdown(header, rows)}\n\n`{table.name}` ({result.verdict}; {told})\n"


def tables(results: list[Result]) -> str:
    """Returns all tables, as Markdown; nothing where no result is compared."""
    known = {table.name for table in TABLES}
    first = next((result for result in results if result.name in known), None)
    if first is None:
        return ""
    for result in results:
        if result.name in known and result.is_refused:
            stop(f"{result.path} {result.damage}")
    machine = first.machine()
    of = [machine.get("kernel", ""), f"glibc {machine.get('glibc', '?')}", machine.get("cpus", ""),
          machine.get("measured", "")[:10]]
    return "\n".join([f"Measured on {', '.join(filter(None, of))}. Medians, with quartiles in brackets.\n",
                      *(section(table, results) for table in TABLES)])


def main(argv: list[str] | None = None) -> int:
    """Measures where it is asked to, and prints the tables; returns the exit status."""
    parser = Parser()
    parser.add_argument("--table", nargs="?", metavar="RESULTS", const="")
    asked = parser.parse_args(argv)
    folder = asked.table or os.environ.get("RESULTS") or "results/bench"
    status = 0
    if asked.table is None:
        claims = dict.fromkeys(table.claim for table in TABLES)
        status = subprocess.run([ROOT / "scripts/run", *claims], env={**os.environ, "DEEP": "1", "RESULTS": folder},
                                check=False).returncode
        if status > 1:
            return status
    shown = tables(read_results(Path(folder) if asked.table else ROOT / folder))
    if not shown:
        stop(f"{folder} holds none of the results that are compared: make bench measures them")
    print(shown, end="")
    return status
