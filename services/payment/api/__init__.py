"""The room's doors for county and finance officials."""

from fastapi import APIRouter

from services.payment.api import (
    decisions,
    ledger,
    orders,
    payments,
    pools,
    proof,
    reconciliations,
    recoveries,
    results,
    standards,
    statements,
    totals,
    vouchers,
)

router = APIRouter()
for part in (
    standards,
    pools,
    orders,
    vouchers,
    results,
    decisions,
    recoveries,
    statements,
    reconciliations,
    totals,
    payments,
    proof,
    ledger,
):
    router.include_router(part.router)
