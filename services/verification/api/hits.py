"""Looking at what the rules found, within the caller's region and projects."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel

from kit.auth import ALL_PROJECTS, Actor, Operation, Reach, Role, Zone, guarded_router, require
from kit.service import CurrentRoom
from services.verification.store import hits
from services.verification.store.hits import Wanted

_VIEWERS = frozenset(
    {
        Role.TOWNSHIP_HANDLER,
        Role.TOWNSHIP_REVIEWER,
        Role.COUNTY_HANDLER,
        Role.COUNTY_REVIEWER,
        Role.FINANCE_REVIEWER,
        Role.DISCIPLINE,
    }
)
LIST = Operation(
    "verification.list_hits",
    roles=_VIEWERS,
    zone=Zone.OUTSIDE,
    crosses=True,
    region=Reach.NONE,
    project=False,
)
MOST_ITEMS = 1000

router = guarded_router(prefix="/api/verification/v1", tags=["hits"])


class HitOut(BaseModel):
    """One rule that answered other than pass."""

    hit_id: int
    check_id: str
    stage: str
    project: str
    county: str
    township: str
    slice_id: str | None
    line_id: str | None
    rev: int | None
    application_id: str
    subject_id: str
    rule: str
    effect: str
    source: str
    text: str
    at: datetime
    state: str


class HitPage(BaseModel):
    """Hits by id; ask again with `after` = `next` while there is one."""

    items: list[HitOut]
    next: int | None


class HitCount(BaseModel):
    """How often a rule spoke, and for how many persons."""

    project: str
    stage: str
    rule: str
    effect: str
    state: str
    township: str
    hits: int
    persons: int


def wanted(
    actor: Annotated[Actor, Depends(require(LIST))],
    slice_id: str | None = None,
    rule: str | None = None,
    stage: str | None = None,
    state: str | None = None,
    project: str | None = None,
) -> Wanted:
    """The query, narrowed to what the caller may see."""
    projects = None if ALL_PROJECTS in actor.projects else sorted(actor.projects)
    return Wanted(actor.region or "-", projects, slice_id, rule, stage, state, project)


@router.get("/hits")
async def find(
    room: CurrentRoom,
    asked: Annotated[Wanted, Depends(wanted)],
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 200,
) -> HitPage:
    """Hits, oldest first."""
    async with room.tx() as tx:
        rows = await hits.page(tx, asked, after, limit)
    items = [HitOut(**dict(row)) for row in rows]
    return HitPage(items=items, next=items[-1].hit_id if len(items) == limit else None)


@router.get("/hits/summary")
async def summary(room: CurrentRoom, asked: Annotated[Wanted, Depends(wanted)]) -> list[HitCount]:
    """Counts per project, stage, rule, effect, state and township."""
    async with room.tx() as tx:
        return [HitCount(**dict(row)) for row in await hits.summary(tx, asked)]
