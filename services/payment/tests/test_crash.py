"""A process that dies anywhere around an outside call pays nobody twice and forgets nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from contracts.payment import OrderSettled
from kit.testing import only
from services.payment.handlers import building, fetching, sending
from services.payment.tests.world import World, line

POINTS = [
    "payment.before_accounts",
    "payment.after_accounts",
    "payment.before_send",
    "payment.after_send",
    "payment.after_receipt",
    "payment.before_result",
    "payment.after_result",
    "payment.before_query",
    "payment.after_query",
]


class Died(Exception):
    """Stands for the process's end."""


def dies_at(name: str, visited: list[str]) -> Callable[[str], None]:
    """Die at the first visit of a point."""

    def visit(here: str) -> None:
        visited.append(here)
        if here == name and visited.count(here) == 1:
            raise Died

    return visit


async def work(world: World, visited: list[str]) -> list[Any]:
    """Work as a restarted process would: what died is simply due again."""
    sent: list[Any] = []
    for _ in range(20):
        await world.hurry()
        for worker in (
            building.build_files,
            sending.send_files,
            fetching.fetch_results,
            fetching.query_unknown,
        ):
            try:
                await worker(world.harness.room)
            except Died:
                continue
        sent += await world.harness.emitted()
    return sent


@pytest.mark.parametrize("point", POINTS)
async def test_dying_at_a_point_pays_once(world: World, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line("sl1", n) for n in range(20)]
    await world.behave(unknown_rate=0.3, fail_rate=0.2)
    await world.ordered(lines)
    visited: list[str] = []
    for module in (building, sending, fetching):
        monkeypatch.setattr(module, "crashpoint", dies_at(point, visited))
    sent = await work(world, visited)
    assert visited.count(point) >= 1
    (settled,) = only(sent, OrderSettled)
    assert settled.paid + settled.failed == 20
    book = (await world.harness.room.http.get("/v1/book/summary")).json()
    assert (book["files"], book["payments_credited_twice"]) == (1, 0)
    assert (book["credits"], book["credits_fen"]) == (settled.paid, settled.paid_fen)
    assert (await world.balances())["paid"] == settled.paid_fen


async def test_a_lost_reply_is_settled_by_asking_for_the_file(world: World) -> None:
    await world.behave(lose_replies=1)
    await world.ordered([line("sl1", n) for n in range(3)])
    await world.send()
    assert await world.states() == {"SUBMITTED": 3}
    await world.finish()
    assert await world.states() == {"PAID": 3}
    assert (await world.harness.room.http.get("/v1/book/summary")).json()["files"] == 1


async def test_a_bank_under_maintenance_gets_the_same_bytes_later(world: World) -> None:
    await world.behave(refuse=2)
    await world.ordered([line("sl1", n) for n in range(3)])
    digest = None
    for _ in range(3):
        await world.hurry()
        await world.send()
        now = await world.value("SELECT sha256 FROM bank_file")
        assert digest in (None, now)
        digest = now
    assert await world.states() == {"ACCEPTED": 3}


async def test_a_file_the_bank_refuses_waits_for_a_person_with_the_money_held(world: World) -> None:
    await world.ordered([line("sl1", 0)])
    await building.build_files(world.harness.room)
    async with world.harness.room.tx() as tx:
        await tx.execute("UPDATE bank_file SET encoding = 'utf-16'")
    await world.send()
    row = (await world.rows("SELECT state, refusal FROM bank_file"))[0]
    assert (row["state"], row["refusal"]) == ("refused", "invalid_request")
    assert (await world.balances())["in_transit"] == 5000
