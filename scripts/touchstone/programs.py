# SPDX-License-Identifier: MIT
"""The programs of experiments: builds them, asks what they declare, runs them under a condition, one at a time.

    claim = find_claim("malloc_is_lazy")
    with turn():
        result, why = run(must_build(claim), Condition("block=1M", arguments=["block=1M"]))
"""
from __future__ import annotations

import contextlib
import fcntl
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from touchstone.cli import stop
from touchstone.files import ROOT, write_whole
from touchstone.results import Result, read_result, read_text

BUILD = os.environ.get("BUILD") or "build"
RESULTS = os.environ.get("RESULTS") or "results/latest"
DECLARES = "const struct experiment experiment = {"
KNOBS = os.environ.get("KNOBS", "").split()


def prepare() -> None:
    """Does what scripts/run does first: paths are the project's, and Ctrl-C and kill end in the same way."""
    os.chdir(ROOT)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def find_claim(name: str) -> str:
    """Returns CHAPTER/CLAIM; scripts/claims knows them, and what to say of a wrong name."""
    found = subprocess.run(["scripts/claims", name], stdout=subprocess.PIPE, text=True)
    if found.returncode:
        sys.exit(2)
    return found.stdout.strip()


def numbered() -> list[tuple[str, str]]:
    """Returns (number, CHAPTER/CLAIM) of each claim in teaching order: ("3.1", "3_residency/malloc_is_lazy")."""
    listed = subprocess.run(["scripts/claims", "--numbers"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [(number, claim) for number, claim in (line.split() for line in listed.splitlines())]


def build(claim: str, folder: str = BUILD, say: int | TextIO = subprocess.DEVNULL, **variables: str) -> str | None:
    """Builds the program of a claim and returns its path; None where it does not build."""
    if not shutil.which("make"):
        stop("make is missing: scripts/setup installs it")
    program = f"{folder}/{claim}"
    settings = [f"{name}={value}" for name, value in {"BUILD": folder, **variables}.items()]
    made = subprocess.run(["make", "-s", f"-j{os.cpu_count()}", "--no-print-directory", *settings, program],
                          stdout=say, stderr=say)
    return program if made.returncode == 0 else None


def must_build(claim: str, secretly: bool = False) -> str:
    """Builds the program of a claim in the reader's sight, or secretly, because make prints the claim's name; returns
    its path.  Ends where it does not build."""
    program = secretly and build(claim) or build(claim, say=sys.stderr)
    if not program:
        stop(f"{claim} does not build: the compiler's words stand above; mend experiments/{claim}.c there")
    return program


def place_of(complaint: str, claim: str) -> str:
    """Returns "experiments/CLAIM.c:LINE: ", where the declaration has the name that the program refuses; nothing where
    the complaint is about something else."""
    named = re.search(r' names the (?:column|arm|stage) "([^"]+)"', complaint)
    source = ROOT / "experiments" / f"{claim}.c"
    if not named or not source.is_file():
        return ""
    before, declared, text = source.read_text(encoding="utf-8", errors="replace").partition(DECLARES)
    string = re.search(rf'"(?:[^"\n]* )?{re.escape(named[1])}(?: [^"\n]*)?"', text)
    line = (before + declared + text[:string.start()]).count("\n") + 1 if string else 0
    return f"experiments/{claim}.c:{line}: " if line else ""


def declaration(program: str) -> Result:
    """Returns what the program says of its experiment, with the knobs as they are set: a result without rows."""
    said = subprocess.run([program, *KNOBS, "--declaration"], capture_output=True, encoding="utf-8", errors="replace")
    if said.returncode:
        complaint = said.stderr.strip().removeprefix(f"{Path(program).name}: ")
        stop(place_of(complaint, "/".join(Path(program).parts[-2:])) + complaint)
    declared = read_text(Path(program).with_suffix(".csv"), said.stdout)
    if declared.is_refused:
        stop(f"what {program} declares {declared.damage}")
    return declared


@contextlib.contextmanager
def turn() -> Iterator[None]:
    """Waits until no other measurement runs: two at a time would disturb each other (scripts/run waits too)."""
    try:
        Path(BUILD).mkdir(parents=True, exist_ok=True)
        lock = open(os.environ.get("TURN") or f"{BUILD}/.measuring", "a", encoding="utf-8")
    except OSError as error:
        stop(f"cannot write to {BUILD}: {error.strerror}; give another folder with BUILD=..., "
             "or its owner the right to write")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another measurement is running; waiting for it to end", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclass
class Condition:
    """One point of a series: what is changed for it."""
    label: str
    x: int = 0
    arguments: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    prefix: list[str] = field(default_factory=list)   # a command that runs the program: taskset -c 0
    virtual_limit: int = 0   # bytes, as ulimit -v; 0: none
    program: Callable[[], str | None] | None = None   # gives another program, or None where that cannot be built
    left_out: str = ""       # why it cannot be run here
    remark: str = ""         # what has to be said of it, whatever comes of it
    shown_as: str = ""       # the line of a result that shows that it was applied


def run(program: str, condition: Condition, keep: str | Path | None = None) -> tuple[Result | None, str]:
    """Runs a program under a condition; returns (Result, ""), or (None, why) where the program refused or printed no
    result.  keep: where the CSV goes."""
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (condition.virtual_limit, resource.getrlimit(resource.RLIMIT_AS)[1]))

    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / f"{Path(program).name}.csv"
        with open(path, "w", encoding="utf-8") as output:
            ended = subprocess.run([*condition.prefix, program, *KNOBS, *condition.arguments],
                                   env={**os.environ, **condition.environment},
                                   stdout=output, stderr=subprocess.PIPE, encoding="utf-8", errors="replace",
                                   preexec_fn=limit if condition.virtual_limit else None)
        if not path.stat().st_size:
            silent = f"it ended with status {ended.returncode} and said nothing"
            why = (ended.stderr.strip().splitlines() or [silent])[-1]
            return None, why.removeprefix(f"{Path(program).name}: ")
        if keep:
            write_whole(keep, path.read_bytes())
        result = read_result(path)
        # Its name and chapter are the claim's.
        result.path = Path(RESULTS, *Path(program).parts[-2:]).with_suffix(".csv")
    return (None, result.reason) if result.is_cut_short or result.is_refused else (result, "")
