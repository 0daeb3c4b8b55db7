"""Pool ÷ area on the database: who is waited for, what is frozen, and where the money of those who leave goes."""

from decimal import Decimal
from typing import Any

import pytest

from contracts.batch import Line, LinesStated, LineState, SetSigned, SliceRevision
from contracts.orchestrator import ProjectDeployed
from contracts.payment import AmountsStated, CalculateSet, PoolWaiting, SetCalculated
from kit.testing import Sent, only
from services.payment.store import pool_lines, pools
from services.payment.store.ledger import Book
from services.payment.tests.world import COUNTY, PROJECT, World, excluded, line, stated

YEAR = "2023"
BOOK = Book(PROJECT, COUNTY, 2023)
POOL = pools.pool_id(BOOK)
EAST, WEST, SOUTH = "539901101", "539901102", "539901103"


def fields(slice_id: str, areas: list[str], **changes: Any) -> list[Line]:
    return [
        line(slice_id, n, quantity=one, amount_fen=None, entitlement_period=YEAR, **changes)
        for n, one in enumerate(areas)
    ]


def of(township: str, slice_id: str, lines: list[Line], revision: int = 5) -> list[LinesStated]:
    changes = {"township": township, "period": YEAR}
    return [one.model_copy(update=changes) for one in stated(slice_id, lines, revision)]


async def begin(world: World, fen: int, scale: int = 4) -> None:
    manifest = {"payment": {"mode": "pool_by_area", "scale": scale}}
    await world.harness.deliver(
        ProjectDeployed(project=PROJECT, version="v1", manifest=manifest, rules={}, form_schema={})
    )
    if fen:
        async with world.harness.room.tx() as tx:
            assert await pools.add(tx, BOOK, "1", fen, "finance")


async def calculate(
    world: World, *slices: str, set_id: str = "set1", id: str = "c", revision: int = 5
) -> list[Sent]:
    command = CalculateSet(
        set_id=set_id,
        project=PROJECT,
        period=YEAR,
        county=COUNTY,
        slices=[SliceRevision(slice_id=one, revision=revision) for one in slices],
    )
    return await world.harness.deliver(command, id=id)


async def sign(world: World, set_id: str = "set1", node: str = "department_review") -> None:
    await world.harness.deliver(
        SetSigned(set_id=set_id, node=node, root="0" * 64, signed_lines=1, approved_fen=1)
    )


async def remainder(world: World) -> int:
    async with world.harness.room.tx() as tx:
        pool = await pools.lock(tx, POOL)
        assert pool is not None
        return await pools.remainder(tx, pool)


async def reserve(world: World, township: str, area: str) -> None:
    async with world.harness.room.tx() as tx:
        pool = await pools.lock(tx, POOL)
        assert pool is not None
        await pools.reserve(tx, pool, township, Decimal(area), "路途远", "county")


def amounts(sent: list[Sent]) -> dict[str, int]:
    return {row.line_id: row.amount_fen for part in only(sent, AmountsStated) for row in part.amounts}


async def test_yaoan_is_priced_as_published_and_every_line_fits(world: World) -> None:
    await begin(world, 17_970_000_00)
    areas = ["10.5", "3.33", "0.01", "158594.79"]
    await world.harness.deliver(*of(EAST, "sl1", fields("sl1", areas)))
    sent = await calculate(world, "sl1")
    (done,) = only(sent, SetCalculated)
    assert done.standard_id == f"pool:{POOL}" and done.total_fen <= 17_970_000_00
    assert await world.value("SELECT price FROM pool") == Decimal("113.2977")
    assert await world.value("SELECT area FROM pool") == Decimal("158608.63")
    assert amounts(sent)["sl1-000000"] == 118963 and sum(amounts(sent).values()) == done.total_fen
    assert await remainder(world) == 17_970_000_00 - done.total_fen


async def test_without_a_pool_or_a_township_it_waits_and_says_for_whom(world: World) -> None:
    await begin(world, 0)
    await world.harness.deliver(
        *of(EAST, "sl1", fields("sl1", ["1"])), *of(WEST, "sl2", fields("sl2", ["1"]))
    )
    assert only(await calculate(world, "sl1", id="c1"), PoolWaiting)[0].missing == ["pool"]
    async with world.harness.room.tx() as tx:
        await pools.add(tx, BOOK, "1", 10000, "finance")
        await pools.expect(tx, POOL, [SOUTH, EAST])
    assert only(await calculate(world, "sl1", id="c2"), PoolWaiting)[0].missing == [WEST, SOUTH]
    assert only(await calculate(world, "sl1", "sl2", id="c3"), PoolWaiting)[0].missing == [SOUTH]
    async with world.harness.room.tx() as tx:
        await pools.expect(tx, POOL, [])
    assert only(await calculate(world, "sl1", "sl2", id="c4"), SetCalculated)[0].total_fen == 10000
    assert await world.value("SELECT count(*) FROM calculation") == 1


async def test_lines_held_back_of_a_township_that_came_are_waited_for_too(world: World) -> None:
    await begin(world, 10000)
    late = fields("sl2", ["1"], state=LineState.HELD)
    await world.harness.deliver(*of(EAST, "sl1", fields("sl1", ["1"])), *of(EAST, "sl2", late))
    assert only(await calculate(world, "sl1", id="c1"), PoolWaiting)[0].missing == [EAST]
    await world.harness.deliver(excluded("sl2", late[0].line_id, 1))
    assert only(await calculate(world, "sl1", id="c2"), SetCalculated)[0].total_fen == 10000


async def test_open_lines_of_the_sets_own_slices_are_waited_for_too(world: World) -> None:
    await begin(world, 20000)
    lines = [
        *fields("sl1", ["1"]),
        line("sl1", 7, quantity="1", entitlement_period=YEAR, state=LineState.HELD),
    ]
    await world.harness.deliver(*of(EAST, "sl1", lines))
    assert only(await calculate(world, "sl1", id="c1"), PoolWaiting)[0].missing == [EAST]
    await reserve(world, EAST, "1")
    assert amounts(await calculate(world, "sl1", id="c2")) == {"sl1-000000": 10000}


async def test_a_late_township_is_paid_the_frozen_price_from_what_was_reserved(world: World) -> None:
    await begin(world, 30000)
    await world.harness.deliver(*of(EAST, "sl1", fields("sl1", ["10", "10"])))
    await world.harness.deliver(*of(WEST, "sl2", fields("sl2", ["9.5"])))
    await reserve(world, WEST, "10")
    sent = await calculate(world, "sl1", id="c1")
    assert amounts(sent) == {"sl1-000000": 10000, "sl1-000001": 10000}
    assert await world.value("SELECT area FROM pool") == 30
    await sign(world)
    assert await world.value("SELECT frozen_at IS NOT NULL FROM pool") and await remainder(world) == 0
    sent = await calculate(world, "sl2", set_id="set2", id="c2")
    assert amounts(sent) == {"sl2-000000": 9500}
    assert await remainder(world) == 0
    async with world.harness.room.tx() as tx:
        assert await pools.release(tx, POOL, WEST, "county")
    assert await remainder(world) == 500


async def test_a_late_township_with_more_than_it_declared_waits_for_money(world: World) -> None:
    await begin(world, 30000)
    await world.harness.deliver(*of(EAST, "sl1", fields("sl1", ["20"])))
    await world.harness.deliver(*of(WEST, "sl2", fields("sl2", ["12"])))
    await reserve(world, WEST, "10")
    await calculate(world, "sl1", id="c1")
    await sign(world)
    assert only(await calculate(world, "sl2", set_id="set2", id="c2"), PoolWaiting)[0].missing == ["pool"]
    assert await remainder(world) == 0
    async with world.harness.room.tx() as tx:
        await pools.add(tx, BOOK, "2", 2000, "finance")
    assert amounts(await calculate(world, "sl2", set_id="set2", id="c3")) == {"sl2-000000": 12000}
    assert await remainder(world) == 0


async def test_who_leaves_after_the_freezing_gives_back_and_changes_nobodys_price(world: World) -> None:
    await begin(world, 30000)
    lines = fields("sl1", ["10", "20"])
    await world.harness.deliver(*of(EAST, "sl1", lines))
    await calculate(world, "sl1", id="c1")
    await sign(world)
    await world.harness.deliver(excluded("sl1", lines[1].line_id, 1))
    assert await remainder(world) == 20000
    sent = await calculate(world, "sl1", id="c2")
    assert amounts(sent)[lines[0].line_id] == 10000 and await remainder(world) == 20000
    moved = [lines[1].model_copy(update={"rev": 2})]
    await world.harness.deliver(*of(EAST, "sl3", moved))
    assert amounts(await calculate(world, "sl3", set_id="set3", id="c3")) == {lines[1].line_id: 20000}
    assert await remainder(world) == 0


async def test_before_the_freezing_a_new_calculation_prices_anew(world: World) -> None:
    await begin(world, 30000)
    lines = fields("sl1", ["10", "20"])
    await world.harness.deliver(*of(EAST, "sl1", lines))
    await calculate(world, "sl1", id="c1")
    await sign(world, node="finance_review")
    await world.harness.deliver(excluded("sl1", lines[1].line_id, 1))
    sent = await calculate(world, "sl1", id="c2")
    assert amounts(sent)[lines[0].line_id] == 30000 and await remainder(world) == 0


async def test_a_reissue_takes_over_what_its_former_line_had(world: World) -> None:
    await begin(world, 30000)
    lines = fields("sl1", ["10", "20"])
    await world.harness.deliver(*of(EAST, "sl1", lines))
    await calculate(world, "sl1", id="c1")
    await sign(world)
    again = [line("sl2", 1, quantity="20", entitlement_period=YEAR, reissue_of=lines[1].line_id)]
    await world.harness.deliver(*of(EAST, "sl2", again))
    assert amounts(await calculate(world, "sl2", set_id="set2", id="c2")) == {again[0].line_id: 20000}
    assert await remainder(world) == 0


async def test_the_remainder_is_carried_over_whole_and_once(world: World) -> None:
    await begin(world, 10001)
    await world.harness.deliver(*of(EAST, "sl1", fields("sl1", ["1", "1"])))
    next_year = BOOK._replace(year=2024)
    async with world.harness.room.tx() as tx:
        assert await pools.carry(tx, next_year, 2023, "finance") is None
    await calculate(world, "sl1", id="c1")
    await sign(world)
    async with world.harness.room.tx() as tx:
        assert await pools.carry(tx, next_year, 2023, "finance") == 1
        assert await pools.granted(tx, pools.pool_id(next_year)) == 1
        with pytest.raises(pools.TooLittle):
            await pools.carry(tx, next_year, 2023, "finance")
    assert await remainder(world) == 0


async def test_the_database_keeps_a_frozen_price(world: World) -> None:
    await begin(world, 10000)
    await world.harness.deliver(*of(EAST, "sl1", fields("sl1", ["1"])))
    await calculate(world, "sl1", id="c1")
    await sign(world)
    for change in ("price = 1", "area = 2", "priced_set = 'x'", "frozen_at = NULL"):
        with pytest.raises(Exception, match="frozen"):
            async with world.harness.room.tx() as tx:
                await tx.execute(f"UPDATE pool SET {change}")


async def test_thousands_of_lines_are_priced_at_once_and_charged_as_stated(world: World) -> None:
    areas = [f"{n % 997 + 1}.{n % 100:02d}" for n in range(3_001)]
    await begin(world, 4_500_000_17, scale=8)
    await world.harness.deliver(*of(EAST, "sl1", fields("sl1", areas)), twice=False)
    sent = await calculate(world, "sl1")
    (done,) = only(sent, SetCalculated)
    assert done.priced_lines == 3_001 and done.total_fen <= 4_500_000_17
    assert await world.value("SELECT sum(amount_fen)::bigint FROM pool_line") == done.total_fen
    async with world.harness.room.tx() as tx:
        pool = await pools.lock(tx, POOL)
        assert pool is not None and await pool_lines.missing(tx, pool, []) == [EAST]
