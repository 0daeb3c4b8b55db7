"""Looking at notices: the tabs (M25) and one notice."""

from typing import Annotated

from fastapi import Depends, Query

from kit.auth import Actor, Operation, Reach, Role, Zone, guarded_router, require
from kit.service import CurrentRoom
from services.publicity.api.bodies import NoticeDetail, NoticePage, PhotoOut, Tab
from services.publicity.api.checks import out, reach, terms_for
from services.publicity.domain.states import State
from services.publicity.domain.terms import unit_of
from services.publicity.store import notices, photos, rows
from services.publicity.store.notices import Wanted

VIEWERS = frozenset(
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
    "publicity.list", roles=VIEWERS, zone=Zone.OUTSIDE, crosses=True, region=Reach.NONE, project=False
)
VIEW = Operation("publicity.view", roles=VIEWERS, zone=Zone.OUTSIDE, crosses=True)

router = guarded_router(prefix="/api/publicity/v1", tags=["notices"])


@router.get("/notices")
async def find(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST))],
    township: str | None = None,
    project: str | None = None,
    period: str | None = None,
    state: State | None = None,
    set_id: str | None = None,
    slice_id: str | None = None,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> NoticePage:
    """Notices of the actor's region and projects, with the number of each tab."""
    wanted = Wanted(
        region=actor.region or "-",
        projects=actor.listed_projects,
        township=township,
        project=project,
        period=period,
        state=state,
        set_id=set_id,
        slice_id=slice_id,
        after=after,
        limit=limit,
    )
    async with room.tx(actor) as tx:
        found, counts = await notices.listed(tx, wanted), await notices.counts(tx, wanted)
    tabs = [Tab(state=one, label=one.label, count=counts.get(one, 0)) for one in State]
    following = found[-1].notice_id if len(found) == limit else None
    return NoticePage(items=[out(one) for one in found], tabs=tabs, next=following)


@router.get("/notices/{notice_id}")
async def view(
    notice_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(VIEW))]
) -> NoticeDetail:
    """One notice: its terms, villages with totals, withdrawn lines, photos."""
    async with room.tx(actor) as tx:
        notice = await reach(tx, notice_id, actor, VIEW)
        terms = await terms_for(tx, notice)
        standing = await rows.standing_lines(tx, notice)
        villages = await rows.villages(tx, notice)
        pictures = await photos.listed(tx, notice_id)
        unit = unit_of(await notices.manifest_of(tx, notice))
    named = [{**one, "name": room.regions.name(one["village"])} for one in villages]
    return NoticeDetail(
        **out(notice).model_dump(),
        days=terms.days,
        kind_of_days=terms.kind,
        unit=unit,
        withdrawn=(notice.lines or 0) - standing,
        villages=named,
        photos=[PhotoOut.model_validate(one) for one in pictures],
    )
