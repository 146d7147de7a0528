# SPDX-License-Identifier: MIT
"""What the chart of a result shows, and where: its columns as curves, bars or dots, and its marks.

    form = of_result(result, Paper("svg"))
    form.commands()               # gnuplot's; raises Undrawable
    form.below, form.shown()      # what a text chart has no place for; the chart in words
"""
from touchstone.charts.bars import Bars
from touchstone.charts.curves import Curves
from touchstone.charts.dots import Dots
from touchstone.charts.form import Form, Undrawable
from touchstone.charts.gnuplot import Paper
from touchstone.charts.pages import Pages
from touchstone.charts.rows import Ratios, Slopes
from touchstone.charts.values import Values
from touchstone.results import Result

FORMS: dict[str, type[Form]] = {"lines": Curves, "steps": Curves, "stages": Curves, "bars": Bars, "dots": Dots,
                                "ratios": Ratios, "slopes": Slopes, "values": Values, "pages": Pages}
IN_TEXT: dict[str, type[Form]] = {"ratios": Dots, "slopes": Curves,  # what stands for them in characters
                                  "values": Bars, "pages": Bars}


def of_result(result: Result, paper: Paper) -> Form:
    """Returns the form that the result's experiment asks for.  Raises Undrawable where there is none of that name."""
    name = result.metadata.get("chart", "lines")
    if name not in FORMS:
        raise Undrawable(f"'# chart: {name}' is none of {', '.join(FORMS)}")
    return (IN_TEXT if paper.is_text and name in IN_TEXT else FORMS)[name](result, paper)
