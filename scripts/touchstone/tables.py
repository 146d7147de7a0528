# SPDX-License-Identifier: MIT
"""Tables of texts, for the terminal and in Markdown."""
import shutil
import textwrap
from collections.abc import Collection, Iterable, Sequence

from tabulate import tabulate

NARROWEST = 40  # columns that the last cell has, on however narrow a terminal


def terminal(head: Sequence[str], rows: Iterable[Sequence[str]], right: Collection[int] = ()) -> str:
    """Returns a table that fits the terminal: its last column wraps.  right: columns that are aligned to the right."""
    table = [list(row) for row in rows]
    others = sum(max(map(len, column)) + 2 for column in list(zip(head, *table))[:-1])
    room = max(NARROWEST, shutil.get_terminal_size((140, 24)).columns - others)
    for row in table:
        row[-1] = "\n".join(textwrap.fill(line, room, break_on_hyphens=False) for line in row[-1].splitlines())
    align = ["right" if column in right else "left" for column in range(len(head))]
    return tabulate(table, head, "simple", disable_numparse=True, colalign=align if table else None)


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a table in Markdown that is readable as it is."""
    cells = [[text.replace("|", "\\|") for text in row] for row in (head, *rows)]
    return tabulate(cells[1:], cells[0], "github", disable_numparse=True)
