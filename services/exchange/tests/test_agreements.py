"""Opened by one, approved by another; revoked at once; nothing without an agreement in force."""

import pytest

from kit.auth import Role
from kit.testing import RoomHarness, official
from services.exchange.tests.conftest import (
    APPROVER,
    OPENER,
    TERMS,
    agency,
    agreed,
    call,
    everything_happened,
    outbox,
)

WHO = {"code": "civil", "name": "民政局", "legal_basis": "社会救助暂行办法", "contact": "数据科"}


async def test_who_opens_an_agreement_does_not_approve_it(room: RoomHarness) -> None:
    await call(room, OPENER, "POST", "/agencies", WHO, 201)
    one = await call(room, OPENER, "POST", "/agencies/civil/agreements", TERMS, 201)
    path = f"/agreements/{one['agreement_id']}:approve"
    await call(room, OPENER, "POST", path, status=403)
    assert (await call(room, APPROVER, "POST", path))["state"] == "active"
    await call(room, APPROVER, "POST", path, status=409)
    async with room.room.tx() as tx:
        acts = [row["action"] for row in await tx.fetch("SELECT action FROM audit ORDER BY seq")]
    assert acts == ["exchange.name_agency", "exchange.open_agreement", "exchange.approve_agreement"]


async def test_operators_of_another_region_and_other_roles_are_kept_out(room: RoomHarness) -> None:
    await call(room, OPENER, "POST", "/agencies", WHO, 201)
    elsewhere = official(Role.OPERATOR, "5301")
    await call(room, elsewhere, "POST", "/agencies/civil/agreements", TERMS, 404)
    await call(
        room, official(Role.COUNTY_HANDLER, "539901"), "POST", "/agencies/civil/agreements", TERMS, 403
    )
    await call(room, agency(), "GET", "/agreements", status=403)
    one = await call(room, OPENER, "POST", "/agencies/civil/agreements", TERMS, 201)
    await call(room, elsewhere, "POST", f"/agreements/{one['agreement_id']}:approve", status=404)
    assert await call(room, elsewhere, "GET", "/agreements") == []
    assert len(await call(room, OPENER, "GET", "/agreements")) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"types": ["line_held"]},
        {"types": []},
        {"regions": ["53"]},
        {"regions": ["539901101201"]},
        {"requests_per_minute": 0},
        {"page_size": 100_000},
        {"valid_to": "2022-01-01"},
        {"names": True},
    ],
)
async def test_what_no_agreement_may_say(room: RoomHarness, wrong: dict[str, object]) -> None:
    await call(room, OPENER, "POST", "/agencies", WHO, 201)
    await call(room, OPENER, "POST", "/agencies/civil/agreements", TERMS | wrong, 422)


async def test_nothing_before_the_approval_and_nothing_after_the_revocation(room: RoomHarness) -> None:
    await call(room, OPENER, "POST", "/agencies", WHO, 201)
    one = await call(room, OPENER, "POST", "/agencies/civil/agreements", TERMS, 201)
    await everything_happened(room)
    await call(room, agency(), "GET", "/public/events", status=403)
    assert await outbox(room) == []

    await call(room, APPROVER, "POST", f"/agreements/{one['agreement_id']}:approve")
    await everything_happened(room)
    assert len(await outbox(room)) == 4
    assert len((await call(room, agency(), "GET", "/public/events"))["events"]) == 4

    await call(room, OPENER, "POST", f"/agreements/{one['agreement_id']}:revoke", {"reason": "期满"})
    for path in ("/public/events", "/public/agreement", "/public/subscriptions"):
        await call(room, agency(), "GET", path, status=403)
    async with room.room.tx() as tx:
        left = await tx.fetchval(
            "SELECT count(*) FROM pending JOIN outbox USING (seq) WHERE topic = 'subsidy.public.civil'"
        )
    assert left == 0, "what had not left yet was taken back"


async def test_an_agreement_that_is_over_lets_nothing_through(room: RoomHarness) -> None:
    await agreed(room, valid_to="2023-01-02")
    await everything_happened(room)
    assert await outbox(room) == []
    await call(room, agency(), "GET", "/public/events", status=403)
    await call(room, agency("other"), "GET", "/public/events", status=403)


async def test_requests_over_the_limit_wait(room: RoomHarness) -> None:
    await agreed(room, requests_per_minute=2)
    statuses = []
    async with room.client(agency()) as client:
        for _ in range(5):
            answer = await client.get("/api/exchange/v1/public/agreement")
            statuses.append(answer.status_code)
    assert statuses.count(200) in (2, 4), "2, or 4 where the minute turned"
    assert statuses[-1] == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 61
