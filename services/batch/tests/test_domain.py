"""Pure decisions: what results do to lines, who may sign, tabs, villages, roster rows."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.batch import LineState
from kit.idnumber import IdProblem, check_character, normalise
from services.batch.domain import desk, rosters, signing
from services.batch.domain.lines import (
    CARD_STATUSES,
    FINAL,
    VERDICTS,
    after_card,
    after_finding,
    released,
    table,
)
from services.batch.domain.projects import categories_of, spellings
from services.batch.domain.villages import code_of

STATES = st.sampled_from(LineState)
FLAG = st.booleans()


@given(STATES, FLAG, st.sampled_from(VERDICTS), FLAG)
def test_no_finding_voids_or_touches_a_final_line(
    state: LineState, waiting: bool, verdict: str, same: bool
) -> None:
    following = after_finding(state, waiting, verdict, same)
    assert following not in FINAL
    if state in FINAL:
        assert following is None


@given(STATES, FLAG, st.sampled_from(CARD_STATUSES), FLAG)
def test_no_card_frees_a_held_line(state: LineState, waiting: bool, status: str, same: bool) -> None:
    following = after_card(state, waiting, status, same)
    if state in (LineState.HELD, LineState.ABNORMAL, *FINAL):
        assert following is None


@given(STATES, FLAG, FLAG)
def test_a_hit_counts_whatever_the_rev_a_pass_only_for_its_own(
    state: LineState, waiting: bool, same: bool
) -> None:
    if state not in FINAL:
        assert (after_finding(state, waiting, "hold", same) or state) is LineState.HELD
    assert after_finding(state, waiting, "pass", False) is None
    assert after_card(state, waiting, "normal", False) is None


@given(st.lists(st.tuples(st.sampled_from(["card", "finding"]), st.booleans()), max_size=6))
def test_in_whatever_order_results_come_one_bad_one_keeps_the_line_from_being_normal(
    results: list[tuple[str, bool]],
) -> None:
    state, spoiled = LineState.PROCESSING, False
    for kind, good in results:
        if kind == "card":
            state = after_card(state, False, "normal" if good else "abnormal", True) or state
            spoiled |= not good
        else:
            state = after_finding(state, False, "pass" if good else "block", True) or state
            spoiled |= not good
    assert (state is LineState.NORMAL) == (bool(results) and not spoiled)


def test_a_card_that_waits_is_not_normal_by_a_pass() -> None:
    assert after_finding(LineState.PROCESSING, True, "pass", True) is None
    assert after_card(LineState.PROCESSING, True, "normal", True) is LineState.NORMAL


def test_the_table_is_the_rule() -> None:
    for row in table(after_card, CARD_STATUSES):
        assert after_card(row["state"], row["waiting"], row["result"], row["same"]) is row["next"]


def test_a_freed_line_resumes_only_where_nothing_was_signed() -> None:
    assert released(LineState.NORMAL, still_with_township=True) == "resume"
    assert released(LineState.NORMAL, still_with_township=False) == "move"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"expected": False}, "moved on"),
        ({"actor": "maker"}, "maker and checker"),
        ({"lines": 0}, "no normal line"),
        ({"seen_root": "b"}, "no longer the one"),
        ({}, None),
    ],
)
def test_signatures_are_refused_for_a_reason(changed: dict[str, Any], said: str | None) -> None:
    values: dict[str, Any] = {
        "actor": "checker",
        "makers": {"maker"},
        "seen_root": "a",
        "root": "a",
        "lines": 1,
    }
    found = signing.refusal(**(values | changed))
    assert found is None if said is None else said in (found or "")


def test_tabs_are_relative_to_the_desk() -> None:
    signed = ["township_review", "department_review"]
    tabs = {one: desk.slice_tab(one, "in_set", signed) for one in desk.Desk}
    assert tabs[desk.Desk.TOWNSHIP] == "在途" and tabs[desk.Desk.COUNTY] == "已送审"
    assert tabs[desk.Desk.DEPARTMENT] == "已送审" and tabs[desk.Desk.FINANCE] == "待送审"
    assert desk.set_tab(desk.Desk.FINANCE, "open", signed) == "待送审"
    assert desk.set_tab(desk.Desk.DEPARTMENT, "open", signed) == "已送审"
    assert desk.set_tab(desk.Desk.COUNTY, "frozen", signed) == "在途"
    assert {desk.slice_tab(one, "settled", signed) for one in desk.Desk} == {"已办结"}
    assert desk.desk_of({"county_handler", "finance_reviewer"}) is desk.Desk.FINANCE


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("絮樵村", "539901101201"),
        (" 絮樵村 ", "539901101201"),
        ("539901101201", "539901101201"),
        ("鹭汀镇絮樵村三组", "539901101201"),
        ("絮樵村疏磬村", None),
        ("天上村", None),
        ("539901102201", None),
    ],
)
def test_a_village_as_written(text: str, code: str | None) -> None:
    assert code_of(text, {"絮樵村": "539901101201", "疏磬村": "539901101202"}) == code


def test_categories_in_any_spelling() -> None:
    as_table = categories_of({"categories": {"a": "特困", "b": {"name": "低保"}}})
    assert (
        as_table
        == {"a": "特困", "b": "低保"}
        == categories_of(
            {"project": {"categories": [{"code": "a", "name": "特困"}, {"code": "b", "name": "低保"}]}}
        )
    )
    assert spellings(as_table) == {"a": "a", "特困": "a", "b": "b", "低保": "b"}
    assert categories_of({"categories": ["特困"]}) == {"特困": "特困"} and categories_of({}) == {}


def _normal(text: str) -> str | tuple[str, str]:
    found = normalise(text)
    return (found.code, found.message) if isinstance(found, IdProblem) else found.number


def number(serial: int) -> str:
    body = f"53980119500101{serial:03d}"
    return body + check_character(body)


READER = rosters.Reader(
    normalise=_normal,
    townships={"鹭汀镇": "539901101"},
    villages={("539901101", "絮樵村"): "539901101201"},
    categories={"特困": "destitute"},
)


def row(at: int, **cells: str) -> tuple[int, dict[str, str]]:
    good = {
        "姓名": "沈雁迟",
        "身份证号码": number(at),
        "村（社区）": "絮樵村",
        "补贴对象类别": "特困",
        "乡镇": "鹭汀镇",
    }
    return at, good | cells


def test_all_that_is_wrong_is_told_at_once() -> None:
    rows = [
        row(2),
        row(3, 身份证号码="539801195001010021", 姓名="", 补贴对象类别="x"),
        row(4, 身份证号码=number(2)),
        row(5, 乡镇="别镇"),
        row(6, **{"村（社区）": "别村"}),
        row(7, 身份证号码="５３"),
    ]
    persons, wrong = rosters.read(rows, READER)
    assert [one.row for one in persons] == [2]
    assert {(one.row, one.code) for one in wrong} == {
        (3, "name_empty"),
        (3, "id_wrong_check_digit"),
        (3, "unknown_category"),
        (4, "duplicate_in_file"),
        (5, "unknown_township"),
        (6, "unknown_village"),
        (7, "id_full_width"),
    }
    assert number(2) not in repr(wrong) and number(2) not in repr(persons)
