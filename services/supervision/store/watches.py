"""关注: what an official follows."""

from kit.db import Tx
from services.supervision.store.tables import Watch


async def add(tx: Tx, one: Watch) -> str:
    """Follow something; following it again keeps the first watch."""
    await tx.execute(
        "INSERT INTO watch VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        one.watch_id,
        one.username,
        one.kind,
        one.ref,
        one.project,
        one.region,
        one.since,
    )
    kept: str = await tx.fetchval(
        "SELECT watch_id FROM watch WHERE username = $1 AND kind = $2 AND ref = $3",
        one.username,
        one.kind,
        one.ref,
    )
    return kept


async def find(tx: Tx, watch_id: str) -> Watch | None:
    """One watch."""
    row = await tx.fetchrow("SELECT * FROM watch WHERE watch_id = $1", watch_id)
    return Watch(**row) if row else None


async def remove(tx: Tx, watch_id: str) -> None:
    """Follow no longer."""
    await tx.execute("DELETE FROM watch WHERE watch_id = $1", watch_id)


async def of_user(tx: Tx, username: str) -> list[Watch]:
    """What an official follows, newest first, at most 200."""
    rows = await tx.fetch(
        "SELECT * FROM watch WHERE username = $1 ORDER BY since DESC, watch_id LIMIT 200", username
    )
    return [Watch(**row) for row in rows]
