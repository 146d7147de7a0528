# SPDX-License-Identifier: MIT
"""Small pictures for the page of a class, as SVG: what many machines or many people said, along one axis."""
from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from touchstone.words import quantity

WIDTH, HEIGHT = 640, 190
LEFT, RIGHT, TOP, BOTTOM = 24, 24, 30, 60
MOST_BARS = 24


def _position(value: float, low: float, high: float) -> float:
    """Returns where a value stands on the axis.  Numbers that differ by more than a factor of 100 need a logarithmic
    one, where 0 and what is below stand at its left end."""
    if low == high:
        return (LEFT + WIDTH - RIGHT) / 2
    if _is_logarithmic(low, high):
        floor = max(low, high / 1e9, 1e-9)
        share = math.log(max(value, floor) / floor) / math.log(high / floor)
    else:
        share = (value - low) / (high - low)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _is_logarithmic(low: float, high: float) -> bool:
    return high > 0 and low >= 0 and high > 100 * max(low, 1e-9)


def _text(x: float, y: float, text: str, more: str = "") -> str:
    anchor = "start" if x < WIDTH / 4 else "end" if x > WIDTH * 3 / 4 else "middle"
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"{more}>{escape(text)}</text>'


def _svg(parts: Sequence[str], label: str) -> str:
    return (f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
            + "".join(parts) + "</svg>")


def _axis(low: float, high: float, unit: str) -> list[str]:
    base = HEIGHT - BOTTOM
    line = f'<path class="axis" d="M{LEFT} {base}H{WIDTH - RIGHT}"/>'
    if low == high:
        return [line, _text(_position(low, low, high), base + 20, quantity(low, unit))]
    return [line, _text(LEFT, base + 20, quantity(low, unit)), _text(WIDTH - RIGHT, base + 20, quantity(high, unit))]


def _range(measured: Sequence[float], low: float, high: float, unit: str) -> list[str]:
    """Returns the range that was measured, as a band below the axis with its words."""
    if not measured:
        return []
    first, last = (_position(value, low, high) for value in (min(measured), max(measured)))
    base = HEIGHT - BOTTOM
    words = " to ".join(dict.fromkeys(quantity(value, unit) for value in (min(measured), max(measured))))
    return [f'<path class="measured" d="M{first:.1f} {TOP - 6}H{max(last, first + 3):.1f}V{base}H{first:.1f}Z"/>',
            _text((first + last) / 2, base + 44, f"measured: {words}", ' class="words"')]


def histogram(bets: Sequence[float], measured: Sequence[float], unit: str) -> str:
    """Returns how often each number was bet, as bars on the axis of the numbers, with the range that was measured."""
    everything = [*bets, *measured]
    if not bets:
        return ""
    low, high = min(everything), max(everything)
    bins: dict[int, list[float]] = {}
    step = (WIDTH - LEFT - RIGHT) / MOST_BARS
    for bet in bets:
        bins.setdefault(round((_position(bet, low, high) - LEFT) / step), []).append(bet)
    tallest = max(map(len, bins.values()))
    base = HEIGHT - BOTTOM
    parts = _axis(low, high, unit) + _range(measured, low, high, unit)
    for place, inside in sorted(bins.items()):
        x, height = LEFT + place * step, (base - TOP) * len(inside) / tallest
        parts.append(f'<rect x="{x - step * .4:.1f}" y="{base - height:.1f}" width="{step * .8:.1f}" '
                     f'height="{height:.1f}"><title>{len(inside)}: {escape(quantity(inside[0], unit))}</title></rect>')
        parts.append(_text(x, base - height - 5, str(len(inside))).replace(
            'text-anchor="start"', 'text-anchor="middle"').replace('text-anchor="end"', 'text-anchor="middle"'))
    words = f"{len(bets)} bets from {quantity(min(bets), unit)} to {quantity(max(bets), unit)}"
    return _svg(parts, words)


def dots(values: Sequence[float], unit: str) -> str:
    """Returns a dot for each machine, on the axis of the numbers; equal numbers stand one above the other."""
    low, high = min(values), max(values)
    base, parts = HEIGHT - BOTTOM, _axis(low, high, unit)
    stacked: dict[int, int] = {}
    most = (base - TOP) // 9
    for value in sorted(values):
        place = round(_position(value, low, high) / 9)
        stacked[place] = stacked.get(place, 0) + 1
        if stacked[place] <= most:
            parts.append(f'<circle cx="{place * 9}" cy="{base - 9 * stacked[place] + 3}" r="4"/>')
    return _svg(parts, f"{len(values)} machines, from {quantity(low, unit)} to {quantity(high, unit)}")
