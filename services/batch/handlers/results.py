"""Results of other rooms, applied to lines set-wise; each command's results make exactly one revision."""

from contracts.base import Chunk
from contracts.card_matching import CardsStated
from contracts.payment import AmountsStated, PaymentsStated
from contracts.verification import FindingsStated
from kit import chunks
from kit.db import Tx
from kit.errors import NonRetryableError
from services.batch.handlers.base import on, result_cause, standing
from services.batch.store import deductions, exclusions, overpayments, results, slices

BEFORE_FILE = "before_file"


def _room(message: Chunk) -> str:
    return f"room:{message.ROOM}"


@on.complete(CardsStated)
async def cards_stated(message: CardsStated, tx: Tx) -> None:
    """人社匹卡: normal, abnormal with the agency's reason, or still processing; before the file, exclusions."""
    if message.stage == BEFORE_FILE:
        await _cards_before_file(message, tx)
        return
    one = await standing(tx, message.slice_id, message.checked_revision)
    await results.apply_cards(tx, one, message.stream_id, _room(message))
    await results.spoil_unreadable(tx, one, message.stream_id, _room(message))
    await slices.state_revision(tx, one, result_cause(tx))


@on.complete(FindingsStated)
async def findings_stated(message: FindingsStated, tx: Tx) -> None:
    """预警核实 makes a revision; the check before the file makes exclusions."""
    if message.stage == BEFORE_FILE:
        await _before_file(message, tx)
        return
    one = await standing(tx, message.slice_id, message.checked_revision)
    await results.apply_findings(tx, one, message.stream_id, _room(message))
    await results.spoil_unreadable(tx, one, message.stream_id, _room(message))
    await slices.state_revision(tx, one, result_cause(tx))


async def _before_file(message: FindingsStated, tx: Tx) -> None:
    one = await slices.find(tx, message.slice_id, lock=True)
    if one is None:
        raise NonRetryableError(f"findings for an unknown slice {message.slice_id}")
    await results.spoil_unreadable(tx, one, message.stream_id, _room(message))
    hits = await results.intercepted(tx, one, message.stream_id)
    await results.leave_normal(tx, hits, "held", _room(message))
    unreadable = await exclusions.open_lines(tx, one.slice_id)
    await exclusions.move(tx, one, unreadable | hits, _room(message))
    if await results.arrived(tx, f"findings:{message.check_id}", message.slice_id, message.slices):
        await chunks.mark(tx, f"findings:{message.check_id}", 1)


async def _cards_before_file(message: CardsStated, tx: Tx) -> None:
    one = await slices.find(tx, message.slice_id, lock=True)
    if one is None:
        raise NonRetryableError(f"cards for an unknown slice {message.slice_id}")
    lost = await results.lost_cards(tx, one, message.stream_id)
    await results.leave_normal(tx, lost, "abnormal", _room(message))
    await results.spoil_unreadable(tx, one, message.stream_id, _room(message))
    await exclusions.move(tx, one, await exclusions.open_lines(tx, one.slice_id), _room(message))
    check = message.stream_id.split(":")[1]  # `cards:<check id>:<slice id>`
    if await results.arrived(tx, f"cards:{check}", message.slice_id, message.slices):
        await chunks.mark(tx, f"cards:{check}", 1)


@on.complete(AmountsStated)
async def amounts_stated(message: AmountsStated, tx: Tx) -> None:
    """项目测算: amounts on the normal lines; a deduction that is more than its line waits for the next batch."""
    one = await standing(tx, message.slice_id, message.checked_revision)
    await results.apply_amounts(tx, one, message.stream_id, _room(message))
    await exclusions.leave_void(tx, one, await deductions.too_large(tx, one.slice_id), _room(message))
    await slices.state_revision(tx, one, result_cause(tx))


@on.complete(PaymentsStated)
async def payments_stated(message: PaymentsStated, tx: Tx) -> None:
    """发放结果: paid or failed per line; the order is done when all its slices are here."""
    one = await slices.find(tx, message.slice_id, lock=True)
    if one is None:
        raise NonRetryableError(f"payments for an unknown slice {message.slice_id}")
    await results.apply_payments(tx, one, message.stream_id, _room(message))
    await overpayments.tell(tx, one.slice_id)
    if await results.arrived(tx, f"order:{message.order_id}", message.slice_id, message.slices):
        await chunks.mark(tx, f"order:{message.order_id}", 1)
