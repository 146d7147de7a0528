# SPDX-License-Identifier: MIT
"""A dot for each arm at the last number that it recorded; each stage, or each column, has a panel and a scale of its
own."""
from __future__ import annotations

import math

from touchstone.charts.axis import Axis
from touchstone.charts.bars import last_numbers
from touchstone.charts.form import gained
from touchstone.charts.rows import Number, Rows
from touchstone.words import quantity

MOST_ROWS = 8   # more of them have one row together where they have the same numbers
RAISED = 0.4    # of a row, by which the first one is higher, where it has many names
FARTHEST = 1e6  # the largest number of panels that share an axis, as a multiple of the smallest
SORTED = 4      # arms, of more they stand in the order of their last numbers


class Values(Rows):
    """The last number of each arm, and a line from the lowest of the trials to the highest."""

    def numbers(self) -> dict[str, list[Number]]:
        self.axes: dict[str, Axis] = {}
        groups: dict[str, list[Number]] = {}
        for column, axis in self.charted.items():
            for arm in self.arms:
                for stage, spread in last_numbers(self, arm, column).items():
                    title = stage if column == "y" else gained([column])
                    groups.setdefault(title, []).append(Number(arm, spread.median, spread.low, spread.high, axis.unit))
        if len(self.arms) > 1:  # what one arm alone has recorded, is beside the others nothing to compare
            groups = {title: numbers for title, numbers in groups.items() if len(numbers) > 1} or groups
        self.set_axes(groups)
        is_wide = any(number.low < number.high for numbers in groups.values() for number in numbers)
        self.spread = f"line: lowest to highest of {self.trials(self.arms[0])}" if is_wide else ""
        return self.in_order(groups)

    def set_axes(self, groups: dict[str, list[Number]]) -> None:
        """Gives all panels of y the same axis, unless what is large in one could not be seen in another."""
        sizes = [abs(number.median) for numbers in groups.values() for number in numbers if number.median]
        is_one = "y" in self.charted and max(sizes, default=1) <= FARTHEST * min(sizes, default=1)
        one = Axis("x", self.y.unit, log=self.y.log)
        for title, numbers in groups.items():
            axis = one if is_one else Axis("x", numbers[0].unit, log=self.y.log)
            axis.see(*(end for number in numbers for end in (number.low, number.high)))
            axis.narrow = len(groups) + (len(groups) > 1)
            self.axes[title] = axis

    def in_order(self, groups: dict[str, list[Number]]) -> dict[str, list[Number]]:
        if len(self.arms) > MOST_ROWS:
            groups = self.together(groups)
        if len(groups) <= 2 and len(self.arms) > SORTED and not self.names:
            last = {number.arm: number.median for number in list(groups.values())[-1]}
            groups = {title: sorted(numbers, key=lambda number: last.get(number.arm, math.inf))
                      for title, numbers in groups.items()}
        return groups

    def together(self, groups: dict[str, list[Number]]) -> dict[str, list[Number]]:
        """Returns rows where arms with the same numbers in all panels are one."""
        same: dict[tuple[object, ...], list[str]] = {}
        for arm in self.arms:
            own = [(title, number.median, number.low, number.high)
                   for title, numbers in groups.items() for number in numbers if number.arm == arm]
            same.setdefault((self.side.is_control(arm), *own), []).append(arm)
        self.names = {arms[0]: ", ".join(arms) for arms in same.values() if len(arms) > 1}
        self.lines_of_name, self.room_above = (6, RAISED) if self.names else (2, 0.0)
        kept = {arms[0] for arms in same.values()}
        return {title: [number for number in numbers if number.arm in kept] for title, numbers in groups.items()}

    names: dict[str, str] = {}

    def name_of_row(self, arm: str) -> str:
        return self.names.get(arm) or self.full_name(arm)

    def axis_of_panel(self, title: str) -> Axis:
        return self.axes[title]

    def text_of(self, number: Number) -> str:
        return quantity(number.median, number.unit)

    def label(self) -> str:
        title, axis = next(iter(self.axes.items()))
        if "y" in self.charted:
            return axis.label(self.result.axis("y").text)
        return "" if len(self.groups) > 1 else axis.label(title)

    def title_of(self, title: str) -> str:
        return title if "y" in self.charted else self.axes[title].label(title)
