"""M47: a citizen objects to a published line."""

from typing import Annotated

from fastapi import Depends

from kit import errors, workdays
from kit.auth import Actor, Operation, Reach, Role, Zone, guarded_router, require
from kit.ids import new_id
from kit.service import CurrentRoom
from services.grievance.api.bodies import Filed, ObjectionIn
from services.grievance.domain import State, accept_by
from services.grievance.ports import seal
from services.grievance.store import lines, objections
from services.grievance.store.tables import Objection

FILE = Operation(
    "grievance.file",
    roles=frozenset({Role.CITIZEN}),
    zone=Zone.OUTSIDE,
    region=Reach.NONE,
    project=False,
)

router = guarded_router(prefix="/api/grievance/v1", tags=["objections"])


@router.post("/objections", status_code=201)
async def file(
    body: ObjectionIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(FILE))]
) -> Filed:
    """Register an objection (登记). One open objection per person and line; a line unknown here is a 404."""
    complainant = actor.subject_id
    assert complainant is not None, "a citizen has a subject"
    async with room.tx(actor) as tx:
        # Locked, so that a second click waits for the first and finds it.
        line = await lines.find(tx, body.line_id, lock=True)
        if line is None:
            raise errors.not_found()
        known = await objections.open_of(tx, complainant, body.line_id)
        if known is not None:
            raise errors.conflict(
                "already-open",
                "您对该条目已有未办结的异议",
                "you already object to this line",
                objection_id=known,
            )
        objection_id = new_id()
        one = Objection(
            objection_id=objection_id,
            notice_id=body.notice_id,
            line_id=body.line_id,
            slice_id=line.slice_id,
            project=line.project,
            county=line.county,
            township=line.township,
            complainant=complainant,
            topic=body.topic,
            text_sealed=seal(room, body.text, objection_id, "text"),
            state=State.REGISTERED,
            registered_at=tx.now,
            due_on=accept_by(tx.today, workdays.add_working_days),
        )
        await tx.insert(one)
        tx.audit("grievance.file", f"objection:{objection_id}", topic=body.topic)
    return Filed(
        objection_id=objection_id,
        state=State.REGISTERED,
        state_label=State.REGISTERED.label,
        due_on=one.due_on,
    )
