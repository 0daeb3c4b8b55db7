"""What is believed of an agency's reply, and for how long one waits."""

from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from kit.clock import wall_now
from services.card_matching.domain import (
    OTHER_REASON,
    REASONS,
    Answer,
    Terms,
    Unbelievable,
    read_reply,
    same_name,
    wait_seconds,
)
from services.card_matching.ports import retry_after
from services.card_matching.tests.world import card, name

ASKED = {"r1": name(1), "r2": name(2)}


def result(n: int, **changes: Any) -> dict[str, Any]:
    return card(n) | {"ref": f"r{n}", "status": "normal", "reason": None} | changes


def test_a_good_card() -> None:
    read = read_reply({"results": [result(1)]}, ASKED)
    assert read["r1"].status == "normal" and read["r1"].account is not None
    assert read["r1"].account.account_no == card(1)["account_no"]


@pytest.mark.parametrize(
    "changes",
    [
        {"account_name": "某不相干人"},
        {"account_no": None},
        {"account_no": " "},
        {"account_no": 6230},
        {"card_status": "lost"},
        {"financial_function": "inactive"},
        {"status": "fine"},
        {"status": None},
    ],
)
def test_a_result_that_contradicts_itself_is_no_answer(changes: dict[str, Any]) -> None:
    assert read_reply({"results": [result(1, **changes), result(2)]}, ASKED).keys() == {"r2"}


@pytest.mark.parametrize(
    "body",
    [
        None, [], {}, {"results": None}, {"results": [1]}, {"results": [result(1), result(1)]},
        {"results": [result(1), result(2, ref="r3")]}, {"results": [result(1, ref=None)]},
    ],
)  # fmt: skip
def test_a_slipped_reply_is_not_used_at_all(body: Any) -> None:
    with pytest.raises(Unbelievable):
        read_reply(body, ASKED)


def test_reasons_are_our_own_words() -> None:
    told = [
        result(1, status="abnormal", reason="card_lost", reason_text="张三的卡"),
        result(2, status="abnormal", reason="whatever 身份证", reason_text="x"),
    ]
    assert read_reply({"results": told}, ASKED) == {
        "r1": Answer("abnormal", REASONS["card_lost"]),
        "r2": Answer("abnormal", OTHER_REASON),
    }
    missing = read_reply({"results": [result(1, status="not_found")]}, ASKED)
    assert missing["r1"].reason == REASONS["not_found"]


def test_names_and_waits() -> None:
    assert same_name("阿依•木呷", "阿依·木 呷") and not same_name("云某1", "云某2")
    assert [wait_seconds(tries) for tries in (0, 1, 3, 99)] == [0.5, 1.0, 4.0, 60.0]
    assert (wait_seconds(0, 7), wait_seconds(99, 7), wait_seconds(0, 10**9)) == (7.0, 60.0, 3600.0)
    assert (retry_after("12"), retry_after("soon"), retry_after("")) == (12.0, 0.0, 0.0)
    later = format_datetime(wall_now() + timedelta(seconds=30), usegmt=True)
    assert 25 < retry_after(later) <= 30


def test_terms() -> None:
    assert Terms.read({}) == Terms(0, 20)
    assert Terms.read({"card_matching": {"fresh_days": 30, "most_asks": 5}}) == Terms(30, 5)
    assert Terms.read({"card_matching": {"recheck_days": 10}}) == Terms(0, 20, 10)
    assert Terms.read({"card_matching": {"recheck_days": "x"}}) == Terms(0, 20, 0)
    assert Terms.read({"card_matching": {"fresh_days": -1, "most_asks": 0}}) == Terms(0, 20)
