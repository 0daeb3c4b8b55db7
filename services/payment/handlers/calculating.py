"""项目测算 (M32): by the county's standards, or by its pool of the year divided by the area."""

from collections.abc import Sequence

from contracts.batch import SetSigned, SliceRevision
from contracts.payment import AmountsStated, CalculateSet, PoolWaiting, SetCalculated, StandardMissing
from kit import chunks
from kit.db import Tx
from kit.errors import NonRetryableError
from kit.ids import named_id
from services.payment.domain.standards import Pins, pin
from services.payment.handlers.door import on
from services.payment.store import calculation, pool_lines, pool_pricing, pricing
from services.payment.store.tables import Calculation

DEPARTMENT_REVIEW = "department_review"


@on(CalculateSet)
async def calculate_set(message: CalculateSet, tx: Tx) -> None:
    """Price every normal line, or name what is missing."""
    wanted = await calculation.wanted(tx, message.slices)
    if wanted.bad_lines:
        raise NonRetryableError(
            f"{len(wanted.bad_lines)} lines without a usable quantity: {wanted.bad_lines[:3]}"
        )
    how = await pricing.of(tx, message.project)
    if how.mode == "pool_by_area":
        pins = await pool_pricing.pin(tx, message, wanted.pairs, how.scale)
        if pins.missing:
            tx.emit(PoolWaiting(set_id=message.set_id, missing=pins.missing))
            return
    else:
        pins = pin(await calculation.standards(tx, message.project, message.county), wanted.pairs)
        if pins.missing:
            tx.emit(StandardMissing(set_id=message.set_id, missing=pins.missing))
            return
    await _state(tx, message, pins)


async def _state(tx: Tx, message: CalculateSet, pins: Pins) -> None:
    assert tx.cause is not None
    calculation_id = named_id("calculation", tx.cause.id)
    amounts = [await _state_amounts(tx, calculation_id, one, pins) for one in message.slices]
    row = Calculation(
        calculation_id=calculation_id,
        set_id=message.set_id,
        project=message.project,
        county=message.county,
        period=message.period,
        priced_lines=sum(len(one) for one in amounts),
        total_fen=sum(sum(one) for one in amounts),
        at=tx.now,
    )
    await calculation.save(tx, row, pins)
    tx.emit(_calculated(message, row, pins))


async def _state_amounts(tx: Tx, calculation_id: str, one: SliceRevision, pins: Pins) -> Sequence[int]:
    amounts = await calculation.price(tx, one, pins)
    if any(line.amount_fen == 0 for line in amounts):
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


@on(SetSigned)
async def set_signed(message: SetSigned, tx: Tx) -> None:
    """部门审核 freezes the price and the area of the pools that the set was priced from."""
    if message.node != DEPARTMENT_REVIEW:
        return
    for pool_id in await pool_lines.freeze(tx, message.set_id):
        tx.audit("payment.freeze_pool", f"pool:{pool_id}", "payment", set_id=message.set_id)
