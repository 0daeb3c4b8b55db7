"""When the last payment of an order has its result, the order is settled and batch told, slice by slice."""

from contracts.payment import LinePayment, OrderSettled, PaymentsStated
from kit import chunks
from kit.db import Tx
from services.payment.domain.codes import DUPLICATE
from services.payment.domain.orders import WITHHELD


async def settle_if_done(tx: Tx, order_id: str) -> bool:
    """Close the order and state every slice's payments, once; True when that happened now."""
    open_ = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM payment WHERE order_id = $1 AND state NOT IN ('PAID', 'REJECTED', "
        "'RETURNED'))",
        order_id,
    )
    if open_:
        return False
    order = await tx.fetchrow(
        "UPDATE payment_order SET state = 'settled', settled_at = $2 WHERE order_id = $1 AND state <> "
        "'settled' "
        "RETURNING set_id, command_id",
        order_id,
        tx.now,
    )
    if order is None:
        return False
    await tx.execute(
        "UPDATE bank_file SET state = 'settled' WHERE order_id = $1 AND state = 'accepted'", order_id
    )
    await _state_slices(tx, order_id, order["command_id"])
    tx.emit(await _settled(tx, order_id, order["set_id"]), cause=order["command_id"])
    return True


async def _state_slices(tx: Tx, order_id: str, cause: str) -> None:
    by_slice: dict[str, list[LinePayment]] = {
        row["slice_id"]: []
        for row in await tx.fetch("SELECT slice_id FROM order_slice WHERE order_id = $1 ORDER BY 1", order_id)
    }
    for row in await tx.fetch(
        "SELECT slice_id, line_id, state = 'PAID' AS paid, code, reason FROM payment WHERE order_id = $1 "
        "ORDER BY line_id",
        order_id,
    ):
        state = "paid" if row["paid"] else "failed"
        by_slice[row["slice_id"]].append(
            LinePayment(line_id=row["line_id"], state=state, code=row["code"], reason=row["reason"])
        )
    for row in await tx.fetch("SELECT slice_id, line_id, reason FROM withheld WHERE order_id = $1", order_id):
        reason = WITHHELD[row["reason"]]
        line = LinePayment(line_id=row["line_id"], state="failed", code=DUPLICATE, reason=reason)
        by_slice[row["slice_id"]].append(line)
    for slice_id, payments in by_slice.items():
        await chunks.state(
            tx,
            PaymentsStated,
            payments,
            stream_id=f"payments:{order_id}:{slice_id}",
            revision=1,
            cause=cause,
            slice_id=slice_id,
            order_id=order_id,
            slices=len(by_slice),
        )


async def _settled(tx: Tx, order_id: str, set_id: str) -> OrderSettled:
    row = await tx.fetchrow(
        "SELECT count(*) FILTER (WHERE state = 'PAID') AS paid, "
        "coalesce(sum(amount_fen) FILTER (WHERE state = 'PAID'), 0)::bigint AS paid_fen, "
        "count(*) FILTER (WHERE state <> 'PAID') AS failed, "
        "coalesce(sum(amount_fen) FILTER (WHERE state <> 'PAID'), 0)::bigint AS failed_fen "
        "FROM (SELECT state, amount_fen FROM payment WHERE order_id = $1 "
        "UNION ALL SELECT 'WITHHELD', amount_fen FROM withheld WHERE order_id = $1) AS line",
        order_id,
    )
    assert row is not None
    return OrderSettled(set_id=set_id, order_id=order_id, **dict(row))
