# SPDX-License-Identifier: MIT
"""Tests how results are read, in the format of docs/result_format.md."""
from pathlib import Path

import pytest
from made import ABOVE, BELOW, result
from touchstone.lines import Arm, DeclaredAxis, Finding, Knob
from touchstone.results import read_result, read_results

ROWS = """
a 1 begin 0 _ 1000
a 1 end 8 7 1500
"""


def test_every_part_of_a_result(tmp_path: Path) -> None:
    read = result(tmp_path / "it_grows.csv", ROWS)
    assert (read.name, read.chapter, read.verdict, read.damage) == ("it_grows", tmp_path.name, "reproduced", "")
    assert read.axis("x") == DeclaredAxis("bytes written", "bytes") and read.charted == ["resident_bytes"]
    assert (read.words_of("y"), read.unit_of("y")) == ("time of a call", "ns")
    assert read.knobs == {"block": Knob("block", 65536, "bytes", "size of the block")}
    assert read.settings["trials"].value == 2
    assert read.arms == [Arm("a", False, "ran", ""), Arm("b", True, "ran", "LD_PRELOAD=libx.so")]
    assert read.rows[1] == {"arm": "a", "trial": 1, "stage": "end", "x": 8, "y": 7, "resident_bytes": 1500, "line": 20}
    assert read.columns_measured() == ["y", "resident_bytes"]
    assert read.machine() == {"kernel": "Linux 6.1"}
    assert read.findings == [Finding("expect", "held", "0 <= 1 <= 2", "faults", ("a",), 12, "few")]


@pytest.mark.parametrize("numbers, sides, bounds, measured", [
    ("0 <= 4096 <= 8192", ("0", "4096", "8192"), "0 to 8192", "4096"),
    ("3 == 4", ("4", "3", "4"), "exactly 4", "3"),
    ("-inf <= 5 <= 9", (None, "5", "9"), "at most 9", "5"),
    ("2 <= 2.4 <= inf (quartiles 2.3 to 2.6)", ("2", "2.4", None), "at least 2", "2.4 (quartiles 2.3 to 2.6)"),
])
def test_numbers_of_a_finding(numbers: str, sides: tuple[str | None, str, str | None], bounds: str,
                              measured: str) -> None:
    finding = Finding.of("expect", f"held | {numbers} | times | a, b | 7 | it holds | so it does")
    assert (finding.sides(), finding.bounds(), finding.measured()) == (sides, bounds, measured)
    assert (finding.sentence, finding.arms, finding.control) == ("it holds | so it does", ("a", "b"), False)


@pytest.mark.parametrize("line", [
    "held | 1 <= 2 | bytes | a | 7 | it holds", "held | 1 == 1 | bytes | a | it holds", "held",
])
def test_a_finding_that_lacks_something_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        Finding.of("expect", line)


@pytest.mark.parametrize("above, below, reason", [
    (ABOVE.replace("format: 2", "format: 1"), BELOW, "is in format 1; these scripts read format 2"),
    (ABOVE.replace("# format: 2\n", ""), BELOW, "names no format; these scripts read format 2"),
    (ABOVE, "", "cut short: the file has no verdict"),
    (ABOVE, BELOW.replace("reproduced", "lovely"), "damaged: \"lovely\" is not a verdict"),
    (ABOVE, "a,1\n" + BELOW, "damaged: line 15: 2 cells under a header of 7"),
])
def test_a_file_that_is_not_whole_is_broken(tmp_path: Path, above: str, below: str, reason: str) -> None:
    read = result(tmp_path / "it_grows.csv", ROWS, above, below)
    assert read.verdict == "broken" and read.reason.startswith(reason) and read.damage == read.reason


def test_a_file_that_is_no_result_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "10_last").mkdir()
    (tmp_path / "3_first").mkdir()
    result(tmp_path / "10_last/b.csv", ROWS)
    result(tmp_path / "3_first/a.csv", ROWS)
    (tmp_path / "3_first/gone.csv").symlink_to("nowhere")
    (tmp_path / "3_first/a.film.csv").write_text("# format: 2\n")
    read = read_results(tmp_path)
    assert [one.name for one in read] == ["a", "gone", "b"]
    assert [one.why_no_result() for one in read] == ["", "cannot be read: No such file or directory", ""]
    assert read_result(tmp_path / "nothing.csv").verdict == "broken"
