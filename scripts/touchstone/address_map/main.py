# SPDX-License-Identifier: MIT
"""Draws the address map of each claim that was observed: behind scripts/address_map."""
import csv
from pathlib import Path

from touchstone import programs
from touchstone.address_map import draw, smaps
from touchstone.arguments import Parser
from touchstone.cli import stop
from touchstone.files import Damaged, write_whole
from touchstone.results import read_result

RESULTS = Path(programs.RESULTS)

# claim -> its columns: title, and the (claim, arm) to take it from, the first that was observed
MAPS = {
    "1_address_space/regions_come_in_order": [
        ("as it is", [("1_address_space/regions_come_in_order", "as it is")]),
        ("the layout of old kernels", [("1_address_space/regions_come_in_order", "old layout")])],
    "1_address_space/a_32_bit_process_has_4_gib": [
        ("64-bit", [("1_address_space/a_32_bit_process_has_4_gib", "64-bit"),
                    ("1_address_space/regions_come_in_order", "as it is")]),
        ("32-bit", [("1_address_space/a_32_bit_process_has_4_gib", "32-bit")])],
}


def smaps_of(claim, arm):
    """The file that shows an arm: the one that the experiment kept for it, else that of its last record."""
    folder = RESULTS / f"{claim}.observed"
    kept = folder / f"{arm}.smaps.txt"
    if kept.exists():
        return kept
    records = [number for number, row in enumerate(observed_rows(claim), 1) if row["arm"] == arm]
    last = folder / f"{records[-1]:03}.smaps.txt" if records else None
    return last if last and last.exists() else None


def observed_rows(claim):
    try:
        with open(RESULTS / f"{claim}.observed" / "ps.csv", encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError:
        return []


def result_of(claim):
    path = RESULTS / f"{claim}.csv"
    return read_result(path) if path.exists() else None


def why_not(claim):
    result = result_of(claim)
    if result and result.verdict in ("unsupported", "broken"):
        return result.reason
    return f"it was not observed; `make observe CLAIM={Path(claim).name}` does that"


def column_of(title, sources):
    for claim, arm in sources:
        path = smaps_of(claim, arm)
        if path is None:
            continue
        try:
            named = smaps.regions(smaps.read(path.read_text(encoding="utf-8", errors="replace")))
        except (OSError, Damaged) as error:
            stop(f"cannot use {path}: {error}; `make observe CLAIM={Path(claim).name}` writes it again")
        return draw.Space(title, named=named)
    return draw.Space(title, why_not=why_not(sources[0][0]))


def columns_of(claim):
    arms = dict.fromkeys(row["arm"] for row in observed_rows(claim))
    return [column_of(title, sources) for title, sources in
            MAPS.get(claim) or [(arm, [(claim, arm)]) for arm in list(arms)[:2]]]


def draw_map(claim):
    """Whether there was anything to draw."""
    columns = columns_of(claim)
    path = RESULTS / f"{claim}.address_map.svg"
    if not any(column.named for column in columns):
        path.unlink(missing_ok=True)
        return False
    result = result_of(claim)
    about = result.metadata if result else {}
    facts = ["/proc/PID/smaps of a process that stood still", about.get("kernel"),
             f"randomisation of addresses (ASLR): {about['aslr']}" if "aslr" in about else None]
    write_whole(path, draw.svg(columns, about.get("asked", claim), " · ".join(fact for fact in facts if fact)))
    return True


def main(argv=None):
    parser = Parser()
    parser.add_argument("claims", nargs="*", metavar="CLAIM")
    names = parser.parse_args(argv).claims
    programs.prepare()
    claims = [programs.find_claim(name) for name in names] or list(MAPS)
    missing = [claim for claim in claims if not draw_map(claim)]
    if missing and (names or len(missing) == len(claims)):
        stop(f"{' and '.join(Path(claim).name for claim in missing)} {'was' if len(missing) == 1 else 'were'} not observed, so there is no map: "
             "`make observe` looks (it needs procps: scripts/setup)", 77)
    return 0
