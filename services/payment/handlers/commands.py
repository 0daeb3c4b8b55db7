"""The county process's commands: 审核挂账, 支付申请."""

from contracts.payment import (
    IssueOrder,
    LinkQuota,
    QuotaLinked,
    QuotaShort,
)
from kit.db import Tx
from kit.errors import NonRetryableError
from kit.ids import named_id
from services.payment.domain.orders import draw
from services.payment.domain.standards import year_of
from services.payment.handlers.building import build_files
from services.payment.handlers.door import on
from services.payment.store import orders, quotas, settling, slices, vouchers
from services.payment.store.ledger import Book
from services.payment.store.slices import SignedSlice
from services.payment.store.tables import Reservation


@on(LinkQuota)
async def link_quota(message: LinkQuota, tx: Tx) -> None:
    """Hold the approved amount, or say how much is short; sent again after a raise, it holds."""
    book = Book(message.project, message.county, year_of(message.period))
    short = await quotas.reserve(tx, book, message.set_id, max(message.approved_fen, 0))
    if short:
        tx.emit(QuotaShort(set_id=message.set_id, short_fen=short))
        return
    quota = quotas.quota_id(book)
    tx.emit(QuotaLinked(set_id=message.set_id, quota_id=quota, reserved_fen=max(message.approved_fen, 0)))


@on(IssueOrder)
async def issue_order(message: IssueOrder, tx: Tx) -> None:
    """The order is exactly what was signed, minus what left since; another root stops everything."""
    assert tx.cause is not None
    if (known := await orders.of_set(tx, message.set_id)) is not None:
        if known.command_id == tx.cause.id:
            return
        raise NonRetryableError("the set has an order already")
    held = await quotas.reservation(tx, message.set_id)
    signed = [await slices.signed(tx, one) for one in message.frozen]
    _check_roots(signed)
    candidates = orders.candidates(message.project, signed)
    ids = [one.payment_id for one in candidates]
    drawn = draw(candidates, await orders.former(tx, ids), await orders.instalments(tx, ids))
    # A deduction that was signed and can't be kept back makes the order dearer by just as much.
    dearer = drawn.not_kept_back_fen + sum(one.left_fen for one in signed)
    if held is not None and held.reserved_fen < drawn.total_fen <= held.reserved_fen + dearer:
        book = Book(message.project, message.county, year_of(message.period))
        await quotas.reserve(tx, book, message.set_id, drawn.total_fen)
        held = await quotas.reservation(tx, message.set_id)
    if held is None or drawn.total_fen > held.reserved_fen:
        raise NonRetryableError("the order is more than the quota reserved for its set")
    await _issue(
        tx, message, held, signed, orders.Draft(named_id("order", message.set_id), tx.cause.id, drawn)
    )


async def _issue(
    tx: Tx, message: IssueOrder, held: Reservation, signed: list[SignedSlice], draft: orders.Draft
) -> None:
    await orders.save(tx, message, held, signed, draft)
    await vouchers.draw(tx, draft.order_id, message.project)
    tx.audit(
        "payment.issue_order",
        f"order:{draft.order_id}",
        message.actor,
        set_id=message.set_id,
        lines=len(draft.drawn.payable),
        total_fen=draft.drawn.total_fen,
        withheld=len(draft.drawn.withheld),
    )
    await settling.settle_if_done(tx, draft.order_id)
    tx.wake(build_files)


def _check_roots(signed: list[SignedSlice]) -> None:
    wrong = [one.frozen.slice_id for one in signed if one.root != one.frozen.root]
    if wrong:
        raise NonRetryableError(f"what stands is not what finance signed: slices {wrong[:5]}")
