# SPDX-License-Identifier: MIT
"""Draws a film as one picture, for slides and papers: behind scripts/film."""
import argparse
import shutil
from pathlib import Path

from touchstone.arguments import Parser
from touchstone.cli import stop
from touchstone.files import Damaged, replace
from touchstone.film import strip
from touchstone.film.read import Film, read_film
from touchstone.film.view import MOST_IN_STRIP, keys

FEWEST_STAGES = 2  # the first and the last


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = Parser()
    parser.add_argument("film", metavar="RESULT.film.csv")
    parser.add_argument("--arm", help="which arm to draw (default: the first)")
    parser.add_argument("--stages", type=int, default=MOST_IN_STRIP, help="most stages to draw")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--png", dest="form", action="store_const", const="png", default="png")
    form.add_argument("--pdf", dest="form", action="store_const", const="pdf")
    form.add_argument("--svg", dest="form", action="store_const", const="svg")
    return parser.parse_args(argv)


def must_read(path: str) -> Film:
    """Returns the film; ends the script where there is none, or nothing is in it."""
    try:
        film = read_film(path)
    except OSError as error:
        stop(f"cannot read {path}: {error.strerror}; `make run CLAIM=...` leaves a film beside the result.")
    except Damaged as error:
        stop(f"{path}: {error}")
    if not film.arms:
        stop(f"{path} shows nothing. {' '.join(film.reasons)}")
    return film


def main(argv: list[str] | None = None) -> int:
    asked = arguments(argv)
    if asked.form != "svg" and not shutil.which("rsvg-convert"):
        stop("drawing needs rsvg-convert (package librsvg2-bin); scripts/setup installs it.", 77)
    film = must_read(asked.film)
    arm = asked.arm or next(iter(film.arms))
    if arm not in film.arms:
        stop(f"there is no arm \"{arm}\" in it; there are: {', '.join(film.arms)}")
    if asked.stages < FEWEST_STAGES:
        stop(f"--stages {asked.stages}: two at least, please.")
    svg = strip.drawn(film, arm, keys([frame.stage for frame in film.arms[arm]], asked.stages))
    path = Path(asked.film.removesuffix(".film.csv") + f".film.{asked.form}")
    try:
        replace(path, strip.converted(svg, asked.form))
    except OSError as error:
        stop(f"cannot write {path}: {error.strerror}")
    print(path)
    return 0
