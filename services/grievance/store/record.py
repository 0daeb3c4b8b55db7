"""The record of a case's steps."""

from typing import Any

from kit.db import Tx


async def of(tx: Tx, case_id: str) -> list[dict[str, Any]]:
    """All steps in order; `part` is what their words were sealed as."""
    rows = await tx.fetch(
        "SELECT step, at, actor, words_sealed, 'step' || seq AS part FROM case_step WHERE case_id = $1 ORDER BY seq",
        case_id,
    )
    return [dict(row) for row in rows]


async def following(tx: Tx, case_id: str) -> str:
    """What the words of the next step are to be sealed as; call it with the case locked."""
    part: str = await tx.fetchval("SELECT 'step' || count(*) + 1 FROM case_step WHERE case_id = $1", case_id)
    return part
