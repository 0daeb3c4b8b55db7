"""Photos: stored once per digest, sealed."""

from kit.db import Tx
from services.publicity.domain.photos import Moment
from services.publicity.store.tables import Photo

COLUMNS = "photo_id, moment, taken_on, media_type, digest, uploaded_at, uploaded_by"


async def add(tx: Tx, photo: Photo) -> str:
    """Store a photo; the same picture for the same moment keeps its first id."""
    known: str | None = await tx.fetchval(
        "SELECT photo_id FROM photo WHERE notice_id = $1 AND moment = $2 AND digest = $3",
        photo.notice_id,
        photo.moment,
        photo.digest,
    )
    if known is None:
        await tx.insert(photo)
    return known or photo.photo_id


async def one(tx: Tx, notice_id: str, photo_id: str) -> Photo | None:
    """A photo of a notice."""
    row = await tx.fetchrow("SELECT * FROM photo WHERE notice_id = $1 AND photo_id = $2", notice_id, photo_id)
    return Photo(**row) if row else None


async def moments(tx: Tx, notice_id: str) -> frozenset[Moment]:
    """Which moments have a photo."""
    rows = await tx.fetch("SELECT DISTINCT moment FROM photo WHERE notice_id = $1", notice_id)
    return frozenset(Moment(row["moment"]) for row in rows)


async def listed(tx: Tx, notice_id: str) -> list[dict[str, object]]:
    """What is known of a notice's photos, without the pictures."""
    rows = await tx.fetch(f"SELECT {COLUMNS} FROM photo WHERE notice_id = $1 ORDER BY uploaded_at", notice_id)
    return [dict(row) for row in rows]
