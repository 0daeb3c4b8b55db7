"""HTTP in: officials' operations on batches, rosters, slices, sets and lines."""

from fastapi import APIRouter

from services.batch.api import batches, lines, rosters, sets, slices

router = APIRouter()
for _module in (batches, rosters, slices, sets, lines):
    router.include_router(_module.router)
