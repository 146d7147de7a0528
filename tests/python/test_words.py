# SPDX-License-Identifier: MIT
"""Tests how numbers and units are written for people, and how typed ones are read."""
import pytest

from touchstone import words
from touchstone.report import findings


@pytest.mark.parametrize("number, unit, text", [
    (0, "bytes", "0 bytes"), (1, "bytes", "1 byte"), (131049, "bytes", "131,049 bytes"), (131072, "bytes", "128 KiB"),
    (-3 << 29, "bytes", "-1.5 GiB"), (25276502016, "bytes", "23.54 GiB"),
    (1234567, "count", "1,234,567"), (12345.5, "count", "12,346"), (2.5, "count", "2.5"),
    (1234567, "ns", "1.23 ms"), (999960, "ns", "1 ms"), (None, "ns", "not measured"),
    (2.5, "times", "2.5 times"), (1234.4, "times", "1,234 times"),
    (4096, "blocks", "4,096 blocks"), (1, "faults", "1 fault"),
])
def test_quantity(number: float | None, unit: str, text: str) -> None:
    assert words.quantity(number, unit) == text


@pytest.mark.parametrize("number, unit, text", [
    (1, "times", "1.00"), (12.34, "times", "12.3"), (20000, "times", "20,000"),
    (2, "ns", "2.00 ns"), (1284.5, "ns", "1.28 µs"), (4096, "bytes", "4 KiB"),
])
def test_in_table(number: float, unit: str, text: str) -> None:
    assert words.in_table(number, unit) == text


@pytest.mark.parametrize("text, number", [
    ("64K", 65536), (" 1g ", 1 << 30), ("12", 12), ("1.5M", None), ("-1", None), ("", None),
    ("9223372036854775806", 2 ** 63 - 2), ("9223372036854775807", None), ("99999999999G", None), ("9" * 5000, None),
])
def test_size(text: str, number: int | None) -> None:
    assert words.size(text) == number


@pytest.mark.parametrize("text", ["64K", "3M", "1G", "0", "1000"])
def test_short_size_is_what_one_types(text: str) -> None:
    number = words.size(text)
    assert number is not None and words.short_size(number) == text


@pytest.mark.parametrize("number, text", [
    (0, "0 bytes"), (30736, "30 KiB"), (1500, "1.5 KiB"), (300 << 10, "300 KiB"), (5 << 40, "5 TiB"),
])
def test_size_in_short(number: int, text: str) -> None:
    assert words.size_in_short(number) == text


@pytest.mark.parametrize("number, text", [
    (12288, "12 KiB"), (1368 << 10, "1,368 KiB"), (255 << 39, "127.5 TiB"), (1 << 60, "1 EiB"),
])
def test_region_size(number: int, text: str) -> None:
    assert words.region_size(number) == text


@pytest.mark.parametrize("text, unit, name, label", [
    ("bytes written", "bytes", "MiB", "written (MiB)"),
    ("size of the block, bytes", "bytes", "MiB", "size of the block, MiB"),
    ("bytes per block", "bytes", "KiB", "KiB per block"), ("pages", "count", "millions", "pages (millions)"),
    ("ns for 10 blocks", "ns", "ms", "ms for 10 blocks"),
])
def test_label_in(text: str, unit: str, name: str, label: str) -> None:
    assert words.label_in(text, unit, name) == label


@pytest.mark.parametrize("column, name, unit", [
    ("minor_fault_count", "minor faults", "count"), ("mmapped_count", "mmapped blocks", "count"),
    ("elapsed_ns", "elapsed time", "ns"), ("heap_top_bytes", "heap top", "bytes"),
])
def test_columns(column: str, name: str, unit: str) -> None:
    assert (words.words_of(column), words.unit_of(column)) == (name, unit)


@pytest.mark.parametrize("text, short", [
    ("time of one reading, ns", "time of one reading"), ("ns for 10 blocks", "time for 10 blocks"), ("pages", "pages"),
])
def test_without_unit(text: str, short: str) -> None:
    assert words.without_unit(text) == short


def test_grouped() -> None:
    assert words.grouped("1234567") == "1,234,567" and words.grouped(-1000) == "-1,000"
    assert words.ratio(16384.2) == "16,384" and words.ratio(2.456) == "2.46"
    assert words.ratio(16384.2) == "16,384" and words.ratio(2.456) == "2.46"
    assert words.grouped("1.5") == "1.5" and words.grouped("none") == "none"
    assert words.grouped(2 ** 63 - 1) == "never" and words.grouped(-2 ** 63) == "not measured"
    assert words.all_grouped("5 → 9223372036854775807") == "5 → never"
    assert words.all_grouped("-9223372036854775808") == "not measured" and words.all_grouped("-1234") == "-1,234"
    assert words.all_grouped("5000 of 12345.5 and 999") == "5,000 of 12345.5 and 999"


@pytest.mark.parametrize("text, unit, shown, every_digit", [
    ("131049", "bytes", "131,049 bytes", ""), ("131072", "bytes", "128 KiB", "131,072 bytes"),
    ("67112960", "bytes", "64.004 MiB", "67,112,960 bytes"), ("1", "bytes", "1 byte", ""),
    ("0", "bytes", "0 bytes", ""),
    ("1234567", "ns", "1.2346 ms", "1,234,567 ns"), ("999", "ns", "999 ns", ""),
    ("never", "bytes", "never", ""), ("9223372036854775807", "bytes", "never", ""), ("never", "faults", "never", ""),
    ("-9223372036854775808", "ns", "not measured", ""),
    ("4096", "blocks", "4,096 blocks", ""), ("1", "faults", "1 fault", ""), ("2.4", "times", "2.4 times", ""),
    ("1.638e+04", "times", "16,380 times", ""),
])
def test_numbers_in_the_report(text: str, unit: str, shown: str, every_digit: str) -> None:
    assert findings.value(text, unit) == {"text": shown, "raw": every_digit}
