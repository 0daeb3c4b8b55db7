"""The room's HTTP door: submitting, and looking."""

from fastapi import APIRouter

from services.application.api import changes, proof, submit, view, withdraw

router = APIRouter()
router.include_router(submit.router)
router.include_router(withdraw.router)
router.include_router(view.router)
router.include_router(changes.router)
router.include_router(proof.router)
