# SPDX-License-Identifier: MIT
"""Tests how results are read, in the format of docs/result_format.md."""
from pathlib import Path

import pytest
from made import ABOVE, BELOW, result
from touchstone.charts.commands import finding_of
from touchstone.growth import growth
from touchstone.lines import Arm, DeclaredAxis, Finding, Knob
from touchstone.prediction import Question, lesson
from touchstone.results import read_result, read_results, read_text
from touchstone.words import NEVER

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
    ("135168 <= never <= 143424", ("135168", "never", "143424"), "135168 to 143424", "never"),
    ("9223372036854775807 == 7", ("7", "never", "7"), "exactly 7", "never"),
    ("0 <= -9223372036854775808 <= 9", ("0", "not measured", "9"), "0 to 9", "not measured"),
    ("-inf <= 5 <= 9", (None, "5", "9"), "at most 9", "5"),
    ("2 <= 2.4 <= inf (quartiles 2.3 to 2.6)", ("2", "2.4", None), "at least 2", "2.4 (quartiles 2.3 to 2.6)"),
])
def test_numbers_of_a_finding(numbers: str, sides: tuple[str | None, str, str | None], bounds: str,
                              measured: str) -> None:
    finding = Finding.of("expect", f"held | {numbers} | times | a, b | 7 | it holds | so it does")
    assert (finding.sides(), finding.bounds(), finding.measured()) == (sides, bounds, measured)
    assert (finding.sentence, finding.arms, finding.kind) == ("it holds | so it does", ("a", "b"), "expect")


@pytest.mark.parametrize("line", [
    "held | 1 <= 2 | bytes | a | 7 | it holds", "held | 1 == 1 | bytes | a | it holds", "held",
])
def test_a_finding_that_lacks_something_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        Finding.of("expect", line)


def test_a_cell_may_say_that_something_never_came_or_was_not_measured(tmp_path: Path) -> None:
    read = result(tmp_path / "it_grows.csv", f"a 1 begin 0 never {-2 ** 63}\na 1 end 8 {2 ** 63 - 1} 1500", ABOVE)
    assert [(row["y"], row["resident_bytes"]) for row in read.rows] == [(NEVER, None), (NEVER, 1500)]
    assert Question("y", "a", y=read.axis("y")).answer(read) == NEVER
    assert growth(read.rows, "y") is None  # nothing is computed with it


def test_what_a_result_says_of_its_own_sentence(tmp_path: Path) -> None:
    above = ABOVE + "# asked_with: bits=47\n# instead: it shrinks\n"
    below = BELOW.replace("reproduced", "refuted")
    read = result(tmp_path / "it_grows.csv", ROWS, above, below)
    assert (read.verdict, read.verdict_in_words) == ("refuted", "refuted with bits=47, not as told")
    assert read.instead == "it shrinks" and read.machine() == {"kernel": "Linux 6.1"}
    unknown = "# reason: refuted, and not for the reason that is known: it shrinks\n"
    read = result(tmp_path / "it_grows.csv", ROWS, above, unknown + below)
    assert read.instead == "" and finding_of(read)[1] == f"reason: {unknown[10:].strip()}"
    assert lesson(read) == ""


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


def test_a_row_that_no_csv_has_is_damage(tmp_path: Path) -> None:
    made = result(tmp_path / "a.csv", ROWS)
    text = made.path.read_text()
    for wrong in ("arm,tr\rial", "arm," + "x" * 200_000):
        assert read_text(made.path, text.replace("arm,trial", wrong, 1)).damage.startswith("damaged: line")
