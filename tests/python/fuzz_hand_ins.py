#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Mutates hand-ins, and reads each as scripts/class does: it is read, or refused with a sentence, and nothing else.

USAGE: tests/python/fuzz_hand_ins.py COUNT [SEED]
  exits with 1, and prints the seed and number of the case, where anything but Refused is raised, or a page is made
  that holds what a stranger wrote as markup
"""
import gzip
import random
import sys
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from touchstone.classroom import archive, page  # noqa: E402
from touchstone.classroom.hand_in import HandIn, of_texts  # noqa: E402

MARKUP = "<script>alert(1)</script>"
RESULT = """# format: 2
# claim: malloc reserves
# x: bytes | bytes
# charted: resident_bytes
# predict: resident_bytes | a |  |  |  | How much?
# knob: block | 4096 | bytes | size
# arm: a | test | ran |
# glibc: 2.36
# kernel: Linux 6.1.0 x86_64
arm,trial,stage,x,resident_bytes,line
a,1,begin,0,4096,3
a,1,end,4096,8192,4
# expect: held | 4096 == 4096 | bytes | a | 9 | it grows
# verdict: reproduced
"""
PREDICTION = "asked: How much?\nentered: 4K\nvalue: 4096\nknobs: block=4096\npredicted: 2026-11-28T10:00:00Z\n\n"
TEXTS = {"results/3_residency/malloc_is_lazy.csv": RESULT, "results/3_residency/malloc_is_lazy.prediction": PREDICTION,
         "results/journal/mine.md": "# mine\n"}
PIECES = [MARKUP, "9" * 400, "-1", "nan", "inf", "1e999", "never", "\0", " | ", "==", "<=", "\n", "2^999", ",", "\"",
          "# verdict: refuted\n", "{{ 7 * 7 }}", "../../etc/passwd", "\u202e", "-9223372036854775808"]


def mutated_text(text: str, dice: random.Random) -> str:
    """Returns a text with a piece put in, taken out or doubled."""
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(text) + 1)
        end = min(len(text), at + dice.randint(0, 30))
        text = text[:at] + dice.choice(PIECES + [text[at:end] * 2]) + text[end if dice.random() < .6 else at:]
    return text


def mutated_bytes(data: bytes, dice: random.Random) -> bytes:
    """Returns bytes of which some are others, or which are cut short."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed[:dice.randrange(len(changed))] if dice.random() < .1 else changed)


def mutated(dice: random.Random, packed: bytes, unpacked: bytes) -> bytes:
    """Returns one mutated hand-in: other texts, another tar, or other packed bytes."""
    kind = dice.random()
    if kind < .5:
        texts = dict(TEXTS)
        name = dice.choice(list(texts))
        texts[name] = mutated_text(texts[name], dice)
        return archive.pack(mutated_text("pair-7", dice) if dice.random() < .2 else "pair-7", texts)
    if kind < .85:
        return gzip.compress(mutated_bytes(unpacked, dice), 1)
    return mutated_bytes(packed, dice)


def must_make_a_page(handed: HandIn) -> None:
    """Raises AssertionError where the page of a hand-in holds its markup."""
    text = page.page([handed], [(MARKUP, MARKUP)])
    assert MARKUP not in text, "markup in the page"


def main(count: int, seed: int) -> None:
    dice = random.Random(seed)
    packed = archive.pack("pair-7", TEXTS)
    unpacked = zlib.decompress(packed, 31)
    read = 0
    for number in range(count):
        case = mutated(dice, packed, unpacked)
        try:
            handed = of_texts("x", archive.read_bytes(case))
            read += 1
            if read % 50 == 0:
                must_make_a_page(handed)
        except archive.Refused:
            pass
        except BaseException:
            print(f"seed {seed}, case {number}", file=sys.stderr)
            raise
    print(f"{count} hand-ins: {read} read, {count - read} refused")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
