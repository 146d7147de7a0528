# SPDX-License-Identifier: MIT
"""Squares, one for each page: a row for each stage, and a panel for each arm."""
from __future__ import annotations

import os
from collections.abc import Iterator

from touchstone import colours
from touchstone.charts.form import LABEL_SIZE, Form
from touchstone.charts.gnuplot import HEIGHT, quote, quote_lines, quote_tic, wrap
from touchstone.charts.predictions import in_row

PAGE = os.sysconf("SC_PAGE_SIZE")
LEFT, RIGHT, GAP, BOTTOM = 0.2, 0.97, 0.04, 0.12  # shares of the picture
NAME = 24 / HEIGHT        # the height of a panel's name
NAME_CHARACTERS, WORDS = 20, 7  # of a stage's name, and columns of squares that the words beside them take
LEAST_WIDTH = 15          # columns of squares of a panel: its name has room
HALF = 0.42               # of a square
THERE_BEFORE = "#bcd9ea"


class Pages(Form):
    """Of resident memory: the pages that were there before are pale, those of the stage are dark.  Of y, which counts
    pages: as many squares, hollow.  The squares are no plots of gnuplot: lecture mode covers the whole picture."""
    has_hooks = False

    def collect(self) -> None:
        self.column = next(iter(self.charted))
        self.rows: dict[str, list[tuple[str, int, int]]] = {}  # arm -> (stage, pages before it, pages at it)
        for arm in self.arms:
            found, before = self.side.over_stages(arm, self.column), 0
            rows = []
            for stage in self.stages:
                if stage in found:
                    now = round(found[stage].median / (1 if self.column == "y" else self.page()))
                    rows.append((stage, before, now))
                    before = now
            self.rows[arm] = rows if self.column == "y" else rows[1:]
        self.y.see(*(now for rows in self.rows.values() for _, _, now in rows))
        self.marks = []

    def page(self) -> int:
        words = self.result.metadata.get("page_size", "").split()
        return int(words[0]) if words else PAGE

    def set_x(self) -> None:
        pass

    def emit(self) -> None:
        pass

    def _settle_axes(self) -> None:
        pass

    def figure(self) -> list[str]:
        most = [max((max(now, before) for _, before, now in rows), default=0) for rows in self.rows.values()]
        widths = [max(count + WORDS, LEAST_WIDTH) for count in most]
        share = (RIGHT - LEFT - GAP * (len(widths) - 1)) / sum(widths)
        names = [stage for stage in self.stages if any(stage == row[0] for rows in self.rows.values() for row in rows)]
        commands, left = ["unset key", "set tics scale 0", "set grid noxtics noytics", "set border 2", "unset xtics",
                          "set multiplot"], LEFT
        for arm, width in zip(self.rows, widths):
            commands += [f"set lmargin at screen {left:.5g}", f"set rmargin at screen {left + width * share:.5g}",
                         f"set tmargin at screen {1 - self.title_height - NAME:.5g}",
                         f"set bmargin at screen {BOTTOM}", *self.panel(arm, names, width), "unset label",
                         "unset object"]
            left += width * share + GAP
        return [*commands, "unset multiplot"]

    def panel(self, arm: str, names: list[str], width: int) -> Iterator[str]:
        is_first = arm == next(iter(self.rows))
        tics = ", ".join(f"{quote_tic(wrap(name, NAME_CHARACTERS, 2)) if is_first else quote('')} {i}"
                         for i, name in enumerate(names))
        yield f"set ytics ({tics})"
        yield f"set xrange [0:{width}]"
        yield f"set yrange [{len(names) - 0.4:g}:-0.6]"
        colour = colours.of_curve(0)
        yield (f"set label {quote(self.full_name(arm))} at graph 0, graph 1 left offset 0,0.7 "
               f"font 'DejaVu Sans:Bold,{LABEL_SIZE + 1}'")
        if is_first:
            yield (f"set label {quote_lines([self.explained()])} at screen 0.5, screen 0.05 center "
                   f"font ',{LABEL_SIZE}'")
        for stage, before, now in self.rows[arm]:
            row = names.index(stage)
            for place in range(max(now, 0)):
                yield self.square(place, row, self.look(place, before, colour))
            text = f"{now}" if self.column == "y" else f"{now - before:+d} {'page' if now - before == 1 else 'pages'}"
            for _, words in in_row(self, lambda question: question.column == self.column and question.arm == arm
                                   and question.end == stage):
                text += f"; {words}"
            yield (f"set label {quote(text)} at first {now + 0.3:g}, first {row} left front "
                   f"font 'DejaVu Sans:Bold,{LABEL_SIZE}' tc rgb '{colour}'")
        self.hover.append("")
        self.tells.append(False)
        yield "plot NaN notitle"

    def look(self, place: int, before: int, colour: str) -> str:
        if self.column == "y":
            return f"fc rgb 'white' fs solid 1.0 border lc rgb '{colour}'"
        return f"fc rgb '{THERE_BEFORE if place < before else colour}' fs solid 1.0 noborder"

    def square(self, place: int, row: int, look: str) -> str:
        return (f"set object rectangle from first {place + 0.5 - HALF:g}, first {row - 0.36:g} "
                f"to first {place + 0.5 + HALF:g}, first {row + 0.36:g} {look}")

    def explained(self) -> str:
        if self.column == "y":
            return f"a square: one of the {self.result.axis('y').words()}"
        return f"a square: one resident page of {self.page() // 1024} KiB; dark: new in this step"
