# SPDX-License-Identifier: MIT
"""What scripts share: reading a result (docs/result_format.md) and the source it came from.

    for result in touchstone.read_results("results/latest"):
        print(result.chapter, result.name, result.verdict)
"""
import contextlib
import csv
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

# Where the locale has no such letter, → is a question mark and no end of the script.
for _stream in (sys.stdout, sys.stderr):
    _stream.reconfigure(errors="replace")


def _say_interrupted(kind, error, trace):
    """Ctrl-C where a script has nothing to add, as in the midst of its imports."""
    if kind is KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _say_interrupted

VERDICTS = ("reproduced", "refuted", "inconclusive", "unsupported", "broken")
TEXT_COLUMNS = ("arm", "stage")
SERIES = ("sweeps", "confounds")  # beside the chapters: experiments run again and again (scripts/lab.py)
# Metadata that describes the experiment; every other key describes the machine.
DECLARATION = ("claim", "asked", "instead", "hypothesis", "source", "x", "y", "charted", "chart",
               "chart_options", "predict", "because", "knobs", "arm")


@dataclass
class Arm:
    name: str
    control: bool = False
    environment: str = ""
    ran: bool = True


@dataclass
class Finding:
    control: bool
    outcome: str  # held, failed, unclear
    what: str
    numbers: str  # "0 <= 4096 <= 8192", "3 == 3", "2 <= 2.4 <= inf (quartiles 2.3 to 2.6)"

    def terms(self):
        """The numbers between the relations, as written: ["0", "4096", "8192"]."""
        return re.split(r" (?:<=|==) ", self.numbers.partition(" (quartiles ")[0])

    def bounds(self):
        """What was expected, in words; nothing where the file does not tell."""
        least, _, most = self.sides() or ("", "", "")
        if least == most:
            return f"exactly {least}" if least else ""
        return f"at most {most}" if least is None else f"at least {least}" if most is None else f"{least} to {most}"

    def measured(self):
        """The number that was measured, with its quartiles; all numbers where the file does not tell which it was."""
        spread = re.search(r" \(quartiles .*", self.numbers)
        return self.sides()[1] + (spread[0] if spread else "") if self.sides() else self.numbers

    def sides(self):
        """(least, measured, most) as texts, None where open; None of a file that does not tell which was measured."""
        terms = self.terms()
        if len(terms) == 3:
            return tuple(None if term in ("-inf", "inf") else term for term in terms)
        return (terms[1], terms[0], terms[1]) if " == " in self.numbers else None


@dataclass
class Result:
    path: Path
    metadata: dict = field(default_factory=dict)  # key -> text, arms left out
    arms: list = field(default_factory=list)
    knobs: dict = field(default_factory=dict)     # name -> text
    columns: list = field(default_factory=list)
    rows: list = field(default_factory=list)      # column -> int, None (not measured) or text
    findings: list = field(default_factory=list)
    verdict: str = "broken"
    reason: str = "cut short: the file has no verdict"
    damage: str = reason                          # what is wrong with the file itself, or nothing

    @property
    def name(self):
        return self.path.stem

    @property
    def chapter(self):
        return self.path.parent.name

    def columns_measured(self):
        """The numbers of this experiment: what is not empty in every row."""
        return [column for column in self.columns if column not in (*TEXT_COLUMNS, "trial", "x")
                and any(row[column] is not None for row in self.rows)]

    def why_no_result(self):
        """What keeps this file from being a result at all, or nothing."""
        if self.damage.startswith("cannot be read"):
            return self.damage
        if "claim" not in self.metadata:
            return "is no result: it has no '# claim:' line"
        missing = [column for column in ("arm", "trial", "stage", "x") if column not in self.columns]
        if self.columns and missing:
            return f"is no result: its header row lacks {', '.join(missing)}"
        return ""

    def machine(self):
        return {key: text for key, text in self.metadata.items() if key not in DECLARATION}


def _arm(text):
    name, _, environment = text.partition(" | ")
    ran, name = not name.endswith(" (not run)"), name.removesuffix(" (not run)")
    control = name.endswith(" (control)")
    return Arm(name.removesuffix(" (control)"), control, environment, ran)


def _finding(kind, text):
    outcome, _, rest = text.partition(" | ")
    what, _, numbers = rest.rpartition(" | ")  # a sentence may hold a bar, numbers do not
    return Finding(kind == "control", outcome, what, numbers)


def _row(columns, cells):
    if len(cells) != len(columns):
        raise ValueError(f"{len(cells)} cells under a header of {len(columns)}")
    return {column: cell if column in TEXT_COLUMNS else int(cell) if cell else None
            for column, cell in zip(columns, cells)}


def _read_comment(result, line, said):
    key, colon, text = line[1:].strip().partition(":")
    text = text.strip()
    if not colon:
        return
    if key in ("expect", "control"):
        result.findings.append(_finding(key, text))
    elif key == "arm":
        result.arms.append(_arm(text))
    elif key in ("verdict", "reason"):
        said[key] = text
    else:
        result.metadata[key] = text
        if key == "knobs":
            result.knobs = dict(pair.split("=", 1) for pair in text.split() if "=" in pair)


def read_result(path):
    """Reads one CSV.  A file that is cut short or damaged, or cannot be read, comes back as broken, with the reason."""
    result, said, damage = Result(Path(path)), {}, ""
    try:
        file = open(path, encoding="utf-8", errors="replace", newline="")
    except OSError as error:
        result.reason = result.damage = f"cannot be read: {error.strerror}"
        return result
    with file:
        for number, line in enumerate(file, 1):
            if line.startswith("#"):
                _read_comment(result, line, said)
                continue
            cells = next(csv.reader([line]), [])
            if not result.columns:
                result.columns = cells
            elif cells:
                try:
                    result.rows.append(_row(result.columns, cells))
                except ValueError as error:
                    damage = damage or f"damaged: line {number}: {error}"
    if "verdict" not in said:
        return result
    result.verdict, result.reason, result.damage = said["verdict"], said.get("reason", ""), damage
    if result.verdict not in VERDICTS:
        result.damage = f"damaged: \"{result.verdict}\" is not a verdict"
    if result.damage:
        result.verdict, result.reason = "broken", result.damage
    return result


def chapter_order(name):
    """3_residency before 10_more."""
    number = re.match(r"\d+", name)
    return (int(number[0]) if number else 10 ** 9, name)


def read_results(folder):
    """Every CHAPTER/CLAIM.csv of a results folder, in chapter order.  No claim has a name that cannot be printed."""
    paths = sorted((path for path in Path(folder).glob("*/*.csv")
                    if path.parent.name not in SERIES and not path.name.endswith(".map.csv")
                    and (path.parent.name + path.name).isprintable()),
                   key=lambda path: (chapter_order(path.parent.name), path.name))
    return [read_result(path) for path in paths]


# ---- numbers as people read them ---------------------------------------------

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


def unit_of(column, metadata=None):
    if column in ("x", "y"):
        return unit_of_text((metadata or {}).get(column, ""))
    return "bytes" if column.endswith("_bytes") else "ns" if column.endswith("_ns") else "count"


def without_unit(text):
    """time of one reading, ns -> time of one reading; ns for 10 blocks -> time for 10 blocks."""
    return re.sub(r"^(ns|nanoseconds) (?=for|of|per)", "time ", re.sub(r"(,| in)? *\(?\b(bytes|ns|nanoseconds)\)?$", "", text))


def words_of(column, metadata=None):
    """minor_fault_count -> minor faults; y -> what the experiment calls it, without its unit."""
    if column in ("x", "y"):
        return without_unit((metadata or {}).get(column, column)) or column
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


def markdown(head, rows):
    """A table of texts, in Markdown that is readable as it is."""
    cells = [[text.replace("|", "\\|") for text in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in cells]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


# ---- the source of an experiment -------------------------------------------

_STRING = r'"(?:[^"\\\n]|\\.)*"'
_TOKEN = re.compile(r"/\*.*?\*/|//[^\n]*|'(?:[^'\\\n]|\\.)+'|" + _STRING, re.DOTALL)
_CALL = re.compile(rf"(\w+)\s*\(\s*({_STRING}(?:\s*{_STRING})*)")
_KNOB = re.compile(rf"\{{\s*({_STRING})\s*,\s*&\w+\s*,\s*({_STRING})\s*,\s*({_STRING}(?:\s*{_STRING})*)")


def _text(literals):
    """What a C compiler makes of adjacent string literals (simple escapes only)."""
    return "".join(re.sub(r"\\(.)", r"\1", literal[1:-1]) for literal in re.findall(_STRING, literals))


@dataclass
class Call:
    function: str   # expect_between, record ...
    line: int
    arguments: str  # after the text: ', 0, malloced.resident_bytes, page_bytes()'


def _arguments(code, start):
    depth = 1
    for end in range(start, len(code)):
        depth += {"(": 1, ")": -1}.get(code[end], 0)
        if depth == 0:
            return code[start:end]
    return ""


_LITERALS = re.compile(rf"{_STRING}(?:\s*{_STRING})*")


@dataclass
class _Composed:
    """A text that a sentence may be composed of: what it names at run time matches anything."""
    pattern: re.Pattern
    letters: int
    line: int

    @classmethod
    def of(cls, literal, code):
        parts = re.split(r"%[-+ #0-9.*]*(?:hh|h|ll|l|j|z|t)?[a-zA-Z]", _text(literal[0]))
        return cls(re.compile("(?:.+: )?" + ".+".join(map(re.escape, parts))), sum(map(len, parts)),
                   code.count("\n", 0, literal.start()) + 1)


def without_comments(text):
    blank = lambda token: token[0] if token[0][0] != "/" else re.sub(r"[^\n]", " ", token[0])
    return _TOKEN.sub(blank, text)


class Source:
    """An experiment's C file: its paragraphs, its knobs and where it says what."""

    def __init__(self, path):
        self.text = Path(path).read_text(encoding="utf-8", errors="replace")
        code = without_comments(self.text)
        self.composed = sorted((_Composed.of(literal, code) for literal in _LITERALS.finditer(code)), key=lambda one: -one.letters)
        self.calls = {}  # text -> [Call]: calls whose first argument is that text
        for call in _CALL.finditer(code):
            self.calls.setdefault(_text(call[2]), []).append(
                Call(call[1], code.count("\n", 0, call.start()) + 1, _arguments(code, call.end())))
        self.knobs = {_text(knob[1]): (_text(knob[2]), _text(knob[3])) for knob in _KNOB.finditer(code)}

    def find(self, text, *functions):
        """The first call of one of these functions (by prefix) with this text, or None."""
        return next((call for call in self.calls.get(text, []) if call.function.startswith(functions)), None)

    def line_of(self, text):
        """The line of a sentence, also of one composed of an arm's name and a text: sentence_about(), snprintf().  Or None."""
        call = self.find(text, "expect_", "control_")
        if call:
            return call.line
        return next((one.line for one in self.composed if one.letters >= 8 and one.pattern.fullmatch(text)), None)

    def paragraphs(self):
        """The top comment, licence line aside, as lists of lines."""
        comments = re.match(r"\s*(?:/\*\s*SPDX.*?\*/\s*)?(?:/\*\s*forked from\b[^*]*\*/\s*)?/\*(.*?)\*/",
                            self.text, re.DOTALL)
        paragraphs = [[]]
        for line in comments[1].splitlines() if comments else []:
            line = re.sub(r"^ ?\* ?|^ ", "", line).rstrip()
            if not line or line.startswith(("Control:", "Try:")):
                paragraphs.append([])
            if line:
                paragraphs[-1].append(line)
        return [lines for lines in paragraphs if lines]


# ---- what the scripts do alike -----------------------------------------------

def stop(message, status=2):
    """One sentence that says what is wrong and what to do."""
    print(f"scripts/{Path(sys.argv[0]).name}: {message}", file=sys.stderr)
    sys.exit(status)


def replace(path, content):
    """Text or bytes: the file appears by rename, whole or not at all (OSError)."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        new.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(new, path)
    finally:
        with contextlib.suppress(OSError):
            new.unlink()


def write_whole(path, content):
    """The same, in a folder that is made where it lacks; where that cannot be, it says so and ends."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, content)
    except OSError as error:
        stop(f"cannot write {path}: {error.strerror}; give another folder with RESULTS=...")
