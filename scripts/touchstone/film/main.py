# SPDX-License-Identifier: MIT
"""Draws a film as one picture, for slides and papers: behind scripts/film."""
from pathlib import Path

from touchstone.arguments import Parser
from touchstone.cli import stop
from touchstone.files import Damaged, replace
from touchstone.film.read import read_film
from touchstone.film.view import STRIP, keys


def arguments(argv):
    parser = Parser()
    parser.add_argument("film", metavar="RESULT.film.csv")
    parser.add_argument("--arm", help="which arm to draw (default: the first)")
    parser.add_argument("--stages", type=int, default=STRIP, help="most stages to draw")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--png", dest="form", action="store_const", const="png", default="png")
    form.add_argument("--pdf", dest="form", action="store_const", const="pdf")
    return parser.parse_args(argv)


def main(argv=None):
    asked = arguments(argv)
    try:
        from touchstone.film import strip
    except ImportError:
        stop("drawing needs python3-matplotlib; scripts/setup installs it.", 77)
    try:
        whole = read_film(asked.film)
    except OSError as error:
        stop(f"cannot read {asked.film}: {error.strerror}; `make run CLAIM=...` leaves a film beside the result.")
    except Damaged as error:
        stop(f"{asked.film}: {error}")
    if not whole.arms:
        stop(f"{asked.film} shows nothing. {' '.join(whole.reasons)}")
    arm = asked.arm or next(iter(whole.arms))
    if arm not in whole.arms:
        stop(f"there is no arm \"{arm}\" in it; there are: {', '.join(whole.arms)}")
    if asked.stages < 2:
        stop(f"--stages {asked.stages}: two at least, please.")
    frames = whole.arms[arm]
    kept = keys([frame.stage for frame in frames], asked.stages)
    path = Path(asked.film.removesuffix(".film.csv") + f".film.{asked.form}")
    drawn = strip.picture(whole, [frame for i, frame in enumerate(frames) if i in kept], arm)
    try:
        replace(path, strip.written(drawn, asked.form))
    except OSError as error:
        stop(f"cannot write {path}: {error.strerror}")
    print(path)
    return 0
