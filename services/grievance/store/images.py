"""Pictures: stored once per digest, sealed."""

from typing import Any

from kit.db import Tx
from services.grievance.store.tables import Image


async def add(tx: Tx, image: Image) -> str:
    """Store a picture; the same one keeps its first id."""
    known: str | None = await tx.fetchval(
        "SELECT image_id FROM image WHERE case_id = $1 AND digest = $2", image.case_id, image.digest
    )
    if known is None:
        await tx.insert(image)
    return known or image.image_id


async def count(tx: Tx, case_id: str) -> int:
    """How many pictures a case has."""
    found: int = await tx.fetchval("SELECT count(*) FROM image WHERE case_id = $1", case_id)
    return found


async def one(tx: Tx, case_id: str, image_id: str) -> Image | None:
    """A picture of a case."""
    row = await tx.fetchrow("SELECT * FROM image WHERE case_id = $1 AND image_id = $2", case_id, image_id)
    return Image(**row) if row else None


async def listed(tx: Tx, case_id: str) -> list[dict[str, Any]]:
    """What is known of a case's pictures, without the pictures."""
    rows = await tx.fetch(
        "SELECT image_id, of_complainant, media_type, at FROM image WHERE case_id = $1 ORDER BY at, image_id",
        case_id,
    )
    return [dict(row) for row in rows]
