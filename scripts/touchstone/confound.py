# SPDX-License-Identifier: MIT
"""Runs an experiment with one condition changed at a time: behind scripts/confound."""
from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from touchstone import programs
from touchstone.arguments import Parser
from touchstone.cli import stop
from touchstone.comparison import Change, finding_differences, is_time
from touchstone.files import ROOT
from touchstone.lines import DeclaredAxis, Finding
from touchstone.overridden import Setter, remark
from touchstone.programs import BUILD, RESULTS, Condition, find_claim, must_build, prepare
from touchstone.results import PLACE_COLUMNS, Result
from touchstone.series import Point, Series, complete, settings_text, y_axis
from touchstone.sides import SameFinding, Side, Spread, by_sentence
from touchstone.tables import terminal
from touchstone.tools import tools

REPEATS = 3
AS_IT_IS = "as it is"
MOST_TOLD = 3  # numbers that moved, a condition
HEADROOM = 64 << 20  # bytes of addresses: the harness runs copies of an arm that ask for 32 MiB at a time
COULD_NOT, LEFT_OUT, NOTHING = "could not be asked", "left out", "nothing moved"

# How an arm may set for itself what is changed here.
TUNABLES = Setter(("GLIBC_TUNABLES",))
THRESHOLDS = Setter(("GLIBC_TUNABLES",), r"\bmallopt\(M_(MMAP|TRIM)_THRESHOLD")
ARENAS = Setter(("GLIBC_TUNABLES", "MALLOC_ARENA_MAX"), r"\bmallopt\(M_ARENA_")
# What glibc reads from the environment under an older name (env_alias in glibc's elf/dl-tunables.list).
ALIASES = {f"MALLOC_{name}": f"glibc.malloc.{tunable}" for name, tunable in (
    ("ARENA_MAX", "arena_max"), ("ARENA_TEST", "arena_test"), ("TOP_PAD_", "top_pad"), ("PERTURB_", "perturb"),
    ("MMAP_MAX_", "mmap_max"), ("MMAP_THRESHOLD_", "mmap_threshold"), ("TRIM_THRESHOLD_", "trim_threshold"))}
PRELOAD = Setter(("LD_PRELOAD",))
HUGE_PAGES = Setter(("GLIBC_TUNABLES",), r"\bPR_SET_THP_DISABLE\b|\bMADV_(NO)?HUGEPAGE\b")
RANDOMIZED = Setter((), r"\bADDR_NO_RANDOMIZE\b")
ADDRESSES = Setter((), r"\bsetrlimit\(RLIMIT_AS\b")


def loads(library: str) -> bool:
    """Whether a library can be preloaded: where it cannot, the dynamic linker complains (has_library in
    scripts/shell/tools.sh)."""
    tried = subprocess.run(["cat", "/dev/null"], env={**os.environ, "LD_PRELOAD": library}, capture_output=True)
    return not tried.stderr


def library_conditions() -> Iterator[Condition]:
    """Yields one for each other allocator of the list that setup and doctor read."""
    for tool in tools():
        if tool.role == "allocator":
            loadable = [library for library in tool.alternatives if loads(library)]
            yield Condition(f"malloc of {tool.name}", environment={"LD_PRELOAD": (loadable or tool.alternatives)[0]},
                            shown_as="preload",
                            left_out="" if loadable else "not installed: scripts/setup installs it")


def compiler_conditions(claim: str) -> Iterator[Condition]:
    """Yields the experiment and lib/ built another way, in a folder of its own."""
    for compiler, level in (("cc", "-O0"), ("cc", "-O3"), ("clang", "-O2")):
        folder = f"{BUILD}/confound/{compiler}{level}"
        yield Condition(f"{compiler} {level}", shown_as="compiler_flags",
                        program=partial(programs.build, claim, folder, CC=compiler, OPT=level),
                        left_out="" if shutil.which(compiler) else "not installed: scripts/setup tests installs it")


def conditions_of(claim: str, base: Result) -> list[Condition]:
    """Returns everything that is changed, one at a time; base is a result of the experiment as it is."""
    source = (ROOT / "experiments" / f"{claim}.c").read_text(encoding="utf-8", errors="replace")

    def own(setter: Setter) -> str:
        return remark(setter, base, source)

    pinned = "glibc.malloc.mmap_threshold=131072:glibc.malloc.trim_threshold=131072"
    tunables = [("no thread cache", "glibc.malloc.tcache_count=0", TUNABLES),
                ("one arena", "glibc.malloc.arena_max=1", ARENAS),
                ("thresholds pinned at 128 KiB", pinned, THRESHOLDS)]
    why = "" if base.metadata.get("glibc", "none")[0].isdigit() else "GLIBC_TUNABLES are glibc's"
    mode = base.metadata.get("transparent_huge_pages", "none")  # where it is madvise, malloc has to ask for them
    found = [Condition("ASLR on", arguments=["--aslr"], remark=own(RANDOMIZED), shown_as="aslr"),
             Condition("huge pages", arguments=["--huge-pages", "--tunables=glibc.malloc.hugetlb=1"],
                       left_out="" if mode in ("always", "madvise") else f"this machine has none: {mode}",
                       remark=own(HUGE_PAGES), shown_as="huge_pages")]
    found += [Condition(label, arguments=[f"--tunables={setting}"], left_out=why, remark=own(setter),
                        shown_as="tunables") for label, setting, setter in tunables]
    found += [replace(condition, remark=own(PRELOAD)) for condition in library_conditions()]
    found += compiler_conditions(claim)
    largest = max([row["virtual_bytes"] or 0 for row in base.rows if "virtual_bytes" in row], default=0)
    if largest:
        found.append(Condition("ulimit -v at twice its size and 64 MiB", virtual_limit=2 * largest + HEADROOM,
                               remark=own(ADDRESSES), shown_as="virtual_limit"))
    return found


def own_condition(text: str) -> Condition:
    """Returns a condition of the reader's: settings of malloc ("MALLOC_ARENA_MAX=1"), a limit ("ulimit -l 64"), or a
    command that runs the program ("taskset -c 0")."""
    words = shlex.split(text)
    pairs = [word.partition("=") for word in words]
    if all(re.fullmatch(r"[A-Za-z_]\w*", name) and equals for name, equals, _ in pairs):
        return environment_condition(text, {name: value for name, _, value in pairs})
    if words[0] == "ulimit":
        return Condition(text, prefix=["bash", "-c", f"{shlex.join(words)} && exec \"$@\"", "ulimit"])
    return Condition(text, prefix=words, left_out="" if shutil.which(words[0]) else
                     f"no command {words[0]}: WITH takes NAME=value, ulimit ..., or a command that runs another")


def environment_condition(text: str, settings: dict[str, str]) -> Condition:
    """Returns settings as a condition.  The harness removes those of malloc, so that no shell differs from another, and
    sets them where it is asked to: as tunables of glibc."""
    unknown = [name for name in settings if name not in (*ALIASES, "GLIBC_TUNABLES", "LD_PRELOAD")]
    if unknown:
        stop(f"WITH=\"{text}\": {unknown[0]} does not reach an arm; what does is {', '.join(ALIASES)}, GLIBC_TUNABLES "
             "and LD_PRELOAD")
    tunables = [f"{ALIASES[name]}={value}" for name, value in settings.items() if name in ALIASES]
    tunables += [settings["GLIBC_TUNABLES"]] if "GLIBC_TUNABLES" in settings else []
    preload = {name: value for name, value in settings.items() if name == "LD_PRELOAD"}
    missing = [library for library in preload.values() if not loads(library)]
    return Condition(text, arguments=[f"--tunables={':'.join(tunables)}"] if tunables else [], environment=preload,
                     shown_as="tunables" if tunables else "preload",
                     left_out=f"{missing[0]} cannot be loaded" if missing else "")


def own_conditions(text: str) -> list[Condition]:
    """Returns those of WITH, separated by semicolons; stops with a sentence where there is none."""
    try:
        found = [own_condition(part.strip()) for part in text.split(";") if part.strip()]
    except ValueError as error:  # of shlex: a quotation mark without its partner
        stop(f"WITH={text}: {error}")
    labels = [condition.label for condition in found]
    if not found or "|" in text or "\n" in text or len(set(labels)) < len(labels):
        stop(f"WITH=\"{text}\": give different conditions, without a bar, and semicolons between them, "
             "as in WITH=\"MALLOC_ARENA_MAX=1; ulimit -l 64; taskset -c 0\"")
    return found


class Confounded:
    """What the finished series tells about each condition."""

    def __init__(self, series: Series, result: Result):
        self.series, self.side = series, Side("", [result])
        self.charted = series.about["confounded_columns"].split()
        self.base = [series.points[label] for label in series.points if label.startswith(AS_IT_IS)]

    def _values(self, points: list[Point], arm: str, column: str) -> list[int]:
        return [row[column] for point in points for row in point.rows
                if row["arm"] == arm and row.get(column) is not None]

    def columns(self) -> list[str]:
        """Returns the columns that are looked at, the charted ones first; times, and y, only where they are charted."""
        known = [column for column in self.side.first.columns if column not in (*PLACE_COLUMNS, "y")]
        known = [column for column in known if column in self.charted or not is_time(self.side, column)]
        known += ["y"] if "y" in self.charted else []
        return sorted(known, key=lambda column: column not in self.charted)

    def moved(self, point: Point) -> Iterator[Change]:
        """Yields a Change for every number that left the range of the runs as it is."""
        for column in self.columns():
            for arm in self.side.arms():
                base, other = (self._values(points, arm, column) for points in (self.base, [point]))
                spreads = (Spread.of(base), Spread.of(other)) if base and other else None
                if spreads and spreads[0].differs(spreads[1]):
                    yield Change(arm, column, self.side.unit_of(column), self.side.words_of(column), "",
                                 spreads, spreads, spreads)

    @staticmethod
    def _findings(points: list[Point]) -> dict[SameFinding, list[Finding]]:
        return by_sentence([replace(finding, sentence=finding.sentence.removeprefix(f"{point.label}: "))
                            for finding in point.findings] for point in points)

    def told(self, point: Point) -> str:
        """Returns what moved, in a line: the finding that turned the verdict, then numbers; and where the condition was
        not applied."""
        if not point.rows or self.could_not_be_asked(point):
            return point.note
        findings = finding_differences(self._findings(self.base), self._findings([point]))
        numbers = [change.text(spread=False) for change in self.moved(point)]
        turned = [finding.short() for finding in findings if finding.turned()][:1]
        numbers = turned + (numbers or [finding.short() for finding in findings[len(turned):]])
        more = f" (and {len(numbers) - MOST_TOLD} more)" if len(numbers) > MOST_TOLD else ""
        what = "; ".join(numbers[:MOST_TOLD]) + more
        not_applied = point.note if point.note.startswith("not applied") else ""
        if not_applied.startswith("not applied:") and not what:
            return not_applied
        return "; ".join(filter(None, (what or NOTHING, not_applied)))

    def could_not_be_asked(self, point: Point) -> bool:
        """Returns whether the condition kept the experiment from asking, so that there is no verdict on the claim."""
        return point.verdict in ("broken", "unsupported") and point.verdict != self.base[0].verdict

    def lines(self) -> Iterator[tuple[str, str, str]]:
        """Yields (label, verdict, what moved) of each condition."""
        usual = self.base[0].verdict
        yield f"{AS_IT_IS}, {len(self.base)} times", ", ".join(dict.fromkeys(point.verdict for point in self.base)), ""
        for label, point in self.series.points.items():
            if point in self.base:
                continue
            verdict = COULD_NOT if self.could_not_be_asked(point) else point.verdict
            turned = verdict not in (LEFT_OUT, COULD_NOT, usual)
            yield label, verdict + (" *" if turned else ""), self.told(point)


def summed_up(lines: list[tuple[str, str, str]]) -> str:
    """Returns which conditions turn the verdict, which move numbers alone, and under which it could not be asked."""
    turned = [label for label, verdict, _ in lines if verdict.endswith("*")]
    moved = [label for label, verdict, told in lines[1:] if not verdict.endswith("*")
             and verdict not in (LEFT_OUT, COULD_NOT) and not told.startswith((NOTHING, "not applied"))]
    could_not = [label for label, verdict, _ in lines if verdict == COULD_NOT]
    return (f"The verdict is turned (*) by: {', '.join(turned)}." if turned else "No condition turns the verdict.") + \
        (f" Only numbers are moved by: {', '.join(moved)}." if moved else "") + \
        (f" Could not be asked under: {', '.join(could_not)}." if could_not else "")


def main(argv: list[str] | None = None) -> int:
    """Measures and prints the table; returns the exit status."""
    parser = Parser()
    parser.add_argument("claim", metavar="CLAIM")
    parser.add_argument("--with", dest="own", default="", metavar="CONDITIONS")
    options = parser.parse_args(argv)
    prepare()
    if os.environ.get("LD_PRELOAD"):
        stop("LD_PRELOAD is set, and so \"as it is\" would not be: unset it")
    claim, own = find_claim(options.claim), own_conditions(options.own) if options.own else []
    program, name = must_build(claim), claim.partition("/")[2] + (".own" if own else "")
    asked = {"confound": REPEATS} | ({"with": options.own} if own else {})
    series = Series(f"{RESULTS}/confounds/{name}.csv", "", DeclaredAxis("number of the condition"),
                    {"charted": "y", "chart": "bars", "settings": settings_text(program, **asked)})
    confounded = Confounded(series, complete(series, lambda: measure(series, claim, program, own)))
    lines = list(confounded.lines())
    width = max(60, shutil.get_terminal_size((120, 24)).columns)
    not_told = f" {told_as}" if (told_as := confounded.side.first.not_as_told) else ""
    print(terminal(("condition", "verdict", "what moved"), lines), "",
          textwrap.fill(f"{claim.partition('/')[2]}{not_told}: {summed_up(lines)}", width),
          f"result: {series.path} ({len(series.points)} points)", sep="\n")
    return 0


def measure(series: Series, claim: str, program: str, own: list[Condition]) -> None:
    """Runs the experiment under every condition, or under the reader's own; the first run tells what is charted
    and how large the program is."""
    first, why = programs.run(program, Condition(AS_IT_IS))
    if not first or not first.rows:
        stop(f"{claim} does not run as it is: {first.reason if first else why}")
    series.y, series.axes["y"] = first.charted[0], y_axis(first.charted[0], first)
    series.about["confounded_columns"] = " ".join(first.charted)
    conditions = [Condition(f"{AS_IT_IS} ({n})") for n in range(1, REPEATS + 1)] + (own or conditions_of(claim, first))
    for number, condition in enumerate(conditions):
        condition.x = number
    series.resume()
    for condition, result in series.measure(conditions, program):
        shown = result.metadata.get(condition.shown_as)
        if shown and shown == first.metadata.get(condition.shown_as):
            condition.remark = f"not applied: the result says as before \"{condition.shown_as}: {shown}\""
