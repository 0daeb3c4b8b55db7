"""The four books that totals are compared between: payments, slices as drawn, orders, vouchers."""

from collections.abc import Sequence

from kit.db import Tx
from services.payment.domain.totals import Cell, Order, Slice


async def orders_of(
    tx: Tx,
    *,
    set_id: str | None = None,
    batch_id: str | None = None,
    place: tuple[str, str, str] | None = None,
) -> list[str]:
    """Orders of a set, of a batch (every set with a slice of it), or of (project, county, period)."""
    project, county, period = place or (None, None, None)
    rows = await tx.fetch(
        "SELECT order_id FROM payment_order AS one WHERE ($1::text IS NOT NULL AND set_id = $1) "
        "OR ($2::text IS NOT NULL AND EXISTS (SELECT FROM order_slice JOIN slice_head USING (slice_id) "
        "WHERE order_slice.order_id = one.order_id AND batch_id = $2)) "
        "OR (project = $3 AND county = $4 AND period = $5) ORDER BY issued_at, order_id",
        set_id,
        batch_id,
        project,
        county,
        period,
    )
    return [row["order_id"] for row in rows]


async def places(tx: Tx, orders: Sequence[str]) -> list[tuple[str, str]]:
    """(county, project) of these orders."""
    rows = await tx.fetch(
        "SELECT DISTINCT county, project FROM payment_order WHERE order_id = ANY ($1::text[])", list(orders)
    )
    return [(row["county"], row["project"]) for row in rows]


async def cells(tx: Tx, orders: Sequence[str]) -> list[Cell]:
    """The payments by project, township and category of their slice; deductions count below zero."""
    rows = await tx.fetch(
        "SELECT one.project, one.township, part.category, count(*) AS lines, "
        "sum(amount_fen)::bigint AS amount_fen, count(*) FILTER (WHERE state = 'PAID') AS paid, "
        "coalesce(sum(amount_fen) FILTER (WHERE state = 'PAID'), 0)::bigint AS paid_fen "
        "FROM payment AS one JOIN order_slice AS part USING (order_id, slice_id) "
        "WHERE order_id = ANY ($1::text[]) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        list(orders),
    )
    return [Cell(**dict(row)) for row in rows]


async def slices(tx: Tx, orders: Sequence[str]) -> list[Slice]:
    """The slices as they were drawn into these orders."""
    rows = await tx.fetch(
        "SELECT order_id, township, category, lines, total_fen FROM order_slice "
        "WHERE order_id = ANY ($1::text[]) ORDER BY order_id, slice_id",
        list(orders),
    )
    return [Slice(**dict(row)) for row in rows]


async def orders(tx: Tx, ids: Sequence[str]) -> list[Order]:
    """The orders with what their accepted vouchers say."""
    rows = await tx.fetch(
        "SELECT one.order_id, lines, total_fen, voucher.amount_fen AS voucher_fen FROM payment_order AS one "
        "LEFT JOIN voucher ON voucher.order_id = one.order_id AND voucher.refusal IS NULL "
        "WHERE one.order_id = ANY ($1::text[]) ORDER BY one.order_id",
        list(ids),
    )
    return [Order(**dict(row)) for row in rows]
