"""A process that dies anywhere around a webhook's call loses no event; what is sent again has the same id."""

from collections.abc import Callable
from typing import Any

import pytest

from kit.testing import RoomHarness
from services.exchange.domain import RETRY_SECONDS
from services.exchange.handlers import hooking
from services.exchange.tests.conftest import agency, call
from services.exchange.tests.endpoint import Endpoint, passed

POINTS = ("exchange.before_hook", "exchange.after_hook")
EVENTS = 3


class Died(Exception):
    """Stands for the process's end."""


def dies_at(name: str, visit: int) -> Callable[[str], None]:
    """Die at one visit of a point, as `DAOHU_CRASH=name:visit` does."""
    left = visit

    def come(here: str) -> None:
        nonlocal left
        left -= here == name
        if here == name and left == 0:
            raise Died

    return come


async def dying(room: RoomHarness) -> None:
    """One run that must end in a death."""
    with pytest.raises(Died):
        await room.work(hooking.send_webhooks)


def ids(endpoint: Endpoint) -> list[str]:
    return [headers["webhook-id"] for headers, _ in endpoint.got]


async def told(room: RoomHarness) -> list[str]:
    """The ids of what the webhook subscribed to, as the agency finds them when it pulls."""
    return [one["id"] for one in (await call(room, agency(), "GET", "/public/events"))["events"]][:EVENTS]


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("visit", range(1, EVENTS + 1))
async def test_every_event_arrives_in_order_and_only_the_one_under_way_twice(
    room: RoomHarness,
    hook: dict[str, Any],
    endpoint: Endpoint,
    point: str,
    visit: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hooking, "crashpoint", dies_at(point, visit))
    await dying(room)
    await room.work(hooking.send_webhooks)
    wanted = await told(room)
    again = wanted[visit - 1 : visit] if point == "exchange.after_hook" else []
    assert ids(endpoint) == [*wanted[: visit - 1], *again, *wanted[visit - 1 :]]
    bodies = {headers["webhook-id"]: body for headers, body in endpoint.got}
    assert all(bodies[headers["webhook-id"]] == body for headers, body in endpoint.got)
    await room.work(hooking.send_webhooks)
    assert len(endpoint.got) == EVENTS + len(again), "what was taken is not sent again"


async def test_a_death_after_the_last_failure_makes_its_dead_letter_once(
    room: RoomHarness, hook: dict[str, Any], endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failure that was not recorded is tried once more; then the event is set aside, and the next ones go on."""
    tries = len(RETRY_SECONDS) + 1
    endpoint.statuses = [503] * (tries + 1)
    monkeypatch.setattr(hooking, "crashpoint", dies_at("exchange.after_hook", tries))
    for _ in range(tries - 1):
        await room.work(hooking.send_webhooks)
        await passed(room)
    await dying(room)
    await room.work(hooking.send_webhooks)
    wanted = await told(room)
    assert ids(endpoint) == [wanted[0]] * (tries + 1) + wanted[1:]
    path = f"/public/subscriptions/webhooks/{hook['subscription_id']}/dead-letters"
    letters = await call(room, agency(), "GET", path)
    assert [(one["position"], one["attempts"]) for one in letters] == [(1, tries)]
