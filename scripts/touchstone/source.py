# SPDX-License-Identifier: MIT
"""The C source of an experiment: its paragraphs, its knobs, and where it says what."""
import re
from dataclasses import dataclass
from pathlib import Path

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
