"""督办 orders and their handling (M65, M68): supervisors follow them, the urged official answers."""

from typing import Annotated, Literal

from fastapi import Depends, Query

from contracts.supervision import OrderAnswered
from kit import errors
from kit.auth import Actor, Operation, Reach, Zone, guarded_router, require
from kit.service import CurrentRoom, Room
from services.supervision.api.bodies import AnswerIn, OrderOut, OrderPage
from services.supervision.api.sight import (
    OFFICIALS,
    SUPERVISORS,
    Names,
    order_out,
    reaches,
)
from services.supervision.domain.overdue import is_addressed
from services.supervision.ports import seal, unseal
from services.supervision.store import orders
from services.supervision.store.orders import Wanted
from services.supervision.store.tables import UrgeOrder


def _operation(name: str) -> Operation:
    return Operation(name, roles=OFFICIALS, zone=Zone.OUTSIDE, crosses=True, region=Reach.NONE, project=False)


LIST, VIEW, ANSWER = (
    _operation("supervision.list_orders"),
    _operation("supervision.view_order"),
    _operation("supervision.answer_order"),
)
State = Literal["open", "answered", "done"]

router = guarded_router(prefix="/api/supervision/v1", tags=["orders"])


@router.get("/orders")
async def find(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST))],
    mine: bool = False,
    state: State | None = None,
    item_id: str | None = None,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> OrderPage:
    """Supervisors: all of their region. `mine`, and everybody else: the official's own 被督办记录."""
    own = mine or not actor.roles & SUPERVISORS
    wanted = Wanted(
        reader=actor.region or "-",
        projects=actor.listed_projects,
        state=state,
        item_id=item_id,
        username=actor.sub if own else None,
        roles=sorted(actor.roles),
        after=after,
        limit=limit,
    )
    async with room.tx(actor) as tx:
        found = await orders.listed(tx, wanted)
        names = await Names.load(tx, room)
    following = found[-1].order_id if len(found) == limit else None
    return OrderPage(items=[order_out(one, names) for one in found], next=following)


@router.get("/orders/{order_id}")
async def view(order_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(VIEW))]) -> OrderOut:
    """One order with its note and answer, for those who may urge or watch there, and for the urged."""
    async with room.tx(actor) as tx:
        one = await orders.find(tx, order_id)
        if one is None or not (_addressed(one, actor) or _supervises(one, actor)):
            raise errors.not_found()
        tx.audit("supervision.view_order", f"order:{order_id}")
        return await _shown(room, one, await Names.load(tx, room))


@router.post("/orders/{order_id}:answer")
async def answer(
    order_id: str, body: AnswerIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(ANSWER))]
) -> OrderOut:
    """督办后处理情况: by the named official, or by whoever may act there when nobody is named."""
    async with room.tx(actor) as tx:
        one = await orders.find(tx, order_id, lock=True)
        if one is None or not (_addressed(one, actor) or _supervises(one, actor)):
            raise errors.not_found()
        if not _addressed(one, actor):
            raise errors.forbidden("仅被督办人可回复 (only the official it is addressed to may answer)")
        if one.state == "done":
            raise errors.conflict("order-done", "督办事项已办结", "the matter is done already")
        one.state, one.answered_by, one.answered_at = "answered", actor.sub, tx.now
        one.answer_sealed = seal(room, body.text, order_id, "answer")
        await orders.answer(tx, one)
        message = OrderAnswered(
            order_id=order_id, business_key=one.business_key, state="answered", actor=actor.sub
        )
        tx.emit(message)
        tx.audit("supervision.answer_order", f"order:{order_id}")
        return await _shown(room, one, await Names.load(tx, room))


async def _shown(room: Room, one: UrgeOrder, names: Names) -> OrderOut:
    shown = order_out(one, names)
    shown.note = unseal(room, one.note_sealed, one.order_id, "note")
    shown.answer = unseal(room, one.answer_sealed, one.order_id, "answer")
    return shown


def _addressed(one: UrgeOrder, actor: Actor) -> bool:
    mine = reaches(actor, one.region) and (one.project is None or actor.has_project(one.project))
    return is_addressed(one.named, one.role, actor.sub, actor.roles, mine)


def _supervises(one: UrgeOrder, actor: Actor) -> bool:
    seen = one.project is None or actor.has_project(one.project)
    return bool(actor.roles & SUPERVISORS) and reaches(actor, one.region) and seen
