"""What waits for people: work items of the orchestrator, deadlines of complaints."""

from collections.abc import Sequence

from contracts.grievance import CaseChanged
from contracts.orchestrator import WorkItemClosed, WorkItemOpened
from contracts.supervision import OrderAnswered
from kit.db import Tx
from kit.handlers import Incoming
from services.supervision.handlers.base import happened, on
from services.supervision.store import items, orders, steps


@on.together(WorkItemOpened, WorkItemClosed)
async def work_items(messages: Sequence[Incoming], tx: Tx) -> None:
    """Openings first: an item never opens again, so order within the poll does not matter."""
    opened = [(one, happened(at, tx)) for one, at in messages if isinstance(one, WorkItemOpened)]
    closed = [(one, happened(at, tx)) for one, at in messages if isinstance(one, WorkItemClosed)]
    await items.opened(tx, opened)
    await items.closed(tx, closed)
    await _done(tx, {one.work_item_id: one.actor or "system" for one, _ in closed})


@on(CaseChanged)
async def case_changed(message: CaseChanged, tx: Tx) -> None:
    """A complaint moved on: its next deadline waits, and orders about the former one are done."""
    assert tx.cause is not None
    at = happened(tx.cause, tx)
    if await items.case(tx, message, at):
        await _done(tx, {message.case_id: "room:grievance"})
    detail = {"state": message.state, "upheld": message.upheld, "satisfied": message.satisfied}
    step = ("case", message.case_id, message.kind, message.state, detail)
    await steps.write(tx, [(tx.cause.id, at, step)])


async def _done(tx: Tx, by: dict[str, str]) -> None:
    """督办 ends by itself when its item is done."""
    for one in await orders.done(tx, by):
        answer = OrderAnswered(
            order_id=one.order_id, business_key=one.business_key, state="done", actor=one.done_by or "system"
        )
        tx.emit(answer)
