"""The room's HTTP door: submitting, and looking."""

from fastapi import APIRouter

from services.application.api import submit, view

router = APIRouter()
router.include_router(submit.router)
router.include_router(view.router)
