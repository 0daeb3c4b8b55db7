"""The desk's steps: 受理 or not, 入户查实, 结论. A repeated step changes nothing."""

from typing import Annotated

from fastapi import Depends

from contracts.grievance import ObjectionAccepted
from kit import errors, workdays
from kit.auth import Actor, Operation, Role, Zone, guarded_router, require
from kit.db import Tx
from kit.service import CurrentRoom
from services.grievance.api.bodies import CaseOut, ConclusionIn, RefusalIn, SurveyIn
from services.grievance.api.reach import put_down, to_handle
from services.grievance.api.sight import out, resource
from services.grievance.domain import About, Kind, State, conclude_by, may_conclude
from services.grievance.ports import seal
from services.grievance.store import cases
from services.grievance.store.tables import Case

_DESK = frozenset({Role.COMPLAINTS_DESK})


def _step(name: str, roles: frozenset[Role], *allowed: State) -> Operation:
    return Operation(
        f"grievance.{name}", roles=roles, zone=Zone.OUTSIDE, project=False, states=frozenset(allowed)
    )


ACCEPT = _step("accept", _DESK, State.REGISTERED, State.ACCEPTED)
REFUSE = _step("refuse", _DESK, State.REGISTERED, State.REFUSED)
SURVEY = _step("survey", _DESK | {Role.SURVEY_WORKER}, State.ACCEPTED, State.SURVEYED)
CONCLUDE = _step("conclude", _DESK, State.ACCEPTED, State.SURVEYED, State.CONCLUDED)

router = guarded_router(prefix="/api/grievance/v1", tags=["steps"])


@router.post("/objections/{case_id}:accept")
@router.post("/cases/{case_id}:accept")
async def accept(
    case_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(ACCEPT))]
) -> CaseOut:
    """受理: from now on batch holds the line, if one is named; conclusion and reply within 15 working days."""
    async with room.tx(actor) as tx:
        one = await to_handle(tx, case_id, actor, ACCEPT)
        _no_message(one)
        if one.state == State.REGISTERED:
            one.state, one.accepted_at, one.accepted_by = State.ACCEPTED, tx.now, actor.sub
            one.due_on = conclude_by(tx.today, workdays.add_working_days)
            hold(tx, one, one.case_id)
            await put_down(tx, room, one, "accepted", actor)
            tx.audit("grievance.accept", resource(one), line=one.line_id)
        return out(one, actor, tx.today)


def hold(tx: Tx, one: Case, hold_id: str) -> None:
    """Have batch hold the line that the case names; a case that names none holds nothing."""
    if one.line_id is not None and one.slice_id is not None:
        one.hold_id = hold_id
        tx.emit(ObjectionAccepted(objection_id=hold_id, slice_id=one.slice_id, line_id=one.line_id))


@router.post("/objections/{case_id}:refuse")
@router.post("/cases/{case_id}:refuse")
async def refuse(
    case_id: str, body: RefusalIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(REFUSE))]
) -> CaseOut:
    """Not taken up, with a reason; nothing was held, so batch hears nothing."""
    async with room.tx(actor) as tx:
        one = await to_handle(tx, case_id, actor, REFUSE)
        if one.state == State.REGISTERED:
            one.state, one.refused_at, one.refused_by = State.REFUSED, tx.now, actor.sub
            one.refusal_sealed = seal(room, body.reason, case_id, "refusal")
            await put_down(tx, room, one, "refused", actor, body.reason)
            tx.audit("grievance.refuse", resource(one))
        return out(one, actor, tx.today)


@router.post("/objections/{case_id}:survey")
@router.post("/cases/{case_id}:survey")
async def survey(
    case_id: str, body: SurveyIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(SURVEY))]
) -> CaseOut:
    """入户查实: what the visit found. A second visit replaces the findings until the conclusion."""
    async with room.tx(actor) as tx:
        one = await to_handle(tx, case_id, actor, SURVEY)
        one.state, one.surveyed_at, one.surveyed_by = State.SURVEYED, tx.now, actor.sub
        one.findings = [str(code) for code in body.findings]
        one.findings_sealed = seal(room, body.text, case_id, "findings")
        await put_down(tx, room, one, "surveyed", actor, body.text)
        tx.audit("grievance.survey", resource(one), findings=one.findings)
        return out(one, actor, tx.today)


@router.post("/objections/{case_id}:conclude")
@router.post("/cases/{case_id}:conclude")
async def conclude(
    case_id: str, body: ConclusionIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(CONCLUDE))]
) -> CaseOut:
    """结论: upheld excludes the line; dismissed frees it, once no other accepted case holds it."""
    async with room.tx(actor) as tx:
        one = await to_handle(tx, case_id, actor, CONCLUDE)
        if one.state == State.CONCLUDED:
            if one.upheld != body.upheld:
                raise errors.conflict(
                    "concluded-otherwise", "已作出相反结论", "it is concluded the other way"
                )
            return out(one, actor, tx.today)
        if not may_conclude(State(one.state), About(one.about) if one.about else None, one.line_id):
            raise errors.conflict("not-surveyed", "尚未入户查实", "it was not surveyed yet")
        one.state, one.concluded_at, one.concluded_by = State.CONCLUDED, tx.now, actor.sub
        one.upheld, one.opinion_sealed = body.upheld, seal(room, body.opinion, case_id, "opinion")
        await put_down(tx, room, one, "concluded", actor, body.opinion)
        await cases.announce(tx, one)
        tx.audit("grievance.conclude", resource(one), upheld=body.upheld)
        return out(one, actor, tx.today)


def _no_message(one: Case) -> None:
    if one.kind == Kind.MESSAGE:
        raise errors.conflict("message", "留言直接答复即可", "a message is answered, not accepted")
