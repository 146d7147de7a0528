# SPDX-License-Identifier: MIT
"""The arguments of a verb."""
import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from touchstone.cli import options_of, stop, verb


class Parser(argparse.ArgumentParser):
    """Reads the arguments of a script.  One that it cannot use ends the script with a sentence, exit 2."""

    def __init__(self) -> None:
        super().__init__(prog=verb(), add_help=False)  # the door answers --help

    def error(self, message: str) -> NoReturn:
        stop(f"{message}; {self.prog} --help says how it is called")

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:
        known = [option for action in self._actions for option in action.option_strings]
        for word in options_of(sys.argv[1:] if args is None else args):
            if not any(option.startswith(word.partition("=")[0]) for option in known):
                self.error(f"there is no option {word}")
        return super().parse_args(args, namespace)
