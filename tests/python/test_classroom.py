# SPDX-License-Identifier: MIT
"""Tests what a class's hand-ins become: reading strangers' archives, dividing, the page and the tables."""
import gzip
import io
import tarfile
from pathlib import Path
from typing import Callable

import pytest
from fuzz_hand_ins import MARKUP, RESULT, TEXTS

from touchstone.classroom import archive, dividing, handin, page, pictures, tables
from touchstone.classroom.hand_in import Answer, Bet, HandIn, of_texts, read

RESULT_NAME = "results/3_residency/malloc_is_lazy.csv"
CLAIM = "3_residency/malloc_is_lazy"


def machine(name: str, verdict: str, **environment: str) -> HandIn:
    answer = Answer("malloc reserves", verdict, "", [("it grows", "held", "4096", "bytes")])
    return HandIn(name, environment, {CLAIM: answer})


# ---- archives -------------------------------------------------------------------

def test_what_is_packed_is_read_again() -> None:
    handed = of_texts("file", archive.read_bytes(archive.pack("pair-7", TEXTS)))
    assert handed.name == "pair-7" and handed.problems == []
    assert handed.machine == {"glibc": "2.36", "kernel": "Linux 6.1 x86_64"}
    answer = handed.answers[CLAIM]
    assert (answer.verdict, answer.measured, answer.bets) == ("reproduced", 4096, [Bet("4K", 4096.0)])
    assert handed.journals == {"mine": "# mine\n"}


def test_a_show_of_hands_is_so_many_bets() -> None:
    name = RESULT_NAME.replace(".csv", ".prediction")
    texts = {**TEXTS, name: TEXTS[name].replace("predicted:", "times: 15\npredicted:")}
    assert len(of_texts("x", texts).answers[CLAIM].bets) == 15


def test_the_same_texts_give_the_same_bytes() -> None:
    assert archive.pack("pair-7", TEXTS) == archive.pack("pair-7", TEXTS)


def tar_of(change: Callable[[tarfile.TarInfo], None], content: bytes = b"x") -> bytes:
    """Returns an archive with the cover and one more member, which a function has changed."""
    unpacked = io.BytesIO()
    with tarfile.open(fileobj=unpacked, mode="w") as tar:
        cover = (archive.FORMAT + "\nbad\n").encode()
        member = tarfile.TarInfo(archive.COVER)
        member.size = len(cover)
        tar.addfile(member, io.BytesIO(cover))
        member = tarfile.TarInfo(RESULT_NAME)
        member.size = len(content)
        change(member)
        tar.addfile(member, io.BytesIO(content))
    return gzip.compress(unpacked.getvalue())


def link_to(target: str, kind: bytes) -> Callable[[tarfile.TarInfo], None]:
    def change(member: tarfile.TarInfo) -> None:
        member.type, member.linkname, member.size = kind, target, 0
    return change


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "results/../../x/y.csv", "results/a/b.sh",
                                  "results/3_residency/a b.csv", "results/3_residency/<b>.csv", "./results/a/b.csv",
                                  "results/journal/\u202egnp.md", "results/a/" + "b" * 200 + ".csv"])
def test_a_name_that_no_hand_in_has_is_refused(name: str) -> None:
    with pytest.raises(archive.Refused, match="no hand-in has a file of that name"):
        archive.read_bytes(tar_of(lambda member: setattr(member, "name", name)))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_links_devices_and_folders_are_refused(kind: bytes) -> None:
    with pytest.raises(archive.Refused, match="no plain file"):
        archive.read_bytes(tar_of(link_to("/etc/passwd", kind)))


def test_a_bomb_is_refused_before_it_goes_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_UNPACKED", 1 << 20)
    with pytest.raises(archive.Refused, match="unpacks to more than 1 MiB"):
        archive.read_bytes(gzip.compress(bytes(50 << 20)))


def test_a_text_that_is_too_large_is_refused() -> None:
    with pytest.raises(archive.Refused, match="more than 4 MiB"):
        archive.read_bytes(tar_of(lambda member: None, bytes(archive.MOST_TEXT + 1)))


def test_too_many_texts_are_refused() -> None:
    texts = {f"results/a/b{n}.csv": "" for n in range(archive.MOST_TEXTS)}
    with pytest.raises(archive.Refused, match="more than 1000 files"):
        archive.read_bytes(archive.pack("x", texts))


def test_an_archive_that_is_cut_short_anywhere_is_refused() -> None:
    packed = archive.pack("pair-7", TEXTS)
    for length in range(0, len(packed) - 1, 7):
        with pytest.raises(archive.Refused):
            archive.read_bytes(packed[:length])


def test_a_file_that_is_no_hand_in_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"\xff\xd8\xff" * 100)
    with pytest.raises(archive.Refused, match="no tar.gz"):
        read(tmp_path / "holiday.jpg")
    with pytest.raises(archive.Refused, match="No such file"):
        read(tmp_path / "nothing")


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/malloc_is_lazy.csv").write_text(RESULT)
    (tmp_path / "run").mkdir()
    (tmp_path / "run/3_residency").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(archive.Refused, match="holds no results"):
        read(tmp_path / "run")


def test_another_format_is_named() -> None:
    handed = of_texts("x", {RESULT_NAME: RESULT.replace("# format: 2", "# format: 1")})
    assert handed.answers == {} and "format 1" in handed.problems[0]


def test_a_damaged_result_costs_only_itself() -> None:
    handed = of_texts("x", {**TEXTS, "results/3_residency/other.csv": "nonsense"})
    assert list(handed.answers) == [CLAIM] and len(handed.problems) == 1


# ---- what leaves the machine -----------------------------------------------------

def test_names_of_the_machine_are_replaced() -> None:
    names = {"/home/anna/touchstone": ".", "anna": "user", "annas-pc": "host"}
    text = "# reason: /home/anna/touchstone/build fails; anna@annas-pc; /home/ben/lib/libx.so is preloaded; susanna"
    assert handin.without_names(text, names) == "# reason: ./build fails; user@host; libx.so is preloaded; susanna"


# ---- dividing --------------------------------------------------------------------

def test_a_version_divides_at_the_number_between() -> None:
    class_ = [machine(f"a{n}", "refuted", glibc="2.9", kernel="Linux 6.1") for n in range(9)]
    class_ += [machine(f"b{n}", "reproduced", glibc="2.41", kernel="Linux 6.1") for n in range(21)]
    found = dividing.best(CLAIM, class_)
    assert found and found.text() == "glibc: 9 of 9 below 2.41 refuted, 21 of 21 from 2.41 on reproduced"


def test_what_explains_nothing_divides_nothing() -> None:
    class_ = [machine(str(n), "refuted" if n == 3 else "reproduced", glibc="2.36") for n in range(10)]
    assert dividing.best(CLAIM, class_) is None
    assert dividing.odd_ones(CLAIM, class_) == [(class_[3], "nothing that its results show")]


def test_an_odd_machine_is_told_with_what_is_different() -> None:
    class_ = [machine(str(n), "reproduced", glibc="2.36", container="none") for n in range(10)]
    class_.append(machine("odd", "unsupported", glibc="2.36", container="docker"))
    assert dividing.odd_ones(CLAIM, class_) == [(class_[-1], "container docker")]


# ---- the page and the tables ------------------------------------------------------

def test_nothing_of_a_stranger_becomes_markup() -> None:
    answer = Answer(MARKUP, "refuted", MARKUP, [(MARKUP, "held", "1", MARKUP)], MARKUP, "count", 2, [Bet(MARKUP, None)])
    other = Answer(MARKUP, "reproduced", "", [(MARKUP, "held", "2", MARKUP)], MARKUP, "count", 3, [Bet("3", 3)])
    class_ = [HandIn(MARKUP, {"glibc": MARKUP}, {CLAIM: answer}, {MARKUP: MARKUP}, [MARKUP]),
              HandIn("b", {"glibc": "2.36"}, {CLAIM: other})]
    text = page.page(class_, [(MARKUP, MARKUP)])
    assert "<script" not in text and "&lt;script&gt;" in text


def test_the_histogram_counts_every_bet_and_shows_what_was_measured() -> None:
    svg = pictures.histogram([0, 0, 4096, 67108864], [4096], "bytes")
    assert svg.count("<rect") == 3 and ">2</text>" in svg and "measured: 4 KiB" in svg


def test_equal_numbers_stand_one_above_the_other() -> None:
    heights = {line.split('cy="')[1].split('"')[0] for line in pictures.dots([1, 1, 2], "count").split("<circle")[1:]}
    assert len(heights) == 2


def test_the_tables_have_a_row_for_each_finding_bet_and_journal(tmp_path: Path) -> None:
    class_ = [of_texts("x", archive.read_bytes(archive.pack("pair-7", TEXTS)))]
    tables.write_class(tmp_path / "class.csv", class_)
    assert (tmp_path / "class.csv").read_text().splitlines() == [
        "machine,claim,verdict,finding,outcome,value,unit,prediction",
        "pair-7,malloc_is_lazy,reproduced,it grows,held,4096,bytes,",
        "pair-7,malloc_is_lazy,reproduced,How much?,predicted,4096,bytes,4096"]
    tables.write_marks(tmp_path / "marks.csv", class_)
    assert (tmp_path / "marks.csv").read_text().splitlines()[1].startswith("pair-7,mine,,")


@pytest.mark.parametrize("cell, written", [("=1+1", "'=1+1"), ("-4096", "-4096"), ("-cmd", "'-cmd"), ("@x", "'@x")])
def test_no_cell_is_a_formula(cell: str, written: str) -> None:
    assert tables.plain(cell) == written
