"""Matches against the real agency simulator, on good days and bad ones."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from contracts.batch import LineState
from contracts.card_matching import CardsStated, SliceMatched
from kit.errors import Problem
from kit.testing import RoomHarness, Sent, only
from services.card_matching.domain import NO_ANSWER, NOT_REGISTERED, REASONS, REFUSED
from services.card_matching.handlers.asking import ask_agency
from services.card_matching.handlers.stating import check_payees, state_results
from services.card_matching.tests.world import (
    SLICE,
    Agency,
    Registry,
    card,
    deployed,
    line,
    match,
    name,
    stated,
)


async def rounds(room: RoomHarness, most: int = 40) -> int:
    """Ask, without waiting for the wall clock, until everybody is settled; returns how many rounds it took."""
    for number in range(most):
        async with room.room.tx() as tx:
            await tx.execute("UPDATE match_part SET next_at = $1", tx.wall - timedelta(seconds=1))
            if not await tx.fetchval("SELECT true FROM match_part WHERE NOT done LIMIT 1"):
                return number
        await ask_agency(room.room)
    raise AssertionError("never settled")


async def finish(room: RoomHarness) -> list[Sent]:
    await rounds(room)
    await room.work(check_payees)
    return await room.work(state_results)


def cards(sent: list[Sent]) -> dict[str, tuple[str, str | None]]:
    return {one.line_id: (one.status, one.reason) for part in only(sent, CardsStated) for one in part.cards}


async def test_each_kind_of_card(room: RoomHarness, agency: Agency, registry: Registry) -> None:
    agency.world(
        card(1), card(2, card_status="lost"), card(3, financial_function="inactive"),
        card(4, account_name="他人氏"), card(5, name="改名"), card(8),
    )  # fmt: skip
    registry.unknown = {"p7"}
    lines = [line(n) for n in range(1, 8)] + [line(8, payee_id="p1"), line(9, state=LineState.VOID)]
    await room.deliver(*stated(lines))
    await room.deliver(match(), id="cmd-m")
    sent = await finish(room)
    assert cards(sent) == {
        "l1": ("normal", None),
        "l2": ("abnormal", REASONS["card_lost"]),
        "l3": ("abnormal", REASONS["function_inactive"]),
        "l4": ("abnormal", REASONS["account_name_differs"]),
        "l5": ("abnormal", REASONS["name_mismatch"]),
        "l6": ("abnormal", REASONS["not_found"]),
        "l7": ("abnormal", NOT_REGISTERED),
        "l8": ("normal", None),
    }
    assert only(sent, SliceMatched) == [SliceMatched(slice_id=SLICE, revision=2, matched=2, abnormal_cards=6)]
    assert {one.cause for one in sent} == {"cmd-m"}
    assert [part.stream_id for part in only(sent, CardsStated)] == ["cards:cmd-m"]
    assert {payee: one["account_no"] for payee, one in registry.accounts.items()} == {
        "p1": card(1)["account_no"]
    }
    assert await room.work(state_results) == []


@pytest.mark.parametrize(
    "kind",
    ["slow", "refuse_503", "refuse_429", "wrong_ref", "missing", "other_name", "malformed", "lost_reply"],
)
async def test_a_bad_reply_is_asked_again_with_the_same_request(
    room: RoomHarness, agency: Agency, registry: Registry, kind: str
) -> None:
    agency.world(*(card(n) for n in range(1, 5)))
    agency.schedule((1, kind), (2, kind), ms=50)
    await room.deliver(*stated([line(n) for n in range(1, 5)]), match())
    sent = await finish(room)
    assert cards(sent) == {f"l{n}": ("normal", None) for n in range(1, 5)}
    assert {one["account_name"] for one in registry.accounts.values()} == {name(n) for n in range(1, 5)}
    calls = agency.calls()
    assert len(calls) == (1 if kind == "slow" else 3)
    assert len({one["request_id"] for one in calls}) == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_bad_day(room: RoomHarness, agency: Agency, registry: Registry, seed: int) -> None:
    agency.world(*(card(n) for n in range(2500)))
    agency.behaviour(processing_rate=0.2, processing_queries=2)
    agency.client.post("/v1/schedule", json={"seed": seed, "calls": 16, "rate": 0.7}).raise_for_status()
    await room.deliver(*stated([line(n) for n in range(2500)]), match())
    sent = await finish(room)
    assert cards(sent) == {f"l{n}": ("normal", None) for n in range(2500)}
    assert len(registry.accounts) == 2500
    assert all(one["account_name"] == name(int(payee[1:])) for payee, one in registry.accounts.items())
    assert [len(part.cards) for part in only(sent, CardsStated)] == [1000, 1000, 500]
    assert max(one["persons"] for one in agency.calls()) == 1000


async def test_processing_persons_are_queried_until_the_limit(
    room: RoomHarness, agency: Agency, registry: Registry
) -> None:
    agency.world(card(1), card(2))
    agency.behaviour(processing_rate=1, processing_queries=3)
    await room.deliver(deployed(most_asks=4), *stated([line(1)]), match())
    assert cards(await finish(room)) == {"l1": ("normal", None)}
    assert [one["operation"] for one in agency.calls()] == ["match", "query", "query", "query"]
    agency.behaviour(processing_rate=1, processing_queries=50)
    await room.deliver(*stated([line(2)], slice_id="slice-2"), match(slice_id="slice-2"))
    assert cards(await finish(room)) == {"l2": ("abnormal", NO_ANSWER)}
    assert len(agency.calls()) == 8
    assert registry.accounts.keys() == {"p1"}


async def test_a_lie_that_is_repeated_is_never_believed(
    room: RoomHarness, agency: Agency, registry: Registry
) -> None:
    asked: list[str] = []

    def liar(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        asked.append(body["request_id"])
        told = [
            card(1) | {"ref": one["ref"], "status": "normal", "account_name": "某不相干人"}
            for one in body["persons"]
        ]
        return httpx.Response(200, json={"results": told})

    await mounted(room, registry, liar)
    await room.deliver(deployed(most_asks=7), *stated([line(1)]), match())
    assert cards(await finish(room)) == {"l1": ("abnormal", NO_ANSWER)}
    assert registry.accounts == {}
    assert [asked.count(one) for one in dict.fromkeys(asked)] == [3, 3, 1]


async def mounted(room: RoomHarness, registry: Registry, agency: Any) -> None:
    """Another agency in place of the simulator."""
    await room.room.http.aclose()
    mounts = {"http://registry": httpx.MockTransport(registry), "all://": httpx.MockTransport(agency)}
    room.room.http = httpx.AsyncClient(mounts=mounts)
    room.room.peers._http = room.room.http


async def test_a_refused_person_does_not_stop_the_others(
    room: RoomHarness, agency: Agency, registry: Registry
) -> None:
    def refusing(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        if any(one["name"] == name(5) for one in body["persons"]):
            return httpx.Response(422, json={"code": "invalid_request"})
        told = [
            card(int(one["name"][2:])) | {"ref": one["ref"], "status": "normal"} for one in body["persons"]
        ]
        return httpx.Response(200, json={"results": told})

    await mounted(room, registry, refusing)
    await room.deliver(*stated([line(n) for n in range(9)]), match())
    found = cards(await finish(room))
    assert found.pop("l5") == ("abnormal", REFUSED)
    assert found == {f"l{n}": ("normal", None) for n in range(9) if n != 5}


async def test_a_used_request_id_gets_a_new_one(
    room: RoomHarness, agency: Agency, registry: Registry
) -> None:
    agency.world(card(1), card(2))
    registry.unknown = {"p2"}
    registry.fail_put = True
    await room.deliver(*stated([line(1), line(2)]), match())
    with pytest.raises(Problem):
        await ask_agency(room.room)
    registry.unknown, registry.fail_put = set(), False  # the same request would now name another person
    assert cards(await finish(room)) == {"l1": ("normal", None), "l2": ("normal", None)}
    assert [one["outcome"] for one in agency.calls()] == ["answered", "refused", "answered"]


async def test_retry_after_is_honoured(room: RoomHarness, agency: Agency) -> None:
    agency.world(card(1))
    agency.schedule((1, "refuse_429"), retry_after=120)
    await room.deliver(*stated([line(1)]), match())
    await room.work(ask_agency)
    async with room.room.tx() as tx:
        wait = await tx.fetchval("SELECT next_at - $1::timestamptz FROM match_part", tx.wall)
    assert timedelta(seconds=110) < wait <= timedelta(seconds=120)
    assert len(agency.calls()) == 1


async def test_an_outage_counts_against_nobody(room: RoomHarness, agency: Agency) -> None:
    agency.world(card(1))
    agency.schedule(*((call, "refuse_503") for call in range(1, 31)))
    await room.deliver(deployed(most_asks=2), *stated([line(1)]), match())
    assert cards(await finish(room)) == {"l1": ("normal", None)}
    assert len(agency.calls()) == 31


async def test_registry_out_and_a_crash_after_the_answer(
    room: RoomHarness, agency: Agency, registry: Registry
) -> None:
    agency.world(card(1))
    await room.deliver(*stated([line(1)]), match())
    registry.out = True
    with pytest.raises(Problem):
        await ask_agency(room.room)
    registry.out, registry.fail_put = False, True
    with pytest.raises(Problem):  # as if killed between the agency's answer and the registry's
        await ask_agency(room.room)
    assert await room.work(state_results) == []
    registry.fail_put = False
    assert cards(await finish(room)) == {"l1": ("normal", None)}
    assert len(agency.calls()) == 2
    assert len({one["request_id"] for one in agency.calls()}) == 1


async def test_fresh_good_cards_are_not_asked_about(room: RoomHarness, agency: Agency) -> None:
    agency.world(card(1), card(2, card_status="lost"))
    await room.deliver(deployed(fresh_days=30), *stated([line(1), line(2)]), match())
    await finish(room)
    agency.world(card(2))
    await room.deliver(*stated([line(1), line(2)], revision=2), match(revision=2))
    sent = await finish(room)
    assert cards(sent) == {"l1": ("normal", None), "l2": ("normal", None)}
    assert [one["persons"] for one in agency.calls()] == [2, 1]
    async with room.room.tx() as tx:
        await tx.execute("UPDATE match_person SET settled_at = settled_at - interval '31 days'")
    await room.deliver(*stated([line(1)], revision=3), match(revision=3))
    await finish(room)
    assert [one["persons"] for one in agency.calls()] == [2, 1, 1]


async def test_an_empty_slice_is_answered_at_once(room: RoomHarness, agency: Agency) -> None:
    await room.deliver(*stated([line(1, state=LineState.PAID)]), match())
    sent = await finish(room)
    assert only(sent, SliceMatched)[0].matched == 0 and cards(sent) == {}
    assert agency.calls() == []


async def test_no_personal_data_is_stored_or_sent(room: RoomHarness, agency: Agency) -> None:
    agency.world(card(1))
    await room.deliver(*stated([line(1)]), match())
    sent = await finish(room)
    async with room.room.tx() as tx:
        tables = [row["tablename"] for row in await tx.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('outbox')"
        )]  # fmt: skip
        stored = [str(await tx.fetchval(f"SELECT jsonb_agg(t) FROM {table} AS t")) for table in tables]
    told = [one.message.model_dump_json() for one in sent]
    for secret in (card(1)["id_no"], name(1), card(1)["account_no"], card(1)["ssc_no"]):
        assert not [text for text in (*stored, *told) if secret in text]
