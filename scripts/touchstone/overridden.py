# SPDX-License-Identifier: MIT
"""Which arms of an experiment set for themselves what a condition would set for all of them.

    setter = Setter(("GLIBC_TUNABLES",), r"mallopt\\(M_MMAP_THRESHOLD")
    arms_that_set(setter, result, source)    # ["mapped"]

An arm sets it in its environment, which the result tells, or calls a function that sets it, which the source tells:
those of lib/actions are followed, too.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from touchstone.files import ROOT
from touchstone.results import Result

_FUNCTION = re.compile(r"^\w[\w \t*]*?\b(\w+)\([^;{}]*\)\n\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Setter:
    """How an arm may set something for itself."""
    variables: tuple[str, ...] = ()  # of its environment
    call: str = ""                   # a pattern in the text of a function; nothing: none does


@cache
def _actions() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "lib/actions").glob("*.c")))


def callers(text: str, call: str) -> set[str]:
    """Returns the functions of a text that match, and those that call them."""
    bodies = dict(_FUNCTION.findall(text))
    found = {name for name, body in bodies.items() if re.search(call, body)}
    while found:
        called = re.compile(rf"\b({'|'.join(found)})\(")
        more = {name for name, body in bodies.items() if called.search(body)} - found
        if not more:
            break
        found |= more
    return found


def arms_that_set(setter: Setter, result: Result, source: str) -> list[str]:
    """Returns the names of these arms, of those that ran."""
    setting = callers(_actions() + "\n" + source, setter.call) if setter.call else set()
    found = []
    for arm in (arm for arm in result.arms if arm.state == "ran"):
        entry = re.search(rf'\{{ *"{re.escape(arm.name)}",([^{{}}]*)\}}', source)
        functions = set(re.findall(r"\w+", entry[1])) if entry else set()
        variables = {setting.partition("=")[0] for setting in arm.environment.split()}
        if functions & setting or variables & set(setter.variables):
            found.append(arm.name)
    return found


def remark(setter: Setter, result: Result, source: str) -> str:
    """Returns a sentence about the arms on which a condition has no effect; nothing where there are none."""
    arms = arms_that_set(setter, result, source)
    if not arms:
        return ""
    if len(arms) == sum(arm.state == "ran" for arm in result.arms):
        return "not applied: the experiment sets this itself"
    return f"not applied in {', '.join(arms)}: set there by the experiment itself"
