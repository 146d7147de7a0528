# SPDX-License-Identifier: MIT
"""Okabe and Ito's colours, which colour-blind readers can tell apart: the colours of all charts and films."""

BLUE = "#0072B2"
VERMILION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
ORANGE = "#E69F00"
SKY_BLUE = "#56B4E9"
YELLOW = "#F0E442"
BLACK = "#000000"

# Of curves, in this order; yellow is too light for a line.
OF_CURVES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY_BLUE, BLACK)


def of_curve(number: int) -> str:
    """Returns the colour of the curve with this number, from 0; with more curves than colours they begin again."""
    return OF_CURVES[number % len(OF_CURVES)]
