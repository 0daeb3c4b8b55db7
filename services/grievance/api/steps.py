"""The desk's steps: 受理 or not, 入户查实, 结论. A repeated step changes nothing."""

from typing import Annotated

from fastapi import Depends

from contracts.grievance import ObjectionAccepted
from kit import errors
from kit.auth import Actor, Operation, Resource, Role, Zone, authorize, guarded_router, require
from kit.db import Tx
from kit.service import CurrentRoom
from services.grievance.api.bodies import ConclusionIn, ObjectionOut, RefusalIn, SurveyIn
from services.grievance.api.sight import out
from services.grievance.domain import State, must_recuse
from services.grievance.ports import seal
from services.grievance.store import lines, objections
from services.grievance.store.tables import Objection

_DESK = frozenset({Role.COMPLAINTS_DESK})


def _step(name: str, roles: frozenset[Role], *allowed: State) -> Operation:
    return Operation(f"grievance.{name}", roles=roles, zone=Zone.OUTSIDE, states=frozenset(allowed))


ACCEPT = _step("accept", _DESK, State.REGISTERED, State.ACCEPTED)
REFUSE = _step("refuse", _DESK, State.REGISTERED, State.REFUSED)
SURVEY = _step("survey", _DESK | {Role.SURVEY_WORKER}, State.ACCEPTED, State.SURVEYED)
CONCLUDE = _step("conclude", _DESK, State.SURVEYED, State.CONCLUDED)

router = guarded_router(prefix="/api/grievance/v1", tags=["steps"])


async def _reach(tx: Tx, objection_id: str, actor: Actor, operation: Operation) -> Objection:
    """The objection, and with it its line, locked; 404, 403 (also 回避) or 409 otherwise."""
    known = await objections.find(tx, objection_id)
    if known is None:
        raise errors.not_found()
    # The line first: objections against one line take turns, and never wait for each other in a circle.
    line = await lines.find(tx, known.line_id, lock=True)
    one = await objections.find(tx, objection_id, lock=True)
    assert line is not None, "objections refer to known lines"
    assert one is not None, "objections are never deleted"
    authorize(actor, operation, Resource(region=one.township, project=one.project, state=one.state))
    if must_recuse(actor.subject_id, line.subject_id, one.complainant):
        raise errors.forbidden("当事人须回避 (a person concerned may not handle it)")
    return one


@router.post("/objections/{objection_id}:accept")
async def accept(
    objection_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(ACCEPT))]
) -> ObjectionOut:
    """受理: from now on batch holds the line."""
    async with room.tx(actor) as tx:
        one = await _reach(tx, objection_id, actor, ACCEPT)
        if one.state == State.REGISTERED:
            one.state, one.accepted_at, one.accepted_by = State.ACCEPTED, tx.now, actor.sub
            await objections.save(tx, one)
            tx.emit(ObjectionAccepted(objection_id=objection_id, slice_id=one.slice_id, line_id=one.line_id))
            tx.audit("grievance.accept", f"objection:{objection_id}", line=one.line_id)
        return out(one, actor, tx.today)


@router.post("/objections/{objection_id}:refuse")
async def refuse(
    objection_id: str, body: RefusalIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(REFUSE))]
) -> ObjectionOut:
    """Not taken up, with a reason; nothing was held, so batch hears nothing."""
    async with room.tx(actor) as tx:
        one = await _reach(tx, objection_id, actor, REFUSE)
        if one.state == State.REGISTERED:
            one.state, one.refused_at, one.refused_by = State.REFUSED, tx.now, actor.sub
            one.refusal_sealed = seal(room, body.reason, objection_id, "refusal")
            await objections.save(tx, one)
            tx.audit("grievance.refuse", f"objection:{objection_id}")
        return out(one, actor, tx.today)


@router.post("/objections/{objection_id}:survey")
async def survey(
    objection_id: str, body: SurveyIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(SURVEY))]
) -> ObjectionOut:
    """入户查实: what the visit found. A second visit replaces the findings until the conclusion."""
    async with room.tx(actor) as tx:
        one = await _reach(tx, objection_id, actor, SURVEY)
        one.state, one.surveyed_at, one.surveyed_by = State.SURVEYED, tx.now, actor.sub
        one.findings = [str(code) for code in body.findings]
        one.findings_sealed = seal(room, body.text, objection_id, "findings")
        await objections.save(tx, one)
        tx.audit("grievance.survey", f"objection:{objection_id}", findings=one.findings)
        return out(one, actor, tx.today)


@router.post("/objections/{objection_id}:conclude")
async def conclude(
    objection_id: str,
    body: ConclusionIn,
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(CONCLUDE))],
) -> ObjectionOut:
    """结论: upheld excludes the line; dismissed frees it, once no other accepted objection holds it."""
    async with room.tx(actor) as tx:
        one = await _reach(tx, objection_id, actor, CONCLUDE)
        if one.state == State.CONCLUDED:
            if one.upheld != body.upheld:
                raise errors.conflict(
                    "concluded-otherwise", "已作出相反结论", "it is concluded the other way"
                )
            return out(one, actor, tx.today)
        one.state, one.concluded_at, one.concluded_by = State.CONCLUDED, tx.now, actor.sub
        one.upheld, one.opinion_sealed = body.upheld, seal(room, body.opinion, objection_id, "opinion")
        await objections.save(tx, one)
        await objections.announce(tx, one)
        tx.audit("grievance.conclude", f"objection:{objection_id}", upheld=body.upheld)
        return out(one, actor, tx.today)
