# SPDX-License-Identifier: MIT
"""Tests what confound says of conditions that could not be asked under, or that an experiment sets for itself."""
from pathlib import Path

import pytest
from made import ABOVE, result
from touchstone.confound import ARENAS, PRELOAD, THRESHOLDS, Confounded, summed_up
from touchstone.lines import DeclaredAxis
from touchstone.overridden import Setter, arms_that_set, remark
from touchstone.series import Point, Series

SOURCE = """
static void grow(void)
{
    record("begin", 0);
}

static void pin(int64_t bytes)
{
    must_pin_thresholds(bytes, bytes);
}

static void pinned(void)
{
    if (sizeof(int) == 4) {
        pin(64 * KiB);
    }
}

const struct experiment experiment = {
    .arms = { { "a", grow }, { "b", pinned, .control = true } },
};
"""


@pytest.mark.parametrize("setter, source, environment, text", [
    (THRESHOLDS, SOURCE, "", "not applied in b: set there by the experiment itself"),
    (THRESHOLDS, SOURCE.replace('"a", grow', '"a", pinned'), "", "not applied: the experiment sets this itself"),
    (THRESHOLDS, SOURCE.replace("must_pin_thresholds", "must_set_top_pad"), "", ""),
    (THRESHOLDS, SOURCE.replace("must_pin_thresholds", "mallopt(M_MMAP_THRESHOLD"), "",
     "not applied in b: set there by the experiment itself"),
    (ARENAS, SOURCE, "MALLOC_ARENA_MAX=1", "not applied in b: set there by the experiment itself"),
    (PRELOAD, SOURCE, "LD_PRELOAD=libx.so", "not applied in b: set there by the experiment itself"),
    (PRELOAD, SOURCE, "MALLOC_ARENA_MAX=1", ""),
    (Setter((), r"\bsetrlimit\("), SOURCE.replace("pinned,", "pinned, .before_exec = low,").replace(
        "static void grow", "static void low(void)\n{\n\tsetrlimit(RLIMIT_AS, 0);\n}\n\nstatic void grow"), "",
     "not applied in b: set there by the experiment itself"),
])
def test_a_condition_is_not_applied_where_an_arm_sets_it(tmp_path: Path, setter: Setter, source: str, environment: str,
                                                         text: str) -> None:
    read = result(tmp_path / "it_grows.csv", "a 1 end 0 _ 0", ABOVE.replace("LD_PRELOAD=libx.so", environment))
    assert remark(setter, read, source) == text


def test_an_arm_that_was_left_out_does_not_count(tmp_path: Path) -> None:
    above = ABOVE.replace("# arm: a | test | ran |", "# arm: a | test | left out: no | LD_PRELOAD=liby.so")
    read = result(tmp_path / "it_grows.csv", "b 1 end 0 _ 0", above)
    assert arms_that_set(PRELOAD, read, SOURCE) == ["b"]


def confounded(folder: Path, *points: Point) -> Confounded:
    series = Series(folder / "it_grows.csv", "resident_bytes", DeclaredAxis(), {"confounded_columns": "resident_bytes"})
    row = {"arm": "a", "trial": 1, "resident_bytes": 0}
    for number in (1, 2):
        series.points[f"as it is ({number})"] = Point(f"as it is ({number})", "reproduced", rows=[row])
    for point in points:
        point.rows = [{**row, "resident_bytes": 4096 * point.label.endswith("moves")}]
        series.points[point.label] = point
    return Confounded(series, result(folder / "it_grows.csv", "a 1 end 0 _ 0"))


def test_where_it_could_not_be_asked_the_verdict_is_not_turned(tmp_path: Path) -> None:
    found = confounded(tmp_path, Point("ulimit", "broken", "no addresses left"),
                       Point("jemalloc", "unsupported", "glibc"), Point("huge pages", "refuted"),
                       Point("clang moves", "reproduced"))
    lines = list(found.lines())
    assert lines[1:] == [("ulimit", "could not be asked", "no addresses left"),
                         ("jemalloc", "could not be asked", "glibc"), ("huge pages", "refuted *", "nothing moved"),
                         ("clang moves", "reproduced", "a: resident 0 bytes → 4 KiB")]
    assert summed_up(lines) == ("The verdict is turned (*) by: huge pages. Only numbers are moved by: clang moves. "
                                "Could not be asked under: ulimit, jemalloc.")
    assert found.series.verdict() == "refuted"


def test_a_condition_that_was_not_applied_moved_nothing(tmp_path: Path) -> None:
    own, partly = "not applied: the experiment sets this itself", "not applied in b: set there by the experiment itself"
    lines = list(confounded(tmp_path, Point("pinned", "reproduced", own), Point("one arena", "reproduced", partly),
                            Point("tunable moves", "reproduced", partly)).lines())
    assert [told for _, _, told in lines[1:]] == [own, f"nothing moved; {partly}",
                                                  f"a: resident 0 bytes → 4 KiB; {partly}"]
    assert summed_up(lines) == "No condition turns the verdict. Only numbers are moved by: tunable moves."


def test_a_point_that_broke_says_nothing_about_the_claim(tmp_path: Path) -> None:
    assert confounded(tmp_path, Point("ulimit", "broken", "no addresses left")).series.verdict() == "reproduced"
