"""关注记录 (M66): follow a complaint, an overdue item, an application, a line or a slice, and see where it stands."""

from typing import Annotated, Any

from fastapi import Depends, Response

from kit import errors
from kit.auth import Actor, Operation, Reach, Resource, Zone, authorize, guarded_router, require
from kit.db import Tx
from kit.ids import new_id
from kit.service import CurrentRoom
from services.supervision.api.bodies import WatchIn, WatchOut
from services.supervision.api.sight import SUPERVISORS, Names, check_project, late_by
from services.supervision.domain.overdue import node_name
from services.supervision.store import items, places, steps, watches
from services.supervision.store.tables import Watch

FOLLOW = Operation("supervision.follow", roles=SUPERVISORS, zone=Zone.OUTSIDE, crosses=True, project=False)
LIST = Operation(
    "supervision.list_watches",
    roles=SUPERVISORS,
    zone=Zone.OUTSIDE,
    crosses=True,
    region=Reach.NONE,
    project=False,
)

router = guarded_router(prefix="/api/supervision/v1", tags=["watches"])


@router.post("/watches", status_code=201)
async def follow(
    body: WatchIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(FOLLOW))]
) -> WatchOut:
    """Follow something of one's region; following it again changes nothing."""
    async with room.tx(actor) as tx:
        project, region = await _where(tx, body.kind, body.ref)
        authorize(actor, FOLLOW, Resource(region=region))
        check_project(actor, project)
        one = Watch(
            watch_id=new_id(),
            username=actor.sub,
            kind=body.kind,
            ref=body.ref,
            project=project,
            region=region,
            since=tx.now,
        )
        one.watch_id = await watches.add(tx, one)
        tx.audit("supervision.follow", f"watch:{one.watch_id}", kind=body.kind, ref=body.ref)
        return await _out(tx, one, await Names.load(tx, room))


@router.get("/watches")
async def find(room: CurrentRoom, actor: Annotated[Actor, Depends(require(LIST))]) -> list[WatchOut]:
    """What the official follows, with its state now; what left their region is not shown."""
    async with room.tx(actor) as tx:
        names = await Names.load(tx, room)
        mine = await watches.of_user(tx, actor.sub)
        return [await _out(tx, one, names) for one in mine if one.region.startswith(actor.region or "-")]


@router.delete("/watches/{watch_id}", status_code=204)
async def unfollow(
    watch_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(FOLLOW))]
) -> Response:
    """Follow no longer."""
    async with room.tx(actor) as tx:
        one = await watches.find(tx, watch_id)
        if one is None or one.username != actor.sub:
            raise errors.not_found()
        authorize(actor, FOLLOW, Resource(region=one.region))
        await watches.remove(tx, watch_id)
        tx.audit("supervision.unfollow", f"watch:{watch_id}")
    return Response(status_code=204)


async def _where(tx: Tx, kind: str, ref: str) -> tuple[str | None, str]:
    """(project, region) of what is to be followed; 404 when it is unknown."""
    if kind in ("item", "case"):
        item = await items.find(tx, ref)
        if item is not None and (kind == "case") == (item.kind == "case"):
            return item.project, item.region
    elif kind == "slice":
        one = await places.slice_(tx, ref)
        if one is not None:
            return one.project, one.township
    else:
        found = await (places.line(tx, ref) if kind == "line" else places.application(tx, ref))
        if found is not None:
            return found.project, found.township
    raise errors.not_found()


async def _out(tx: Tx, one: Watch, names: Names) -> WatchOut:
    node = what = at = None
    late = 0
    if one.kind in ("item", "case"):
        item = await items.find(tx, one.ref)
        assert item is not None, "followed items are never deleted"
        node = names.node(item.kind, item.project, item.node)
        what = "办理中 (waiting)" if item.closed_at is None else "已办 (done)"
        at = item.closed_at or item.opened_at
        if item.closed_at is None and item.due_at is not None:
            late = late_by(item.due_at, tx.today)
    else:
        way = await _way(tx, one.kind, one.ref)
        if way:
            last = way[-1]
            node = node_name("work_item", last["node"], names.nodes.get(one.project or "", {}))
            what, at = last["what"], last["at"]
    return WatchOut(
        **one.model_dump(exclude={"username"}),
        region_name=names.region(one.region),
        node=node,
        what=what,
        at=at,
        overdue_days=late,
    )


async def _way(tx: Tx, kind: str, ref: str) -> list[Any]:
    match kind:
        case "slice":
            return await steps.way_of(tx, "slice", ref)
        case "line":
            line = await places.line(tx, ref)
            return await steps.way_of_lines(tx, [ref], [line.application_id] if line else [])
        case _:
            return await steps.way_of_lines(tx, await steps.lines_of(tx, ref), [ref])
