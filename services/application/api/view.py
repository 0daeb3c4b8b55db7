"""Looking at applications and enrolments: citizens at their own, officials at their region and projects."""

from typing import Annotated, Any

from fastapi import Depends, Query

from kit import errors
from kit.auth import Actor, Kind, Operation, Reach, Resource, Role, Zone, authorize, guarded_router, require
from kit.service import CurrentRoom
from services.application.api.bodies import ApplicationOut, ApplicationPage, EnrolmentOut, EnrolmentPage
from services.application.domain import Channel
from services.application.store import applications, views
from services.application.store.views import Sight, Wanted

_VIEWERS = frozenset(
    {
        Role.CITIZEN,
        Role.HELPER,
        Role.TOWNSHIP_HANDLER,
        Role.TOWNSHIP_REVIEWER,
        Role.COUNTY_HANDLER,
        Role.COUNTY_REVIEWER,
        Role.DISCIPLINE,
    }
)
VIEW = Operation("application.view", roles=_VIEWERS, zone=Zone.OUTSIDE, crosses=True, region=Reach.COVERS)
LIST = Operation(
    "application.list", roles=_VIEWERS, zone=Zone.OUTSIDE, crosses=True, region=Reach.NONE, project=False
)
LIST_ENROLMENTS = Operation(
    "application.list_enrolments",
    roles=_VIEWERS - {Role.HELPER},
    zone=Zone.OUTSIDE,
    crosses=True,
    region=Reach.NONE,
    project=False,
)
MOST_ITEMS = 500

router = guarded_router(prefix="/api/application/v1", tags=["view"])


@router.get("/applications/{application_id}")
async def view(
    application_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(VIEW))]
) -> ApplicationOut:
    """One application; 404 when it is not the caller's to see."""
    async with room.tx() as tx:
        row = await applications.one(tx, application_id)
    if row is None:
        raise errors.not_found()
    if not _only_helper(actor):
        seen = Resource(region=row["township"], project=row["project"], subject_id=row["subject_id"])
        authorize(actor, VIEW, seen)
    elif row["submitted_by"] != actor.sub:
        raise errors.not_found()
    return _application(row)


def wanted(
    township: str | None = None,
    project: str | None = None,
    state: str | None = None,
    subject_id: str | None = None,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 100,
) -> Wanted:
    """The query parameters of both lists."""
    return Wanted(township, project, state, subject_id, after, limit)


@router.get("/applications")
async def find(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST))],
    asked: Annotated[Wanted, Depends(wanted)],
) -> ApplicationPage:
    """Applications the caller may see, by id."""
    async with room.tx() as tx:
        rows = await views.applications(tx, _sight(actor), asked)
    following = rows[-1]["application_id"] if len(rows) == asked.limit else None
    return ApplicationPage(items=[_application(row) for row in rows], next=following)


@router.get("/enrolments")
async def find_enrolments(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST_ENROLMENTS))],
    asked: Annotated[Wanted, Depends(wanted)],
) -> EnrolmentPage:
    """Enrolments the caller may see, by id."""
    async with room.tx() as tx:
        rows = await views.enrolments(tx, _sight(actor), asked)
    following = rows[-1]["enrolment_id"] if len(rows) == asked.limit else None
    return EnrolmentPage(items=[EnrolmentOut(**row) for row in rows], next=following)


def _only_helper(actor: Actor) -> bool:
    return actor.roles == {Role.HELPER}


def _sight(actor: Actor) -> Sight:
    if actor.kind is Kind.CITIZEN:
        return Sight(subject_id=actor.subject_id)
    if _only_helper(actor):  # what they filed themselves, wherever; not their neighbours' cases
        return Sight(submitted_by=actor.sub)
    return Sight(region=actor.region, projects=actor.listed_projects)


def _application(row: dict[str, Any]) -> ApplicationOut:
    return ApplicationOut(**row, channel_label=Channel(row["channel"]).label)
