"""The room's HTTP operations."""

from services.verification.api import evidence, hits, reference, requests, review

router = [reference.router, hits.router, review.router, evidence.router, requests.router]
