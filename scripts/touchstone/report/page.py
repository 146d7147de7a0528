# SPDX-License-Identifier: MIT
"""The whole page: chapters, environment, what was not run and what is missing."""
from __future__ import annotations

import base64
import hashlib
import re
import subprocess
from pathlib import Path
from typing import Any

from markupsafe import Markup

from touchstone.files import ROOT
from touchstone.film import draw
from touchstone.pages import VERDICTS, render
from touchstone.report.claim import claim_view, film_player
from touchstone.report.findings import value
from touchstone.report.series import journals_view
from touchstone.results import Result, chapter_order

PAGE, LECTURE = (Path(__file__).with_name(name) for name in ("page.js", "lecture.js"))
PLAYER = Path(draw.__file__).with_name("player.js")
CONDITIONS = {  # metadata key -> what it means for the numbers
    "measured": "when the program ran (UTC)",
    "page_size": "the unit in which memory is given and taken",
    "overcommit": "vm.overcommit_memory: 0 guesses, 1 never refuses, 2 keeps to a limit",
    "max_map_count": "most mappings one process may have",
    "stack_limit": "how deep the stack may grow (ulimit -s)",
    "virtual_limit": "how many addresses a process may take (ulimit -v)",
    "data_limit": "how much private writable memory a process may map (ulimit -d)",
    "memory_limit": "how much memory a control group (a container) may have",
    "legacy_va_layout": "vm.legacy_va_layout: 1 gives processes the layout of old kernels",
    "aslr": "address space layout randomization; off makes runs repeat exactly",
    "personality": "flags of the shell's personality(2), such as another layout (setarch)",
    "huge_pages": "transparent huge pages would bring memory 512 pages at a time",
    "tunables": "GLIBC_TUNABLES shared by all arms",
    "preload": "another malloc under the whole suite (LD_PRELOAD)",
    "resident_source": "the file under /proc that counts resident memory exactly here",
    "malloc_source": "where the heap's own numbers come from",
}
MISSING_TOOLS = """
say() { [[ $role == measure ]] || for_tests || present || printf '%s\\t%s\\n' "$name" "$cost"; }
. scripts/shell/tools.sh && each_tool say
"""


def chapter_title(name: str) -> tuple[str, str]:
    """Returns the first heading of the chapter's README, else the folder's name; and the README's text."""
    try:
        text = (ROOT / "experiments" / name / "README.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    heading = re.search(r"^# +(.+)$", text, re.MULTILINE)
    number, _, title = name.partition("_") if re.match(r"\d+_", name) else ("", "", name)
    return (f"{number}. " if number else "") + (heading[1].strip() if heading else title.replace("_", " ")), text


def chapters_view(results: list[Result], folder: Path) -> list[dict[str, Any]]:
    """Returns the chapters by number; claims in the order in which the chapter's README tells them, then by name."""
    chapters, views = [], []
    for name in dict.fromkeys(result.chapter for result in results):
        title, readme = chapter_title(name)
        claims = sorted((result for result in results if result.chapter == name),
                        key=lambda result: (place_in(readme, result.name), result.name))
        verdicts = [result.verdict for result in claims]
        told = [claim_view(result, folder) for result in claims]
        views += told
        chapters.append({"id": "chapter-" + re.sub(r"[^\w-]", "_", name), "title": title,
                         "counts": [(verdict, verdicts.count(verdict)) for verdict in VERDICTS if verdict in verdicts],
                         "claims": told})
    beside_each_other(views)
    return chapters


def beside_each_other(claims: list[dict[str, Any]]) -> None:
    """Tells each claim which one is before it and which one is next, across chapters."""
    for claim, before, after in zip(claims, [None, *claims], [*claims[1:], None]):
        claim.update(previous=before, next=after)


def place_in(text: str, name: str) -> int:
    """Returns where a text first tells of a claim; its end where it does not."""
    return text.find(name) if name in text else len(text)


def environment_view(results: list[Result]) -> list[dict[str, Any]]:
    """Returns each key of the machine with its values; more than one value says which claims have it."""
    found: dict[str, dict[str, list[str]]] = {}
    for result in results:
        for key, text in result.machine().items():
            found.setdefault(key, {}).setdefault(text, []).append(result.name)
    if "measured" in found:
        times = sorted(found["measured"])
        found["measured"] = {" to ".join(dict.fromkeys((times[0], times[-1]))): []}
    return [{"key": key, "meaning": CONDITIONS.get(key, ""),
             "values": [{"text": with_bytes(text), "claims": claims} for text, claims in
                        sorted(values.items(), key=lambda item: -len(item[1]))]} for key, values in found.items()]


def with_bytes(text: str) -> str:
    """Returns a size as it is shown, with every digit: 25276502016 bytes -> 23.54 GiB (25,276,502,016 bytes)."""
    number = re.fullmatch(r"(\d+) bytes", text)
    shown = value(number[1], "bytes") if number else {}
    return f"{shown['text']} ({shown['raw']})" if shown.get("raw") else text


def machine_line(environment: list[dict[str, Any]]) -> str:
    """Returns the machine in one line."""
    first = {entry["key"]: entry["values"][0]["text"].partition(" (")[0] for entry in environment}
    parts = [first.get("kernel"), "glibc " + first["glibc"] if "glibc" in first else None,
             first["page_size"] + " pages" if "page_size" in first else None,
             first["ram"] + " of RAM" if "ram" in first else None, first.get("cpus")]
    return " · ".join(part for part in parts if part)


def not_run(results: list[Result]) -> list[str]:
    """Returns CHAPTER/CLAIM of each experiment that has no result here."""
    measured = {(result.chapter, result.name) for result in results}
    sources = sorted((ROOT / "experiments").glob("*/*.c"), key=lambda path: chapter_order(path.parent.name))
    return [f"{path.parent.name}/{path.stem}" for path in sources if (path.parent.name, path.stem) not in measured]


def missing_tools() -> list[list[str]] | None:
    """Returns (name, what its absence costs) by the list that setup and doctor read; None where that cannot be had."""
    try:
        said = subprocess.run(["bash", "-c", MISSING_TOOLS], cwd=ROOT, capture_output=True, text=True)
    except OSError:
        return None
    return [line.split("\t", 1) for line in said.stdout.splitlines()] if said.returncode == 0 else None


def script(path: Path) -> dict[str, Any]:
    """Returns a script for the page, and the hash that lets it run."""
    text = path.read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return {"text": Markup(text), "hash": f"sha256-{digest}"}


def page(results: list[Result], folder: Path) -> str:
    """Returns the page."""
    environment = environment_view(results)
    chapters = chapters_view(results, folder)
    films = sum(bool(claim["film"] and claim["film"]["players"]) for chapter in chapters for claim in chapter["claims"])
    return render(
        "report.html.j2", chapters=chapters, player=film_player() if films else None, films=films,
        scripts=[script(path) for path in (PAGE, LECTURE, PLAYER)[:3 if films else 2]], environment=environment,
        machine=machine_line(environment), total=len(results), not_run=not_run(results),
        counts={verdict: sum(result.verdict == verdict for result in results) for verdict in VERDICTS},
        missing=missing_tools(), journals=journals_view(folder))
