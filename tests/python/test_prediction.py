# SPDX-License-Identifier: MIT
"""Tests how a prediction is read, and how it is compared with the number that was measured."""
import os
from pathlib import Path

import pytest
from made import ABOVE, result
from touchstone.files import ROOT
from touchstone.lines import DeclaredAxis
from touchstone.prediction import (Nonsense, Prediction, Question, append, counted, hands, question_of, read_all,
                                   understood)
from touchstone.results import Arm, Result, read_result
from touchstone.words import NEVER

SIZE = Question("resident_bytes", "a", asked="How much becomes resident?")
COUNT = Question("minor_fault_count", "a", asked="How many faults?")
JUMP = Question("jump of in_use_bytes", "a", x=DeclaredAxis("blocks freed", "count"))
TIMES = Question("elapsed_ns", "a", against="b")
FREED = Question("jump of heap_top_bytes", "a", x=DeclaredAxis("bytes freed", "bytes"))
WRAPS = Question("y", "a", asked="How many bytes does mallinfo() show?", y=DeclaredAxis("bytes", "bytes"))
MOVES = Question("y", "a", asked="How often does the break move?", y=DeclaredAxis("moves", "count"))


@pytest.mark.parametrize("text", [
    "64K", "64 KiB", "64kb", "65,536", "65536", "65536 bytes", "2^16", "0.0625M", " 64k. ",
])
def test_sizes_are_read_as_people_write_them(text: str) -> None:
    assert understood(text, SIZE) == 65536


@pytest.mark.parametrize("text, question, value", [
    ("2 pages", SIZE, 2 * os.sysconf("SC_PAGE_SIZE")), ("-1M", SIZE, -2 ** 20), ("shrinks", SIZE, "down"),
    ("1K", COUNT, 1024), ("12 faults", COUNT, 12), ("7", JUMP, 7), ("2.5x", TIMES, 2.5),
])
def test_numbers_and_directions_are_understood(text: str, question: Question, value: float | str) -> None:
    assert understood(text, question) == value


@pytest.mark.parametrize("text, question", [
    ("up", JUMP), ("same", TIMES), ("5 pages", COUNT), ("3 ms", SIZE), ("", SIZE),
    *((text, SIZE) for text in ("1e9999", "nan", "64Q", "1,5", "--", "12 34", "9" * 30, "9" * 9999)),
])
def test_nonsense_is_refused(text: str, question: Question) -> None:
    with pytest.raises(Nonsense, match="expected is"):
        understood(text, question)


@pytest.mark.parametrize("text, question, sentence", [
    ("-100K", FREED, '"-100K" cannot come out (x begins at 0: bytes freed); '
                     "expected is bytes (64K, 1.5 MiB, 2 pages)."),
    ("-5", COUNT, '"-5" cannot come out (minor faults are counted up and never become fewer); '
                  "expected is a number (1,024); or up, same."),
    ("down", COUNT, '"down" cannot come out (minor faults are counted up and never become fewer); '
                    "expected is a number (1,024); or up, same."),
    ("-2", TIMES, '"-2" cannot come out (how many times is a number from 0 on); expected is how many times (2.5).'),
    ("-3", MOVES, '"-3" cannot come out (that is a number from 0 on); expected is a number (1,024).'),
])
def test_a_prediction_that_cannot_come_out_is_refused(text: str, question: Question, sentence: str) -> None:
    with pytest.raises(Nonsense) as refused:
        understood(text, question)
    assert str(refused.value) == sentence


def test_a_number_may_be_negative_where_it_can_be_measured() -> None:
    assert understood("-2G", WRAPS) == -2 ** 31 and understood("-100K", SIZE) == -102400


@pytest.mark.parametrize("value, measured, question, sentence", [
    (4096, 4096, SIZE, "Exactly as predicted."),
    (65536, 4096, SIZE, "Off by a factor of 16: too high."),
    (67108864, 67112960, SIZE, "Close: 4 KiB too low (0.0061 %)."),
    (5120, 8192, SIZE, "Off: 3 KiB too low (38 %)."),
    (0, 4096, SIZE, "It did move: 4 KiB less was predicted than measured."),
    (4096, 0, SIZE, "Nothing moved: 4 KiB more was predicted than measured."),
    (-4096, 4096, SIZE, "It went the other way: up, by 4 KiB."),
    (-4096, -5000, SIZE, "Off: 904 bytes too little (18 %)."),
    ("down", -4096, SIZE, "Right: it went down, by 4 KiB."),
    ("up", 0, SIZE, "No: it stayed the same."),
    (1000, 1050, COUNT, "Close: 50 too low (4.8 %)."),
    (7, 8, JUMP, "Off: 1 too low (12 %)."),
    (1.2, 1, TIMES, "Off: 20 % too high."),
    (7, NEVER, JUMP, "No number is right: it never happened."),
    (7, None, JUMP, "This run gives no number to compare it with."),
])
def test_the_comparison_says_what_the_difference_is(value: float | str, measured: float | None, question: Question,
                                                    sentence: str) -> None:
    assert Prediction("", "", value, "", "").compared(question, measured) == sentence


@pytest.mark.parametrize("value", ["nan", "inf", "-1e999", "9223372036854775808", "many"])
def test_a_kept_prediction_that_is_no_number_is_passed_over(tmp_path: Path, value: str) -> None:
    block = "asked: How much?\nentered: 1\nvalue: {}\nknobs: \npredicted: today\n\n"
    (tmp_path / "it_grows.prediction").write_text(block.format(value) + block.format("4096"))
    assert [predicted.value for predicted in read_all(tmp_path / "it_grows.csv")] == [4096]


def test_an_experiment_without_a_question_is_asked_about_its_first_charted_column() -> None:
    question = question_of(Result(Path("malloc_is_lazy.csv"), {"charted": "resident_bytes virtual_bytes"},
                                  arms=[Arm("filled", control=True), Arm("lazy")]))
    assert question is not None and (question.measured, question.arm) == ("resident_bytes", "lazy")
    assert question.asked == 'By how much will "resident" have grown in the end, in the arm "lazy"?'


def test_an_answer_is_the_median_of_the_trials_and_of_ratios_their_middle(tmp_path: Path) -> None:
    read = result(tmp_path / "it_grows.csv", """
        a 1 begin 0 _ 0
        a 1 end 1 _ 100
        a 2 begin 0 _ 50
        a 2 end 1 _ 350
        b 1 begin 0 _ 0
        b 1 end 1 _ 50
        b 2 begin 0 _ 0
        b 2 end 1 _ 100
    """, ABOVE)
    assert Question("resident_bytes", "a", "begin", "end").answer(read) == 100
    assert Question("resident_bytes", "a", "begin", "end", against="b").answer(read) == 2.5
    assert Question("jump of resident_bytes", "a", "begin", "end").answer(read) == 1
    assert Question("resident_bytes", "c", "begin", "end").answer(read) is None


def test_a_show_of_hands_counts_every_hand(tmp_path: Path) -> None:
    path = tmp_path / "3_residency" / "malloc_is_lazy.csv"
    path.parent.mkdir()
    path.write_bytes((ROOT / "results/reference/3_residency/malloc_is_lazy.csv").read_bytes())
    result = read_result(path)
    question = question_of(result)
    assert question
    append(path, hands("15x 64M, 3x 4K, 2x same", question), question, result.knobs)
    append(path, hands("4K", question), question, result.knobs)
    assert counted(result) == {2 ** 26: 15, 4096: 4}
