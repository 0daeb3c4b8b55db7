"""Totals cross-foot: 德钦县 2025-09, ten townships, 2,999 lines, 272,780 yuan, where tariff × heads is 272,770."""

from typing import Any

import httpx
import pytest

from contracts.batch import Line
from kit.auth import Actor, Role
from kit.testing import official
from services.payment.domain.totals import Cell, Order, Slice, cross_foot
from services.payment.tests.world import (
    API,
    COUNTY,
    HANDLER,
    PERIOD,
    PROJECT,
    World,
    frozen,
    issue,
    line,
    link,
    stated,
)

TOWNSHIPS = [f"{COUNTY}{n}" for n in range(101, 111)]
TARIFF = {"a80": 9000, "a90": 10000}
CORRECTIONS = {("a80", 17): 2000, ("a90", 3): -1000}


async def get(world: World, path: str, actor: Actor, **query: Any) -> httpx.Response:
    async with world.harness.client(actor) as client:
        return await client.get(API + path, params=query)


def deqin() -> dict[tuple[str, str], list[Line]]:
    """Lines by township and category: 2,713 × 90 + 286 × 100 yuan, two of them corrected by +20 and −10."""
    slices: dict[tuple[str, str], list[Line]] = {(t, c): [] for t in TOWNSHIPS for c in TARIFF}
    for category, heads in (("a80", 2713), ("a90", 286)):
        for n in range(heads):
            place = (TOWNSHIPS[(n * n + n // 7) % 10], category)
            fen = TARIFF[category] + CORRECTIONS.get((category, n), 0)
            slices[place].append(line(f"{place[0]}-{category}", n, amount_fen=fen))
    return slices


async def drawn(world: World) -> str:
    slices = deqin()
    total = sum(one.amount_fen or 0 for lines in slices.values() for one in lines)
    await world.grant(total)
    for (township, category), lines in slices.items():
        changes = {"township": township, "category": category}
        parts = stated(f"{township}-{category}", lines)
        await world.harness.deliver(*(one.model_copy(update=changes) for one in parts), twice=False)
    await world.harness.deliver(link(total))
    await world.harness.deliver(issue(*(frozen(f"{t}-{c}", lines) for (t, c), lines in slices.items())))
    return str(await world.value("SELECT order_id FROM payment_order"))


async def test_deqin_agrees_row_by_row_and_column_by_column(world: World) -> None:
    order_id = await drawn(world)
    seen = (await get(world, f"/orders/{order_id}/totals", HANDLER)).json()
    assert (len(seen["by_township"]), seen["lines"], seen["amount"]) == (10, 2999, "272,780.00")
    heads = {row["key"]: row["lines"] for row in seen["by_category"]}
    assert sum(TARIFF[category] * lines for category, lines in heads.items()) == 272_770_00
    assert seen["agrees"] and set(seen["checks"]) == {
        "townships",
        "categories",
        "slices_are_orders",
        "orders",
        "vouchers",
    }
    for side in ("by_township", "by_category", "by_project", "cells"):
        assert sum(row["amount_fen"] for row in seen[side]) == 272_780_00
        assert sum(row["lines"] for row in seen[side]) == 2999
    assert seen["orders"] == [
        {"order_id": order_id, "lines": 2999, "total_fen": 272_780_00, "voucher_fen": 272_780_00}
    ]
    for path in ("/sets/set1/totals", "/batches/b1/totals"):
        assert (await get(world, path, HANDLER)).json() == seen
    place = {"project": PROJECT, "county": COUNTY, "period": PERIOD}
    assert (await get(world, "/totals", HANDLER, **place)).json() == seen


async def test_what_is_paid_is_told_apart(world: World) -> None:
    lines = [line("sl1", n) for n in range(3)]
    world.without_account.add(lines[2].payee_id)
    order_id = await world.ordered(lines)
    await world.finish()
    seen = (await get(world, f"/orders/{order_id}/totals", HANDLER)).json()
    assert (seen["amount_fen"], seen["paid"], seen["paid_fen"], seen["agrees"]) == (15000, 2, 10000, True)


async def test_an_order_that_says_another_total_agrees_with_nothing(world: World) -> None:
    order_id = await world.ordered([line("sl1", n) for n in range(3)])
    async with world.harness.room.tx() as tx:
        await tx.execute("UPDATE payment_order SET total_fen = total_fen + 1")
    seen = (await get(world, f"/orders/{order_id}/totals", HANDLER)).json()
    assert not seen["agrees"]
    assert seen["checks"] == {
        "townships": True,
        "categories": True,
        "slices_are_orders": False,
        "orders": False,
        "vouchers": False,
    }


async def test_others_see_no_totals(world: World) -> None:
    order_id = await world.ordered([line("sl1", 0)])
    foreign = official(Role.COUNTY_HANDLER, "539902")
    for path in (
        f"/orders/{order_id}/totals",
        "/sets/set1/totals",
        "/batches/b1/totals",
        "/orders/no/totals",
    ):
        assert (await get(world, path, foreign)).status_code == 404
    place = {"project": PROJECT, "county": COUNTY, "period": PERIOD}
    assert (await get(world, "/totals", foreign, **place)).status_code == 404
    assert (await get(world, "/totals", HANDLER, **place | {"period": "209901"})).status_code == 404
    township = official(Role.TOWNSHIP_HANDLER, TOWNSHIPS[0])
    assert (await get(world, f"/orders/{order_id}/totals", township)).status_code == 403


CELL = Cell("p", "t1", "c1", 2, 100, 0, 0)
SLICE = Slice("o", "t1", "c1", 2, 100)
ORDER = Order("o", 2, 100, 100)


@pytest.mark.parametrize(
    ("cells", "slices", "orders", "wrong"),
    [
        ([CELL], [SLICE], [ORDER], set()),
        ([CELL], [SLICE, Slice("o", "t2", "c2", 0, 0)], [ORDER], set()),
        ([CELL._replace(township="t2")], [SLICE], [ORDER], {"townships"}),
        ([CELL._replace(category="c2")], [SLICE], [ORDER], {"categories"}),
        ([CELL._replace(lines=3)], [SLICE], [ORDER], {"townships", "categories", "orders"}),
        ([CELL], [SLICE._replace(total_fen=99)], [ORDER], {"townships", "categories", "slices_are_orders"}),
        ([CELL], [SLICE], [ORDER._replace(voucher_fen=None)], {"vouchers"}),
        ([CELL], [SLICE], [ORDER._replace(total_fen=101)], {"slices_are_orders", "orders", "vouchers"}),
    ],
)
def test_each_equation_notices_its_own_fault(
    cells: list[Cell], slices: list[Slice], orders: list[Order], wrong: set[str]
) -> None:
    assert {name for name, holds in cross_foot(cells, slices, orders).items() if not holds} == wrong
