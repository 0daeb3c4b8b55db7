"""The whole way of an application or a line (M41, M44): each node's time and the acting role and office."""

from typing import Annotated, Any

from fastapi import Depends

from kit import errors
from kit.auth import Actor, Kind, Operation, Resource, Role, Zone, authorize, guarded_router, require
from kit.service import CurrentRoom
from services.supervision.api.bodies import StepOut, TimelineOut
from services.supervision.api.sight import OFFICIALS, Names, check_project, role_label
from services.supervision.domain.journal import STATES
from services.supervision.domain.overdue import CASE_KINDS, CASE_STATES
from services.supervision.store import items, places, steps

VIEW = Operation(
    "supervision.view_timeline", roles=OFFICIALS | {Role.CITIZEN}, zone=Zone.OUTSIDE, crosses=True
)
VIEW_CASE = Operation(
    "supervision.view_case_timeline",
    roles=frozenset({Role.DISCIPLINE, Role.LEADER}),
    zone=Zone.OUTSIDE,
    crosses=True,
    project=False,
)

router = guarded_router(prefix="/api/supervision/v1", tags=["timelines"])


@router.get("/timelines/applications/{application_id}")
async def of_application(
    application_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(VIEW))]
) -> TimelineOut:
    """From 申报 to 发放结果, over all its lines; for its own citizen and for officials of the region."""
    async with room.tx(actor) as tx:
        one = await places.application(tx, application_id)
        if one is None:
            raise errors.not_found()
        authorize(actor, VIEW, Resource(region=one.township, project=one.project, subject_id=one.subject_id))
        way = await steps.way_of_lines(tx, await steps.lines_of(tx, application_id), [application_id])
        names = await Names.load(tx, room)
    return _out("application", application_id, one.project, one.township, way, names, actor)


@router.get("/timelines/lines/{line_id}")
async def of_line(
    line_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(VIEW))]
) -> TimelineOut:
    """One period's way: its application, its slices and sets while it was in them, the bank's result."""
    async with room.tx(actor) as tx:
        one = await places.line(tx, line_id)
        if one is None:
            raise errors.not_found()
        authorize(actor, VIEW, Resource(region=one.township, project=one.project, subject_id=one.subject_id))
        way = await steps.way_of_lines(tx, [line_id], [one.application_id])
        names = await Names.load(tx, room)
    return _out("line", line_id, one.project, one.township, way, names, actor)


@router.get("/timelines/slices/{slice_id}")
async def of_slice(
    slice_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(VIEW))]
) -> TimelineOut:
    """A submission's way, with that of the sets it was in."""
    async with room.tx(actor) as tx:
        one = await places.slice_(tx, slice_id)
        if one is None:
            raise errors.not_found()
        authorize(actor, VIEW, Resource(region=one.township, project=one.project))
        way = await steps.way_of(tx, "slice", slice_id)
        names = await Names.load(tx, room)
    return _out("slice", slice_id, one.project, one.township, way, names, actor)


@router.get("/timelines/cases/{case_id}")
async def of_case(
    case_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(VIEW_CASE))]
) -> TimelineOut:
    """A complaint's steps (M64), without persons or words."""
    async with room.tx(actor) as tx:
        one = await items.find(tx, case_id)
        if one is None or one.kind != "case":
            raise errors.not_found()
        authorize(actor, VIEW_CASE, Resource(region=one.region))
        check_project(actor, one.project)
        way = await steps.way_of(tx, "case", case_id)
        names = await Names.load(tx, room)
    return _out("case", case_id, one.project, one.region, way, names, actor)


def _out(
    subject: str, ref: str, project: str | None, region: str, way: list[Any], names: Names, actor: Actor
) -> TimelineOut:
    own = actor.kind is Kind.CITIZEN
    # Interceptions and their rules are for officials: a citizen reads the outcome of the node instead.
    seen = [row for row in way if not (own and row["node"] == "拦截")]
    return TimelineOut(
        subject=subject,
        ref=ref,
        project=project,
        project_name=names.project(project),
        region=region,
        region_name=names.region(region),
        steps=[_step(row, names, own) for row in seen],
    )


def _step(row: Any, names: Names, own: bool) -> StepOut:
    node, what = row["node"], row["what"]
    if row["role"] is not None:
        node = names.node("work_item", row["project"], node)
    elif row["subject"] == "case":
        node, what = CASE_KINDS.get(node, node), CASE_STATES.get(what, what)
    else:
        what = STATES.get(what, what)
    return StepOut(
        at=row["at"],
        subject=row["subject"],
        ref=None if own else row["ref"],
        node=node,
        what=what,
        role_label=role_label(row["role"]) if row["role"] else None,
        office=names.region(row["region"]) if row["region"] else None,
        actor=None if own else row["actor"],
        detail=None if own else row["detail"],
    )
