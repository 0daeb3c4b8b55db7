"""回避: which officials have no part in a case."""

from kit.db import Tx


async def add(tx: Tx, case_id: str, username: str, why: str) -> None:
    """Exclude an official; the first reason stays."""
    await tx.execute(
        "INSERT INTO recusal VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", case_id, username, why, tx.now
    )


async def of(tx: Tx, case_id: str) -> dict[str, str]:
    """Username → why, of all who must recuse."""
    rows = await tx.fetch("SELECT username, why FROM recusal WHERE case_id = $1 ORDER BY username", case_id)
    return {row["username"]: row["why"] for row in rows}
