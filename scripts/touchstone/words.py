# SPDX-License-Identifier: MIT
"""Numbers and units as people read them, and as they type them."""
import re

SIZE = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def size(text):
    """64K -> 65536; None for what is no whole number with K, M or G behind it."""
    number = re.fullmatch(r"(\d+)([KMG]?)", text.strip().upper())
    return int(number[1]) * SIZE[number[2]] if number else None


def short_size(number):
    """65536 -> 64K, as one would type it."""
    letter = next((letter for letter in "GMK" if number and number % SIZE[letter] == 0), "")
    return f"{number // SIZE[letter]}{letter}"


def unit_of_text(text):
    if re.search(r"\bbytes?\b", text):
        return "bytes"
    return "ns" if re.search(r"\b(ns|nanoseconds)\b", text) else "count"


def unit_of(column):
    """Returns bytes, ns or count, by the end of the column's name."""
    return "bytes" if column.endswith("_bytes") else "ns" if column.endswith("_ns") else "count"


def without_unit(text):
    """time of one reading, ns -> time of one reading; ns for 10 blocks -> time for 10 blocks."""
    return re.sub(r"^(ns|nanoseconds) (?=for|of|per)", "time ", re.sub(r"(,| in)? *\(?\b(bytes|ns|nanoseconds)\)?$", "", text))


def words_of(column):
    """minor_fault_count -> minor faults"""
    if column == "mmapped_count":
        return "mmapped blocks"
    return re.sub(r"_bytes$", "", re.sub(r"_count$", "s", re.sub(r"_ns$", " time", column))).replace("_", " ")


def scale_of(largest, unit):
    """(divisor, name) of the unit in which a number as large as this is written."""
    names, step = {"bytes": (["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"], 1024),
                   "ns": (["ns", "µs", "ms", "s"], 1000)}.get(unit, (["", "", "millions", "billions", "trillions"], 1000))
    power = 0
    while power < len(names) - 1 and abs(largest) >= step ** (power + 1):
        power += 1
    return step ** power if names[power] else 1, names[power]


def label_in(text, unit, name):
    """A label with the unit of its axis: bytes written -> written (MiB); size of the block, bytes -> size of the block, MiB."""
    if not text or not name or name == unit and unit_of_text(text) == unit:
        return text
    if unit == "bytes" and re.match(r"bytes (?!(?:per|of|in|at|a|an|each|that) )[a-z]", text):
        return f"{text[6:]} ({name})"
    told = re.sub({"bytes": r"\bbytes?\b", "ns": r"\b(nanoseconds|ns)\b"}.get(unit, "(?!)"), name, text, count=1)
    return told if told != text else f"{text} ({name})"


def quantity(number, unit):
    """Bytes that are no round number stay exact as long as they can be read: 131,049 bytes is not 128 KiB.  Of a time
    three digits tell, and of an average four."""
    if number is None:
        return "not measured"
    if unit == "count":
        return f"{number:,.0f}" if number == int(number) or abs(number) >= 1000 else f"{number:.4g}"
    if unit == "bytes" and number % 1024 and abs(number) < 1e7:
        return f"{number:,.0f} byte{'' if number == 1 else 's'}"
    if unit == "ns":
        number = float(f"{number:.3g}")
    scale, name = scale_of(number, unit)
    return f"{number / scale:.4g} {name}"


def size_in_short(size):
    """30736 -> 30 KiB"""
    for unit, step in (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if abs(size) >= step:
            digits = f"{size / step:.1f}".removesuffix(".0") if size < 100 * step else f"{size / step:.0f}"
            return f"{digits} {unit}"
    return f"{size} bytes"


def region_size(number):
    """12 KiB, 1,368 KiB; from 10 MiB on four digits: 127.5 TiB."""
    if number < 10000 * 1024:
        return f"{number // 1024:,} KiB"
    for unit in ("MiB", "GiB", "TiB", "PiB", "EiB"):
        number /= 1024
        if number / 1024 < 1000:
            return f"{number / 1024:.4g} {unit}"
    return f"{number / 1024:.4g} EiB"


def grouped(text):
    """1234567 -> 1,234,567; anything but a whole number stays as it is."""
    return f"{int(text):,}" if re.fullmatch(r"-?\d+", str(text)) else str(text)


def all_grouped(text):
    """Every whole number in a text by thousands."""
    return re.sub(r"(?<![\d.])\d{4,}(?![\d.])", lambda digits: f"{int(digits[0]):,}", text)
