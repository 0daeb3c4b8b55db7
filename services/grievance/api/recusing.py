"""回避 and assignment: who is concerned is excluded, and somebody else takes the case over."""

from typing import Annotated

from fastapi import Depends

from kit import errors
from kit.auth import Actor, Operation, Role, Zone, guarded_router, require
from kit.service import CurrentRoom
from services.grievance.api.bodies import AssignIn, CaseOut, RecusalIn
from services.grievance.api.reach import put_down, seen
from services.grievance.api.sight import out, resource
from services.grievance.domain import State
from services.grievance.store import recusals

_LIVE = frozenset(State) - {State.REFUSED, State.CLOSED}
RECUSE = Operation(
    "grievance.recuse",
    roles=frozenset({Role.COMPLAINTS_DESK, Role.DISCIPLINE, Role.SURVEY_WORKER}),
    zone=Zone.OUTSIDE,
    project=False,
    states=_LIVE,
)
ASSIGN = Operation(
    "grievance.assign",
    roles=frozenset({Role.COMPLAINTS_DESK, Role.DISCIPLINE}),
    zone=Zone.OUTSIDE,
    project=False,
    states=_LIVE,
)

router = guarded_router(prefix="/api/grievance/v1", tags=["recusal"])


@router.post("/cases/{case_id}:recuse")
async def recuse(
    case_id: str, body: RecusalIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(RECUSE))]
) -> CaseOut:
    """Exclude oneself, or (desk and discipline) a related official; who was handling it no longer does."""
    if body.username not in (None, actor.sub) and not actor.roles & ASSIGN.roles:
        raise errors.forbidden()
    async with room.tx(actor) as tx:
        one = await seen(tx, case_id, actor, RECUSE, lock=True)
        username = body.username or actor.sub
        await recusals.add(tx, case_id, username, "declared" if username == actor.sub else "related")
        if one.handler == username:
            one.handler = None
        await put_down(tx, room, one, "recused", actor)
        tx.audit("grievance.recuse", resource(one), username=username)
        return out(one, actor, tx.today)


@router.post("/cases/{case_id}:assign")
async def assign(
    case_id: str, body: AssignIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(ASSIGN))]
) -> CaseOut:
    """Have one official alone take the steps; 409 `must-recuse` for one who is concerned."""
    async with room.tx(actor) as tx:
        one = await seen(tx, case_id, actor, ASSIGN, lock=True)
        if body.handler in await recusals.of(tx, case_id):
            raise errors.conflict("must-recuse", "该人员须回避", "this official must recuse")
        if one.handler != body.handler:
            one.handler = body.handler
            await put_down(tx, room, one, "assigned", actor)
            tx.audit("grievance.assign", resource(one), handler=body.handler)
        return out(one, actor, tx.today)
