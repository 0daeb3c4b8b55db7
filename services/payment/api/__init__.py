"""The room's doors for county and finance officials."""

from fastapi import APIRouter

from services.payment.api import ledger, orders, payments, pools, results, standards, vouchers

router = APIRouter()
for part in (standards, pools, orders, vouchers, results, payments, ledger):
    router.include_router(part.router)
