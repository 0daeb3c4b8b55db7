"""From the rooms' messages to what an agency gets: each fact once, in whatever order, under pseudonyms alone."""

import itertools
from typing import Any

import jsonschema
import pytest

from contracts.application import EnrolmentsStated, EnrolmentState
from contracts.base import Message, rows_digest
from contracts.batch import LinesStated, SetFrozen
from contracts.payment import LinePayment, PaymentFoundPaid, PaymentReturned, PaymentsStated
from contracts.public import FACTS
from kit.crypto import INTERNATIONAL, NATIONAL
from kit.testing import RoomHarness, sealed
from services.exchange.ports.pseudonyms import Pseudonyms
from services.exchange.store import facts
from services.exchange.tests.conftest import agency, agreed, call, everything_happened, fed, outbox
from services.exchange.tests.golden import GOLDEN

INTERNAL = ("subject-1", "line-1", "enrolment-1", "application-1", "slice-1", "batch-1", "order-1", "payment-1",
            "539901101201", "F02", "账户")  # fmt: skip
ORDERS = list(itertools.permutations((LinesStated, SetFrozen, PaymentsStated)))


async def pulled(room: RoomHarness, code: str = "civil", query: str = "") -> list[dict[str, Any]]:
    """What the agency pulls."""
    found: list[dict[str, Any]] = (await call(room, agency(code), "GET", f"/public/events{query}"))["events"]
    return found


async def test_every_fact_arrives_once_and_says_nothing_it_must_not(room: RoomHarness) -> None:
    await agreed(room)
    await everything_happened(room)
    await everything_happened(room)
    events = await pulled(room)
    names = [one["type"].split(".")[2] for one in events]
    assert names == ["enrolment_started", "payment_made", "payment_returned", "batch_closed"]
    assert [one["position"] for one in events] == ["1", "2", "3", "4"]
    for name, one in zip(names, events, strict=True):
        jsonschema.validate(one["data"], FACTS[name].model_json_schema())
        assert ("subject" in one) is FACTS[name].PERSONAL
    assert not [one for one in INTERNAL if one in str(events)]
    assert events[1]["data"]["payment_ref"] == events[2]["data"]["payment_ref"]
    assert events[1]["data"]["amount_fen"] == 8000


async def test_the_topic_says_the_same_as_the_pull(room: RoomHarness) -> None:
    await agreed(room)
    await everything_happened(room)
    events, rows = await pulled(room), await outbox(room)
    assert [row["attributes"]["id"] for row in rows] == [one["id"] for one in events]
    assert [row["attributes"].get("subject") for row in rows] == [one.get("subject") for one in events]
    assert [row["key_seq"] for row in rows] == [1, 2, 3, 4]
    assert {row["key"] for row in rows} == {"civil"}
    assert {(row["cause"], row["traceparent"]) for row in rows} == {(None, None)}
    assert not [one for one in INTERNAL if one in str([(row["body"], row["attributes"]) for row in rows])]


async def test_two_agencies_cannot_find_the_same_person(room: RoomHarness) -> None:
    await agreed(room)
    await agreed(room, "banks")
    await everything_happened(room)
    here, there = await pulled(room), await pulled(room, "banks")
    for name in ("id", "subject"):
        assert not {one.get(name) for one in here[:3]} & {one.get(name) for one in there[:3]}
    assert here[1]["data"]["payment_ref"] != there[1]["data"]["payment_ref"]
    assert len({one["subject"] for one in here[:3]}) == 1, "one person is one pseudonym for one agency"


@pytest.mark.parametrize("suite", [INTERNATIONAL, NATIONAL])
def test_pseudonyms_under_both_suites(suite: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    monkeypatch.setenv("DAOHU_CRYPTO", suite.name)
    one, other = Pseudonyms(tmp_path, "civil"), Pseudonyms(tmp_path, "banks")
    monkeypatch.delenv("DAOHU_CRYPTO")
    again = Pseudonyms(tmp_path, "civil")
    assert one.of("subject", "s") == again.of("subject", "s"), "a pseudonym outlives a change of suite"
    assert one.of("subject", "s").startswith(f"hmac-{suite.digest.name}:pairwisecivil1:")
    assert len({one.of("subject", "s"), one.of("payment", "s"), other.of("subject", "s")}) == 3


@pytest.mark.parametrize("order", ORDERS)
async def test_a_payment_is_told_whatever_comes_first(
    room: RoomHarness, order: tuple[type[Message], ...]
) -> None:
    await agreed(room)
    for number, cls in enumerate(order, 1):
        assert len(await outbox(room)) == 0, f"told before {number} of 3 had come"
        await room.deliver(GOLDEN[cls])
        await fed(room)
    (row,) = await outbox(room)
    assert row["type"] == "subsidy.public.payment_made.v1"


async def test_the_amount_of_an_earlier_revision_is_not_told(room: RoomHarness) -> None:
    await agreed(room)
    lines = GOLDEN[LinesStated]
    assert isinstance(lines, LinesStated)
    old = lines.rows[0].model_copy(update={"amount_fen": 7000, "rev": 1})
    await room.deliver(sealed(lines.model_copy(update={"revision": 2, "rows": [old]})))
    await room.deliver(GOLDEN[SetFrozen], GOLDEN[PaymentsStated])
    await fed(room)
    assert await outbox(room) == []
    await room.deliver(lines)
    await fed(room)
    (event,) = await pulled(room)
    assert event["data"]["amount_fen"] == 8000


async def test_a_late_rev_of_an_enrolment_tells_nothing_twice(room: RoomHarness) -> None:
    await agreed(room)

    def stated(rev: int, state: EnrolmentState) -> Message:
        message = GOLDEN[EnrolmentsStated]
        assert isinstance(message, EnrolmentsStated)
        one = message.enrolments[0].model_copy(update={"rev": rev, "state": state})
        return sealed(message.model_copy(update={"stream_id": f"enrolments:{rev}", "enrolments": [one]}))

    await room.deliver(stated(1, EnrolmentState.ACTIVE), stated(4, EnrolmentState.STOPPED))
    await room.deliver(stated(3, EnrolmentState.ACTIVE), stated(2, EnrolmentState.SUSPENDED))
    await fed(room)
    names = [one["type"].split(".")[2] for one in await pulled(room)]
    assert names == ["enrolment_started", "enrolment_stopped"]


async def test_only_what_the_agreement_lists_is_given(room: RoomHarness) -> None:
    await agreed(room, types=["batch_closed"])
    await agreed(room, "other", projects=["22220"])
    await agreed(room, "elsewhere", regions=["539902"])
    await agreed(room, "later", valid_from="2099-01-01")
    await everything_happened(room)
    (one,) = await pulled(room)
    assert one["type"] == "subsidy.public.batch_closed.v1"
    assert "subject" not in one
    assert await pulled(room, "other") == await pulled(room, "elsewhere") == []
    assert await outbox(room, "later") == []


async def test_pages_and_the_date(room: RoomHarness) -> None:
    await agreed(room, page_size=3)
    await everything_happened(room)
    first = await call(room, agency(), "GET", "/public/events?limit=1000")
    assert (len(first["events"]), first["next"], first["more"]) == (3, 3, True)
    rest = await call(room, agency(), "GET", f"/public/events?after={first['next']}")
    assert (len(rest["events"]), rest["next"], rest["more"]) == (1, 4, False)
    assert await pulled(room, query="?since=2099-01-01T00:00:00Z") == []
    assert len(await pulled(room, query="?since=2000-01-01T00:00:00Z")) == 3
    await call(room, agency(), "GET", "/public/events?since=2000-01-01", status=422)


async def test_the_topic_may_be_narrowed_but_not_widened(room: RoomHarness) -> None:
    await agreed(room)
    narrow = {"types": ["payment_made"], "projects": ["11810"], "regions": ["539901101"]}
    await call(room, agency(), "PUT", "/public/subscriptions/topic", narrow)
    wide = narrow | {"types": ["payment_made", "enrolment_changed"]}
    await call(room, agency(), "PUT", "/public/subscriptions/topic", wide, 422)
    await everything_happened(room)
    assert [row["type"] for row in await outbox(room)] == ["subsidy.public.payment_made.v1"]
    assert len(await pulled(room)) == 4, "the pull still has all that the agreement gives"


async def test_a_replay_tells_the_same_events_again(room: RoomHarness) -> None:
    from services.exchange.handlers.feeding import replay_events

    await agreed(room)
    await everything_happened(room)
    before = await outbox(room)
    asked = await call(room, agency(), "POST", "/public/replays", {"since": "2023-01-01T00:00:00Z"}, 202)
    await call(room, agency(), "POST", "/public/replays", {"since": "2023-01-01T00:00:00Z"}, 409)
    await room.work(replay_events)
    again = (await outbox(room))[len(before) :]
    assert [(row["attributes"]["id"], row["body"]) for row in again] == [
        (row["attributes"]["id"], row["body"]) for row in before
    ]
    assert {row["attributes"]["replayid"] for row in again} == {asked["replay_id"]}
    assert "replayid" not in before[0]["attributes"]
    (one,) = await call(room, agency(), "GET", "/public/replays")
    assert (one["events"], one["done_at"] is None) == (4, False)


async def test_each_reading_is_in_the_audit_with_its_purpose(room: RoomHarness) -> None:
    await agreed(room)
    await everything_happened(room)
    await pulled(room)
    async with room.room.tx() as tx:
        rows = await tx.fetch(
            "SELECT actor, action, detail FROM audit WHERE action IN ('exchange.pull', 'exchange.publish') ORDER BY seq"
        )
    assert [
        (row["actor"], row["action"], row["detail"]["purpose"], row["detail"]["events"]) for row in rows
    ] == [
        ("system", "exchange.publish", "低保对象核对", 4),
        ("agency:civil", "exchange.pull", "低保对象核对", 4),
    ]


@pytest.mark.parametrize("page", [1, facts.PAGE])
async def test_money_that_came_back_of_a_line_not_seen_yet_waits(
    room: RoomHarness, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(facts, "PAGE", page)
    await agreed(room)
    await room.deliver(GOLDEN[PaymentReturned], GOLDEN[SetFrozen])
    await fed(room)
    assert await outbox(room) == []
    await room.deliver(GOLDEN[PaymentsStated], GOLDEN[LinesStated])
    await fed(room)
    types = [one["type"].split(".")[2] for one in await pulled(room)]
    assert types == ["payment_made", "payment_returned"], "a payment before its return, on any page"


async def test_a_line_found_paid_is_told_once(room: RoomHarness) -> None:
    await agreed(room)
    refused = sealed(
        GOLDEN[PaymentsStated].model_copy(
            update={"payments": [LinePayment(line_id="line-1", state="failed", code="F02")]}
        )
    )
    await room.deliver(GOLDEN[SetFrozen], GOLDEN[LinesStated], refused)
    await fed(room)
    assert await outbox(room) == []
    await room.deliver(GOLDEN[PaymentFoundPaid], twice=True)
    await fed(room)
    assert [row["type"].split(".")[2] for row in await outbox(room)] == ["payment_made"]


async def test_the_documents_are_open_to_everybody_and_the_events_are_not(room: RoomHarness) -> None:
    found = await call(room, None, "GET", "/public/schemas")
    assert set(found) == {one.TYPE for one in FACTS.values()}
    document = await call(room, None, "GET", "/public/asyncapi.json")
    assert document["channels"]["agency"]["address"] == "subsidy.public.{agency}"
    async with room.client() as client:
        page = (await client.get("/api/exchange/v1/public/page")).text
    assert all(one.TYPE in page for one in FACTS.values())
    assert "<script" not in page and "http" not in page
    await call(room, None, "GET", "/public/events", status=401)


async def test_two_thousand_enrolments_of_one_act_are_told_in_order(room: RoomHarness) -> None:
    await agreed(room)
    message = GOLDEN[EnrolmentsStated]
    assert isinstance(message, EnrolmentsStated)
    rows = [
        message.enrolments[0].model_copy(update={"enrolment_id": f"e-{number}", "subject_id": f"s-{number}"})
        for number in range(2000)
    ]
    digest = rows_digest(rows)
    for index in (1, 0):
        part = rows[index * 1000 : (index + 1) * 1000]
        await room.deliver(
            message.model_copy(update={"index": index, "count": 2, "digest": digest, "enrolments": part})
        )
    await fed(room)
    page = await call(room, agency(), "GET", "/public/events?limit=1000&after=1500")
    assert [int(one["position"]) for one in page["events"]] == list(range(1501, 2001))
    assert len({row["attributes"]["subject"] for row in await outbox(room)}) == 2000
