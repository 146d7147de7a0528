# SPDX-License-Identifier: MIT
"""Tests how two runs are compared."""
from pathlib import Path

import pytest
from made import ABOVE, BELOW, result
from touchstone.comparison import Comparison, pair_text
from touchstone.sides import Side, Spread, tally


def compared(folder: Path, base: str, other: str, **parts: str) -> Comparison:
    """Returns the comparison of two made-up results."""
    return Comparison(Side("base", [result(folder / "base.csv", base, **parts)]),
                      Side("with", [result(folder / "with.csv", other, **parts)]))


def test_growth_is_counted_from_each_trials_first_record_and_its_median_was_measured(tmp_path: Path) -> None:
    side = Side("", [result(tmp_path / "a.csv", """
        a 1 begin 0 _ 1000
        a 1 end 8 7 1500
        a 2 begin 0 _ 5000
        a 2 end 8 9 5700""")])
    begin, end = Spread(0, 0, 0, 2), Spread(500, 500, 700, 2)
    assert side.over_records("a", "resident_bytes") == [(0, "begin", begin), (8, "end", end)]
    assert side.at_end("a", "y") == Spread(7, 7, 9, 2)
    assert side.at_end("b", "y") is None


def test_the_trials_of_several_runs_are_pooled(tmp_path: Path) -> None:
    runs = [result(tmp_path / f"{end}.csv", f"a 1 begin 0 _ 0\na 1 end 8 _ {end}") for end in (3, 1, 2)]
    side = Side("", runs)
    assert side.at_end("a", "resident_bytes") == Spread(2, 1, 3, 3)
    assert side.verdict() == "reproduced" and len(side.findings()["expect", "few", 1]) == 3


@pytest.mark.parametrize("other, text", [
    ((70, 90), "no number differs"),
    ((71, 90), "a: resident at the end 50 bytes (50 bytes to 70 bytes) → 71 bytes (71 bytes to 90 bytes)"),
])
def test_numbers_differ_when_the_ranges_of_their_trials_do_not_touch(tmp_path: Path, other: tuple[int, int],
                                                                     text: str) -> None:
    def rows(first: int, second: int) -> str:
        return f"a 1 begin 0 _ 0\na 1 end 8 _ {first}\na 2 begin 0 _ 0\na 2 end 8 _ {second}"

    assert compared(tmp_path, rows(50, 70), rows(*other)).telling() == text


def test_a_difference_in_the_middle_is_found_where_the_ends_agree(tmp_path: Path) -> None:
    base, other = (f"a 1 step 0 _ 0\na 1 step 4 _ {middle}\na 1 step 8 _ 5000" for middle in (10, 4000))
    comparison = compared(tmp_path, base, other)
    assert comparison.telling() == "a: resident at \"step, x = 4 bytes\" 10 bytes → 4,000 bytes"
    assert comparison.differs() and comparison.unmoved() == []


def test_a_sentence_that_is_judged_twice_is_compared_with_its_own_like(tmp_path: Path) -> None:
    base, other = (result(tmp_path / f"{second}.csv", "a 1 step 0 _ 0",
                          below=f"# expect: held | 0 <= {second} <= 9 | faults | a | 13 | few\n".join(("", BELOW)))
                   for second in (1, 2))
    findings = Comparison(Side("base", [base]), Side("with", [other])).findings
    assert [finding.text() for finding in findings] == ["held: few: 1 → 2; expected 0 to 9"]


def test_what_only_one_side_has_is_named(tmp_path: Path) -> None:
    comparison = compared(tmp_path, "a 1 step 0 _ 0\nb 1 step 0 _ 0", "a 1 step 0 _ 0\nc 1 step 0 _ 0")
    assert comparison.only == ["only base has the arm b: not compared", "only with has the arm c: not compared"]


@pytest.mark.parametrize("base, other, text", [
    ("0 <= 527248 <= 600000", "0 <= 9223372036854775807 <= 600000", "few: 527,248 bytes → never"),
    ("0 <= never <= 600000", "0 <= 527248 <= 600000", "few: never → 527,248 bytes"),
])
def test_what_never_came_is_compared_as_a_word(tmp_path: Path, base: str, other: str, text: str) -> None:
    sides = [Side(name, [result(tmp_path / f"{name}.csv", "a 1 step 0 _ 0",
                                below=BELOW.replace("0 <= 1 <= 2 | faults", f"{numbers} | bytes"))])
             for name, numbers in (("base", base), ("with", other))]
    assert [finding.short() for finding in Comparison(*sides).findings] == [text]


def test_a_row_that_never_came_is_no_number(tmp_path: Path) -> None:
    never, two = f"a 1 begin 0 {2 ** 63 - 1} 0", "a 1 begin 0 2 0"
    counts = ABOVE.replace("time of a call, ns | ns", "steps | count")
    assert compared(tmp_path, two, never, above=counts).telling() == "a: steps 2 → never"
    assert not compared(tmp_path, never, never, above=counts).differs()


def test_what_is_true_instead_is_a_finding_of_its_own(tmp_path: Path) -> None:
    lines = [BELOW.replace("# expect: held", f"# {kind}: held") for kind in ("expect", "true_instead")]
    base, other = (Side(name, [result(tmp_path / f"{name}.csv", "a 1 step 0 _ 0", below=below)])
                   for name, below in (("base", lines[0].replace("# verdict", lines[1] + "# verdict")),
                                       ("with", lines[0].replace("# verdict", lines[1].replace("<= 1 <=", "<= 2 <=")
                                                                 + "# verdict"))))
    assert [finding.text() for finding in Comparison(base, other).findings] == [
        "what is true instead, held: few: 1 → 2; expected 0 to 2"]


def test_a_verdict_on_another_sentence_is_another_verdict(tmp_path: Path) -> None:
    base, other = (Side(name, [result(tmp_path / f"{name}.csv", "a 1 step 0 _ 0", above)])
                   for name, above in (("base", ABOVE), ("with", ABOVE + "# asked_with: bits=47\n")))
    comparison = Comparison(base, other)
    assert comparison.verdict_text() == "reproduced → reproduced with bits=47, not as told"
    assert not comparison.same_verdict() and comparison.environment == {}


def test_the_time_of_a_single_trial_is_not_compared(tmp_path: Path) -> None:
    base, other = (f"a 1 begin 0 _ 0\na 1 end 8 _ {end}" for end in (1000, 999999))
    charts_time = ABOVE.replace("resident_bytes", "elapsed_ns")
    assert not compared(tmp_path, base, other, above=charts_time, column="elapsed_ns").differs()


@pytest.mark.parametrize("numbers, differs", [
    (("2 <= 2.4 <= inf (quartiles 2.3 to 2.6)", "2 <= 2.7 <= inf (quartiles 2.6 to 2.9)"), False),
    (("2 <= 2.4 <= inf (quartiles 2.3 to 2.6)", "2 <= 2.8 <= inf (quartiles 2.7 to 2.9)"), True),
    (("0 <= 1 <= 2", "0 <= 2 <= 2"), True),
])
def test_timings_agree_when_their_quartiles_touch(tmp_path: Path, numbers: tuple[str, str], differs: bool) -> None:
    base, other = (Side(text, [result(tmp_path / "a.csv", "a 1 step 0 _ 0", below=BELOW.replace("0 <= 1 <= 2", text))])
                   for text in numbers)
    assert bool(Comparison(base, other).findings) == differs


def test_the_environment_is_compared_but_for_the_time(tmp_path: Path) -> None:
    base, other = (Side("", [result(tmp_path / "a.csv", "a 1 s 0 _ 0", above=above)]) for above in (
        ABOVE + "# measured: 1\n", ABOVE.replace("65536", "4096") + "# measured: 2\n# x86: yes\n"))
    assert Comparison(base, other).environment == {"knob block": ("65536", "4096"), "x86": ("–", "yes")}


@pytest.mark.parametrize("base, other, unit, text", [
    (64 << 20, 82 << 20, "bytes", "64 MiB → 82 MiB"), (5, 5, "count", "5"),
    (20_000_001, 20_000_002, "bytes", "20,000,001 → 20,000,002 bytes"),
    (1.00001, 1.00002, "count", "1.00001 → 1.00002"),
])
def test_pair_text(base: float, other: float, unit: str, text: str) -> None:
    assert pair_text(base, other, unit) == text


def test_tally() -> None:
    assert tally(["reproduced"] * 4) == "reproduced"
    assert tally(["reproduced", "refuted", "reproduced"]) == "reproduced 2 ×, refuted 1 ×"
