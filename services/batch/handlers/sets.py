"""Commands of the county instance: sign, freeze before the order, close after the bank."""

from contracts.batch import (
    AmountsConfirmed,
    CloseSet,
    ConfirmAmounts,
    FreezeSet,
    FrozenSlice,
    SetClosed,
    SetFrozen,
    SetSigned,
    SignatureRefused,
    SignSet,
    SliceSettled,
)
from contracts.manifest import set_root
from kit.db import Tx
from kit.errors import NonRetryableError
from services.batch.domain.manifests import Sheet, joined
from services.batch.domain.signing import FINANCE_REVIEW, SET_NODES, refusal
from services.batch.handlers.base import on
from services.batch.handlers.signature import sign
from services.batch.store import exclusions, manifests, reissues, sets, slices
from services.batch.store.tables import SettlementSet, Slice

ROOM = "room:batch"


@on(ConfirmAmounts)
async def confirm_amounts(message: ConfirmAmounts, tx: Tx) -> None:
    """The kit has held this back until every priced revision is stated; now the set may be reviewed."""
    members = await sets.members(tx, message.set_id)
    tx.emit(AmountsConfirmed(set_id=message.set_id, priced_fen=await sets.priced_fen(tx, members)))


@on(SignSet)
async def sign_set(message: SignSet, tx: Tx) -> None:
    """Sign all slices' manifests under one root, or refuse; unsigned lines leave into supplements."""
    one = await sets.find(tx, message.set_id, lock=True)
    members = await slices.locked(tx, await sets.members(tx, message.set_id))
    sheets = {slice_id: await manifests.of_slice(tx, slice_id, priced=True) for slice_id in members}
    content = joined(set_root({slice_id: found.root for slice_id, found in sheets.items()}), sheets.values())
    named = {slice.slice_id: slice.revision for slice in message.slices}
    refused = refusal(
        actor=message.actor,
        makers=await _makers(tx, one, members, message.node),
        seen_root=message.root,
        root=content.root,
        lines=content.lines,
        expected=one is not None
        and one.state == "open"
        and named == {slice_id: member.revision for slice_id, member in members.items()},
    )
    if refused:
        tx.emit(SignatureRefused(subject_key=message.set_id, node=message.node, refusal=refused))
        return
    await _sign_slices(tx, message, members, sheets)
    await sign(tx, message, content, subject=message.set_id, revision=None)
    tx.emit(
        SetSigned(
            set_id=message.set_id,
            node=message.node,
            root=content.root,
            signed_lines=content.lines,
            approved_fen=content.total_fen or 0,
        )
    )


async def _makers(tx: Tx, one: SettlementSet | None, members: dict[str, Slice], node: str) -> set[str]:
    signed = await manifests.makers(tx, [*members, *([one.set_id] if one else [])], node)
    return signed | {member.submitted_by for member in members.values()} | ({one.opened_by} if one else set())


async def _sign_slices(tx: Tx, message: SignSet, members: dict[str, Slice], sheets: dict[str, Sheet]) -> None:
    for slice_id, member in members.items():
        leaving = await exclusions.open_lines(tx, slice_id, unpriced=True)
        await exclusions.move(tx, member, leaving, message.actor)
    for slice_id, member in (await slices.locked(tx, members)).items():
        part = manifests.part_of_set(
            tx,
            member,
            message.set_id,
            message.node,
            sheets[slice_id],
            message.actor,
            message.work_item_id,
        )
        await manifests.save(tx, part, sheets[slice_id])


@on(FreezeSet)
async def freeze_set(message: FreezeSet, tx: Tx) -> None:
    """State the order's basis: per slice what finance signed, and the exclusions until now."""
    one = await sets.find(tx, message.set_id, lock=True)
    members = await slices.locked(tx, await sets.members(tx, message.set_id))
    for member in members.values():
        # An objection after the last signature: the line must not be paid, and joins a supplement.
        await exclusions.move(tx, member, await exclusions.open_lines(tx, member.slice_id), ROOM)
    members = await slices.locked(tx, members)
    named = {slice.slice_id: slice.revision for slice in message.slices}
    if one is None or one.state != "open" or named != {key: value.revision for key, value in members.items()}:
        raise NonRetryableError(f"set {message.set_id} is not open with the slices named")
    live = await manifests.live(tx, members)
    nodes = {slice_id: {m.node for m in live if m.subject == slice_id} for slice_id in members}
    frozen = [
        FrozenSlice(
            slice_id=m.subject,
            revision=members[m.subject].revision,
            root=m.root,
            exclusions=members[m.subject].exclusions,
            exclusions_at_signing=m.exclusions,
        )
        for m in live
        if m.node == FINANCE_REVIEW
        and m.set_id == one.set_id
        and nodes[m.subject].issuperset({*SET_NODES, *members[m.subject].signatures})
    ]
    payable = await manifests.payable(tx, [slice.slice_id for slice in frozen])
    await sets.set_state(tx, one.set_id, "frozen")
    tx.emit(
        SetFrozen(
            set_id=one.set_id,
            frozen=sorted(frozen, key=lambda slice: slice.slice_id),
            payable_lines=sum(lines for lines, _ in payable.values()),
            payable_fen=sum(fen for _, fen in payable.values()),
        )
    )


@on(CloseSet)
async def close_set(message: CloseSet, tx: Tx) -> None:
    """归档: the set's slices are settled, and their townships hear it; what failed opens its 重发."""
    await sets.find(tx, message.set_id, lock=True)
    members = await slices.locked(tx, await sets.members(tx, message.set_id))
    settled = await sets.settle(tx, message.set_id)
    await sets.set_state(tx, message.set_id, "closed", message.order_id)
    for one in settled:
        tx.emit(
            SliceSettled(slice_id=one["slice_id"], paid=one["paid"], failed=one["failed"]),
            cause=one["hand_command"],
        )
    for member in members.values():
        await reissues.open_slice(tx, member, ROOM)
    tx.emit(
        SetClosed(
            set_id=message.set_id,
            paid=sum(one["paid"] for one in settled),
            failed=sum(one["failed"] for one in settled),
        )
    )
