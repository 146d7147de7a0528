# SPDX-License-Identifier: MIT
"""The archive that a pair hands in: a tar.gz of small texts with fixed names.

Reading one trusts nothing.  Nothing is unpacked: the texts go to memory, with a limit on the bytes of the archive, of
each text and of all texts together, and on their number.  A name that is not one of NAMES, a link, a device or a hole
makes the whole archive refused.
"""
from __future__ import annotations

import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path

ENDING = ".touchstone.tar.gz"
FORMAT = "touchstone hand-in 1"
COVER = "handin.txt"  # the first text: FORMAT, and the name of the pair
NAMES = re.compile(r"results/\w{1,64}/\w{1,128}\.(csv|prediction)|results/journal/\w{1,128}\.md")
MOST_PACKED = 8 << 20     # bytes of the archive
MOST_UNPACKED = 64 << 20  # bytes of all that comes out of it
MOST_TEXT = 4 << 20       # bytes of one text
MOST_TEXTS = 1000

Texts = dict[str, str]  # name in the archive -> text


class Refused(Exception):
    """A hand-in cannot be read; the text says why."""


def _must_be_a_text(member: tarfile.TarInfo) -> None:
    if not member.isreg() or member.issparse():
        raise Refused(f"it holds \"{member.name[:80]}\", which is no plain file")
    if member.name != COVER and not NAMES.fullmatch(member.name):
        raise Refused(f"it holds \"{member.name[:80]}\": no hand-in has a file of that name")
    if member.size > MOST_TEXT:
        raise Refused(f"its file {member.name} has more than {MOST_TEXT >> 20} MiB")


def _texts_of(tar: tarfile.TarFile) -> Texts:
    texts: Texts = {}
    for member in tar:
        _must_be_a_text(member)
        if len(texts) == MOST_TEXTS:
            raise Refused(f"it holds more than {MOST_TEXTS} files")
        if member.name in texts:
            raise Refused(f"it holds {member.name} twice")
        content = tar.extractfile(member)
        data = content.read(MOST_TEXT) if content else b""
        if len(data) != member.size:
            raise Refused("it is cut short")
        texts[member.name] = data.decode("utf-8", "replace")
    return texts


def _unpacked(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj(wbits=31)  # gzip
    unpacked = unpacking.decompress(packed, MOST_UNPACKED + 1)
    if len(unpacked) > MOST_UNPACKED:
        raise Refused(f"it unpacks to more than {MOST_UNPACKED >> 20} MiB")
    if not unpacking.eof:
        raise Refused("it is cut short")
    return unpacked


def read_bytes(packed: bytes) -> Texts:
    """Returns the texts of an archive.  Raises Refused."""
    try:
        with tarfile.open(fileobj=io.BytesIO(_unpacked(packed)), mode="r:") as tar:
            texts = _texts_of(tar)
    except (OSError, EOFError, tarfile.TarError, zlib.error, ValueError) as error:
        raise Refused(f"it is damaged, or no tar.gz: {error}") from error
    if not texts.get(COVER, "").startswith(FORMAT + "\n"):
        raise Refused(f"it does not begin with \"{FORMAT}\": scripts/handin of another version wrote it, or none did")
    return texts


def read_archive(path: Path) -> Texts:
    """Returns the texts of an archive.  Raises Refused."""
    try:
        with open(path, "rb") as file:
            packed = file.read(MOST_PACKED + 1)
    except OSError as error:
        raise Refused(f"it cannot be read: {error.strerror}") from error
    if len(packed) > MOST_PACKED:
        raise Refused(f"it has more than {MOST_PACKED >> 20} MiB")
    return read_bytes(packed)


def read_folder(folder: Path) -> Texts:
    """Returns the texts of a folder of results, as its archive would hold them.  Raises Refused."""
    texts: Texts = {}
    for path in sorted((*folder.glob("*/*.csv"), *folder.glob("*/*.prediction"), *folder.glob("journal/*.md"))):
        name = f"results/{path.relative_to(folder)}"
        if not NAMES.fullmatch(name) or path.is_symlink() or path.parent.is_symlink() or not path.is_file():
            continue
        if path.stat().st_size > MOST_TEXT or len(texts) == MOST_TEXTS:
            raise Refused(f"{path} is too large, or one file too many")
        texts[name] = path.read_text(encoding="utf-8", errors="replace")
    if not texts:
        raise Refused("it holds no results: CHAPTER/CLAIM.csv")
    return texts


def pack(name: str, texts: Mapping[str, str]) -> bytes:
    """Returns the archive of a pair.  The same texts give the same bytes, and nothing in it names a user or a date."""
    unpacked = io.BytesIO()
    with tarfile.open(fileobj=unpacked, mode="w") as tar:
        for entry, text in {COVER: f"{FORMAT}\n{name}\n", **texts}.items():
            data = text.encode()
            member = tarfile.TarInfo(entry)
            member.size, member.mode = len(data), 0o644
            tar.addfile(member, io.BytesIO(data))
    return gzip.compress(unpacked.getvalue(), mtime=0)
