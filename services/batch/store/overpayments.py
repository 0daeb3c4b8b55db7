"""Not owed, found when the order was fixed or paid (§5): told to `payment` once the money has left, once only."""

from contracts.batch import LineState, OverpaymentFound
from kit.db import Tx
from services.batch.store.tables import LineRow


async def found(tx: Tx, line: LineRow, reason: str) -> bool:
    """Note it, and tell it at once where the line is paid; False when it was known."""
    new = await tx.execute(
        "INSERT INTO overpayment (line_id, reason, found_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        line.line_id,
        reason,
        tx.now,
    )
    if new and line.state == LineState.PAID:
        await tell(tx, line.slice_id)
    return bool(new)


async def tell(tx: Tx, slice_id: str) -> None:
    """State the overpayments of a slice's paid lines that were not stated yet: the whole amount of the line."""
    rows = await tx.fetch(
        """
        UPDATE overpayment o SET stated_at = $2 FROM line l
         WHERE l.line_id = o.line_id AND l.slice_id = $1 AND l.state = 'paid' AND o.stated_at IS NULL
        RETURNING l.slice_id, l.line_id, l.application_id, l.subject_id, l.payee_id, l.project, l.county,
                  l.township, l.entitlement_period, l.amount_fen, o.reason
        """,
        slice_id,
        tx.now,
    )
    for row in sorted(rows, key=lambda one: str(one["line_id"])):
        tx.emit(OverpaymentFound(**row))
