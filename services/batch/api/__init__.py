"""HTTP in: officials' operations on batches, rosters, slices, sets and lines."""

from fastapi import APIRouter

from services.batch.api import batches, carry, lines, rosters, sets, slices, submission

router = APIRouter()
for _module in (batches, carry, rosters, submission, slices, sets, lines):
    router.include_router(_module.router)
