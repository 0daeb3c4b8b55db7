"""Lists and single objections: a citizen's own progress (M48), the desk's work with its deadlines."""

from typing import Annotated

from fastapi import Depends, Query

from kit import errors
from kit.auth import (
    ALL_PROJECTS,
    Actor,
    Kind,
    Operation,
    Reach,
    Resource,
    Role,
    Zone,
    authorize,
    guarded_router,
    require,
)
from kit.service import CurrentRoom
from services.grievance.api.bodies import ObjectionOut, ObjectionPage
from services.grievance.api.sight import KNOWS_COMPLAINANT, out, with_texts
from services.grievance.domain import State
from services.grievance.store import objections
from services.grievance.store.objections import Wanted

_VIEWERS = frozenset({Role.CITIZEN, Role.COMPLAINTS_DESK, Role.DISCIPLINE, Role.SURVEY_WORKER})
LIST = Operation("grievance.list", roles=_VIEWERS, zone=Zone.OUTSIDE, region=Reach.NONE, project=False)
VIEW = Operation("grievance.view", roles=_VIEWERS, zone=Zone.OUTSIDE)

router = guarded_router(prefix="/api/grievance/v1", tags=["objections"])


@router.get("/objections")
async def find(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST))],
    state: State | None = None,
    line_id: str | None = None,
    overdue: bool = False,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> ObjectionPage:
    """The earliest deadline first; `overdue` leaves those whose 受理 is late. Texts are in the single view."""
    own = actor.kind is Kind.CITIZEN
    everything = own or ALL_PROJECTS in actor.projects
    async with room.tx(actor) as tx:
        wanted = Wanted(
            complainant=actor.subject_id if own else None,
            region=None if own else actor.region or "-",
            projects=None if everything else sorted(actor.projects),
            state=state,
            line_id=line_id,
            overdue_on=tx.today if overdue else None,
            after=after,
            limit=limit,
        )
        found = await objections.listed(tx, wanted)
        if actor.roles & KNOWS_COMPLAINANT:
            tx.audit("grievance.list", "objections", shown=[one.objection_id for one in found])
        items = [out(one, actor, tx.today) for one in found]
    return ObjectionPage(items=items, next=objections.place(found[-1]) if len(found) == limit else None)


@router.get("/objections/{objection_id}")
async def view(
    objection_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(VIEW))]
) -> ObjectionOut:
    """One objection with the texts its reader may see; each look is audited."""
    async with room.tx(actor) as tx:
        one = await objections.find(tx, objection_id)
        if one is None:
            raise errors.not_found()
        seen = Resource(region=one.township, project=one.project, subject_id=one.complainant)
        authorize(actor, VIEW, seen)
        tx.audit("grievance.view", f"objection:{objection_id}")
        return with_texts(room, one, actor, tx.today)
