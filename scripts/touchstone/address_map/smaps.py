# SPDX-License-Identifier: MIT
"""/proc/PID/smaps (proc_pid_smaps(5)) as a list of regions with the names that a textbook gives them.

    for region in smaps.regions(smaps.read(text)):
        print(f"{region.start:x}", region.kind, region.name, region.size, region.resident)

Numbers are bytes.  Nothing about the machine is assumed: sizes, addresses and the page size stand in the text.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from touchstone.files import Damaged

KIB = 1024
_HEAD = re.compile(r"([0-9a-f]+)-([0-9a-f]+) ([r-][w-][x-][ps]) [0-9a-f]+ [0-9a-f]+:[0-9a-f]+ (\d+) *(.*)")
_NUMBER = re.compile(r"(\w+): +(\d+) kB")
KERNEL = ("[vdso]", "[vvar]", "[vvar_vclock]", "[vsyscall]", "[vectors]", "[sigpage]", "[uprobes]")


@dataclass
class Region:
    start: int
    end: int
    permissions: str   # "rw-p"
    inode: int         # 0: no file behind it
    path: str          # "", "[heap]", "/usr/lib/libc.so.6"
    kib: dict[str, int] = field(default_factory=dict)  # "Rss" -> 132
    flags: tuple[str, ...] = ()  # VmFlags: "gd" grows down, "ac" its pages are accounted: it was writable once
    kind: str = ""     # program, heap, mapping, library, kernel, stack
    file: str = ""     # whose part it is: "libc.so.6"
    name: str = ""     # "text", "heap" ...

    @property
    def size(self) -> int:
        return self.end - self.start

    @property
    def resident(self) -> int:
        return self.kib["Rss"] * KIB

    @property
    def page(self) -> int:
        return self.kib["KernelPageSize"] * KIB

    @property
    def is_file(self) -> bool:
        return self.path.startswith("/") and self.inode != 0 and self.permissions[3] == "p"

    @property
    def is_anonymous(self) -> bool:
        return self.path == "" and self.inode == 0


def read(text: str) -> list[Region]:
    """Returns the mappings in the order of their addresses, not yet named."""
    found: list[Region] = []
    for number, line in enumerate(text.splitlines(), 1):
        head = _HEAD.fullmatch(line)
        if head:
            found.append(Region(int(head[1], 16), int(head[2], 16), head[3], int(head[4]), head[5]))
        elif not found:
            raise Damaged(f"line {number} is no mapping of /proc/PID/smaps")
        elif line.startswith("VmFlags:"):
            found[-1].flags = tuple(line.split()[1:])
        elif number_of := _NUMBER.fullmatch(line.strip()):
            found[-1].kib[number_of[1]] = int(number_of[2])
    if not found:
        raise Damaged("it is empty")
    for region in found:
        for name in ("Size", "Rss", "KernelPageSize"):
            if name not in region.kib:
                raise Damaged(f"the mapping at {region.start:x} has no {name}: it was cut short")
        if region.kib["Size"] * KIB != region.size:
            raise Damaged(f"the mapping at {region.start:x} is {region.size} bytes long and says {region.kib['Size']} KiB")
    return sorted(found, key=lambda region: region.start)


def _program(found: list[Region]) -> str:
    """Returns the program's file: load_elf_binary() starts the heap above it, so the last executable file below the heap.
    A process without a heap: the first executable file that is no library by its name."""
    code = [region for region in found if region.is_file and "x" in region.permissions]
    heap = next((region.start for region in found if region.path == "[heap]"), None)
    below = [region for region in code if heap is not None and region.end <= heap]
    if below:
        return below[-1].path
    return next((region.path for region in code if ".so" not in PurePosixPath(region.path).name), "")


def _name_part(region: Region, parts: list[Region]) -> str:
    """Returns text, data ... of a program or library, by what may be done with it."""
    if "x" in region.permissions:
        return "text"
    if "w" in region.permissions:
        return "data"
    if "r" not in region.permissions:
        return "unused"
    # The linker's RELRO: data until the loader had filled in its addresses, read-only since.
    if "ac" in region.flags:
        return "relocated data"
    first = region is parts[0]
    # GNU ld keeps the file's headers and symbols apart from the read-only data, other linkers do not.
    rest = any(other.permissions[:3] == "r--" and "ac" not in other.flags for other in parts[1:])
    return "header, symbols" if first and rest else "read-only data"


def regions(found: list[Region]) -> list[Region]:
    """Gives each mapping its kind, file and name, and returns the list."""
    program, before = _program(found), None
    files: dict[str, list[Region]] = {}
    for region in found:
        if region.is_file:
            files.setdefault(region.path, []).append(region)
    code = {path for path, parts in files.items() if any("x" in part.permissions for part in parts)}
    for region in found:
        name = PurePosixPath(region.path.removesuffix(" (deleted)")).name
        if region.path in code:
            region.kind, region.file = ("program" if region.path == program else "library"), name
            region.name = _name_part(region, files[region.path])
        elif (region.is_anonymous and "w" in region.permissions and before is not None and before.end == region.start
              and before.name == "data"):
            region.kind, region.file, region.name = before.kind, before.file, "bss"
        elif region.path == "[heap]":
            region.kind, region.name = "heap", "heap"
        elif region.path == "[stack]":
            region.kind, region.name = "stack", "stack"
        elif region.path in KERNEL:
            region.kind, region.name = "kernel", region.path.strip("[]")
        elif region.permissions[3] == "s":
            region.kind, region.name = "mapping", "shared"
        elif region.is_file:
            region.kind, region.name = "mapping", name
        else:
            region.kind, region.name = "mapping", "anonymous" if region.is_anonymous else region.path.strip("[]")
        before = region
    return found


def own(named: list[Region]) -> list[Region]:
    """Returns what belongs to the process: all but the kernel's page in its own half (x86-64: vsyscall)."""
    return [region for region in named if region.name != "vsyscall"]


def round_limit(named: list[Region]) -> int | None:
    """Returns the round number, m * 2^k with m < 8, just below which the process ends; None where there is none.
    Randomisation moves a stack down by at most 1/256 of the addresses (STACK_TOP, STACK_RND_MASK)."""
    top, best = own(named)[-1].end, None
    for bits in range(max(top.bit_length() - 3, 0), top.bit_length() + 1):
        limit = -(-top >> bits) << bits
        if limit - top < limit / 128:
            best = limit
    return best


def is_loader(region: Region) -> bool:
    """Whether it is ld-linux-x86-64.so.2, ld-musl-x86_64.so.1 ...: the program that loads the others (ld.so(8))."""
    return region.kind == "library" and region.file.startswith("ld")


def mappings_grow(named: list[Region]) -> str:
    """Returns "down", "up" or "": the kernel maps the loader before the loader maps the libraries (load_elf_interp(),
    ld.so(8)), so these lie on the side to which mmap(2) goes."""
    loader = [region for region in named if is_loader(region)]
    later = ([region for region in named if region.kind == "library" and not is_loader(region)]
             or [region for region in named if region.kind == "mapping"])
    if not loader or not later:
        return ""
    if later[-1].end <= loader[0].start:
        return "down"
    return "up" if later[0].start >= loader[-1].end else ""
