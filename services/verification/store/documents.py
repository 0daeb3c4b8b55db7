"""Uploaded evidence, sealed."""

from collections.abc import Sequence
from typing import Any

from kit.db import Tx
from services.verification.store.review_tables import Evidence


async def add(tx: Tx, one: Evidence) -> None:
    """Store a document."""
    await tx.insert(one)


async def find(tx: Tx, evidence_id: str) -> Any:
    """A document, or None."""
    return await tx.fetchrow("SELECT * FROM evidence WHERE evidence_id = $1", evidence_id)


async def known(tx: Tx, evidence_ids: Sequence[str], project: str, township: str) -> bool:
    """Whether all of them are of this project, from this township or the county above it."""
    found: int = await tx.fetchval(
        "SELECT count(*) FROM evidence WHERE evidence_id = ANY($1) AND project = $2 "
        "AND (starts_with($3, township) OR starts_with(township, $3))",
        evidence_ids,
        project,
        township,
    )
    return found == len(set(evidence_ids))
