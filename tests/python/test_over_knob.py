# SPDX-License-Identifier: MIT
"""Tests what the chart of a sweep says of the values that were measured, and of those between them."""
from pathlib import Path

import pytest
from made import ABOVE

pytest.importorskip("matplotlib")

from touchstone.charts.over_knob import of_series  # noqa: E402
from touchstone.results import read_result  # noqa: E402
from touchstone.sides import Side  # noqa: E402


def swept(tmp_path: Path, values: list[int], log: bool) -> tuple:
    """Returns the axes of the chart of a sweep over these values, of which the last one is refuted."""
    path = tmp_path / "claim.block.csv"
    rows = "".join(f"a,1,block={value},{value},{value},0,1\n" for value in values)
    path.write_text(ABOVE + "# x: block, bytes | bytes\n# y: so much, bytes | bytes\n# charted: y\n# column: y\n"
                    "# arm: a | test | ran |\narm,trial,stage,x,y,elapsed_ns,line\n" + rows + "# verdict: refuted\n")
    points = [(value, "reproduced") for value in values[:-1]] + [(values[-1], "refuted")]
    figure = of_series(Side("", [read_result(path)]), points, "a title", log)
    figure.canvas.draw()
    axes = figure.axes[0]
    return axes, [label.get_text() for label in axes.get_xticklabels()], figure


@pytest.mark.parametrize("values, log", [([2 ** power for power in range(10, 20)], True),
                                         ([65536, 131072, 196608], False), ([16, 32, 1024, 4096], False)])
def test_each_measured_value_has_a_tick(tmp_path: Path, values: list[int], log: bool) -> None:
    axes, names, _ = swept(tmp_path, values, log)
    assert list(axes.get_xticks()) == values
    assert all(names) or not log


def test_names_of_values_do_not_touch(tmp_path: Path) -> None:
    axes, names, figure = swept(tmp_path, [16 << power for power in range(20)], True)
    boxes = [label.get_window_extent() for label in axes.get_xticklabels() if label.get_text()]
    turned = axes.get_xticklabels()[0].get_rotation()
    assert len(boxes) > 9
    assert turned or all(one.x1 < other.x0 for one, other in zip(boxes, boxes[1:]))
    if turned:  # parallel lines of type: the distance of their ends, seen across them
        assert all((other.x1 - one.x1) * 0.7 > 10 for one, other in zip(boxes, boxes[1:]))


def test_the_border_of_a_verdict_is_what_lies_between_two_measured_values(tmp_path: Path) -> None:
    axes, _, _ = swept(tmp_path, [1024, 2048, 8192], True)
    bands = [patch.get_extents().transformed(axes.transData.inverted()) for patch in axes.patches]
    assert [(round(band.x0), round(band.x1)) for band in bands] == [(2048, 8192)]
    assert any(text.get_text() == "reproduced | refuted" for text in axes.texts)
