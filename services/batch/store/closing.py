"""批次归档: what is still open in a batch, by reason; and its closing."""

from kit.db import Tx
from services.batch.store.tables import Batch

UNCONFIRMED = "unconfirmed"
NOT_CONFIRMED = "批次归档时乡镇未确认 (the township had not confirmed when the batch was closed)"


async def still_open(tx: Tx, batch: Batch) -> dict[str, int]:
    """How many of what keep the batch open; nothing: it may be closed.

    Lines by state (failed: not reissued yet), sets under way, adjustments to be decided, roster rows that
    `application` has not answered, and carried or listed rows that nobody confirmed.
    """
    rows = await tx.fetch(
        """
        SELECT state AS reason, count(*) AS found FROM line
         WHERE batch_id = $1 AND replaced_by IS NULL AND state NOT IN ('paid', 'void') GROUP BY state
        UNION ALL
        SELECT 'set_' || state, count(*) FROM settlement_set
         WHERE batch_id = $1 AND state IN ('open', 'frozen') GROUP BY state
        UNION ALL
        SELECT 'adjustment', count(*) FROM adjustment WHERE batch_id = $1 AND state = 'proposed'
        UNION ALL
        SELECT 'roster_row', count(*) FROM roster_row JOIN roster USING (roster_id)
         WHERE roster.batch_id = $1 AND roster_row.state = 'accepted'
        UNION ALL
        SELECT $2, count(*) FROM candidate WHERE batch_id = $1 AND state = 'open'
        """,
        batch.batch_id,
        UNCONFIRMED,
    )
    return {row["reason"]: row["found"] for row in rows if row["found"]}


async def close(tx: Tx, batch: Batch, actor: str) -> tuple[int, int]:
    """Close it; returns how many lines were paid (deductions aside) and the net fen. Who was not confirmed is told."""
    await tx.execute(
        "UPDATE candidate SET state = 'refused', reason = $2 WHERE batch_id = $1 AND state = 'open'",
        batch.batch_id,
        NOT_CONFIRMED,
    )
    await tx.execute(
        "UPDATE batch SET closed_by = $2, closed_at = $3 WHERE batch_id = $1", batch.batch_id, actor, tx.now
    )
    row = await tx.fetchrow(
        "SELECT count(*) FILTER (WHERE kind <> 'deduction') AS paid, coalesce(sum(amount_fen), 0)::bigint AS fen "
        "FROM line WHERE batch_id = $1 AND state = 'paid'",
        batch.batch_id,
    )
    assert row is not None, "an aggregate has one row"
    return row["paid"], row["fen"]
