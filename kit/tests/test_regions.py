import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.regions import BadRegion, Level, Region, RegionTable, ancestor, covers, is_region, level, parents

_two = st.integers(1, 99).map("{:02d}".format)
_three = st.integers(1, 999).map("{:03d}".format)
villages = st.tuples(_two, _two, _two, _three, _three).map("".join)
levels = st.sampled_from(list(Level))


@given(villages, levels, levels)
def test_a_region_covers_what_is_below_and_never_what_is_above(code: str, high: Level, low: Level) -> None:
    holder, target = code[:high], code[:low]
    assert covers(holder, target) is (high <= low)


# Few digits, so that two codes often share a beginning.
@given(*[st.text("12", min_size=12, max_size=12)] * 2, levels, levels)
def test_cover_is_equality_of_the_ancestor(one: str, other: str, at: Level, below: Level) -> None:
    holder, target = one[:at], other[:below]
    assert covers(holder, target) is (below >= at and ancestor(target, at) == holder)


@given(villages, levels, levels)
def test_two_cover_each_other_only_if_they_are_the_same(code: str, one: Level, other: Level) -> None:
    both = covers(code[:one], code[:other]) and covers(code[:other], code[:one])
    assert both is (one is other)


@given(villages, st.integers(0, 12))
def test_cuts_between_levels_are_no_regions(code: str, cut: int) -> None:
    if cut in list(Level):
        assert level(code[:cut]) is Level(cut)
        return
    with pytest.raises(BadRegion):
        covers(code[:cut], code)
    with pytest.raises(BadRegion):
        covers(code, code[:cut])


@pytest.mark.parametrize(
    "code", ["15043", "", "530000", "532600", "532627211000", "5326272110", "５３", "53a6", "53 "]
)
def test_padded_cut_or_foreign_codes_are_refused(code: str) -> None:
    assert not is_region(code)
    with pytest.raises(BadRegion):
        level(code)


def test_the_county_ending_in_zero_is_no_city() -> None:
    assert level("150430") is Level.COUNTY
    assert not covers("150430", "150431")
    assert covers("1504", "150430")


def test_ancestors() -> None:
    assert ancestor("532627211201", Level.COUNTY) == "532627"
    assert list(parents("532627211")) == ["532627", "5326", "53"]
    with pytest.raises(BadRegion):
        ancestor("5326", Level.COUNTY)


ROWS = [
    {"code": "99", "level": "province", "name": "云岭省"},
    {"code": "9901", "level": 4, "name": "云岭市"},
    {"code": "990101", "level": "county", "name": "甲县"},
    {"code": "990101101", "level": "TOWNSHIP", "name": "一镇"},
    {"code": "990101102", "level": 9, "name": "二镇"},
    {"code": "990101101201", "level": "village", "name": "东村"},
    {"code": "990101102201", "level": "village", "name": "东村"},
]


def write(path: Path, rows: object) -> Path:
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return path


def test_table(tmp_path: Path) -> None:
    table = RegionTable.load(write(tmp_path / "r.json", ROWS))
    assert len(table) == 7
    assert "990101" in table
    assert [r.name for r in table.children("990101")] == ["一镇", "二镇"]
    assert table.full_name("990101101201") == "云岭省云岭市甲县一镇东村"
    assert table.name("880101") == "880101"
    assert len(table.at(Level.VILLAGE, "990101102")) == 1
    assert table.find("东村", Level.VILLAGE, "990101") is None  # two bear the name: nobody guesses
    assert table.find("东村", Level.VILLAGE, "990101101") == Region("990101101201", Level.VILLAGE, "东村")


@pytest.mark.parametrize(
    "row",
    [ROWS[0], {"code": "9902", "level": 6, "name": "x"}, {"code": "9902", "level": "street", "name": "x"}],
)
def test_a_wrong_table_is_refused(tmp_path: Path, row: object) -> None:
    with pytest.raises(BadRegion):
        RegionTable.load(write(tmp_path / "r.json", [*ROWS, row]))
