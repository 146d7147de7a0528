# SPDX-License-Identifier: MIT
"""What malloc asked of the kernel between two records, told by the columns that it moved.

    events({"heap_top_bytes": [0, 135168], "mmapped_count": [0, 0]})    # {1: "brk"}: before the record with that index

brk and trim: the program break went up, went down (sysmalloc(), systrim() in malloc/malloc.c).  mmap and munmap: there
are more, or fewer, blocks with a mapping of their own; mremap: as many, of another size.  What a program maps by itself
is not malloc's and has no name here.
"""
from collections.abc import Mapping, Sequence
from itertools import pairwise

COLUMNS = ("heap_top_bytes", "mmapped_count", "mmapped_bytes")
NAMES = {"heap_top_bytes": ("brk", "trim"), "mmapped_count": ("mmap", "munmap"), "mmapped_bytes": ("mremap", "mremap")}


def events(values: Mapping[str, Sequence[float]]) -> dict[int, str]:
    """Returns index of a record -> the system calls before it.  values: of each column, one for each record."""
    found: dict[int, list[str]] = {}
    for column in COLUMNS:
        for index, (before, after) in enumerate(pairwise(values.get(column, [])), 1):
            names = found.setdefault(index, [])
            resized = column == "mmapped_bytes"
            if before != after and not (resized and {"mmap", "munmap"} & set(names)):
                names.append(NAMES[column][after < before])
    return {index: ", ".join(names) for index, names in found.items() if names}
