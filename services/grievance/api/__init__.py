"""The room's routes: filing and following an objection, and the desk's steps."""

from fastapi import APIRouter

from services.grievance.api import filing, steps, view

router = APIRouter()
for part in (filing, view, steps):
    router.include_router(part.router)
