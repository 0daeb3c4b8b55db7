"""The room's HTTP operations."""

from services.verification.api import (
    evidence,
    exclusions,
    hits,
    reference,
    requests,
    review,
    stops,
    surveys,
)

_PARTS = (reference, hits, review, evidence, requests, surveys, exclusions, stops)
router = [part.router for part in _PARTS]
