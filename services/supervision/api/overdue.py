"""M65: what is overdue, by county → township → project → node; 一键督办 of one item or of a whole region."""

from typing import Annotated, Literal

from fastapi import Depends, Query

from contracts.supervision import OrderIssued
from kit import errors
from kit.auth import Actor, Operation, Reach, Resource, Zone, authorize, guarded_router, require
from kit.db import Tx
from kit.ids import new_id
from kit.service import CurrentRoom, Room
from services.supervision.api.bodies import OrderOut, OverdueCounts, OverduePage, UrgeAllIn, UrgedAll, UrgeIn
from services.supervision.api.counts import counts_out
from services.supervision.api.sight import (
    SUPERVISORS,
    URGERS,
    Names,
    check_project,
    item_out,
    order_out,
)
from services.supervision.domain.overdue import tree
from services.supervision.ports import seal
from services.supervision.store import items, orders
from services.supervision.store.items import Wanted
from services.supervision.store.tables import Item, UrgeOrder

LIST = Operation(
    "supervision.list_overdue",
    roles=SUPERVISORS,
    zone=Zone.OUTSIDE,
    crosses=True,
    region=Reach.NONE,
    project=False,
)
URGE = Operation("supervision.urge", roles=URGERS, zone=Zone.OUTSIDE, crosses=True, project=False)
MOST_AT_ONCE = 1000
"""Most orders of one press; the answer says when more is late."""

router = guarded_router(prefix="/api/supervision/v1", tags=["overdue"])


@router.get("/overdue")
async def find(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST))],
    region: str | None = None,
    project: str | None = None,
    node: str | None = None,
    kind: Literal["work_item", "case"] | None = None,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> OverduePage:
    """Work items and complaint deadlines that are late now, the longest first."""
    wanted = Wanted(actor.region or "-", actor.listed_projects, region, project, node, kind, after, limit)
    async with room.tx(actor) as tx:
        found = await items.overdue(tx, wanted)
        names = await Names.load(tx, room)
        shown = [item_out(one, names, tx.today) for one in found]
    return OverduePage(items=shown, next=items.place(found[-1]) if len(found) == limit else None)


@router.get("/overdue/counts")
async def counts(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST))],
    region: str | None = None,
    project: str | None = None,
) -> OverdueCounts:
    """The tree of counts: per county its townships and 县本级, per project its nodes."""
    wanted = Wanted(actor.region or "-", actor.listed_projects, region, project)
    async with room.tx(actor) as tx:
        rows = await items.counted(tx, wanted)
        names = await Names.load(tx, room)
    return counts_out(tree(rows), names)


@router.post("/overdue/{item_id}:urge", status_code=201)
async def urge(
    item_id: str, body: UrgeIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(URGE))]
) -> OrderOut:
    """督办 of one item; the same order again is the first one. 409 `not-overdue` for what is not late."""
    async with room.tx(actor) as tx:
        item = await items.find(tx, item_id, lock=True)
        if item is None:
            raise errors.not_found()
        authorize(actor, URGE, Resource(region=item.region))
        check_project(actor, item.project)
        if item.closed_at is not None or item.due_at is None or item.due_at >= tx.now:
            raise errors.conflict("not-overdue", "未逾期或已办结", "it is not overdue, or done")
        order = await orders.open_of(tx, item_id, body.named)
        if order is None:
            [order] = await _issue(tx, room, actor, [item], body)
        return order_out(order, await Names.load(tx, room))


@router.post("/overdue:urge", status_code=201)
async def urge_all(
    body: UrgeAllIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(URGE))]
) -> UrgedAll:
    """一键督办 of everything late in a region that nobody is urged about yet."""
    authorize(actor, URGE, Resource(region=body.region))
    check_project(actor, body.project)
    wanted = Wanted(
        actor.region or "-",
        actor.listed_projects,
        body.region,
        body.project,
        body.node,
        limit=MOST_AT_ONCE + 1,
    )
    async with room.tx(actor) as tx:
        late = await items.lock_overdue(tx, wanted, body.named)
        issued = await _issue(tx, room, actor, late[:MOST_AT_ONCE], body)
    return UrgedAll(orders=len(issued), more=len(late) > MOST_AT_ONCE)


async def _issue(tx: Tx, room: Room, actor: Actor, late: list[Item], body: UrgeIn) -> list[UrgeOrder]:
    issued = [_order(tx, room, actor, item, body) for item in late]
    await orders.add(tx, issued)
    for one in issued:
        message = OrderIssued(
            order_id=one.order_id,
            business_key=one.business_key,
            subject_kind=one.subject_kind,
            subject_ref=one.item_id,
            project=one.project,
            region=one.region,
            node=one.node,
            overdue_since=one.overdue_since.isoformat(),
            named=one.named,
            actor=actor.sub,
        )
        tx.emit(message)
        tx.audit("supervision.urge", f"order:{one.order_id}", item=one.item_id, named=one.named)
    return issued


def _order(tx: Tx, room: Room, actor: Actor, item: Item, body: UrgeIn) -> UrgeOrder:
    assert item.due_at is not None, "an overdue item is due"
    order_id = new_id()
    return UrgeOrder(
        order_id=order_id,
        item_id=item.item_id,
        subject_kind=item.kind,
        business_key=item.business_key,
        project=item.project,
        region=item.region,
        node=item.node,
        role=item.role,
        overdue_since=item.due_at,
        named=body.named,
        note_sealed=seal(room, body.note, order_id, "note"),
        issued_by=actor.sub,
        issued_at=tx.now,
        state="open",
    )
