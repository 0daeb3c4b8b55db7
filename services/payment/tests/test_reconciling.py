"""每日对账 by itself: each day that is over is booked once, whatever dies, comes late, or was booked by hand before."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from contracts.payment import PaymentReturned
from kit import clock
from kit.testing import only
from services.payment.domain.statements import Entry
from services.payment.handlers import reconciling
from services.payment.ports import BankStatement, BankUnavailable
from services.payment.tests.bank import keys
from services.payment.tests.test_crash import Died, dies_at
from services.payment.tests.test_statements import PLACE, day_of, post
from services.payment.tests.world import PAYER, World, line, number

FIRST = date(2023, 5, 25)


def on(day: date) -> None:
    """Nine in the morning of this day in China."""
    clock.set_business_now(datetime(day.year, day.month, day.day, 1, tzinfo=UTC))


def after(days: int) -> date:
    return FIRST + timedelta(days=days)


@pytest.fixture(autouse=True)
def first_day(world: World) -> Iterator[None]:
    on(FIRST)
    yield
    clock.reset_business_clock()


async def paid(world: World, count: int = 3) -> None:
    await world.ordered([line("sl1", n) for n in range(count)])
    await world.finish()


async def run_of(world: World, day: date) -> dict[str, Any]:
    found: dict[str, Any] = (await day_of(world, day.isoformat()))["run"]
    return found


async def try_at_once(world: World) -> None:
    async with world.harness.room.tx() as tx:
        await tx.execute("UPDATE reconciliation_run SET next_try_at = '-infinity'")


async def test_a_day_is_booked_when_it_is_over_and_the_days_between_are_not_forgotten(world: World) -> None:
    trouble = [{"account": number(line("sl1", 0).payee_id), "kind": "return", "days": 2, "code": "F04"}]
    assert (await world.harness.room.http.post("/v1/trouble", json=trouble)).status_code == 200
    await paid(world)
    assert await world.harness.work(reconciling.reconcile_days) == []
    assert await run_of(world, FIRST) is None
    on(after(4))
    sent = await world.harness.work(reconciling.reconcile_days)
    assert [one.code for one in only(sent, PaymentReturned)] == ["F04"]
    rows = await world.rows(
        "SELECT day, state, entries, matched, agrees FROM reconciliation_run ORDER BY day"
    )
    assert [tuple(row) for row in rows] == [
        (FIRST, "done", 3, 3, True),
        (after(1), "quiet", 0, 0, True),
        (after(2), "done", 1, 1, True),
        (after(3), "quiet", 0, 0, True),
    ]
    told = await day_of(world, after(2).isoformat())
    assert told["agrees"] and (told["run"]["entries"], told["run"]["differences"]) == (1, {})
    assert await world.harness.work(reconciling.reconcile_days) == []
    assert await world.value("SELECT count(*) FROM statement_entry") == 4
    assert await world.value("SELECT count(*) FROM audit WHERE action = 'payment.reconcile_day'") == 2


async def test_what_does_not_agree_stands_in_the_run_when_it_was_booked(world: World) -> None:
    await paid(world)
    await world.grant(1000)
    terms = {"account": f"ZB-{PLACE['county']}-{PLACE['project']}", "day": FIRST.isoformat()}
    other = terms | {"kind": "other", "amount_fen": 700, "direction": "credit"}
    assert (await world.harness.room.http.post("/v1/movements", json=other)).status_code == 200
    on(after(1))
    await world.harness.work(reconciling.reconcile_days)
    run = await run_of(world, FIRST)
    assert (run["state"], run["agrees"], run["differences"]) == ("done", False, {"suspended": 1})
    assert (run["entries"], run["matched"], run["suspended"], run["suspended_fen"]) == (4, 3, 1, 700)


async def test_a_bank_without_a_statement_yet_is_asked_again(world: World) -> None:
    await paid(world)
    on(after(1))
    await world.behave(no_statement=2)
    for tries in (1, 2):
        await reconciling.reconcile_days(world.harness.room)
        run = await run_of(world, FIRST)
        assert (run["state"], run["tries"], run["why"], run["agrees"]) == ("due", tries, "no_statement", None)
        assert not await reconciling.reconcile_days(world.harness.room)  # not before its time
        await try_at_once(world)
    await world.harness.work(reconciling.reconcile_days)
    run = await run_of(world, FIRST)
    assert (run["state"], run["why"], run["agrees"]) == ("done", None, True)


async def test_a_bank_that_is_out_or_talks_nonsense_books_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await paid(world)
    on(after(1))
    room = world.harness.room

    async def out(*_: object) -> Any:
        raise BankUnavailable("503")

    async def nonsense(*_: object) -> BankStatement:
        entry: dict[str, Any] = dict.fromkeys(Entry._fields, "?")
        return BankStatement([entry | {"amount_fen": 1}], "0" * 64)

    for answer, why, goes_on in ((out, "unavailable", False), (nonsense, "bad_file", True)):
        with monkeypatch.context() as patch:
            patch.setattr("services.payment.ports.Bank.statement", answer)
            assert await reconciling.reconcile_days(room) is goes_on
        run = await run_of(world, FIRST)
        assert (run["state"], run["why"]) == ("due", why)
        await try_at_once(world)
    assert await world.value("SELECT count(*) FROM statement") == 0
    await world.harness.work(reconciling.reconcile_days)
    assert (await run_of(world, FIRST))["agrees"] is True


async def test_what_was_fetched_by_hand_counts_once(world: World) -> None:
    await paid(world)
    answer = await post(world, "/statements:fetch", PAYER, PLACE | {"day": FIRST.isoformat()})
    assert answer.json()["entries"] == 3
    on(after(1))
    await world.harness.work(reconciling.reconcile_days)
    run = await run_of(world, FIRST)
    assert (run["state"], run["matched"], run["agrees"]) == ("done", 3, True)
    assert await world.value("SELECT count(*) FROM statement") == 1
    again = await post(world, "/statements:fetch", PAYER, PLACE | {"day": FIRST.isoformat()})
    assert again.json()["new"] is False


@pytest.mark.parametrize("point", ["payment.before_statement", "payment.after_statement"])
async def test_dying_around_the_call_books_the_day_once(
    world: World, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await paid(world)
    key = (await keys(world))[0]
    body = {"end_to_end_id": key, "day": FIRST.isoformat(), "code": "F03"}
    assert (await world.harness.room.http.post("/v1/returns", json=body)).status_code == 200
    on(after(1))
    visited: list[str] = []
    monkeypatch.setattr(reconciling, "crashpoint", dies_at(point, visited))
    with pytest.raises(Died):
        await reconciling.reconcile_days(world.harness.room)
    assert await world.value("SELECT count(*) FROM statement_entry") == 0
    sent = await world.harness.work(reconciling.reconcile_days)
    assert visited.count(point) == 2
    assert len(only(sent, PaymentReturned)) == 1
    assert await world.balances() == {"appropriation": -15000, "budget": 5000, "paid": 10000}
    assert (await run_of(world, FIRST))["agrees"] is True
