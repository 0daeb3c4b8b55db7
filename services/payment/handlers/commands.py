"""The county process's commands: 测算, 审核挂账, 支付申请."""

from contracts.batch import SliceRevision
from contracts.payment import (
    AmountsStated,
    CalculateSet,
    IssueOrder,
    LinkQuota,
    QuotaLinked,
    QuotaShort,
    SetCalculated,
    StandardMissing,
)
from kit import chunks
from kit.db import Tx
from kit.errors import NonRetryableError
from kit.ids import named_id
from services.payment.domain.orders import draw
from services.payment.domain.standards import Pins, pin, year_of
from services.payment.handlers.building import build_files
from services.payment.handlers.door import on
from services.payment.store import calculation, orders, quotas, settling, slices
from services.payment.store.ledger import Book
from services.payment.store.slices import SignedSlice
from services.payment.store.tables import Calculation, Reservation


@on(CalculateSet)
async def calculate_set(message: CalculateSet, tx: Tx) -> None:
    """Price every normal line, or name what is missing."""
    wanted = await calculation.wanted(tx, message.slices)
    if wanted.bad_lines:
        raise NonRetryableError(
            f"{len(wanted.bad_lines)} lines without a usable quantity: {wanted.bad_lines[:3]}"
        )
    pins = pin(await calculation.standards(tx, message.project, message.county), wanted.pairs)
    if pins.missing:
        tx.emit(StandardMissing(set_id=message.set_id, missing=pins.missing))
        return
    assert tx.cause is not None
    calculation_id = named_id("calculation", tx.cause.id)
    lines = total = 0
    for one in message.slices:
        amounts = await _state_amounts(tx, calculation_id, one, pins)
        lines, total = lines + len(amounts), total + sum(amounts)
    row = Calculation(
        calculation_id=calculation_id,
        set_id=message.set_id,
        project=message.project,
        county=message.county,
        period=message.period,
        priced_lines=lines,
        total_fen=total,
        at=tx.now,
    )
    await calculation.save(tx, row, pins)
    tx.emit(_calculated(message, row, pins))


async def _state_amounts(tx: Tx, calculation_id: str, one: SliceRevision, pins: Pins) -> list[int]:
    amounts = await calculation.price(tx, one, pins)
    if any(line.amount_fen <= 0 for line in amounts):
        raise NonRetryableError("a line's amount rounds to nothing")
    await chunks.state(
        tx,
        AmountsStated,
        amounts,
        stream_id=f"amounts:{calculation_id}:{one.slice_id}",
        revision=1,
        slice_id=one.slice_id,
        checked_revision=one.revision,
        calculation_id=calculation_id,
    )
    return [line.amount_fen for line in amounts]


def _calculated(message: CalculateSet, row: Calculation, pins: Pins) -> SetCalculated:
    return SetCalculated(
        set_id=message.set_id,
        slices=[SliceRevision(slice_id=one.slice_id, revision=one.revision + 1) for one in message.slices],
        priced_lines=row.priced_lines,
        total_fen=row.total_fen,
        standard_id=",".join(sorted({one.standard_id for one in pins.chosen.values()})),
    )


@on(LinkQuota)
async def link_quota(message: LinkQuota, tx: Tx) -> None:
    """Hold the approved amount, or say how much is short; sent again after a raise, it holds."""
    book = Book(message.project, message.county, year_of(message.period))
    short = await quotas.reserve(tx, book, message.set_id, message.approved_fen)
    if short:
        tx.emit(QuotaShort(set_id=message.set_id, short_fen=short))
        return
    quota = quotas.quota_id(book)
    tx.emit(QuotaLinked(set_id=message.set_id, quota_id=quota, reserved_fen=message.approved_fen))


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
    drawn = draw(candidates, await orders.former(tx, [one.payment_id for one in candidates]))
    if held is None or drawn.total_fen > held.reserved_fen:
        raise NonRetryableError("the order is more than the quota reserved for its set")
    await _issue(
        tx, message, held, signed, orders.Draft(named_id("order", message.set_id), tx.cause.id, drawn)
    )


async def _issue(
    tx: Tx, message: IssueOrder, held: Reservation, signed: list[SignedSlice], draft: orders.Draft
) -> None:
    await orders.save(tx, message, held, signed, draft)
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
