"""The end of a case: the reply, the complainant's rating, one reopening, closing (M48, M56)."""

from typing import Annotated

from fastapi import Depends

from kit import errors, workdays
from kit.auth import Actor, Operation, Role, Zone, guarded_router, require
from kit.clock import CHINA
from kit.db import Tx
from kit.service import CurrentRoom
from services.grievance.api.bodies import CaseOut, RatingIn, ReplyIn
from services.grievance.api.reach import put_down, seen, to_handle
from services.grievance.api.sight import out, resource
from services.grievance.api.steps import hold
from services.grievance.domain import (
    RATE_WITHIN_WORKING_DAYS,
    Kind,
    State,
    conclude_by,
    first_deadline,
)
from services.grievance.ports import seal
from services.grievance.store.tables import Case

REPLY = Operation(
    "grievance.reply",
    roles=frozenset({Role.COMPLAINTS_DESK, Role.COUNTY_HANDLER}),
    zone=Zone.OUTSIDE,
    project=False,
    states=frozenset({State.REGISTERED, State.CONCLUDED, State.REPLIED}),
)
RATE = Operation(
    "grievance.rate",
    roles=frozenset({Role.CITIZEN}),
    zone=Zone.OUTSIDE,
    project=False,
    states=frozenset({State.REPLIED, State.CLOSED, State.ACCEPTED, State.REGISTERED}),
)
CLOSE = Operation(
    "grievance.close",
    roles=frozenset({Role.COMPLAINTS_DESK}),
    zone=Zone.OUTSIDE,
    project=False,
    states=frozenset({State.REPLIED, State.CLOSED}),
)

router = guarded_router(prefix="/api/grievance/v1", tags=["closing"])


@router.post("/objections/{case_id}:reply")
@router.post("/cases/{case_id}:reply")
async def reply(
    case_id: str, body: ReplyIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(REPLY))]
) -> CaseOut:
    """Answer: a concluded case by the desk, a message by the desk or the department's county handler."""
    async with room.tx(actor) as tx:
        one = await to_handle(tx, case_id, actor, REPLY)
        message = one.kind == Kind.MESSAGE
        if not message and Role.COMPLAINTS_DESK not in actor.roles:
            raise errors.not_found()
        if one.state == (State.CONCLUDED if message else State.REGISTERED):
            raise errors.conflict("wrong-state", "当前状态不能办理", "not in a state that allows this")
        if one.state != State.REPLIED:
            one.state, one.replied_at, one.replied_by = State.REPLIED, tx.now, actor.sub
            one.reply_sealed = seal(room, body.text, case_id, "reply")
            await put_down(tx, room, one, "replied", actor, body.text)
            tx.audit("grievance.reply", resource(one))
        return out(one, actor, tx.today)


@router.post("/objections/{case_id}:rate")
@router.post("/cases/{case_id}:rate")
async def rate(
    case_id: str, body: RatingIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(RATE))]
) -> CaseOut:
    """满意度 0/1 with a reason closes the case; dissatisfied, the complainant may have it reopened once."""
    async with room.tx(actor) as tx:
        one = await seen(tx, case_id, actor, RATE, lock=True)
        if one.state != State.REPLIED:
            if one.rated_at is not None and one.satisfied == body.satisfied:
                return out(one, actor, tx.today)
            raise errors.conflict("wrong-state", "当前状态不能办理", "not in a state that allows this")
        if not body.satisfied and body.reason is None:
            raise errors.unprocessable("reason-missing", "不满意须说明理由", "say why you are not satisfied")
        if body.reopen and (body.satisfied or one.reopened_at is not None):
            raise errors.conflict(
                "no-reopening",
                "满意的或已重新办理过的不能再次办理",
                "it can be reopened once, when not satisfied",
            )
        one.satisfied, one.rated_at = body.satisfied, tx.now
        one.rating_sealed = seal(room, body.reason, case_id, "rating") if body.reason else None
        if body.reopen:
            _reopen(tx, one)
        else:
            one.state, one.closed_at = State.CLOSED, tx.now
        await put_down(tx, room, one, "reopened" if body.reopen else "rated", actor, body.reason)
        tx.audit("grievance.rate", resource(one), satisfied=body.satisfied, reopened=body.reopen)
        return out(one, actor, tx.today)


@router.post("/objections/{case_id}:close")
@router.post("/cases/{case_id}:close")
async def close(case_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(CLOSE))]) -> CaseOut:
    """The desk closes what nobody rated within five working days of the reply, or nobody can rate."""
    async with room.tx(actor) as tx:
        one = await to_handle(tx, case_id, actor, CLOSE)
        if one.state == State.CLOSED:
            return out(one, actor, tx.today)
        assert one.replied_at is not None, "a replied case says when"
        replied_on = one.replied_at.astimezone(CHINA).date()
        waits_until = workdays.add_working_days(replied_on, RATE_WITHIN_WORKING_DAYS)
        if one.complainant is not None and tx.today <= waits_until:
            raise errors.conflict(
                "may-still-rate",
                "群众评价期未满",
                "the complainant may still rate",
                until=waits_until.isoformat(),
            )
        one.state, one.closed_at = State.CLOSED, tx.now
        await put_down(tx, room, one, "closed", actor)
        tx.audit("grievance.close", resource(one))
        return out(one, actor, tx.today)


def _reopen(tx: Tx, one: Case) -> None:
    """Once more from 受理 (a message from 登记), with a new deadline. A line freed meanwhile is held again."""
    one.reopened_at = tx.now
    freed = one.announced_at is not None and one.upheld is False
    told = one.announced_at is not None
    one.concluded_at = one.concluded_by = one.upheld = one.opinion_sealed = None
    one.surveyed_at = one.surveyed_by = one.findings = one.findings_sealed = None
    one.replied_at = one.replied_by = one.reply_sealed = None
    if one.kind == Kind.MESSAGE:
        one.state = State.REGISTERED
        one.due_on = first_deadline(Kind.MESSAGE, tx.today, workdays.add_working_days)
        return
    one.state = State.ACCEPTED
    one.due_on = conclude_by(tx.today, workdays.add_working_days)
    if told:  # an untold dismissal still holds; an upheld one has excluded the line for good
        one.hold_id, one.announced_at = None, None
    if freed:
        hold(tx, one, f"{one.case_id}-2")
