# SPDX-License-Identifier: MIT
"""What every verb in Python does alike: it answers --help, and ends with a sentence.

    with cli.door(__doc__):
        from touchstone.report.main import main
        sys.exit(main())

A script imports this module first.  It imports little itself, so that a Ctrl-C during the slow imports that follow
leaves no traceback.
"""
import contextlib
import io
import itertools
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import NoReturn

SCRIPTS = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


def verb() -> str:
    """Returns the name of the script that runs, as one types it: scripts/report, scripts/maintain/bench."""
    path = os.path.realpath(sys.argv[0])
    inside = path.startswith(SCRIPTS + "/")
    return "scripts/" + (os.path.relpath(path, SCRIPTS) if inside else os.path.basename(path))


def stop(message: str, status: int = 2) -> NoReturn:
    """Ends the script with one sentence that says what is wrong and what to do."""
    print(f"{verb()}: {message}", file=sys.stderr)
    sys.exit(status)


def _say_interrupted(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Reports a Ctrl-C that no script handled, for instance one during its imports."""
    if kind is KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def options_of(arguments: Iterable[str]) -> list[str]:
    """Returns the arguments before "--" that look like options.  A negative number is none."""
    before = itertools.takewhile(lambda word: word != "--", arguments)
    return [word for word in before if word.startswith("-") and word.lstrip("-")[:1].isalpha()]


@contextlib.contextmanager
def door(header: str) -> Iterator[None]:
    """Does what a script needs before its own imports: prepares the two streams and Ctrl-C, and answers --help with the
    script's header.  A Debian package that the script lacks ends it with a sentence, exit 77."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # where the locale has no such letter, → becomes a question mark
    sys.excepthook = _say_interrupted
    if {"-h", "--help"} & set(options_of(sys.argv[1:])):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # the reader of a pipe may have seen enough
        print(header.strip())
        sys.exit(0)
    try:
        yield
    except ModuleNotFoundError as error:
        if not error.name or error.name.startswith("touchstone"):
            raise
        stop(f"python3-{error.name} is missing; scripts/setup installs it", 77)
