# SPDX-License-Identifier: MIT
"""How long the suite itself takes, how much memory, and how that grows: behind scripts/maintain/scaling."""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from touchstone.arguments import Parser
from touchstone.cli import stop
from touchstone.files import ROOT
from touchstone.tables import markdown

LIGHT = "1_address_space/regions_come_in_order"
SETTINGS = ("RESULTS", "KNOBS", "DEEP")


# Runs a command and prints its exit status, seconds by the clock, seconds of the CPUs and KiB of the largest process.
# It is a process of its own because ru_maxrss begins with the peak of the process that forked: 8 MiB of this one, not
# what this script and its tables take (exec_mmap() in the kernel's fs/exec.c keeps the peak of the memory it leaves).
LAUNCHER = """
import os, sys, time
began = time.monotonic()
null = os.open(os.devnull, os.O_WRONLY)
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
_, status, usage = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
"""


@dataclass
class Cost:
    """What a command costs."""
    wall: float  # seconds
    cpu: float
    mib: float  # of the largest process

    def cells(self) -> list[str]:
        return [f"{self.wall:.2f}", f"{self.cpu:.2f}", f"{self.mib:.0f}"]


def cost_of(command: Sequence[str | Path], cwd: Path, environment: Mapping[str, str] | None = None,
            most: int = 1) -> Cost:
    """Measures one child and all that it starts.  An exit status above most, other than 77, ends this script."""
    plain = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    launched = subprocess.run([sys.executable, "-I", "-S", "-c", LAUNCHER, *map(str, command)], cwd=cwd,
                              env={**plain, **(environment or {})}, capture_output=True, text=True, errors="replace")
    status, *numbers = launched.stdout.split() or ["none"]
    if status not in map(str, (*range(most + 1), 77)):
        stop(f"{' '.join(map(str, command[:2]))} failed: {launched.stderr.strip()[-300:]}")
    wall, cpu, kib = map(float, numbers)
    return Cost(wall, cpu, kib / 1024)


def print_markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a table, and an empty line."""
    print(markdown(head, rows), end="\n\n", flush=True)


def print_steps(build: Path) -> None:
    """Prints what each step costs that `make run-all` does after compiling."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results")
        settings = {"BUILD": str(build), "RESULTS": str(results)}

        def cost(*command: str | Path) -> list[str]:
            return cost_of(command, ROOT, settings, most=2).cells()

        rows = [["measure (`scripts/run`)", *cost("scripts/run")],
                ["observe with ps and pmap (`scripts/observe`)", *cost("scripts/observe")],
                ["map (`scripts/address_map`)", *cost("scripts/address_map")],
                ["charts (`scripts/chart`)", *cost("scripts/chart", *sorted(results.glob("*/*.csv")))],
                ["report (`scripts/report`)", *cost("scripts/report", results)]]
    print_markdown(["step of `make run-all`", "wall, s", "CPU, s", "largest process, MiB"], rows)


def copies(build: Path, number: int) -> list[str]:
    """Measures a project of so many copies of one experiment; returns its row of the table of growth."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(ROOT / "scripts", copy / "scripts")
        for part, source in (("experiments", ROOT / "experiments" / f"{LIGHT}.c"), ("build", build / LIGHT)):
            (copy / part / "1_copies").mkdir(parents=True)
            for i in range(1, number + 1):
                shutil.copy(source, copy / part / "1_copies" / f"copy_{i}{source.suffix}")
        settings = {"BUILD": str(copy / "build")}
        loop = f'for ((i = 0; i < {number}; i++)); do "$0" || (($? != 2)) || exit 2; done'
        alone = cost_of(["bash", "-c", loop, build / LIGHT], copy)
        run = cost_of([copy / "scripts/run"], copy, settings)
        results = copy / "results/latest"
        chart = cost_of([copy / "scripts/chart", *results.glob("*/*.csv")], copy)
        report = cost_of([copy / "scripts/report", results], copy)
    return [f"{number:,}", f"{alone.wall:.2f}", f"{run.wall:.2f}", f"{(run.wall - alone.wall) * 1000 / number:.1f}",
            f"{chart.wall:.2f}", f"{report.wall:.2f}", f"{max(chart.mib, report.mib):.0f}"]


def a_number(text: str) -> int:
    """Returns the number of experiments that an argument names."""
    if not text.isdecimal() or not 1 <= int(text) <= 9999:
        raise argparse.ArgumentTypeError(f"{text} is no number of experiments from 1 to 9999")
    return int(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the tables in Markdown."""
    parser = Parser()
    parser.add_argument("numbers", nargs="*", type=a_number, metavar="NUMBER", help="of experiments (10 100 1000)")
    chosen = parser.parse_args(argv).numbers
    build = Path(os.path.abspath(ROOT / os.environ.get("BUILD", "build")))
    if not os.access(build / LIGHT, os.X_OK):
        stop(f"{build / LIGHT} is not built: make build")
    if not chosen:
        print_steps(build)
    print_markdown(["experiments", "programs alone, s", "`scripts/run`, s", "beyond the programs, ms each",
                    "`scripts/chart`, s", "`scripts/report`, s", "largest process, MiB"],
                   [copies(build, number) for number in chosen or (10, 100, 1000)])
    if not chosen:
        cost = {trials: cost_of([build / LIGHT, f"trials={trials}"], ROOT) for trials in (1, 10, 100, 1000)}
        print_markdown(["trials", "the program, s"], [[f"{trials:,}", f"{cost[trials].wall:.2f}"] for trials in cost])
    return 0
