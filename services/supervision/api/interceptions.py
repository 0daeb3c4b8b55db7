"""Interceptions (M59, M69): details, and figures by class, region, project and time with what was confirmed."""

from datetime import date
from typing import Annotated, Literal

from fastapi import Depends, Query

from kit.auth import Actor, Operation, Reach, Zone, guarded_router, require
from kit.service import CurrentRoom
from services.supervision.api.bodies import InterceptionFigure, InterceptionOut, InterceptionPage
from services.supervision.api.sight import SUPERVISORS, Names
from services.supervision.store import interceptions
from services.supervision.store.interceptions import Wanted

READ = Operation(
    "supervision.read_interceptions",
    roles=SUPERVISORS,
    zone=Zone.OUTSIDE,
    crosses=True,
    region=Reach.NONE,
    project=False,
)
By = Literal["rule", "project", "county", "township", "stage", "month", "day"]

router = guarded_router(prefix="/api/supervision/v1", tags=["interceptions"])


@router.get("/interceptions")
async def find(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(READ))],
    region: str | None = None,
    project: str | None = None,
    rule: str | None = None,
    first: date | None = None,
    last: date | None = None,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> InterceptionPage:
    """拦截信息明细: which rule stopped which line or application, oldest first."""
    wanted = Wanted(
        actor.region or "-", actor.listed_projects, region, project, rule, first, last, after, limit
    )
    async with room.tx(actor) as tx:
        found = await interceptions.listed(tx, wanted)
    items = [InterceptionOut(**one, township_name=room.regions.name(one["township"])) for one in found]
    return InterceptionPage(items=items, next=found[-1]["place"] if len(found) == limit else None)


@router.get("/interceptions/figures")
async def figures(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(READ))],
    by: By = "rule",
    region: str | None = None,
    project: str | None = None,
    rule: str | None = None,
    first: date | None = None,
    last: date | None = None,
) -> list[InterceptionFigure]:
    """风险拦截分类, 分布, trend. A hit is counted in the month or day of its own event: stopped, or decided."""
    wanted = Wanted(actor.region or "-", actor.listed_projects, region, project, rule, first, last)
    async with room.tx(actor) as tx:
        rows = await interceptions.figures(tx, wanted, by)
        names = await Names.load(tx, room)
    return [
        InterceptionFigure(
            **row,
            name=_name(by, row["part"], names),
            precision=_precision(row["confirmed"], row["lifted"]),
        )
        for row in rows
    ]


def _name(by: str, part: str, names: Names) -> str:
    if by in ("county", "township"):
        return names.region(part)
    return names.project(part) or part if by == "project" else part


def _precision(confirmed: int, lifted: int) -> float | None:
    return confirmed / (confirmed + lifted) if confirmed + lifted else None
