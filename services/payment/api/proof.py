"""A payment's proof for the evidence pack: what was ordered, vouched, sent, answered and posted."""

from typing import Annotated, Any

from fastapi import Depends
from pydantic import BaseModel

from kit import errors
from kit.auth import Actor, Operation, Resource, Role, Zone, authorize, guarded_router, require
from kit.ids import end_to_end_id
from kit.service import CurrentRoom
from services.payment.store import proofs

PROVE = Operation(
    "payment.prove",
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
    crosses=True,
)
POSTED = ("committed_posting", "sent_posting", "settled_posting", "returned_posting")

router = guarded_router(prefix="/api/payment/v1", tags=["payments"])


class PaymentProof(BaseModel):
    """Attempts in order, each with its end-to-end id; what was kept back from them (扣回); orders with request,
    vouchers and results; postings.
    """

    payment_id: str
    attempts: list[dict[str, Any]]
    deductions: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    postings: list[dict[str, Any]]


@router.get("/payments/{payment_id}/proof")
async def prove(
    payment_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(PROVE))]
) -> PaymentProof:
    """All that the room knows of one payment; ids, codes, digests and amounts, no account and no name."""
    async with room.tx(actor) as tx:
        attempts = await proofs.attempts(tx, payment_id)
        if not attempts:
            raise errors.not_found()
        one = attempts[-1]
        authorize(actor, PROVE, Resource(region=one["township"], project=one["project"]))
        moved = sorted({attempt[name] for attempt in attempts for name in POSTED if attempt[name]})
        found = PaymentProof(
            payment_id=payment_id,
            attempts=[
                attempt | {"end_to_end_id": end_to_end_id(payment_id, attempt["attempt"])}
                for attempt in attempts
            ],
            deductions=await proofs.deductions(tx, payment_id),
            orders=await proofs.orders(tx, sorted({attempt["order_id"] for attempt in attempts})),
            postings=await proofs.postings(tx, moved),
        )
        tx.audit(PROVE.name, f"payment:{payment_id}")
    return found
