"""Totals by township, category and project that must cross-foot, of an order, a set, a batch or a period."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel

from kit import errors
from kit.auth import Actor, Operation, Resource, Role, Zone, authorize, guarded_router, require
from kit.db import Tx
from kit.money import format_yuan
from kit.service import CurrentRoom
from services.payment.domain.totals import Row, add_up, cross_foot
from services.payment.store import totals

_ROLES = frozenset(
    {
        Role.COUNTY_HANDLER,
        Role.COUNTY_REVIEWER,
        Role.FINANCE_REVIEWER,
        Role.FINANCE_PAYER,
        Role.DISCIPLINE,
    }
)
TOTALS = Operation("payment.read_totals", roles=_ROLES, zone=Zone.FINANCE)

router = guarded_router(prefix="/api/payment/v1", tags=["totals"])


class RowOut(BaseModel):
    """`amount` in yuan beside the fen; `paid_fen` is what the bank has confirmed of it."""

    key: str
    lines: int
    amount_fen: int
    amount: str
    paid: int
    paid_fen: int


class CellOut(BaseModel):
    project: str
    township: str
    category: str
    lines: int
    amount_fen: int
    paid: int
    paid_fen: int


class OrderTotal(BaseModel):
    """`voucher_fen` is null while the order waits for its voucher."""

    order_id: str
    lines: int
    total_fen: int
    voucher_fen: int | None


class TotalsOut(BaseModel):
    """`checks` names every equation; `agrees` only when all hold. Amounts net of deductions."""

    lines: int
    amount_fen: int
    amount: str
    paid: int
    paid_fen: int
    by_township: list[RowOut]
    by_category: list[RowOut]
    by_project: list[RowOut]
    cells: list[CellOut]
    orders: list[OrderTotal]
    checks: dict[str, bool]
    agrees: bool


@router.get("/orders/{order_id}/totals")
async def of_order(
    order_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(TOTALS))]
) -> TotalsOut:
    """Totals of one order against its slices and its voucher."""
    async with room.tx() as tx:
        return await _totals(tx, actor, [order_id])


@router.get("/sets/{set_id}/totals")
async def of_set(
    set_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(TOTALS))]
) -> TotalsOut:
    """Totals of a set's order."""
    async with room.tx() as tx:
        return await _totals(tx, actor, await totals.orders_of(tx, set_id=set_id))


@router.get("/batches/{batch_id}/totals")
async def of_batch(
    batch_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(TOTALS))]
) -> TotalsOut:
    """Totals of all orders of a batch; a line paid again after a return counts in both orders, paid once."""
    async with room.tx() as tx:
        return await _totals(tx, actor, await totals.orders_of(tx, batch_id=batch_id))


@router.get("/totals")
async def of_period(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(TOTALS))],
    project: Annotated[str, Query()],
    county: Annotated[str, Query()],
    period: Annotated[str, Query()],
) -> TotalsOut:
    """Totals of a county's orders for a project and period."""
    authorize(actor, TOTALS, Resource(region=county, project=project))
    async with room.tx() as tx:
        return await _totals(tx, actor, await totals.orders_of(tx, place=(project, county, period)))


async def _totals(tx: Tx, actor: Actor, ids: list[str]) -> TotalsOut:
    places = await totals.places(tx, ids)
    if not places:
        raise errors.not_found()
    for county, project in places:
        authorize(actor, TOTALS, Resource(region=county, project=project))
    cells = await totals.cells(tx, ids)
    orders = await totals.orders(tx, ids)
    checks = cross_foot(cells, await totals.slices(tx, ids), orders)
    fen = sum(one.amount_fen for one in cells)
    return TotalsOut(
        lines=sum(one.lines for one in cells),
        amount_fen=fen,
        amount=format_yuan(fen, thousands=True),
        paid=sum(one.paid for one in cells),
        paid_fen=sum(one.paid_fen for one in cells),
        by_township=[_row(one) for one in add_up(cells, "township")],
        by_category=[_row(one) for one in add_up(cells, "category")],
        by_project=[_row(one) for one in add_up(cells, "project")],
        cells=[CellOut(**one._asdict()) for one in cells],
        orders=[OrderTotal(**one._asdict()) for one in orders],
        checks=checks,
        agrees=all(checks.values()),
    )


def _row(row: Row) -> RowOut:
    return RowOut(**row._asdict(), amount=format_yuan(row.amount_fen, thousands=True))
