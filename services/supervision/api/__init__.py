"""The room's routes: overdue and 督办, orders, watch list, interceptions, timelines."""

from fastapi import APIRouter

from services.supervision.api import figures, interceptions, orders, overdue, timelines, watches

router = APIRouter()
for part in (overdue, orders, watches, interceptions, figures, timelines):
    router.include_router(part.router)
