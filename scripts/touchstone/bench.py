# SPDX-License-Identifier: MIT
"""How good is the instrument, beside its peers and beside the limit: behind scripts/maintain/bench."""
import os
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path

from touchstone.arguments import Parser
from touchstone.cli import stop
from touchstone.files import ROOT
from touchstone.results import read_results
from touchstone.tables import markdown
from touchstone.tools import package_of
from touchstone.words import quantity, short_size


# ---- numbers from the rows of one trial: (rows, knobs) -> number or None -----------

def last(column, stage):
    """The column in the last row of a stage."""
    def of(rows, _):
        return next((row.get(column) for row in reversed(rows) if row["stage"] == stage), None)
    return of


def movement(column, begins, ends, parts=lambda knobs: 1):
    """How far the column moved from the first row of one stage to the last of another."""
    def of(rows, knobs):
        first = next((row.get(column) for row in rows if row["stage"] == begins), None)
        then = last(column, ends)(rows, knobs)
        return None if first is None or then is None else (then - first) / parts(knobs)
    return of


def fitted(*stages):
    """ns a fault: the slope of the line through all points (least squares), as the experiment fits it."""
    def of(rows, _):
        points = [(row["x"], row["y"]) for row in rows if row["stage"] in stages and row["y"] is not None]
        if len({x for x, _ in points}) < 2:
            return None
        return statistics.linear_regression(*zip(*points)).slope
    return of


def over_plain_loop(measure):
    """The same number, times that of the independent program which the arm asked."""
    def of(rows, knobs):
        number, asked = measure(rows, knobs), next((row for row in rows if row["stage"] == "plain loop"), None)
        return None if number is None or asked is None else number * asked["x"] / asked["y"]
    return of


def thousandth(measure):
    def of(rows, knobs):
        number = measure(rows, knobs)
        return None if number is None else number / 1000
    return of


# ---- what is compared ----------------------------------------------------------------

@dataclass
class Column:
    title: str
    measure: object          # or {arm: measure}, where arms are distinguished by their stages
    unit: str = "ns"         # "times": a ratio already


@dataclass
class Table:
    title: str
    claim: str               # CHAPTER/CLAIM
    columns: list
    against: tuple = ()      # arms: each other is shown as so many times these
    arms: tuple = ()         # rows, where not all of them


TENTH = lambda knobs: max(knobs["readings"] // 100, 1)
A_FAULT = fitted("few", "many")
TABLES = [
    Table("One reading of a process's memory use", "0_instrument/a_snapshot_costs_its_system_calls",
          [Column(size, last("y", size)) for size in ("small", "large", "largest")], ("bare calls",)),
    Table("One reading with many free chunks in the heap (most of it is mallinfo2)",
          "0_instrument/a_snapshot_costs_its_system_calls",
          [Column("many chunks", {
              "probe": movement("elapsed_ns", "chunks: probe", "chunks: probe", TENTH),
              "bare calls": movement("elapsed_ns", "chunks: bare calls", "chunks: bare calls", TENTH)})],
          ("bare calls",), ("bare calls", "probe")),
    Table("What readings move in the process that is read", "0_instrument/the_probe_moves_nothing",
          [Column("faults", movement("minor_fault_count", "before", "reading"), "count"),
           Column("resident", movement("resident_bytes", "before", "reading"), "bytes"),
           Column("heap", movement("heap_top_bytes", "before", "reading"), "bytes")]),
    Table("What looks move in the process that is looked at", "0_instrument/watching_moves_what_is_watched",
          [Column("faults, first look", last("y", "first look"), "count"),
           Column("faults, each later one", last("y", "each later look"), "count"),
           Column("resident, first look", movement("resident_bytes", "before", "first look"), "bytes"),
           Column("resident, later ones", movement("resident_bytes", "first look", "each later look"), "bytes"),
           Column("heap, first look", movement("heap_top_bytes", "before", "first look"), "bytes"),
           Column("heap, later ones", movement("heap_top_bytes", "first look", "each later look"), "bytes")]),
    Table("One page fault", "6_page_faults/a_fault_has_a_price",
          [Column("times its plain loop", over_plain_loop(A_FAULT), "times"), Column("a fault", A_FAULT)],
          ("first touch",),
          ("first touch", "zero page", "refault", "copy-on-write", "cached file", "file on disk", "huge page")),
    Table("A block of many that are released together", "8_allocators/a_pool_beats_them_all",
          [Column("later rounds", thousandth(last("y", "later rounds"))),
           Column("first round", movement("elapsed_ns", "start", "first round", lambda knobs: knobs["objects"])),
           Column("resident, first round", movement("resident_bytes", "start", "first round"), "bytes"),
           Column("resident, later", movement("resident_bytes", "start", "later rounds"), "bytes"),
           Column("resident, destroyed", movement("resident_bytes", "start", "destroyed"), "bytes")],
          ("bump", "pool")),
    Table("A block of a request", "8_allocators/a_pool_serves_requests",
          [Column("a block", thousandth(last("y", "served")))], ("bump", "bump: in memory", "pool")),
    Table("A pair of malloc and free with threads", "8_allocators/glibc_slows_down_with_threads",
          [Column(f"{short}, {threads}", thousandth(last("y", f"{kind}: {threads}")))
           for kind, short in (("own blocks", "own"), ("passed on", "passed on"))
           for threads in ("one thread", "a thread a CPU")], ("by hand",)),
    Table("Resident after 9 in 10 blocks of a peak were freed", "8_allocators/glibc_fragments_more",
          [Column("peak", movement("resident_bytes", "before", "peak"), "bytes"),
           Column("freed", movement("resident_bytes", "before", "9 in 10 freed"), "bytes"),
           Column("later", movement("resident_bytes", "before", "worked a little"), "bytes")]),
]


# ---- from results to cells -----------------------------------------------------------

def with_quartiles(values, text):
    """Quartiles as lib/harness/judge.c has them: linear between the two nearest."""
    lower, middle, upper = map(text, statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3)
    return middle if lower == upper else f"{middle} ({lower} to {upper})"


def times(number):
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}" if number >= 10 else f"{number:.2f}"


def amount(unit):
    if unit == "times":
        return times
    if unit == "ns":
        return lambda number: f"{number:.2f} ns" if number < 10 else quantity(float(f"{number:.3g}"), "ns")
    return lambda number: quantity(number, unit)


def numbers_of(result, arm, measure):
    """{trial: number} of an arm."""
    measure = measure.get(arm) if isinstance(measure, dict) else measure
    knobs = {name: int(text) for name, text in result.knobs.items()}
    trials = {}
    for row in result.rows:
        # One arm may hold the stages of two: the probe's has those of the bare calls.
        if row["arm"] == arm or row["stage"] == f"chunks: {arm}":
            trials.setdefault(row["trial"], []).append(row)
    found = {trial: measure(rows, knobs) for trial, rows in trials.items()} if measure else {}
    return {trial: number for trial, number in found.items() if number is not None}


def why_missing(result, arm):
    """Says what brings an arm that did not run; nothing for one that just has no such number."""
    left_out = next((row["stage"] for row in result.rows if row["arm"] == arm.name
                     and row["stage"].startswith("left out: ")), "")
    if arm.ran and not left_out:
        return ""
    library = arm.environment.partition("LD_PRELOAD=")[2].partition(" ")[0]
    package = package_of(library, arm.name.split()) if not arm.ran or "not installed" in left_out else ""
    if package:
        return f"not measured: apt install {package}"
    return f"not measured: {left_out.removeprefix('left out: ') or library + ' is not installed'}"


def row_of(table, result, arm):
    ratios, amounts = [], []
    for column in table.columns:
        numbers = numbers_of(result, arm.name, column.measure)
        for other in table.against if column.unit == "ns" else ():
            base = numbers_of(result, other, column.measure)
            paired = [numbers[trial] / base[trial] for trial in numbers if base.get(trial)]
            ratios.append(with_quartiles(paired, times) if paired else "")
        amounts.append(with_quartiles(list(numbers.values()), amount(column.unit)) if numbers else "")
    if not any(amounts):
        missing = why_missing(result, arm)
        return [arm.name, missing] + [""] * (len(ratios) + len(amounts) - 1) if missing else None
    return [arm.name, *ratios, *amounts]


def section(table, results):
    """Heading and table of one table, or the reason why there is none."""
    name = table.claim.partition("/")[2]
    result = next((result for result in results if result.name == name), None)
    heading = f"### {table.title}\n\n"
    if result is None:
        return f"{heading}`{name}` is not in these results.\n"
    if not result.rows:
        return f"{heading}`{name}`: {result.verdict}{': ' + result.reason if result.reason else ''}\n"
    arms = [arm for arm in result.arms if arm.name in (table.arms or [arm.name])]
    if table.arms:
        arms.sort(key=lambda arm: table.arms.index(arm.name))
    header = ["", *(f"{column.title}: times {other}" for column in table.columns if column.unit == "ns"
                    for other in table.against), *(column.title for column in table.columns)]
    rows = [row for row in (row_of(table, result, arm) for arm in arms) if row]
    told = " ".join(f"{name}={short_size(int(text))}" for name, text in result.knobs.items() if name != "time_limit")
    return f"{heading}{markdown(header, rows)}\n\n`{name}` ({result.verdict}; {told})\n"


def tables(results):
    """All of it, as Markdown."""
    known = {table.claim.partition("/")[2] for table in TABLES}
    first = next((result for result in results if result.name in known), None)
    if first is None:
        return ""
    machine = first.machine()
    of = [machine.get("kernel", ""), f"glibc {machine.get('glibc', '?')}", machine.get("cpus", ""),
          machine.get("measured", "")[:10]]
    return "\n".join([f"Measured on {', '.join(filter(None, of))}. Medians, with quartiles in brackets.\n",
                      *(section(table, results) for table in TABLES)])


def main(argv=None):
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
