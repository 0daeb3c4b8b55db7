"""对账: the day's equations as they stand now, and what the room's own run of that day came to."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import BaseModel

from kit.auth import Actor, Operation, Resource, Role, Zone, authorize, guarded_router, require
from kit.service import CurrentRoom
from services.payment.store import reconciling, runs
from services.payment.store.statements import Place

RECONCILE = Operation(
    "payment.reconcile",
    roles=frozenset(
        {
            Role.COUNTY_HANDLER,
            Role.COUNTY_REVIEWER,
            Role.FINANCE_REVIEWER,
            Role.FINANCE_PAYER,
            Role.DISCIPLINE,
        }
    ),
    zone=Zone.FINANCE,
)

router = guarded_router(prefix="/api/payment/v1", tags=["reconciliation"])


class OrderEquations(BaseModel):
    """Σ lines = order = voucher; paid = debited; success + failed + unknown = sent; returned = restored; in fen."""

    order_id: str
    set_id: str
    state: str
    lines_fen: int
    order_fen: int
    payments_fen: int
    voucher_fen: int | None
    withheld: int
    sent: int
    success: int
    failed: int
    unknown: int
    paid_out_fen: int
    debit_fen: int
    returned_fen: int
    restored_fen: int
    twice_fen: int
    lines_are_order: bool
    order_is_voucher: bool
    paid_is_debit: bool
    results_are_sent: bool
    returned_is_restored: bool
    agrees: bool


class RunOut(BaseModel):
    """The day as the room booked it by itself: `due` until the bank has a statement, `why` says what it lacks.

    `differences` counts what did not agree then; the equations beside it are those of now.
    """

    state: Literal["due", "done", "quiet"]
    tries: int
    why: str | None
    entries: int
    matched: int
    suspended: int
    suspended_fen: int
    agrees: bool | None
    differences: dict[str, int]
    booked_at: datetime | None


class ReconciliationOut(BaseModel):
    """A day; `agrees` only when every equation holds and nothing waits for an explanation."""

    project: str
    county: str
    day: date
    agrees: bool
    orders: list[OrderEquations]
    entries: int
    debit_fen: int
    credit_fen: int
    matched: int
    resolved: int
    suspended: int
    suspended_fen: int
    waiting: int
    conflicts: int
    suspense_fen: int
    explained_fen: int
    suspense_explained: bool
    paid_not_stated: int
    paid_not_stated_fen: int
    run: RunOut | None


@router.get("/reconciliations/{day}")
async def reconcile(
    day: date,
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(RECONCILE))],
    project: Annotated[str, Query()],
    county: Annotated[str, Query()],
) -> ReconciliationOut:
    """The day's equations for a county's project."""
    authorize(actor, RECONCILE, Resource(region=county, project=project))
    async with room.tx(actor) as tx:
        found = await reconciling.of_day(tx, Place(project, county), day)
        run = await runs.find(tx, Place(project, county), day)
    booked = RunOut.model_validate(run.model_dump()) if run else None
    return ReconciliationOut(project=project, county=county, day=day, run=booked, **found)
