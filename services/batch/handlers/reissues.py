"""What is told of a payment after its order was settled: 退票 opens the line's 重发 (§6), 改判已付 withdraws it."""

from contracts.batch import LineState
from contracts.payment import PaymentFoundPaid, PaymentReturned
from kit.db import Tx
from kit.errors import NonRetryableError, RetryableError
from services.batch.handlers import standing
from services.batch.handlers.base import on
from services.batch.store import batches, found_paid, lines, overpayments, reissues, slices
from services.batch.store.tables import LineRow, Slice

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


@on(PaymentFoundPaid)
async def payment_found_paid(message: PaymentFoundPaid, tx: Tx) -> None:
    """The line is paid after all: its 重发 is withdrawn, or fails with the order that already holds it.

    Was the line no longer owed, the money has left all the same: `payment` hears of the overpayment.
    """
    known = await lines.find(tx, message.line_id)
    if known is None:
        raise NonRetryableError(f"an unknown line {message.line_id} was found to be paid")
    await batches.hold(tx, known.batch_id)
    one, line, stands = await _with_what_stands(tx, known)
    if line.state == LineState.PAID:
        return
    if line.state not in (LineState.FAILED, LineState.VOID):
        raise NonRetryableError(f"line {line.line_id} was found to be paid before it had a result")
    if stands is not None and not await standing.ordered(tx, *stands):
        await found_paid.withdraw(tx, *stands, line, PAYMENT)
        stands = None
    await found_paid.pay(tx, line, stands[1] if stands else None, PAYMENT)
    await overpayments.tell(tx, line.slice_id)
    if one.state == "settled" and await batches.reopen(tx, one.batch_id):  # its sums have changed
        tx.audit("batch.reopen_batch", f"batch:{one.batch_id}", PAYMENT, line=line.line_id)


async def _with_what_stands(tx: Tx, known: LineRow) -> tuple[Slice, LineRow, tuple[Slice, LineRow] | None]:
    """The line and what is live in its place, each with its slice, all locked. Raises RetryableError."""
    other = await found_paid.in_place_of(tx, known)
    members = await slices.locked(tx, {known.slice_id, other.slice_id if other else known.slice_id})
    line = await lines.find(tx, known.line_id, lock=True)
    assert line is not None, "lines are never deleted"
    now = await found_paid.in_place_of(tx, line)
    if (now and (now.line_id, now.slice_id)) != (other and (other.line_id, other.slice_id)):
        raise RetryableError("the line's reissue moved meanwhile")
    return members[line.slice_id], line, (members[now.slice_id], now) if now else None
