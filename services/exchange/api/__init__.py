"""The room's routes: operators keep agreements, agencies use theirs."""

from fastapi import APIRouter

from services.exchange.api import agreements, page, public, standards, webhooks

router = APIRouter()
for part in (agreements, public, webhooks, standards, page):
    router.include_router(part.router)
