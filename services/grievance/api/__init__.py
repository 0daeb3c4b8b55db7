"""The room's routes: filing and following a case, the desk's steps, reply and rating, 回避, pictures, figures."""

from fastapi import APIRouter

from services.grievance.api import closing, figures, filing, images, recusing, steps, view

router = APIRouter()
for part in (filing, view, steps, closing, recusing, images, figures):
    router.include_router(part.router)
