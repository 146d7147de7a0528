# SPDX-License-Identifier: MIT
"""What the chart of a result shows, and where: its columns as curves, bars or dots, and its marks.

    drawing = of_result(result, Paper("svg"))
    drawing.commands()                # gnuplot's; raises Undrawable
    drawing.below, drawing.shown()    # what a text chart has no place for; the chart in words
"""
from touchstone.charts.bars import Bars
from touchstone.charts.curves import Curves
from touchstone.charts.dots import Dots


def of_result(result, paper):
    """The form that the result's experiment asks for."""
    return {"bars": Bars, "dots": Dots}.get(result.metadata.get("chart"), Curves)(result, paper)
