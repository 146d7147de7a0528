# SPDX-License-Identifier: MIT
"""The project's folder, and files that appear in it whole or not at all."""
import contextlib
import os
from pathlib import Path

from touchstone.cli import stop

ROOT = Path(__file__).resolve().parents[2]  # the project's folder


class Damaged(Exception):
    """A file is not what it should be; the text says where."""


def replace(path: Path, content: str | bytes) -> None:
    """Writes a file so that it appears by rename, whole or not at all.  Raises OSError where it cannot."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        new.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(new, path)
    finally:
        with contextlib.suppress(OSError):
            new.unlink()


def write_whole(path: Path | str, content: str | bytes) -> None:
    """Writes a file as replace() does, and creates its folder first.  Ends the script with a sentence if it cannot."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, content)
    except OSError as error:
        stop(f"cannot write {path}: {error.strerror}; give another folder with RESULTS=...")
