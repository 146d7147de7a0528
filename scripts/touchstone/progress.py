# SPDX-License-Identifier: MIT
"""Shows how far a series of runs has come."""
import sys
import time


class Progress:
    """Draws a bar on a terminal, else prints a line for each run."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.has_bar, self.began = total, 0, sys.stderr.isatty(), 0.0

    def begin(self, label: str) -> None:
        """Shows what runs now."""
        self.began = time.monotonic()
        if self.has_bar:
            full = 24 * self.done // max(self.total, 1)
            print(f"\r\033[K[{'#' * full}{'.' * (24 - full)}] {self.done}/{self.total} {label}", end="",
                  file=sys.stderr, flush=True)

    def end(self, label: str, outcome: str) -> None:
        """Counts a run that has ended."""
        self.done += 1
        if not self.has_bar:
            width = len(str(self.total))
            seconds = time.monotonic() - self.began
            print(f"[{self.done:{width}}/{self.total}] {label:<40} {outcome:<14} {seconds:5.1f} s",
                  file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Removes the bar."""
        if self.has_bar:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
