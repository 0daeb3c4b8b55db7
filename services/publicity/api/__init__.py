"""The room's routes: the desk's steps, sheets, evidence, the county's closing, the public lists."""

from fastapi import APIRouter

from services.publicity.api import desk, evidence, public, reminders, sheets, steps

router = APIRouter()
for part in (desk, steps, reminders, evidence, sheets, public):
    router.include_router(part.router)
