# SPDX-License-Identifier: MIT
"""What of an experiment's source is shown as it stands: the comment at its top, and the lines that lead to one of its lines."""
from __future__ import annotations

import re

_TOP_COMMENT = re.compile(r"\s*(?:/\*\s*(?:SPDX|copy of)\b.*?\*/\s*)*/\*(.*?)\*/", re.DOTALL)


def paragraphs(text: str) -> list[list[str]]:
    """Returns the paragraphs of the comment at the top as lists of lines; "Control:" and "Try:" begin a new one."""
    comment = _TOP_COMMENT.match(text)
    found: list[list[str]] = [[]]
    for line in comment[1].splitlines() if comment else []:
        line = re.sub(r"^ ?\* ?|^ ", "", line).rstrip()
        if not line or line.startswith(("Control:", "Controls:", "Try:")):
            found.append([])
        if line:
            found[-1].append(line)
    return [lines for lines in found if lines]


def lines_before(text: str, line: int, stops: set[int], most: int = 4) -> list[tuple[int, str]]:
    """Returns (number, text) of a line and of those above it, down from an empty line, a brace at the margin or a line in stops."""
    lines = text.splitlines()
    first = line
    while first > 1 and line - first + 1 < most and first - 1 not in stops and not re.match(r"[{}]|\s*$", lines[first - 2]):
        first -= 1
    kept = lines[first - 1:line]
    indent = min((len(one) - len(one.lstrip()) for one in kept), default=0)
    return [(number, one[indent:].replace("\t", "    ")) for number, one in enumerate(kept, first)]
