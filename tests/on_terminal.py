#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs a command on a terminal of its own and types there.  Shows what a person at a keyboard would see.

USAGE: tests/on_terminal.py "WAIT FOR=>TYPE" ... -- COMMAND [ARGUMENT ...]
  each TYPE is typed when the WAIT FOR before its => has appeared; \\n is Enter, ^C and ^D are the keys.
  A ^C is typed again every 2 s until something happens, as a person does: Python notes a signal that comes between
  the prompt and the read, and answers it only when the read returns.
  stdout shows everything that the terminal showed; the exit status is the command's
"""
import os
import pty
import select
import signal
import sys
import time

LONGEST = 20  # seconds to wait for a text
AGAIN = 2  # seconds after which a ^C is typed again


def read(terminal: int) -> bytes | None:
    """Returns what the terminal shows next: nothing when nothing came for 0.1 s, None when the terminal is closed."""
    if not select.select([terminal], [], [], 0.1)[0]:
        return b""
    try:
        return os.read(terminal, 4096) or None
    except OSError:
        return None


def main() -> None:
    end = sys.argv.index("--")
    steps = [step.partition("=>") for step in sys.argv[1:end]]
    child, terminal = pty.fork()
    if child == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs ignore SIGINT
        os.execvp(sys.argv[end + 1], sys.argv[end + 1:])
    shown, seen, keys = b"", 0, b""
    waiting = quiet = time.monotonic()  # since when the next text is waited for, since when nothing happens
    while (more := read(terminal)) is not None:
        shown += more
        now = time.monotonic()
        quiet = now if more else quiet
        if steps and steps[0][0].encode() in shown[seen:]:
            keys = steps.pop(0)[2].replace("\\n", "\n").replace("^C", "\3").replace("^D", "\4").encode()
            os.write(terminal, keys)
            seen, waiting, quiet = len(shown), now, now
        elif now - waiting > LONGEST:
            os.kill(child, 9)
        elif keys == b"\3" and now - quiet > AGAIN:
            os.write(terminal, keys)
            quiet = now
    sys.stdout.write(shown.decode(errors="replace").replace("\r\n", "\n"))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if steps:
        sys.exit(f"never shown: {steps[0][0]}")
    sys.exit(status if status >= 0 else 128 - status)


main()
