"""Sets (送审集): slices come in, leave with a reason, are frozen and closed."""

from collections.abc import Collection, Sequence
from typing import Any

from kit.db import Tx
from services.batch.store.tables import SetSlice, SettlementSet


async def find(tx: Tx, set_id: str, *, lock: bool = False) -> SettlementSet | None:
    """The set or None."""
    row = await tx.fetchrow(
        f"SELECT * FROM settlement_set WHERE set_id = $1 {'FOR UPDATE' if lock else ''}", set_id
    )
    return SettlementSet(**row) if row else None


async def arrived(tx: Tx, batch_id: str, slice_ids: Sequence[str] | None) -> list[str]:
    """Lock the slices of a batch that wait at the county (all, or those named)."""
    rows = await tx.fetch(
        "SELECT slice_id FROM slice WHERE batch_id = $1 AND state = 'arrived' "
        "AND ($2::text[] IS NULL OR slice_id = ANY($2)) ORDER BY slice_id FOR UPDATE",
        batch_id,
        slice_ids,
    )
    return [row["slice_id"] for row in rows]


async def gather(tx: Tx, one: SettlementSet, slice_ids: Sequence[str]) -> None:
    """Save a set and put slices into it."""
    await tx.insert(one)
    await tx.execute(
        "INSERT INTO set_slice (set_id, slice_id) SELECT $1, unnest($2::text[])", one.set_id, list(slice_ids)
    )
    await tx.execute(
        "UPDATE slice SET set_id = $1, state = 'in_set' WHERE slice_id = ANY($2)", one.set_id, list(slice_ids)
    )


async def members(tx: Tx, set_id: str) -> list[str]:
    """The slices that are in the set now (settled ones included), by id."""
    rows = await tx.fetch("SELECT slice_id FROM slice WHERE set_id = $1 ORDER BY slice_id", set_id)
    return [row["slice_id"] for row in rows]


async def priced_fen(tx: Tx, slice_ids: Sequence[str]) -> int:
    """What these slices' normal lines come to, in fen."""
    total = await tx.fetchval(
        "SELECT coalesce(sum(amount_fen), 0) FROM line WHERE slice_id = ANY($1) AND state = 'normal'",
        list(slice_ids),
    )
    return int(total)


async def leave(
    tx: Tx, set_id: str, slice_ids: Collection[str], left_for: str, reason: str, actor: str
) -> None:
    """Slices leave the set: to the township, or to wait at the county for a later set."""
    await tx.execute(
        "UPDATE set_slice SET left_for = $3, left_reason = $4, left_by = $5, left_at = $6 "
        "WHERE set_id = $1 AND slice_id = ANY($2)",
        set_id,
        list(slice_ids),
        left_for,
        reason,
        actor,
        tx.now,
    )
    later = left_for == "later_set"
    await tx.execute(
        "UPDATE slice SET set_id = NULL, state = $3, hand_command = CASE WHEN $4 THEN hand_command END "
        "WHERE set_id = $1 AND slice_id = ANY($2)",
        set_id,
        list(slice_ids),
        "arrived" if later else "township",
        later,
    )


async def leave_empty(tx: Tx, set_id: str, slice_id: str, reason: str, actor: str) -> None:
    """A slice of which every line went back leaves its set and is done."""
    await leave(tx, set_id, [slice_id], "correction", reason, actor)
    await tx.execute("UPDATE slice SET state = 'ended' WHERE slice_id = $1", slice_id)


async def reset_amounts(tx: Tx, slice_id: str, actor: str) -> None:
    """A slice returned to the township is 待测算 again."""
    await tx.execute(
        """
        WITH changed AS (
            UPDATE line SET amount_fen = NULL, rev = rev + 1
             WHERE slice_id = $1 AND amount_fen IS NOT NULL AND state <> 'void' AND kind <> 'deduction'
            RETURNING *
        )
        INSERT INTO line_change
        SELECT line_id, rev, slice_id, state, reason, amount_fen, $2, $3, $4 FROM changed
        """,
        slice_id,
        actor,
        tx.cause.id if tx.cause else None,
        tx.now,
    )


async def set_state(tx: Tx, set_id: str, state: str, order_id: str | None = None) -> None:
    """open → frozen → closed, or ended when no slice is left."""
    await tx.execute(
        "UPDATE settlement_set SET state = $2, order_id = coalesce($3, order_id) WHERE set_id = $1",
        set_id,
        state,
        order_id,
    )


async def settle(tx: Tx, set_id: str) -> list[dict[str, Any]]:
    """The set's slices are settled; returns slice, pending hand-over command, paid and failed counts."""
    rows = await tx.fetch(
        """
        WITH settled AS (
            UPDATE slice SET state = 'settled' WHERE set_id = $1 AND state = 'in_set'
            RETURNING slice_id, hand_command
        )
        SELECT settled.*, count(line_id) FILTER (WHERE line.state = 'paid') AS paid,
               count(line_id) FILTER (WHERE line.state = 'failed') AS failed
          FROM settled LEFT JOIN line USING (slice_id)
         GROUP BY settled.slice_id, hand_command ORDER BY settled.slice_id
        """,
        set_id,
    )
    return [dict(row) for row in rows]


async def stays(tx: Tx, set_id: str) -> list[SetSlice]:
    """All slices that ever were in a set, and why some left."""
    rows = await tx.fetch("SELECT * FROM set_slice WHERE set_id = $1 ORDER BY slice_id", set_id)
    return [SetSlice(**row) for row in rows]


async def frozen(tx: Tx, set_id: str | None) -> bool:
    """Whether the set's payment order is fixed: what leaves now is a recovery."""
    if set_id is None:
        return False
    state = await tx.fetchval("SELECT state FROM settlement_set WHERE set_id = $1", set_id)
    return state in ("frozen", "closed")
