"""The room's HTTP operations."""

from services.verification.api import hits, reference

router = [reference.router, hits.router]
