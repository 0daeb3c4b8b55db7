"""Objections (§5): an accepted one holds its line; upheld, the line leaves; dismissed, it goes on."""

from contracts.batch import LineState
from contracts.grievance import ObjectionAccepted, ObjectionConcluded
from kit.db import Tx
from services.batch.domain.lines import released
from services.batch.handlers import standing
from services.batch.handlers.base import on
from services.batch.store import exclusions, lines, manifests
from services.batch.store.tables import LineRow, Slice

GRIEVANCE = "room:grievance"
UPHELD = "异议成立 (objection upheld)"
RECOVERY = "异议成立，支付后追回 (objection upheld after the order: recovery)"
MOVED_ON = "异议不成立，并入补充批次 (objection dismissed, joins a supplement submission)"


@on(ObjectionAccepted)
async def objection_accepted(message: ObjectionAccepted, tx: Tx) -> None:
    """Hold the line, unless it is settled or its order is fixed: then only the conclusion counts."""
    found = await standing.locked(tx, message.line_id)
    if found is None or not await lines.accept_objection(tx, message.objection_id, found[1].line_id):
        return
    one, line = found
    if await standing.ordered(tx, one, line):
        return
    await lines.hold(tx, line, GRIEVANCE)


@on(ObjectionConcluded)
async def objection_concluded(message: ObjectionConcluded, tx: Tx) -> None:
    """Upheld: excluded, ends the enrolment; paid, a recovery. Dismissed: free, once no other is open."""
    found = await standing.locked(tx, message.line_id)
    if found is None or not await lines.conclude_objection(tx, message.objection_id, message.upheld):
        return
    one, line = found
    if message.upheld:
        await standing.not_owed(tx, one, line, UPHELD, GRIEVANCE, recovery=RECOVERY, ends_enrolment=True)
    elif line.resume_state is not None and not await lines.open_objections(tx, line.line_id):
        await _dismissed(tx, one, line)


async def _dismissed(tx: Tx, one: Slice, line: LineRow) -> None:
    signed = await manifests.live(tx, [one.slice_id])
    with_township = one.state == "township" and not signed
    stays = released(LineState(line.resume_state or ""), still_with_township=with_township) == "resume"
    await lines.resume(tx, line, GRIEVANCE, announce=stays)
    if not stays:
        await exclusions.move(tx, one, {line.line_id: MOVED_ON}, GRIEVANCE)
