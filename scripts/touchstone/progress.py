# SPDX-License-Identifier: MIT
"""Shows how far a series of runs has come."""
import sys
import time


class Progress:
    """A bar on a terminal, else a line a point."""

    def __init__(self, total):
        self.total, self.done, self.bar, self.began = total, 0, sys.stderr.isatty(), 0

    def begin(self, label):
        self.began = time.monotonic()
        if self.bar:
            full = 24 * self.done // max(self.total, 1)
            print(f"\r\033[K[{'#' * full}{'.' * (24 - full)}] {self.done}/{self.total} {label}", end="",
                  file=sys.stderr, flush=True)

    def end(self, label, said):
        self.done += 1
        if not self.bar:
            width = len(str(self.total))
            print(f"[{self.done:{width}}/{self.total}] {label:<40} {said:<14} {time.monotonic() - self.began:5.1f} s",
                  file=sys.stderr, flush=True)

    def clear(self):
        if self.bar:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
