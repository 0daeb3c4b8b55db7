"""Lists and single cases: a citizen's own progress (M48), the desk's work with its deadlines, discipline's view."""

from typing import Annotated

from fastapi import Depends, Query

from kit import errors
from kit.auth import Actor, Operation, Reach, Role, Zone, guarded_router, require
from kit.auth import Kind as ActorKind
from kit.service import CurrentRoom, Room
from services.grievance.api.bodies import CaseOut, CasePage
from services.grievance.api.reach import seen
from services.grievance.api.sight import KNOWS_COMPLAINANT, out, resource, with_texts
from services.grievance.domain import Kind, State
from services.grievance.store import cases
from services.grievance.store.cases import Wanted

_VIEWERS = frozenset({Role.CITIZEN, Role.COMPLAINTS_DESK, Role.DISCIPLINE, Role.LEADER, Role.SURVEY_WORKER})
_ALSO_MESSAGES = _VIEWERS | {Role.COUNTY_HANDLER}


def _operation(name: str, roles: frozenset[Role], region: Reach) -> Operation:
    return Operation(name, roles=roles, zone=Zone.OUTSIDE, region=region, project=False)


LIST, LIST_CASES = (
    _operation("grievance.list", _VIEWERS, Reach.NONE),
    _operation("grievance.list_cases", _ALSO_MESSAGES, Reach.NONE),
)
VIEW, VIEW_CASE = (
    _operation("grievance.view", _VIEWERS, Reach.COVERS),
    _operation("grievance.view_case", _ALSO_MESSAGES, Reach.COVERS),
)

router = guarded_router(prefix="/api/grievance/v1", tags=["cases"])


@router.get("/objections")
async def objections(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST))],
    state: State | None = None,
    line_id: str | None = None,
    overdue: bool = False,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> CasePage:
    """Objections, the earliest deadline first; `overdue` leaves the late ones. Texts are in the single view."""
    return await _page(room, actor, Kind.OBJECTION, state, line_id, overdue, False, after, limit)


@router.get("/cases")
async def find(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST_CASES))],
    kind: Kind | None = None,
    state: State | None = None,
    line_id: str | None = None,
    overdue: bool = False,
    escalated: bool = False,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> CasePage:
    """All kinds; `escalated` leaves what is not concluded 30 working days after registration."""
    return await _page(room, actor, kind, state, line_id, overdue, escalated, after, limit)


async def _page(
    room: Room,
    actor: Actor,
    kind: Kind | None,
    state: State | None,
    line_id: str | None,
    overdue: bool,
    escalated: bool,
    after: str,
    limit: int,
) -> CasePage:
    own = actor.kind is ActorKind.CITIZEN
    async with room.tx(actor) as tx:
        wanted = Wanted(
            complainant=actor.subject_id if own else None,
            region=None if own else actor.region or "-",
            projects=None if own else actor.listed_projects,
            kinds=_kinds(actor, kind),
            username=None if own else actor.sub,
            state=state,
            line_id=line_id,
            overdue_on=tx.today if overdue else None,
            escalated_on=tx.today if escalated else None,
            after=after,
            limit=limit,
        )
        found = await cases.listed(tx, wanted)
        if actor.roles & KNOWS_COMPLAINANT:
            tx.audit("grievance.list", "objections", shown=[one.case_id for one in found])
        items = [out(one, actor, tx.today) for one in found]
    return CasePage(items=items, next=cases.place(found[-1]) if len(found) == limit else None)


def _kinds(actor: Actor, kind: Kind | None) -> list[str] | None:
    wanted = None if kind is None else [str(kind)]
    if actor.roles & _VIEWERS:
        return wanted
    return [] if wanted and Kind.MESSAGE not in wanted else [str(Kind.MESSAGE)]


@router.get("/objections/{case_id}")
async def view_objection(
    case_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(VIEW))]
) -> CaseOut:
    """One case with the texts its reader may see; each look is audited."""
    return await _one(room, case_id, actor, VIEW)


@router.get("/cases/{case_id}")
async def view(
    case_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(VIEW_CASE))]
) -> CaseOut:
    """The same for all kinds; a department's handler sees messages alone."""
    return await _one(room, case_id, actor, VIEW_CASE)


async def _one(room: Room, case_id: str, actor: Actor, operation: Operation) -> CaseOut:
    async with room.tx(actor) as tx:
        one = await seen(tx, case_id, actor, operation)
        if _kinds(actor, Kind(one.kind)) == []:
            raise errors.not_found()
        tx.audit("grievance.view", resource(one))
        return await with_texts(tx, room, one, actor)
