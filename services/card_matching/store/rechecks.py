"""Checks of a whole set before the file: a match per slice, answered together."""

from typing import Any

from contracts.card_matching import RecheckCards
from kit.db import Tx
from services.card_matching.store.matches import OPEN


async def begin(tx: Tx, check_id: str, message: RecheckCards) -> bool:
    """A new check; False when the command came before."""
    return bool(
        await tx.execute(
            "INSERT INTO recheck VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            check_id,
            message.set_id,
            message.project,
            len(message.slices),
            tx.now,
        )
    )


async def settled(tx: Tx) -> Any:
    """The oldest open check whose slices wait for nobody, locked; or None."""
    return await tx.fetchrow(
        "SELECT * FROM recheck WHERE done_at IS NULL AND NOT EXISTS (SELECT FROM card_match "
        f"WHERE card_match.check_id = recheck.check_id AND ({OPEN})) "
        "ORDER BY at, check_id LIMIT 1 FOR UPDATE SKIP LOCKED"
    )


async def matches(tx: Tx, check_id: str) -> list[Any]:
    """The slices' matches of a check."""
    return await tx.fetch("SELECT * FROM card_match WHERE check_id = $1 ORDER BY slice_id", check_id)


async def asked(tx: Tx, check_id: str) -> int:
    """How many payees the agency was asked about."""
    count: int = await tx.fetchval(
        "SELECT count(DISTINCT payee_id) FROM match_person JOIN card_match USING (match_id) "
        "WHERE check_id = $1 AND asks > 0",
        check_id,
    )
    return count


async def close(tx: Tx, check_id: str) -> None:
    """Answered, with all its matches."""
    await tx.execute("UPDATE card_match SET done_at = $2 WHERE check_id = $1", check_id, tx.now)
    await tx.execute("UPDATE recheck SET done_at = $2 WHERE check_id = $1", check_id, tx.now)
