"""Payments one by one: for a person, a line, an order."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel

from kit import errors
from kit.auth import Actor, Operation, Resource, Role, Zone, decide, guarded_router, require
from kit.ids import end_to_end_id
from kit.service import CurrentRoom
from services.payment.store import reads

_ROLES = frozenset(
    {
        Role.CITIZEN,
        Role.TOWNSHIP_HANDLER,
        Role.TOWNSHIP_REVIEWER,
        Role.COUNTY_HANDLER,
        Role.COUNTY_REVIEWER,
        Role.FINANCE_REVIEWER,
        Role.FINANCE_PAYER,
        Role.DISCIPLINE,
    }
)
LIST = Operation("payment.list_payments", roles=_ROLES, zone=Zone.FINANCE, crosses=True)

router = guarded_router(prefix="/api/payment/v1", tags=["payments"])


class PaymentOut(BaseModel):
    """One attempt; `posted` names the ledger postings that moved its money, `net_fen` is what the bank was told."""

    payment_id: str
    attempt: int
    end_to_end_id: str
    line_id: str
    slice_id: str
    order_id: str
    subject_id: str
    project: str
    county: str
    township: str
    entitlement_period: str
    kind: str
    installment: int
    amount_fen: int
    net_fen: int
    state: str
    code: str | None
    reason: str | None
    bank_ref: str | None
    paid_at: str | None
    posted: dict[str, str]


@router.get("/payments")
async def list_payments(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST))],
    subject_id: Annotated[str | None, Query()] = None,
    line_id: Annotated[str | None, Query()] = None,
    order_id: Annotated[str | None, Query()] = None,
    state: Annotated[str | None, Query()] = None,
    after: Annotated[str, Query(description="payment id of the last row seen")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[PaymentOut]:
    """Payments by person, line or order (one of them is needed), those the caller may see."""
    if not (subject_id or line_id or order_id):
        raise errors.bad_request(
            "filter-needed", "请指定人员、明细或支付单", "name a subject, a line or an order"
        )
    async with room.tx() as tx:
        rows = await reads.payments(tx, subject_id, line_id, order_id, state, after, limit)
    seen = [
        row
        for row in rows
        if decide(
            actor,
            LIST,
            Resource(
                region=row["township"] or row["county"], project=row["project"], subject_id=row["subject_id"]
            ),
        ).allowed
    ]
    return [PaymentOut(**row, end_to_end_id=end_to_end_id(row["payment_id"], row["attempt"])) for row in seen]
