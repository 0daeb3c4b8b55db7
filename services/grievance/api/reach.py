"""Loading a case for a step, with everybody who may not take it turned away."""

from kit import errors
from kit.auth import Actor, Operation, Resource, Role, authorize
from kit.auth import Kind as ActorKind
from kit.db import Tx
from kit.service import Room
from services.grievance.api.sight import check_project
from services.grievance.domain import must_recuse
from services.grievance.ports import seal
from services.grievance.store import cases, lines, record, recusals
from services.grievance.store.tables import Case


async def seen(tx: Tx, case_id: str, actor: Actor, operation: Operation, *, lock: bool = False) -> Case:
    """The case, and with it its line, locked; 404 for who may not see it, recused officials included."""
    known = await cases.find(tx, case_id)
    if known is None:
        raise errors.not_found()
    if lock:
        # The line first: cases against one line take turns, and never wait for each other in a circle.
        if known.line_id is not None:
            await lines.find(tx, known.line_id, lock=True)
        known = await cases.find(tx, case_id, lock=True)
        assert known is not None, "cases are never deleted"
    if actor.kind is ActorKind.OFFICIAL and actor.sub in await recusals.of(tx, case_id):
        raise errors.not_found()
    found = Resource(region=known.township or known.county, subject_id=known.complainant, state=known.state)
    authorize(actor, operation, found)
    check_project(actor, known.project)
    return known


async def to_handle(tx: Tx, case_id: str, actor: Actor, operation: Operation) -> Case:
    """The case locked, for an official's step: nobody concerned, and nobody but an assigned handler."""
    one = await seen(tx, case_id, actor, operation, lock=True)
    line = await lines.find(tx, one.line_id) if one.line_id else None
    if must_recuse(actor.subject_id, line.subject_id if line else None, one.complainant):
        raise errors.forbidden("当事人须回避 (a person concerned may not handle it)")
    if one.handler not in (None, actor.sub) and Role.SURVEY_WORKER not in actor.roles:
        raise errors.forbidden("已指派他人办理 (it is assigned to somebody else)")
    return one


async def put_down(tx: Tx, room: Room, one: Case, step: str, actor: Actor, words: str | None = None) -> None:
    """Save a step, add it to the record with its words, and tell supervision."""
    await cases.save(tx, one)
    part = await record.following(tx, one.case_id)
    by = "complainant" if actor.kind is ActorKind.CITIZEN else actor.sub
    await cases.note(tx, one, step, by, seal(room, words, one.case_id, part) if words else None)
