"""退回: slices leave a set, or chosen lines leave their slices into correction submissions of their own."""

from contracts.batch import (
    LinesReturned,
    ReturnLines,
    ReturnSlices,
    SliceReturned,
    SliceRevision,
    SliceSettled,
    SlicesReturned,
)
from kit.db import Tx
from services.batch.handlers.base import command_id, on, standing
from services.batch.store import exclusions, lines, manifests, sets, slices
from services.batch.store.exclusions import CORRECTION
from services.batch.store.tables import Slice

LATER_SET = "later_set"


@on(ReturnLines)
async def return_lines(message: ReturnLines, tx: Tx) -> None:
    """乡镇审核 sends chosen lines back; the rest goes on, and with nothing left the instance ends.

    What was signed of this slice before still stands: its lines only left, each by a record.
    """
    one = await standing(tx, message.slice_id, message.revision)
    chosen = await lines.returnable(tx, [one.slice_id], message.line_ids) if one.state == "township" else {}
    reasons = {line_id: message.return_reason for line_id in chosen}
    correction = await exclusions.move(tx, one, reasons, message.actor, kind=CORRECTION)
    normal = await slices.normal_lines(tx, [one.slice_id])
    if normal == 0 and one.state == "township":
        await slices.set_state(tx, one.slice_id, "ended")
    tx.audit("batch.return_lines", f"slice:{one.slice_id}", message.actor, lines=len(chosen))
    tx.emit(
        LinesReturned(
            slice_id=one.slice_id, returned=len(chosen), normal=normal, correction_slice_id=correction
        )
    )


@on(ReturnSlices)
async def return_slices(message: ReturnSlices, tx: Tx) -> None:
    """Slices, or lines, leave an open set; what stays is signed anew. A set with nothing left ends."""
    one = await sets.find(tx, message.set_id, lock=True)
    members = await slices.locked(tx, await sets.members(tx, message.set_id))
    leaving: dict[str, Slice] = {}
    emptied: list[str] = []
    if one is not None and one.state == "open":  # once its order is fixed, nothing leaves but by recovery
        leaving = {key: members[key] for key in members if key in message.slice_ids}
        await _slices_leave(tx, message, leaving)
        rest = {key: member for key, member in members.items() if key not in leaving}
        emptied = await _lines_leave(tx, message, rest)
        if not set(rest) - set(emptied):
            await sets.set_state(tx, message.set_id, "ended")
    remaining = await slices.locked(tx, set(members) - set(leaving) - set(emptied))
    tx.audit(
        "batch.return_slices",
        f"set:{message.set_id}",
        message.actor,
        slices=sorted(leaving),
        lines=len(message.line_ids),
        target=message.target,
    )
    stay = [SliceRevision(slice_id=one.slice_id, revision=one.revision) for one in remaining.values()]
    tx.emit(SlicesReturned(set_id=message.set_id, slices=stay, remaining=len(stay)))


async def _slices_leave(tx: Tx, message: ReturnSlices, leaving: dict[str, Slice]) -> None:
    await sets.leave(tx, message.set_id, leaving, message.target, message.return_reason, message.actor)
    for one in leaving.values():
        if message.target == LATER_SET:
            await manifests.supersede(tx, one.slice_id, message.set_id)
        else:
            await _back_to_township(tx, message, one)
    if message.target != LATER_SET:
        await manifests.supersede_set(tx, message.set_id)


async def _back_to_township(tx: Tx, message: ReturnSlices, one: Slice) -> None:
    await manifests.supersede(tx, one.slice_id)
    await sets.reset_amounts(tx, one.slice_id, message.actor)
    stated = await slices.state_revision(tx, one, command_id(tx))
    tx.emit(
        SliceReturned(
            slice_id=one.slice_id,
            revision=stated.revision,
            target=message.target,
            return_reason=message.return_reason,
        ),
        cause=one.hand_command,
    )


async def _lines_leave(tx: Tx, message: ReturnSlices, members: dict[str, Slice]) -> list[str]:
    """Returns the slices that nothing is left of: they leave the set, and their township instances end.

    The set's signatures fall, with the slices' parts of them: a root over fewer lines must be signed by all again.
    The township's stand, minus the exclusions.
    """
    chosen = await lines.returnable(tx, members, message.line_ids)
    if not chosen:
        return []
    emptied = []
    for one in members.values():
        reasons = {key: message.return_reason for key, slice_id in chosen.items() if slice_id == one.slice_id}
        await exclusions.move(tx, one, reasons, message.actor, kind=CORRECTION)
        await manifests.supersede(tx, one.slice_id, message.set_id)
        if reasons and not await slices.normal_lines(tx, [one.slice_id]):
            emptied.append(one.slice_id)
    await manifests.supersede_set(tx, message.set_id)
    for slice_id in emptied:
        await sets.leave_empty(tx, message.set_id, slice_id, message.return_reason, message.actor)
        tx.emit(SliceSettled(slice_id=slice_id, paid=0, failed=0), cause=members[slice_id].hand_command)
    return emptied
