# SPDX-License-Identifier: MIT
"""Tests the table of systems, what is kept of them, and the check of what differs."""
from pathlib import Path

import pytest

from touchstone.worlds import keeping, page
from touchstone.worlds.running import keep_frames
from touchstone.worlds.table import World, read_table

HERE = World.of("here\there\t-\t-\t-\tas it is")
OLD = World.of("old\troot\tbullseye\tOPT=-O0\tsetarch -L\tan old one")
CLAIM = "3_residency/malloc_is_lazy"


@pytest.fixture(autouse=True)
def kept_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps everything in a folder of the test."""
    for name in ("VERDICTS", "WORLDS", "EXPECTED"):
        monkeypatch.setattr(keeping, name, tmp_path / getattr(keeping, name).name)
    monkeypatch.setattr(page, "PAGE", tmp_path / "worlds.md")


def test_the_table_can_be_read_and_has_no_name_twice() -> None:
    names = [world.name for world in read_table()]
    assert len(names) == len(set(names)) >= 24


def test_a_line_becomes_a_system() -> None:
    assert (OLD.suite, OLD.build, OLD.under, OLD.is_emulated) == ("bullseye", ["OPT=-O0"], ["setarch", "-L"], False)
    with pytest.raises(SystemExit):
        World.of("new\tnowhere\t-\t-\t-\tno such kind")


def test_what_is_kept_is_read_again() -> None:
    cell = keeping.Cell("refuted", "", [["the top shrinks, a little", "failed", "4096", "bytes"]])
    keeping.write_kept({"here": {CLAIM: cell}}, {"here": {"world": "here", "glibc": "2.36"}}, [HERE, OLD])
    assert keeping.read_kept() == {"here": {CLAIM: cell}}
    assert keeping.read_machines()["here"]["glibc"] == "2.36"


def verdicts(old: str, reason: str = "") -> keeping.Kept:
    return {"here": {CLAIM: keeping.Cell("reproduced")}, "old": {CLAIM: keeping.Cell(old, reason)}}


@pytest.mark.parametrize("verdict, count", [("reproduced", 0), (keeping.NOT_ASKED, 0), ("refuted", 1), ("broken", 1),
                                            ("inconclusive", 1)])
def test_a_verdict_that_differs_has_to_be_explained(verdict: str, count: int) -> None:
    assert len(keeping.unexplained(verdicts(verdict), [HERE, OLD])) == count


def test_a_line_explains_this_verdict_on_these_systems_only() -> None:
    keeping.EXPECTED.write_text("malloc_*\told older\trefuted\tbug 1\n")
    assert not keeping.unexplained(verdicts("refuted"), [HERE, OLD])
    assert keeping.unexplained(verdicts("unsupported", "why"), [HERE, OLD])[0].endswith("(why)")
    keeping.EXPECTED.write_text("malloc_*\tolder\trefuted\tbug 1\n")
    assert keeping.unexplained(verdicts("refuted"), [HERE, OLD])
    keeping.EXPECTED.write_text("*\told\tunsupported: a limit*\tthe limit\n")
    assert not keeping.unexplained(verdicts("unsupported", "a limit of 4 GiB"), [HERE, OLD])
    assert keeping.unexplained(verdicts("unsupported", "something else"), [HERE, OLD])


def test_what_is_broken_cannot_be_explained() -> None:
    keeping.EXPECTED.write_text("*\t*\tbroken\tit is so\n")
    assert "is broken: it crashed" in keeping.unexplained(verdicts("broken", "it crashed"), [HERE, OLD])[0]


def test_whole_frames_of_the_serial_line_become_results(tmp_path: Path) -> None:
    said = "boot\n=== 3_residency/a\n# format: 2\nnoise\n# verdict: refuted\n=== end\n=== 3_residency/b\n"
    keep_frames(said.replace("\n", "\r\n"), tmp_path)
    assert (tmp_path / "3_residency/a.csv").read_text() == "# format: 2\n# verdict: refuted\n"
    assert not (tmp_path / "3_residency/b.csv").exists()


def test_the_page_names_what_differs_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    keeping.EXPECTED.write_text("malloc_*\told\trefuted\tbug 1\n")
    monkeypatch.setattr(page, "read_table", lambda: [HERE, OLD])
    machines = {"old": {"world": "old", "glibc": "2.31", "kernel": "Linux 5.10 x"}}
    keeping.write_kept(verdicts("refuted"), machines, [HERE, OLD])
    page.write()
    text = page.PAGE.read_text()
    assert "| malloc_is_lazy | reproduced | refuted | old | bug 1 |" in text
    assert "| old | an old one | 2.31 | 5.10 |" in text
    assert f"{'malloc_is_lazy':48}RX" in text
