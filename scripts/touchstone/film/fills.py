# SPDX-License-Identifier: MIT
"""The fills of blocks and pages, and the look of lines and texts: for the films in the report and for the strip."""
from touchstone.film.read import CHUNKS, MAPPINGS, PAGES
from touchstone.svg import element

KINDS_OF_BLOCKS = (CHUNKS, PAGES, MAPPINGS)
LIGHT_ON_THESE = ("in use", "malloc")  # states whose fill is dark: their texts are white

LOOK = """\
text { font-size: 22px; fill: #000 }
.name { font-size: 28px; font-weight: 700 }
.tick { font-size: 18px; fill: #333 }
.name, .size, .word { paint-order: stroke; stroke: #fff; stroke-width: 5px; stroke-linejoin: round }
.light { fill: #fff; stroke: none }
path, rect { stroke: #000; stroke-width: 1.6 }
.fine { stroke: none }
.frame { fill: none }
.axis { stroke: #333; fill: none; stroke-width: 1.5 }
.break { stroke-width: 5 }
.was { stroke-dasharray: 5 5; stroke-width: 3 }
.moved { stroke-width: 3; fill: none }"""


def fill_of(known: dict[str, tuple[str, str, str]], state: str) -> str:
    """Returns the class of everything in this state."""
    return f"f-{known[state][2]}-{known[state][1][1:]}"


def _pattern(known: dict[str, tuple[str, str, str]], state: str) -> tuple[str, str]:
    """Returns the definition of a pattern, or nothing where the fill is plain, and the rule that uses it."""
    colour, kind = known[state][1:]
    name, inner = fill_of(known, state), {
        "slanted": f'<path d="M-2 2l4-4M0 10L10 0M8 12l4-4" stroke="{colour}" stroke-width="3.4"/>',
        "upright": f'<path d="M3 0V10M8 0V10" stroke="{colour}" stroke-width="2.6"/>',
        "level": f'<path d="M0 3H10M0 8H10" stroke="{colour}" stroke-width="2.6"/>',
        "dots": f'<path d="M0 0H10V10H0z" fill="{colour}" fill-opacity=".35"/>'
                '<circle cx="5" cy="5" r="1.4" fill="#555"/>',
        "rings": f'<circle cx="5" cy="5" r="2.6" fill="none" stroke="{colour}" stroke-width="1.4"/>',
        "strokes": f'<path d="M0 0H10V10H0z" fill="{colour}"/>'
                   '<path d="M-2 2l4-4M0 10L10 0M8 12l4-4" stroke="#003c5f" stroke-width="1.8"/>',
    }.get(kind)
    if inner is None:
        return "", f".{name} {{ fill: {colour} }}"
    background = '<path d="M0 0H10V10H0z" fill="#fff"/>'
    return (element("pattern", background + inner, id=name, width=10, height=10, patternUnits="userSpaceOnUse"),
            f".{name} {{ fill: url(#{name}) }}")


def patterns() -> tuple[str, str]:
    """Returns what the pictures of one page or file share: the definitions of patterns, and the rules that use them."""
    every = dict.fromkeys(_pattern(known, state) for known in KINDS_OF_BLOCKS for state in known)
    definitions, rules = zip(*every)
    return element("defs", "".join(definitions)), "\n".join(rules)


def look(within: str) -> str:
    """Returns the style rules of lines and texts, for what lies within this selector."""
    rules = []
    for rule in LOOK.splitlines():
        selectors, _, declarations = rule.partition(" {")
        rules.append(", ".join(f"{within} {selector}" for selector in selectors.split(", ")) + " {" + declarations)
    return "\n".join(rules)


def for_page() -> tuple[str, str]:
    """Returns what the films of a page need once: an SVG that only holds the patterns, and the style rules."""
    definitions, rules = patterns()
    hidden = element("svg", definitions, width=0, height=0, aria_hidden="true", class_="fills")
    return hidden, f"{rules}\n{look('.film svg')}"
