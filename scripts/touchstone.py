# SPDX-License-Identifier: MIT
"""What scripts share: reading a result (docs/result_format.md) and the source it came from.

    for result in touchstone.read_results("results/latest"):
        print(result.chapter, result.name, result.verdict)
"""
import csv
import re
from dataclasses import dataclass, field
from pathlib import Path

VERDICTS = ("reproduced", "refuted", "inconclusive", "unsupported", "broken")
TEXT_COLUMNS = ("arm", "stage")
# Metadata that describes the experiment; every other key describes the machine.
DECLARATION = ("claim", "asked", "instead", "source", "x", "y", "charted", "chart",
               "chart_options", "knobs", "arm")


@dataclass
class Arm:
    name: str
    control: bool = False
    environment: str = ""


@dataclass
class Finding:
    control: bool
    outcome: str  # held, failed, unclear
    what: str
    numbers: str  # "0 <= 4096 <= 8192", "3 == 3", "2 <= 2.4 (quartiles 2.3 to 2.6)"

    def terms(self):
        """The numbers between the relations, as written: ["0", "4096", "8192"]."""
        return re.split(r" (?:<=|==) ", self.numbers.partition(" (quartiles ")[0])


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

    @property
    def name(self):
        return self.path.stem

    @property
    def chapter(self):
        return self.path.parent.name

    def machine(self):
        return {key: text for key, text in self.metadata.items() if key not in DECLARATION}


def _arm(text):
    name, _, environment = text.partition(" | ")
    control = name.endswith(" (control)")
    return Arm(name.removesuffix(" (control)"), control, environment)


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
    """Reads one CSV.  A file that is cut short or damaged comes back as broken, with the reason."""
    result, said, damage = Result(Path(path)), {}, None
    with open(path, encoding="utf-8", errors="replace", newline="") as file:
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
    result.verdict, result.reason = said["verdict"], said.get("reason", "")
    if result.verdict not in VERDICTS:
        damage = f"damaged: \"{result.verdict}\" is not a verdict"
    if damage:
        result.verdict, result.reason = "broken", damage
    return result


def chapter_order(name):
    """3_residency before 10_more."""
    number = re.match(r"\d+", name)
    return (int(number[0]) if number else 10 ** 9, name)


def read_results(folder):
    """Every CHAPTER/CLAIM.csv of a results folder, in chapter order."""
    paths = sorted(Path(folder).glob("*/*.csv"),
                   key=lambda path: (chapter_order(path.parent.name), path.name))
    return [read_result(path) for path in paths]


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


def _without_comments(text):
    blank = lambda token: token[0] if token[0][0] != "/" else re.sub(r"[^\n]", " ", token[0])
    return _TOKEN.sub(blank, text)


class Source:
    """An experiment's C file: its paragraphs, its knobs and where it says what."""

    def __init__(self, path):
        self.text = Path(path).read_text(encoding="utf-8", errors="replace")
        code = _without_comments(self.text)
        self.calls = {}  # text -> [Call]: calls whose first argument is that text
        for call in _CALL.finditer(code):
            self.calls.setdefault(_text(call[2]), []).append(
                Call(call[1], code.count("\n", 0, call.start()) + 1, _arguments(code, call.end())))
        self.knobs = {_text(knob[1]): (_text(knob[2]), _text(knob[3])) for knob in _KNOB.finditer(code)}

    def find(self, text, *functions):
        """The first call of one of these functions (by prefix) with this text, or None."""
        return next((call for call in self.calls.get(text, []) if call.function.startswith(functions)),
                    None)

    def paragraphs(self):
        """The top comment, licence line aside, as lists of lines."""
        comments = re.match(r"\s*(?:/\*\s*SPDX.*?\*/\s*)?/\*(.*?)\*/", self.text, re.DOTALL)
        paragraphs = [[]]
        for line in comments[1].splitlines() if comments else []:
            line = re.sub(r"^ ?\* ?|^ ", "", line).rstrip()
            if not line or line.startswith(("Control:", "Try:")):
                paragraphs.append([])
            if line:
                paragraphs[-1].append(line)
        return [lines for lines in paragraphs if lines]
