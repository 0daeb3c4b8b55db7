"""Commands of the township instance: set aside, recheck, sign, hand over; and the confirmed notice."""

from contracts.batch import (
    HandToCounty,
    LinesReopened,
    LinesSetAside,
    RecheckLines,
    SetAsideOpenLines,
    SignatureRefused,
    SignSlice,
    SliceSigned,
)
from contracts.publicity import NoticeConfirmed
from kit.db import Tx
from services.batch.domain.signing import refusal
from services.batch.handlers.base import command_id, on, standing
from services.batch.handlers.signature import sign
from services.batch.store import exclusions, lines, manifests, results, slices

ROOM = "room:batch"


@on(SetAsideOpenLines)
async def set_aside_open_lines(message: SetAsideOpenLines, tx: Tx) -> None:
    """Lines that are not normal go on in a supplement of their own; with none left the instance ends."""
    one = await standing(tx, message.slice_id, message.revision)
    reasons = await exclusions.open_lines(tx, one.slice_id)
    supplement = await exclusions.move(tx, one, reasons, ROOM)
    normal = await slices.normal_lines(tx, [one.slice_id])
    if normal == 0:
        await slices.set_state(tx, one.slice_id, "ended")
    tx.emit(
        LinesSetAside(
            slice_id=one.slice_id, set_aside=len(reasons), normal=normal, supplement_slice_id=supplement
        )
    )


@on(RecheckLines)
async def recheck_lines(message: RecheckLines, tx: Tx) -> None:
    """Open lines are 处理中 again, in a new revision."""
    one = await standing(tx, message.slice_id, message.revision)
    reopened = await results.reopen(tx, one, ROOM)
    stated = await slices.state_revision(tx, one, command_id(tx))
    tx.emit(LinesReopened(slice_id=one.slice_id, revision=stated.revision, lines=reopened))


@on(SignSlice)
async def sign_slice(message: SignSlice, tx: Tx) -> None:
    """Sign what the signer saw, or refuse; what the signature doesn't cover leaves into a supplement."""
    one = await slices.find(tx, message.slice_id, lock=True)
    makers = await manifests.makers(tx, [message.slice_id], message.node)
    content = await manifests.of_slice(tx, message.slice_id)
    refused = refusal(
        actor=message.actor,
        makers=makers | ({one.submitted_by} if one else set()),
        seen_root=message.root,
        root=content.root,
        lines=content.lines,
        expected=one is not None and one.revision == message.revision and one.state == "township",
    )
    if refused or one is None:
        tx.emit(SignatureRefused(subject_key=message.slice_id, node=message.node, refusal=refused or ""))
        return
    await exclusions.move(tx, one, await exclusions.open_lines(tx, one.slice_id), message.actor)
    await sign(tx, message, content, subject=one.slice_id, revision=one.revision)
    tx.emit(
        SliceSigned(slice_id=one.slice_id, node=message.node, root=content.root, signed_lines=content.lines)
    )


@on(HandToCounty)
async def hand_to_county(message: HandToCounty, tx: Tx) -> None:
    """送区县审核 (M30): answered when the county settles or returns the slice."""
    one = await standing(tx, message.slice_id, message.revision)
    await slices.hand_over(tx, one.slice_id, command_id(tx))


@on(NoticeConfirmed)
async def notice_confirmed(message: NoticeConfirmed, tx: Tx) -> None:
    """The lines that stood in a confirmed notice keep that evidence."""
    await lines.mark_published(tx, message.slice_id)
