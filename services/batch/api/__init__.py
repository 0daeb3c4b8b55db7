"""HTTP in: officials' operations on batches, rosters, slices, sets and lines."""

from fastapi import APIRouter

from services.batch.api import (
    adjustments,
    batches,
    carry,
    closing,
    lines,
    proof,
    rosters,
    sets,
    slices,
    submission,
)

router = APIRouter()
for _module in (batches, carry, closing, adjustments, rosters, submission, slices, sets, lines, proof):
    router.include_router(_module.router)
