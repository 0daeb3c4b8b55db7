"""The registry's two doors: other rooms in bulk, and officials one person at a time."""

from fastapi import APIRouter

from services.registry.api import officials, rooms

router = APIRouter()
router.include_router(rooms.router)
router.include_router(officials.router)
