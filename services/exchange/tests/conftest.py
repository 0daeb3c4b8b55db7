"""An exchange room on a database of its own, and the acts that most tests begin with."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.auth import Actor, Kind, Role
from kit.testing import RoomHarness, official
from services.exchange.app import service
from services.exchange.handlers.feeding import feed_agencies
from services.exchange.ports.vault import open_vault
from services.exchange.tests.endpoint import Endpoint
from services.exchange.tests.golden import GOLDEN

API = "/api/exchange/v1"
OPENER = official(Role.OPERATOR, "5399")
APPROVER = official(Role.OPERATOR, "5399", sub="operator.2@5399")
TERMS: dict[str, Any] = {
    "types": ["enrolment_started", "enrolment_stopped", "payment_made", "payment_returned", "batch_closed"],
    "projects": ["11810"],
    "regions": ["539901"],
    "purpose": "低保对象核对",
    "valid_from": "2023-01-01",
}


FILTER = {
    "types": ["enrolment_started", "payment_made", "payment_returned"],
    "projects": ["11810"],
    "regions": ["539901"],
}


def agency(code: str = "civil") -> Actor:
    """Somebody of another agency."""
    return Actor(sub=f"agency:{code}", kind=Kind.AGENCY, roles=frozenset(), agency=code)


@pytest.fixture
async def room(
    postgres_dsn_factory: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RoomHarness]:
    """The empty room."""
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    harness = await RoomHarness.create(
        "exchange", "services.exchange", service.handlers, service.app, postgres_dsn_factory(), tmp_path
    )
    await open_vault(harness.room)
    yield harness
    await harness.close()


async def call(
    room: RoomHarness, who: Actor | None, method: str, path: str, body: object = None, status: int = 200
) -> Any:
    """A request that must answer with this status."""
    async with room.client(who) as client:
        answer = await client.request(method, API + path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def agreed(room: RoomHarness, code: str = "civil", **terms: Any) -> str:
    """An agreement in force; its id."""
    who = {"code": code, "name": "民政局", "legal_basis": "社会救助暂行办法", "contact": "数据科"}
    await call(room, OPENER, "POST", "/agencies", who, 201)
    one = await call(room, OPENER, "POST", f"/agencies/{code}/agreements", TERMS | terms, 201)
    await call(room, APPROVER, "POST", f"/agreements/{one['agreement_id']}:approve")
    return str(one["agreement_id"])


async def everything_happened(room: RoomHarness) -> None:
    """One of each message, and the feeds after it."""
    await room.deliver(*GOLDEN.values())
    await fed(room)


async def fed(room: RoomHarness) -> None:
    """Run the feeding worker until nothing is left."""
    while await feed_agencies(room.room):
        continue


async def outbox(room: RoomHarness, code: str = "civil") -> list[Any]:
    """What stands in the outbox for an agency's topic, in order."""
    async with room.room.tx() as tx:
        return await tx.fetch("SELECT * FROM outbox WHERE topic = $1 ORDER BY seq", f"subsidy.public.{code}")


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """An endpoint on this machine: allowed in the development profile alone."""
    one = Endpoint()
    yield one
    one.close()


@pytest.fixture
async def hook(room: RoomHarness, endpoint: Endpoint) -> dict[str, Any]:
    """An open webhook, with everything still to send."""
    await agreed(room)
    found: dict[str, Any] = await call(
        room, agency(), "POST", "/public/subscriptions/webhooks", FILTER | {"endpoint": endpoint.url}, 201
    )
    await everything_happened(room)
    return found
