# SPDX-License-Identifier: MIT
"""Makes up results for the tests."""
from pathlib import Path

from touchstone.results import Result, read_result

ABOVE = """# format: 2
# claim: it grows
# x: bytes written | bytes
# y: time of a call, ns | ns
# charted: resident_bytes
# chart: lines
# knob: block | 65536 | bytes | size of the block
# setting: trials | 2 |  | how often each arm runs, interleaved
# arm: a | test | ran |
# arm: b | control | ran | LD_PRELOAD=libx.so
# kernel: Linux 6.1
"""
BELOW = """# expect: held | 0 <= 1 <= 2 | faults | a | 12 | few
# verdict: reproduced
"""


def result(path: Path, rows: str, above: str = ABOVE, below: str = BELOW, column: str = "resident_bytes") -> Result:
    """Writes a result and reads it.  Each line of rows is "arm trial stage x y NUMBER"; _ is an empty cell."""
    table = [f"arm,trial,stage,x,y,{column},line"]
    table += [",".join(cell.strip("_") for cell in (*row.split(), "20")) for row in rows.strip().splitlines()]
    path.write_text(above + "\n".join(table) + "\n" + below, encoding="utf-8")
    return read_result(path)
