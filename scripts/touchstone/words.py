# SPDX-License-Identifier: MIT
"""Numbers, units and columns as people read them, and as they type them."""
import re

SIZE = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
SCALES = {"bytes": (1024, ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")),
          "ns": (1000, ("ns", "µs", "ms", "s"))}
UNIT_WORDS = {"bytes": r"\bbytes?\b", "ns": r"\b(nanoseconds|ns)\b"}  # how a text names the unit
COUNTS = (1000, ("", "", "millions", "billions", "trillions"))
NEVER = 2 ** 63 - 1                  # INT64_MAX: what was waited for did not happen
NOT_MEASURED = -2 ** 63              # INT64_MIN: NOT_MEASURED in lib/probe/probe.h


# ---- sizes as they are typed ------------------------------------------------------

def size(text: str) -> int | None:
    """Returns the number that a setting names: 64K -> 65536.  None for other texts than digits and K, M or G, and for
    a number that no program can hold."""
    number = re.fullmatch(r"([0-9]{1,19})([KMG]?)", text.strip().upper())
    value = int(number[1]) * SIZE[number[2]] if number else NEVER
    return value if value < NEVER else None


def short_size(number: int) -> str:
    """Returns a number as one would type it: 65536 -> 64K."""
    letter = next((letter for letter in "GMK" if number and number % SIZE[letter] == 0), "")
    return f"{number // SIZE[letter]}{letter}"


# ---- units and names of columns ----------------------------------------------------

def unit_of(column: str) -> str:
    """Returns the unit of a column, by the end of its name: bytes, ns or count."""
    return "bytes" if column.endswith("_bytes") else "ns" if column.endswith("_ns") else "count"


def without_unit(text: str) -> str:
    """time of one reading, ns -> time of one reading; ns for 10 blocks -> time for 10 blocks."""
    text = re.sub(r"(,| in)? *\(?\b(bytes|ns|nanoseconds)\)?$", "", text)
    return re.sub(r"^(ns|nanoseconds) (?=for|of|per)", "time ", text)


def words_of(column: str) -> str:
    """Returns a column's name in words: minor_fault_count -> minor faults."""
    if column == "mmapped_count":
        return "mmapped blocks"
    return re.sub(r"_bytes$", "", re.sub(r"_count$", "s", re.sub(r"_ns$", " time", column))).replace("_", " ")


def label_in(text: str, unit: str, name: str) -> str:
    """Returns an axis' label with the unit of its numbers: "bytes written" in MiB -> written (MiB)."""
    word = UNIT_WORDS.get(unit, "(?!)")
    if not text or not name or name == unit and re.search(word, text):
        return text
    if unit == "bytes" and re.match(r"bytes (?!(?:per|of|in|at|a|an|each|that) )[a-z]", text):
        return f"{text[6:]} ({name})"
    label = re.sub(word, name, text, count=1)
    return label if label != text else f"{text} ({name})"


# ---- numbers ----------------------------------------------------------------------

def scale_of(largest: float, unit: str) -> tuple[int, str]:
    """Returns (divisor, name) of the unit in which a number as large as this is written."""
    step, names = SCALES.get(unit, COUNTS)
    power = 0
    while power < len(names) - 1 and abs(largest) >= step ** (power + 1):
        power += 1
    return step ** power if names[power] else 1, names[power]


def ratio(number: float) -> str:
    """Returns how many times: 2.5, 1,234."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def no_number(number: float | None) -> str:
    """Returns "never" or "not measured" for what stands in the place of a number; nothing for a number.  One that was
    computed with either lies as far out."""
    if number is None or number <= -NEVER:
        return "not measured"
    return "never" if number >= NEVER else ""


def with_unit(digits: str, unit: str) -> str:
    """Returns digits with their unit, which is singular beside 1: 4,096 pages, 1 page.  A word has none: never."""
    if digits in ("never", "not measured"):
        return digits
    singular = digits in ("1", "-1") and unit.endswith("s") and unit != "ns"
    return f"{digits} {unit.removesuffix('s') if singular else unit}".strip()


def _count(number: float) -> str:
    """Returns a whole number with all digits, an average with four."""
    return f"{number:,.0f}" if number == int(number) or abs(number) >= 1000 else f"{number:.4g}"


def quantity(number: float | None, unit: str, digits: int | None = None) -> str:
    """Returns a number with its unit, rounded to so many digits: times to three and sizes to four where none is given.
    Below ten million, bytes that are not a multiple of 1,024 stay exact: 131,049 bytes is not 128 KiB."""
    if number is None or no_number(number):
        return no_number(number)
    if unit == "times":
        return f"{ratio(number)} times"
    if unit not in SCALES:
        return with_unit(_count(number), "" if unit == "count" else unit)
    if unit == "bytes" and number % 1024 and abs(number) < 1e7:
        return with_unit(f"{number:,.0f}", unit)
    if unit == "ns":
        number = float(f"{number:.{digits or 3}g}")  # 999,960 ns is 1 ms
    scale, name = scale_of(number, unit)
    return f"{number / scale:.{digits or 4}g} {name}"


def in_table(number: float, unit: str) -> str:
    """Returns an average for a column of a table, with the zeros that show how exact it is: 2.00 ns, 1.00.
    The title of a column of ratios says "times"."""
    if unit == "times":
        return f"{number:.2f}" if number < 10 else ratio(number)
    return f"{number:.2f} ns" if unit == "ns" and number < 10 else quantity(number, unit)


def size_in_short(number: int) -> str:
    """Returns a size rounded, for a picture that has little room: 30736 -> 30 KiB."""
    scale, name = scale_of(number, "bytes")
    digits = f"{number / scale:.1f}".removesuffix(".0") if number < 100 * scale else f"{number / scale:.0f}"
    return f"{digits} {name}"


def region_size(number: int) -> str:
    """Returns the size of a region, which is whole pages: 12 KiB, 1,368 KiB; from 10 MiB on four digits: 127.5 TiB."""
    if number < 10000 * 1024:
        return f"{number // 1024:,} KiB"
    scale, name = scale_of(number, "bytes")
    return f"{number / scale:.4g} {name}"


def grouped(text: str | int) -> str:
    """Groups the digits of a whole number by thousands: 1234567 -> 1,234,567.  Any other text stays as it is."""
    if re.fullmatch(r"-?\d(\.\d+)?e\+\d\d", str(text)):  # how C prints a ratio of more than four digits: 1.638e+04
        return f"{float(text):,.0f}"
    if not re.fullmatch(r"-?\d+", str(text)):
        return str(text)
    return no_number(int(text)) or f"{int(text):,}"


def all_grouped(text: str) -> str:
    """Groups the digits of every whole number in a text by thousands."""
    return re.sub(r"(?<![\d.])(?:-\d{19,}|\d{4,})(?![\d.])", lambda digits: grouped(digits[0]), text)
