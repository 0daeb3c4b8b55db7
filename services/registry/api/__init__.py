"""The registry's two doors: other rooms in bulk, and officials one case at a time."""

from fastapi import APIRouter

from services.registry.api import changes, households, officials, rooms

router = APIRouter()
router.include_router(rooms.router)
router.include_router(officials.router)
router.include_router(households.router)
router.include_router(changes.router)
