"""Statistics for desk and discipline, and what everybody may know of how cases ended."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Query

from kit.auth import Actor, Operation, Reach, Role, Zone, guarded_router, require
from kit.auth import public as open_to_all
from kit.service import CurrentRoom
from services.grievance.api.bodies import CaseFigure, PublicCase, PublicCases
from services.grievance.domain import State
from services.grievance.store import figures

COUNT = Operation(
    "grievance.statistics",
    roles=frozenset({Role.COMPLAINTS_DESK, Role.DISCIPLINE, Role.LEADER}),
    zone=Zone.OUTSIDE,
    region=Reach.NONE,
    project=False,
)
READ = Operation("grievance.read_public", public=True, zone=Zone.OUTSIDE, region=Reach.NONE, project=False)

router = guarded_router(prefix="/api/grievance/v1", tags=["figures"])


@router.get("/statistics")
async def statistics(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(COUNT))],
    first: date | None = None,
    last: date | None = None,
) -> list[CaseFigure]:
    """Cases registered between two days, by kind and topic."""
    projects = actor.listed_projects
    async with room.tx(actor) as tx:
        rows = await figures.counted(tx, actor.region or "-", projects, first, last)
    return [CaseFigure(**row, satisfaction=_share(row["satisfied"], row["dissatisfied"])) for row in rows]


def _share(yes: int, no: int) -> float | None:
    return yes / (yes + no) if yes + no else None


@router.get("/public/cases", dependencies=[Depends(open_to_all(READ))])
async def public(
    room: CurrentRoom,
    county: str,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> PublicCases:
    """Cases whose complainants agreed to it: what about, and how it ended; neither persons nor words."""
    async with room.tx() as tx:
        rows = await figures.public(tx, county, after, limit)
    items = [PublicCase(**row, state_label=State(row["state"]).label) for row in rows]
    return PublicCases(items=items, next=rows[-1]["case_id"] if len(rows) == limit else None)
