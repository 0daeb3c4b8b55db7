"""退票 (§6): money that came back opens the line's 重发, also long after its set was closed."""

from contracts.batch import LineState
from contracts.payment import PaymentReturned
from kit.db import Tx
from kit.errors import NonRetryableError
from services.batch.handlers.base import on
from services.batch.store import batches, lines, reissues, slices

PAYMENT = "room:payment"


@on(PaymentReturned)
async def payment_returned(message: PaymentReturned, tx: Tx) -> None:
    """The line has failed. In a settled slice it is replaced at once; else `CloseSet` does it with the others."""
    known = await lines.find(tx, message.line_id)
    if known is None:
        raise NonRetryableError(f"a payment of an unknown line {message.line_id} was returned")
    await batches.hold(tx, known.batch_id)
    one = await slices.find(tx, known.slice_id, lock=True)
    line = await lines.find(tx, message.line_id, lock=True)
    if one is None or line is None or line.state != LineState.PAID:
        return  # told already, by the order's own results
    await reissues.fail(tx, line, message.code, message.reason, PAYMENT)
    if one.state != "settled":
        return
    if await reissues.open_slice(tx, one, PAYMENT) and await batches.reopen(tx, one.batch_id):
        tx.audit("batch.reopen_batch", f"batch:{one.batch_id}", PAYMENT, line=line.line_id)
